"""Average and tail latency over load, in vLLM's own scheduler: make vllm-load, then make pictures.

    python -m benchmarks.vllm_load TRACE [--requests 1000] [--out docs/pictures/vllm_load.csv]
    python -m benchmarks.vllm_load TRACE --loads 0.9 --waiting 200,1200 800,500 --out tail.csv

The first requests of a trace, their arrivals drawn out or together so that the tokens held a step,
summed, are `load` times the memory from the first arrival to the last; exact lengths as hints. No
model: time is engine steps.
"""

import argparse
import csv
from dataclasses import replace
from fractions import Fraction

import numpy as np

from kvproof.scheduling.exact import exact_sum
from kvproof.scheduling.instance import MAX_MEMORY, Instance
from kvproof.scheduling.latency import percentile
from kvproof.scheduling.traces import read_trace
from kvproof.serving.requests import held_instance
from kvproof.serving.vllm.drive import drive
from kvproof.serving.vllm.engine import EngineSettings
from kvproof.serving.vllm.policies import find_engine_policy

ENGINE = EngineSettings(blocks=3_750)
LOADS = ["0.8", "0.9", "1.0", "1.1", "1.3"]
#: What the picture calls it, the policy, and what waiting is worth.
ORDERS: dict[str, tuple[str, dict[str, str | None] | None]] = {
    "fcfs": ("fcfs", None),
    "sjf": ("sjf", None),
    "svf-1bit": ("svf-1bit", None),
    "svf": ("svf", None),
    "svf, patience": ("svf", {"aging": "200", "patience": "1200"}),
    "svf-bucket": ("svf-bucket", None),
}


def at_load(instance: Instance, load: Fraction) -> Instance:
    """Return the requests with their arrivals drawn out or together to this load."""
    span = exact_sum(instance.volume) / (load * instance.memory)
    scale = span / int(instance.arrival.max())
    arrival = [int(a * scale) for a in instance.arrival.tolist()]
    return replace(instance, arrival=np.array(arrival, dtype=np.int64))


def main() -> None:
    """Run every order at every load, and write and print what each came to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("trace")
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--loads", nargs="+", type=Fraction, default=[Fraction(x) for x in LOADS])
    parser.add_argument(
        "--waiting", nargs="+", metavar="AGING,PATIENCE",
        help="in place of the orders: FCFS, and SVF with what waiting is worth (PATIENCE may lack)",
    )  # fmt: skip
    parser.add_argument("--out", default="docs/pictures/vllm_load.csv")
    given = parser.parse_args()
    orders = ORDERS
    if given.waiting is not None:
        orders = {"fcfs": ("fcfs", None)}
        for pair in given.waiting:
            aging, _, patience = pair.partition(",")
            waiting = {"aging": aging, "patience": patience or None}
            orders[f"svf, {pair}"] = ("svf", waiting)
    trace = read_trace(given.trace)
    whole, _ = trace.to_instance(memory=MAX_MEMORY)
    first = Instance(
        memory=MAX_MEMORY,
        arrival=whole.arrival[: given.requests],
        prompt=whole.prompt[: given.requests],
        output=whole.output[: given.requests],
    )
    held, _ = held_instance(first, memory=ENGINE.memory, source=given.trace, oversize="drop")
    with open(given.out, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["load", "order", "mean", "median", "p99", "max", "preemptions"])
        for load in given.loads:
            instance = at_load(held, load)
            for name, (policy, waiting) in orders.items():
                run = drive(instance, ENGINE, find_engine_policy(policy), waiting=waiting)
                row = [
                    float(load), name, round(float(run.mean_latency), 1),
                    *(percentile(run.latency, p) for p in (50, 99, 100)),
                    int(run.preemptions.sum()),
                ]  # fmt: skip
                table.writerow(row)
                file.flush()
                print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
