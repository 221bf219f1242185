"""What a fleet costs per request, where the command runs and on a worker; and 10^10 on paper.

Requests have the lengths of a trace, arrivals at a load of 0.9 per replica, in a Parquet file.
Times are of the processor, after kernels are loaded; memory is what the peak of a fresh process
grows by from one size to twice that.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import pyarrow as arrow
from pyarrow.parquet import write_table
from report import machine, write_section
from scale import MEMORY, TRACES, sample

from kvproof.bounds.fleet import pooled_bound
from kvproof.bounds.sweep import _point
from kvproof.scheduling.cluster import _packed
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.routing import Router, parts, route
from kvproof.scheduling.traces import read_trace

REPLICAS = 64
LOAD = 0.9
#: Seconds of a decode step.
STEP = Fraction(1, 20)
ALL = 10**10
#: Of one replica, for what a task takes.
REPLICA = 10**7
#: Of a small one: the search for cuts of its bound takes as long as for a large one.
SMALL = 15_625
SENT, GROWS, WORK = "sent to workers", "memory", "schedule, test, bound, statistics"
#: Requests that one instance may have.
MOST = 2**31 - 1


class Clock:
    """Processor time between calls, in seconds, under names."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._last = time.process_time()

    def __call__(self, what: str) -> None:
        """Note what was done since the last call."""
        now = time.process_time()
        self.spent[what] = now - self._last
        self._last = now


