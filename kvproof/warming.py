"""Small runs through every kernel, for ``kvproof warm``."""

import sys
from collections.abc import Callable
from io import BufferedReader, BytesIO
from typing import Any

import numpy as np

from kvproof.scheduling.compiled import compile_at_once
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.shipped import carry
from kvproof.solver.rehearsal import little


def _policies() -> None:
    from kvproof.bounds.verify import verify
    from kvproof.certificates.sums import grouped_columns
    from kvproof.scheduling.one_bit import OneBitSVF
    from kvproof.scheduling.registry import BUILTIN, find_policy

    many = np.arange(1, 2**17)  # so many denominators that their table grows
    grouped_columns(many, many)
    for backlog in (True, False):
        # large enough for the radix sort
        for requests in (30, 20_000):
            instance = little(requests, backlog=backlog)
            names = (*BUILTIN, "sorted-f-swap") if requests < 100 else ("svf",)
            for policy in (*map(find_policy, names), OneBitSVF(admission="reserve")):
                for skip in (False, True) if requests < 100 else (False,):
                    verify(instance, policy, skip=skip, compact=True)


def _traces() -> None:
    from kvproof.scheduling.traces.fast_parquet import read_lengths, read_times
    from kvproof.scheduling.traces.fast_text import csv_parts, jsonl_parts
    from kvproof.scheduling.traces.table import Wanted

    columns = ("at", "prompt", "output")
    wanted = Wanted(columns=columns, timed=True, predicted=False)
    for parts, text in ((csv_parts, b"1,2,3\n"), (jsonl_parts, b'{"at":1,"prompt":2,"output":3}')):
        list(parts(BufferedReader(BytesIO(text)), 0, columns, wanted))
    cells = np.frombuffer(b"12", np.uint8)
    ends = np.frombuffer(np.arange(3, dtype=np.int32), np.int32)
    read_times(cells, ends, "")
    read_lengths(cells, ends, predicted=False)


def _predicted() -> None:
    from kvproof.scheduling.policies import SVF
    from kvproof.scheduling.predicted import promised_run

    instance = little(30, backlog=False)
    promised_run(instance, SVF(), instance.output // 2)


def _prices() -> None:
    from kvproof.certificates.certify import Claim, certify
    from kvproof.certificates.prices import best_prices
    from kvproof.scheduling.policies import SVF

    for backlog in (True, False):
        instance = little(40, backlog=backlog)
        best_prices(instance)
        best_prices(instance, lp_entries=0)
    certify(little(40, backlog=True), Claim.SVF_BLOCKING_CHAIN, policy=SVF())


def _solve() -> None:
    from kvproof.solver.whole import search_whole

    search_whole(little(14, backlog=True))


def _branch() -> None:
    from kvproof.solver.stages import solve

    one = np.ones(1, np.int64)
    repeated = Instance(memory=30, arrival=0 * one, prompt=0 * one, output=9 * one, count=15 * one)
    solve(repeated, engine="branch", time_limit=20)


def _profiles() -> None:
    from kvproof.solver.whole import repeated_whole

    repeated_whole(little(3, backlog=True, copies=9))


def _improve() -> None:
    from kvproof.solver.improve import improve

    for requests in (60, 500):  # rollouts begin at 500, and at 54 trials for each
        improve(little(requests, backlog=False), trials=60 * requests)


def _search() -> None:
    from kvproof.api import search

    for memory, requests, span in ((12, 4, 0), (60, 6, 0), (60, 30, 0), (60, 30, 50)):
        search("svf", memory=memory, requests=requests, span=span, evaluations=60)


def _exhaust() -> None:
    from kvproof.adversary.exhaust.box import Box
    from kvproof.adversary.exhaust.exhaustion import Job, exhaust

    exhaust(Job(box=Box(memory=4, requests=3, peak=4), policy="svf", skip=False))


#: The first compiles what the others need too.
TASKS: dict[str, Callable[[], None]] = {
    "policies": _policies,
    "traces": _traces,
    "predictions": _predicted,
    "search": _search,
    "solve": _solve,
    "prices": _prices,
    "branch": _branch,
    "profiles": _profiles,
    "improve": _improve,
    "exhaust": _exhaust,
}


def carry_all() -> int:
    """Compile every kernel for a wheel to carry; return how many signatures there are.

    Raises
    ------
    InputError
        As :func:`kvproof.scheduling.shipped.carry`.
    """
    for task in TASKS:
        warm(task)
    return carry(kernels())


def kernels() -> list[Any]:
    """Return the kernels of all modules that have been imported."""
    from numba.core.dispatcher import Dispatcher

    return [
        kernel
        for name, module in list(sys.modules.items())
        if name.startswith("kvproof.")
        for kernel in vars(module).values()
        if isinstance(kernel, Dispatcher) and kernel.py_func.__module__ == name
    ]


def warm(task: str) -> None:
    """Run one of :data:`TASKS`."""
    compile_at_once()
    TASKS[task]()
