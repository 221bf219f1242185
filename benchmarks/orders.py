"""Strict SVF, and SVF with a bucket: which order to take. Writes docs/policies.md."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from prices import AZURE, MOONCAKE, TRACES, trace_at
from report import write_section

from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.bucket import BucketSVF
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.traces import read_trace

SIZES = (100, 300, 1_000, 2_000, 3_000, 10_000)

Lengths = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
FAMILIES: dict[str, tuple[int, Lengths]] = {
    "exponential outputs of mean 100, no prompts": (
        30_000, lambda rng, n: (np.zeros(n, int), np.ceil(rng.exponential(100, n)).astype(int)),
    ),
    "the same with prompts of 100": (
        60_000, lambda rng, n: (np.full(n, 100), np.ceil(rng.exponential(100, n)).astype(int)),
    ),
    "outputs 50 to 149, no prompts": (
        30_000, lambda rng, n: (np.zeros(n, int), rng.integers(50, 150, n)),
    ),
    "outputs 1 to 200, no prompts": (
        30_000, lambda rng, n: (np.zeros(n, int), rng.integers(1, 201, n)),
    ),
    "all outputs 100, no prompts": (
        20_000, lambda rng, n: (np.zeros(n, int), np.full(n, 100)),
    ),
    "lognormal outputs (4, 1), prompts of 20": (
        30_000,
        lambda rng, n: (np.full(n, 20), np.clip(rng.lognormal(4, 1, n), 1, 20_000).astype(int)),
    ),
    "outputs 30 or, one in ten, 400, no prompts": (
        30_000, lambda rng, n: (np.zeros(n, int), np.where(rng.random(n) < 0.9, 30, 400)),
    ),
    "Pareto outputs (1.8), prompts of 30": (
        60_000,
        lambda rng, n: (
            np.full(n, 30), np.clip(30 * (1 + rng.pareto(1.8, n)), 1, 20_000).astype(int),
        ),
    ),
    "prompts to 4,000, outputs to 1,000": (
        60_000, lambda rng, n: (rng.integers(0, 4_000, n), rng.integers(1, 1_001, n)),
    ),
    "prompts of 1,000, outputs to 400": (
        60_000, lambda rng, n: (np.full(n, 1_000), rng.integers(1, 401, n)),
    ),
}  # fmt: skip


def synthetic() -> list[str]:
    """Return the table of backlogs by family and size: bucket over strict SVF."""
    lines = [
        "| backlog of n requests | " + " | ".join(f"n = {n:,}" for n in SIZES) + " |",
        "|---|" + "---|" * len(SIZES),
    ]
    worst = 0.0
    for name, (memory, lengths) in FAMILIES.items():
        rng = np.random.default_rng(0)
        cells = []
        for n in SIZES:
            prompt, output = lengths(rng, n)
            instance = Instance(memory=memory, arrival=[0] * n, prompt=prompt, output=output)
            svf, bucket = (simulate(instance, one).total_latency for one in (SVF(), BucketSVF()))
            worst = max(worst, bucket / svf)
            cells.append(f"{bucket / svf:.3f}")
        lines.append(f"| {name}, M = {memory:,} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return [*lines, "", f"The largest here: {worst:.4f}."]


def traces(folder: Path) -> list[str]:
    """Return the table of traces: totals over the best bound that needs no search."""
    lines = ["| trace | svf | svf-bucket | bucket over svf |", "|---|---|---|---|"]
    for name, instance in _traces(folder):
        bound = best_bound(instance).value
        svf, bucket = (simulate(instance, one).total_latency for one in (SVF(), BucketSVF()))
        lines.append(
            f"| {name} | {float(svf / bound):.4f} | {float(bucket / bound):.4f} "
            f"| {bucket / svf:.4f} |"
        )
        print(lines[-1], flush=True)
    return lines


def _traces(folder: Path) -> Iterator[tuple[str, Instance]]:
    code = "AzureLLMInferenceTrace_code.csv"
    for name, file, memory in (
        ("Azure conversation", AZURE, 60_000),
        ("Azure code", code, 60_000),
        ("Mooncake", MOONCAKE, 1_000_000),
    ):
        yield (
            f"{name}, backlog",
            read_trace(folder / file).to_instance(memory=memory, backlog=True)[0],
        )
        for load in (0.5, 0.9, 0.95, 1.2, 1.5):
            yield f"{name}, load {load}", trace_at(folder, file, memory, load=load)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES)
    arguments = parser.parse_args()
    lines = [
        "Total of `svf-bucket` over that of strict SVF (`make orders`):", "", *synthetic(), "",
        "On traces, each total over the best bound on OPT that needs no search:", "",
        *traces(arguments.traces),
    ]  # fmt: skip
    write_section("orders", "\n".join(lines), page="policies.md")


if __name__ == "__main__":
    main()
