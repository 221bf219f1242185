"""The schedulers that papers propose, side by side on backlogs. Writes docs/policies.md."""

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from orders import FAMILIES
from prices import AZURE, MOONCAKE, TRACES, time_indexed_lp
from report import write_section

from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.traces import read_trace

POLICIES = (
    "svf", "svf-bucket", "svf-paced", "sorted-f", "sorted-f-swap", "sorted-f-lp", "sjf", "fcfs",
)  # fmt: skip
SIZE = 10_000
#: Small backlogs of a kind: requests, how many fit together, and how many are tried at each.
SMALL, TOGETHER, EACH = 60, (3, 6, 10), 5
PROMPTS = {"to 20": 20, "to 100": 100, "none": 0}


def factors(instance: Instance, bound: float) -> list[float]:
    """Return what each policy costs over a bound on OPT."""
    return [float(simulate(instance, find_policy(name)).total_latency / bound) for name in POLICIES]


def small() -> Iterator[tuple[str, np.ndarray]]:
    """Yield means over the value of the time-indexed LP."""
    for name, most in PROMPTS.items():
        rng = np.random.default_rng(0)
        found = []
        for together in TOGETHER:
            for _ in range(EACH):
                prompt, output = rng.integers(0, most + 1, SMALL), rng.integers(1, 21, SMALL)
                peak = prompt + output
                instance = Instance(
                    memory=max(int(together * peak.mean()), int(peak.max())),
                    arrival=[0] * SMALL, prompt=prompt, output=output,
                )  # fmt: skip
                found.append(factors(instance, time_indexed_lp(instance)))
        yield f"{SMALL} requests, outputs to 20, prompts {name}", np.mean(found, axis=0)


def large(folder: Path) -> Iterator[tuple[str, list[float]]]:
    """Yield factors over the best bound that needs no search."""
    for name, (memory, lengths) in FAMILIES.items():
        prompt, output = lengths(np.random.default_rng(0), SIZE)
        instance = Instance(memory=memory, arrival=[0] * SIZE, prompt=prompt, output=output)
        yield f"{name}, M = {memory:,}", factors(instance, best_bound(instance).value)
    for name, file, memory in (
        ("Azure conversation", AZURE, 60_000),
        ("Azure code", "AzureLLMInferenceTrace_code.csv", 60_000),
        ("Mooncake", MOONCAKE, 1_000_000),
    ):
        instance = read_trace(folder / file).to_instance(memory=memory, backlog=True)[0]
        yield f"{name}, M = {memory:,}", factors(instance, best_bound(instance).value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES)
    folder = parser.parse_args().traces
    lines = [f"| backlog | {' | '.join(POLICIES)} |", "|---|" + "---|" * len(POLICIES)]
    for name, row in chain(small(), large(folder)):
        least = min(row)
        cells = (f"**{x:.3f}**" if x < least + 5e-4 else f"{x:.3f}" for x in row)
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    about = (
        f"Total latency of the strict rule (`make peers`). {SMALL} requests: over the time-indexed "
        f"LP, means over {EACH * len(TOGETHER)} backlogs of which about "
        f"{', '.join(map(str, TOGETHER[:-1]))} or {TOGETHER[-1]} requests fit together. Others, "
        f"{SIZE:,} requests or a whole trace: over the best bound that needs no search."
    )
    write_section("peers", "\n".join([about, "", *lines]), page="policies.md")


if __name__ == "__main__":
    main()
