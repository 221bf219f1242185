"""``kvproof warm``: compile what the commands compile when they first need it."""

import time

import click

from kvproof.options import quiet_option


@click.command("warm")
@quiet_option
def command() -> int:
    """Compile every kernel now, so that no command has to wait for it later.

    Compiled code is kept beside the installed sources, or in the user's cache folder where those
    cannot be written; NUMBA_CACHE_DIR names another folder. It is for this machine and version.
    """
    from kvproof.adversary.valuation.workers import process_pool
    from kvproof.output import console, progress_bar
    from kvproof.solver.threads import cores
    from kvproof.warming import TASKS, warm

    begun = time.monotonic()
    with progress_bar() as bar:
        stage = bar.add_task("compiling", total=len(TASKS))
        first, *others = TASKS  # the others need what the first compiles
        warm(first)
        bar.advance(stage)
        pool = process_pool(cores())
        try:
            for _ in pool.map(warm, others):
                bar.advance(stage)
        finally:
            # where Ctrl-C ends this, what they do is not waited for
            pool.shutdown(kill_workers=True)
    console().print(f"every kernel is compiled ({time.monotonic() - begun:.0f} s)")
    return 0
