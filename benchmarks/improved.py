"""What `improve` reaches where OPT or the time-indexed programme's value is known.

Random requests and scaled runs of a trace, as backlogs and with arrivals: over OPT where `solve`
proves it, over the price bound everywhere.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from prices import AZURE, TRACES
from report import machine, write_section
from shapes import scaled

from bounds import SHAPES
from kvproof.certificates.prices import best_prices
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate
from kvproof.solver.improve import improve
from kvproof.solver.stages import solve

#: Instances a line, as many at each concurrency; seconds to prove an optimum; exchanges for each
#: request; sizes for which a proof is tried, and others.
EACH, SECONDS, TRIALS = 2, 20.0, 2_000
CONCURRENCIES = (3, 6, 10)
PROVED, LARGER, LARGEST = (15, 20), (60,), (600,)
#: Volume that arrives over the steps in which it does, as a multiple of memory.
LOAD = 1.2

HEAD = (
    "requests", "traffic", "n", "OPT found, of those known", "over OPT, mean", "worst",
    "over the price bound, mean", "worst", "SVF, mean",
)  # fmt: skip

Lengths = Callable[[int], tuple[np.ndarray, np.ndarray]]


def lengths_of(trace: Path) -> Iterator[tuple[str, tuple[int, ...], Lengths]]:
    """Yield what the lengths are, at which sizes, and how to draw them."""
    rng = np.random.default_rng(0)
    for name, shape in SHAPES.items():
        yield name, PROVED + LARGER, lambda n, shape=shape: shape(rng, n)

    def run(n: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.array(scaled(trace, random.Random(int(rng.integers(2**32))), n))
        return rows[:, 1], rows[:, 2]

    yield "Azure conversation, lengths / 64", PROVED + LARGER + LARGEST, run


def instances(lengths: Lengths, n: int, *, late: bool) -> Iterator[Instance]:
    """Yield instances of n requests, at each concurrency alike."""
    rng = np.random.default_rng(n)
    for concurrency in CONCURRENCIES:
        for _ in range(EACH):
            prompt, output = lengths(n)
            peak = prompt + output
            memory = max(int(concurrency * peak.mean()), int(peak.max()))
            volume = int((prompt * output + output * (output + 1) // 2).sum())
            span = int(volume / (memory * LOAD)) if late else 0
            arrival = np.sort(rng.integers(0, span + 1, n))
            yield Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)


def line(name: str, lengths: Lengths, n: int, *, late: bool) -> str:
    """Return a line of the table."""
    over_opt, over_bound, first = [], [], []
    for instance in instances(lengths, n, late=late):
        found = improve(instance, trials=TRIALS * n).schedule.total_latency
        bound = float(best_prices(instance).bound)
        over_bound.append(found / bound)
        first.append(simulate(instance, SVF()).total_latency / bound)
        if n in PROVED:
            result = solve(instance, time_limit=SECONDS)
            if result.gap == 0:
                over_opt.append(found / result.total_latency)
    cells = ["-", "-", "-"]
    if over_opt:
        cells = [
            f"{sum(share == 1 for share in over_opt)} of {len(over_opt)}",
            f"{np.mean(over_opt):.4f}",
            f"{max(over_opt):.4f}",
        ]
    traffic = f"load {LOAD}" if late else "backlog"
    cells += [f"{np.mean(over_bound):.4f}", f"{max(over_bound):.4f}", f"{np.mean(first):.4f}"]
    return f"| {name} | {traffic} | {n} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES, help="folder of the trace files")
    options = parser.parse_args()
    number = EACH * len(CONCURRENCIES)
    about = (
        f"`make improved` on {machine()}. {number} instances a line, concurrencies "
        f"{', '.join(map(str, CONCURRENCIES))}; {TRIALS:,} exchanges for each request; OPT as far "
        f"as `solve` proves it within {SECONDS:.0f} s. The price bound is at most the value of the "
        "time-indexed programme, on backlogs of up to 60 all but equal to it (above)."
    )
    lines = [
        "## `improve` where OPT or the programme's value is known", "", about, "",
        f"| {' | '.join(HEAD)} |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, sizes, lengths in lengths_of(options.traces / AZURE):
        for late in (False, True):
            for n in sizes:
                lines.append(line(name, lengths, n, late=late))
                print(lines[-1], flush=True)
    write_section("improved", "\n".join(lines))


if __name__ == "__main__":
    main()
