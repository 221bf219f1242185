"""``kvproof frontier``: the worst ratio of strict SVF on backlogs, over eps."""

import json
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kvproof.options import Tokens, json_option, quiet_option, report_option

if TYPE_CHECKING:
    from kvproof.adversary.campaign.rungs import Rung


@click.command("frontier")
@click.option("--out", type=click.Path(path_type=Path), default="kvproof-frontier",
              show_default=True, metavar="DIR",
              help="Where witnesses, table and picture go; the same command goes on.")  # fmt: skip
@click.option("--memory", type=Tokens(least=64, most=2**30), default=200_000, show_default=True,
              help="KV-cache capacity in tokens.")  # fmt: skip
@click.option("--requests", type=click.IntRange(min=2), default=4_000, show_default=True,
              help="At most so many requests.")  # fmt: skip
@click.option("--evaluations", type=click.IntRange(min=1), default=20_000, show_default=True,
              help="For each engine and cap, at random and again from families.")  # fmt: skip
@click.option("--engine", default="climb", show_default=True,
              metavar="[anneal|climb|random]", help="The search engine.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Equal seeds give equal results.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True,
              help="Processes that evaluate.")  # fmt: skip
@report_option
@quiet_option
@json_option
def command(
    out: Path,
    memory: int,
    requests: int,
    evaluations: int,
    engine: str,
    seed: int,
    workers: int,
    report: str | None,
    as_json: bool,
) -> int:
    """Map how bad strict SVF on a backlog can be, for eps up to 0.9.

    For each cap on eps: the best certified ratio found (with eps above the next smaller cap), the
    best known family, and the proved bounds; a table, a picture, and a witness for each point.
    """
    from kvproof.adversary.campaign.campaign import Observer
    from kvproof.adversary.campaign.live import View
    from kvproof.adversary.campaign.rungs import frontier, rows, table
    from kvproof.adversary.campaign.rungs_picture import picture
    from kvproof.adversary.campaign.settings import Settings
    from kvproof.adversary.valuation.workers import make_workers
    from kvproof.files import Failures, Output, Outputs, write_files
    from kvproof.output import progress_bar, say, say_written
    from kvproof.scheduling.errors import ExitCode, InputError
    from kvproof.scheduling.notices import tell
    from kvproof.streams import print_json

    settings = Settings(memory=memory, requests=requests, classes=6, evaluations=evaluations,
                        engine=engine, seed=seed)  # fmt: skip
    settings.campaign()  # speaks up before any work
    outputs = Outputs()
    stored = outputs.folder(out, mark="settings.json") / "settings.json"
    page = outputs.page(report)
    text = json.dumps(settings.to_json())
    if stored.exists() and stored.read_bytes() != text.encode():
        raise InputError(f"{out} holds a frontier with other settings; take another --out")
    out.mkdir(parents=True, exist_ok=True)
    Output(str(stored)).write(text.encode())

    with make_workers(workers) as evaluators, progress_bar() as bar:
        task = bar.add_task("beginning", total=None)

        def observe(here: Settings) -> Observer:
            start = "families" if here.families else "random"
            about = f"eps in ({here.min_eps}, {here.max_eps}], {start}, "
            return View(here.campaign(), partial(bar.update, task), about=about)

        found = frontier(settings, folder=out, workers=evaluators, observe=observe)
    rungs, interrupted = found.rungs, found.interrupted
    files, written = {}, {}
    for rung in rungs:
        if rung.found is not None:
            files[rung.cap] = out / f"eps-{rung.cap.numerator}-{rung.cap.denominator}.json"
            written[files[rung.cap].name] = rung.found.certificate
    written["frontier.md"] = table(rungs, files).encode()
    title = f"Strict SVF on backlogs, up to {requests:,} requests at memory {memory:,}"
    try:
        written["frontier.png"] = picture(rungs, title=title)
    except InputError as error:  # matplotlib is not there: the rest stands without
        tell(f"no picture: {error}")
    # a result and its files: none is lost where another cannot be written
    failures = Failures()
    kept: dict[str, Path] = {}
    try:
        kept = write_files(out, written, failures)
        if page is not None:
            from kvproof.report.frontier import frontier_page

            with failures:
                page.write(frontier_page(found, title=title, files=files).to_bytes())
        failures.end()
    finally:
        if as_json:
            print_json({"command": "frontier", "folder": str(out), "interrupted": interrupted,
                        "theorems_tested": found.tested.theorems, "violates": found.violates,
                        "rungs": rows(rungs)})  # fmt: skip
        else:
            _print(rungs, {cap: file for cap, file in files.items() if file.name in kept})
            if any(rung.prize for rung in rungs):
                say("A witness exceeds max(2, 1/(1 - eps)): no known one does.")
            else:
                say("No witness exceeds max(2, 1/(1 - eps)); that none was found proves nothing.")
            for line in found.tested.in_words(found.violates):
                say(line)
            say_written("page", page)
    if found.violates is not None:
        return ExitCode.CONTRADICTED
    return ExitCode.INTERRUPTED if interrupted else ExitCode.DONE


def _print(rungs: "list[Rung]", files: "dict[Fraction, Path]") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.adversary.campaign.rungs import HEAD, cells
    from kvproof.output import console, print_table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in HEAD:
        table.add_column(name)
    for rung in rungs:
        table.add_row(*cells(rung, files.get(rung.cap)))
    print_table(console(), table)