def fleet_trace(path: Path, trace: Path, requests: int) -> None:
    """Write requests that load each of the replicas as far as they should."""
    one = sample(trace, requests, load=LOAD * REPLICAS)
    at = one.arrival * (10**9 * STEP.numerator // STEP.denominator) + 17 * 10**17
    columns = {"TIMESTAMP": arrow.array(at, arrow.timestamp("ns")),
               "ContextTokens": one.prompt, "GeneratedTokens": one.output}  # fmt: skip
    write_table(arrow.table(columns), path)


def client(path: Path, router: Router) -> dict[str, float]:
    """Do what the command does where it runs."""
    clock = Clock()
    trace = read_trace(path)
    clock("read")
    instance, _ = trace.to_instance(memory=MEMORY, step=STEP)
    clock("to steps")
    chosen = route(instance, REPLICAS, router)
    clock(router)
    made = parts(instance, chosen, REPLICAS)
    clock("split")
    size = sum(column.nbytes for part in made if part is not None for column in _packed(part))
    clock("pack")
    pooled_bound(instance, REPLICAS)
    clock("pooled bound")
    return {**clock.spent, SENT: size}


def worker(trace: Path, requests: int) -> dict[str, float]:
    """Do what a worker does with a replica's requests."""
    instance = sample(trace, requests, load=LOAD)
    clock = Clock()
    _point(instance, Fraction(0), [SVF()], False, False, None)
    clock(WORK)
    return dict(clock.spent)


def warm() -> None:
    """Load every kernel."""
    for requests in (1_000, 50_000):
        for load in (LOAD, LOAD * REPLICAS):
            instance: Instance = sample(TRACES[1], requests, load=load)
            route(instance, REPLICAS, Router.LEAST_LOADED)
            _point(instance, Fraction(0), [SVF()], False, False, None)


def in_fresh_process(*words: str) -> dict[str, float]:
    """Run a part in a process of its own: its peak memory is its own."""
    command = [sys.executable, __file__, *words]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def measured(requests: int, trace: Path) -> dict[str, dict[str, float]]:
    """Return seconds and bytes per request of each part."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sizes = (requests, 2 * requests)
        files = [Path(folder, f"{size}.parquet") for size in sizes]
        for path, size in zip(files, sizes, strict=True):
            fleet_trace(path, trace, size)
        for what, words in (
            *((router, [("--client", str(path), router) for path in files]) for router in Router),
            ("worker", [("--worker", str(trace), str(size)) for size in sizes]),
            ("small", [("--worker", str(trace), str(SMALL))]),
        ):
            # the best of three: other work beside it only adds
            runs = [[in_fresh_process(*one) for _ in range(3)] for one in words]
            least = [{k: min(run[k] for run in each) for k in each[0]} for each in runs]
            size = SMALL if what == "small" else sizes[1]
            found[what] = {k: v / size for k, v in least[-1].items() if k != "peak"}
            if len(least) > 1:
                found[what][GROWS] = (least[1]["peak"] - least[0]["peak"]) / requests
    return found


def on_paper(found: dict[str, dict[str, float]]) -> list[str]:
    """Say what 10^10 requests come to."""
    here, there = found[Router.LEAST_LOADED], found["worker"]
    serial = sum(v for k, v in here.items() if k not in (SENT, GROWS))
    busy, gib, hour = there[WORK], 2**30, 3600
    commands = -(-ALL // MOST)
    each = ALL // commands
    rows = (
        ("read, route, pack, bound over all routings: one core", serial),
        ("schedule, test, bound, statistics, one policy: workers", busy),
    )
    task = f"{busy * REPLICA:.0f} s, {there[GROWS] * REPLICA / gib:.1f} GiB"
    limits = (
        f"An instance has at most {MOST:,} requests, so these are {commands} commands, of "
        f"{each * serial / hour:.1f} hours and {here[GROWS] * each / gib:,.0f} GiB each, side by "
        "side or one after the other. For one fast policy workers have "
        f"{busy / serial:.1f} of the work that the command does itself where replicas are large, "
        f"and {found['small'][WORK] / serial:.0f} times as much where each has {SMALL:,}; "
        "more for several policies, slow ones, or `--bound price`. A task is never shorter, "
        "however many workers there are: one replica's schedule cannot be split."
    )
    return [
        "10^10 requests, on paper, from these rates, sending not counted:",
        "",
        "| | of 10^10 requests |",
        "|---|---|",
        *(f"| {what} | {cost * ALL / hour:.1f} hours of a core |" for what, cost in rows),
        f"| memory where the command runs | {here[GROWS] * ALL / gib:,.0f} GiB |",
        f"| sent to workers | {here[SENT] * ALL / gib:,.0f} GiB |",
        f"| a replica of {REPLICA:,} requests: one task | {task} |",
        "",
        limits,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, default=next(t for t in TRACES if t.exists()))
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--client", nargs=2)
    parser.add_argument("--worker", nargs=2)
    options = parser.parse_args()
    if options.client or options.worker:
        warm()
        if options.client:
            result = client(Path(options.client[0]), Router(options.client[1]))
        else:
            result = worker(Path(options.worker[0]), int(options.worker[1]))
        result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(result))
        return
    found = measured(options.requests, options.trace)
    robin = found[Router.ROUND_ROBIN]
    here = {Router.ROUND_ROBIN.value: robin[Router.ROUND_ROBIN], **found[Router.LEAST_LOADED]}
    lines = [
        "## Fleets",
        "",
        (
            f"`make fleet` on {machine()}: {2 * options.requests:,} requests in Parquet, lengths "
            f"from `{options.trace.name}`, {REPLICAS} replicas of {MEMORY:,} tokens at load "
            f"{LOAD}; processor time, the best of three."
        ),
        "",
        "| where | part | per request |",
        "|---|---|---|",
    ]
    for where, costs in (
        ("command", here),
        ("worker, one policy", found["worker"]),
        (f"the same, replicas of {SMALL:,}", found["small"]),
    ):
        for what, cost in costs.items():
            unit = f"{cost:.1f} bytes" if what in (SENT, GROWS) else f"{cost * 1e6:.3f} us"
            lines.append(f"| {where} | {what} | {unit} |")
    lines += ["", *on_paper(found)]
    print("\n".join(lines))
    write_section("fleet", "\n".join(lines))


if __name__ == "__main__":
    main()
