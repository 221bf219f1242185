"""Each lower bound over the time-indexed LP, over OPT where that is known, and what it costs.

Random backlogs against the LP and OPT; traces and known bad instances against the best schedule at
hand; and a million requests, timed.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from prices import TRACES, time_indexed_lp, trace_at
from report import machine, write_section

from kvproof.bounds.families import tight_separators, waves
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.prices import best_prices
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.traces import read_trace
from kvproof.solver.improve import improve
from kvproof.solver.stages import solve

KINDS = tuple(BoundKind)
FAST = tuple(kind for kind in KINDS if kind is not BoundKind.PRICE)
#: Backlogs of a kind, seconds to prove the optimum of one, exchanges for each request of a trace.
EACH, SECONDS, TRIALS = 5, 20.0, 100
HEAD = " | ".join(KINDS)

BACKLOGS = (
    f"Means over {3 * EACH} random backlogs a line, at concurrencies 3, 6 and 10, as shares of the "
    "time-indexed LP's value; of the LP, and of the best bound, as shares of OPT over those "
    f"backlogs whose optimum is proved within {SECONDS:.0f} s."
)
LARGER = (
    "Shares of the best schedule's total latency: found by `kvproof improve` "
    f"({TRIALS} exchanges for each request) on traces, known on bad instances of SVF."
)
MILLION = (
    "Seconds of processor time for 1,000,000 different requests (prompts below 14,000, outputs "
    "below 1,000, memory 60,000), after warm-up:"
)

Shape = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
SHAPES: dict[str, Shape] = {
    "prompts, outputs 1 to 20": lambda rng, n: (rng.integers(1, 21, n), rng.integers(1, 21, n)),
    "prompts of 20, outputs 1 to 20": lambda rng, n: (np.full(n, 20), rng.integers(1, 21, n)),
    "no prompts, outputs 1 to 20": lambda rng, n: (np.zeros(n, int), rng.integers(1, 21, n)),
    "no prompts, exponential, mean 10": lambda rng, n: (
        np.zeros(n, int), np.ceil(rng.exponential(10, n)).astype(int),
    ),
    "no prompts, outputs of 12": lambda rng, n: (np.zeros(n, int), np.full(n, 12)),
}  # fmt: skip


def backlogs() -> list[str]:
    """Hold each bound against the LP and, where that is proved, against OPT."""
    lines = [
        BACKLOGS,
        "",
        f"| requests | n | {HEAD} | LP over OPT | best over OPT | OPT known |",
        "|---|---|" + "---|" * (len(KINDS) + 3),
    ]
    for name, shape in SHAPES.items():
        for n in (15, 30, 60):
            rng = np.random.default_rng(0)
            shares, exact = [], []
            for concurrency in (3, 6, 10):
                for _ in range(EACH):
                    prompt, output = shape(rng, n)
                    peak = prompt + output
                    memory = max(int(concurrency * peak.mean()), int(peak.max()))
                    instance = Instance(
                        memory=memory, arrival=[0] * n, prompt=prompt, output=output
                    )
                    found = [value_of(instance, kind) for kind in KINDS]
                    lp = time_indexed_lp(instance)
                    shares.append([value / lp for value in found])
                    if n == 15:
                        result = solve(instance, time_limit=SECONDS)
                        if result.gap == 0:
                            opt = result.total_latency
                            exact.append((lp / opt, max(found) / opt))
            cells = " | ".join(f"{share:.3f}" for share in np.mean(shares, axis=0))
            over = ["-", "-", "-"]
            if exact:
                over = [f"{x:.3f}" for x in np.mean(exact, axis=0)] + [
                    f"{len(exact)} of {3 * EACH}"
                ]
            lines.append(f"| {name} | {n} | {cells} | {' | '.join(over)} |")
            print(lines[-1], flush=True)
    return lines


def larger(folder: Path) -> list[str]:
    """Hold each bound against the best schedule of traces and of known bad instances."""
    lines = [
        LARGER,
        "",
        f"| instance | requests | {HEAD} |",
        "|---|---|" + "---|" * len(KINDS),
    ]
    for name, instance in _traces(folder):
        total = improve(instance, trials=TRIALS * instance.requests).schedule.total_latency
        lines.append(_line(name, instance, total))
    bad = [waves(k=k, d=40, requests=100 * k) for k in (4, 16)]
    bad += [
        tight_separators(memory=memory, height=6_400_000, length=800, stages=30)
        for memory in (12_800_000, 8_000_000)
    ]
    for witness in bad:
        total = witness.feasible.total_latency
        lines.append(_line(witness.label, witness.instance, total))
    return lines


def _traces(folder: Path) -> list[tuple[str, Instance]]:
    conversation = "AzureLLMInferenceTrace_conv.csv"
    found = [
        (f"{name}, backlog", read_trace(folder / file).to_instance(memory=60_000, backlog=True)[0])
        for name, file in (
            ("Azure conversation", conversation),
            ("Azure code", "AzureLLMInferenceTrace_code.csv"),
        )
    ]
    found += [
        (f"Azure conversation, load {load}", trace_at(folder, conversation, 60_000, load=load))
        for load in (0.5, 0.9, 1.2)
    ]
    return found


def _line(name: str, instance: Instance, total: int) -> str:
    shares = (value_of(instance, kind) / total for kind in KINDS)
    line = f"| {name} | {instance.requests:,} | {' | '.join(f'{x:.4f}' for x in shares)} |"
    print(line, flush=True)
    return line


def value_of(instance: Instance, kind: BoundKind) -> float:
    """Return the bound of this kind alone: that by prices falls back on no other."""
    if kind is BoundKind.PRICE:
        return float(best_prices(instance).bound)
    return float(find_bound(instance, kind).value)


def million() -> list[str]:
    """Time each bound that needs no search on a million requests."""
    rng = np.random.default_rng(1)
    n = 10**6
    output, prompt = rng.integers(1, 1_000, n), rng.integers(0, 14_000, n)
    lines = [
        MILLION,
        "",
        "| traffic | " + " | ".join(FAST) + " | best |",
        "|---|" + "---|" * (len(FAST) + 1),
    ]
    for name, span in (("backlog", 0), ("overload", 10**6), ("almost no waiting", 130 * 10**6)):
        arrival = np.sort(rng.integers(0, span + 1, n))
        instance = Instance(memory=60_000, arrival=arrival, prompt=prompt, output=output)
        taken = []
        for kind in (*FAST, None):
            find_bound(instance, kind)
            begin = time.process_time()
            find_bound(instance, kind)
            taken.append(f"{time.process_time() - begin:.2f}")
        lines.append(f"| {name} | {' | '.join(taken)} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES)
    arguments = parser.parse_args()
    lines = [
        "## Lower bounds", "", f"`make bounds` on {machine()}.", "",
        *backlogs(), "", *larger(arguments.traces), "", *million(),
    ]  # fmt: skip
    write_section("bounds", "\n".join(lines))


if __name__ == "__main__":
    main()
