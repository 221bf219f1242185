"""How fast a large trace is simulated and certified, and how much faster than the plain reference.

Requests are bootstrap-sampled (seed 0) from the lengths of a trace; arrivals at 0.9 load are
uniform over the span that gives that load. "In all" is what `kvproof verify` does after reading:
simulate by strict SVF, test the schedule, compute the bound on OPT beside that, and what the
theorems say.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from report import machine, write_section

from kvproof.bounds.verify import verify
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.reference import simulate_reference
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.traces import read_trace

MEMORY = 60_000
ROOT = Path(__file__).parent.parent
TRACES = (
    ROOT.parent / "shared" / "traces" / "AzureLLMInferenceTrace_conv.csv",
    ROOT / "examples" / "azure_code_1000.csv",
)


def sample(trace: Path, requests: int, *, load: float | None) -> Instance:
    """Draw requests from a trace's lengths; `load` None is a backlog."""
    rng = np.random.default_rng(0)
    lengths, _ = read_trace(trace).to_instance(memory=MEMORY, backlog=True)
    rows = rng.integers(0, lengths.rows, requests)
    drawn = Instance(
        memory=MEMORY,
        arrival=np.zeros(requests, dtype=np.int64),
        prompt=lengths.prompt[rows],
        output=lengths.output[rows],
    )
    if load is None:
        return drawn
    span = int(drawn.total_volume / (load * MEMORY))
    arrival = np.sort(rng.integers(0, span + 1, requests))
    return Instance(memory=MEMORY, arrival=arrival, prompt=drawn.prompt, output=drawn.output)


def measure(trace: Path, requests: int, load: float | None) -> dict[str, object]:
    """Time the parts after a warm-up on the same kernels; the best of three runs."""
    verify(sample(trace, 1000, load=load), SVF())
    instance = sample(trace, requests, load=load)
    return min((run(instance) for _ in range(3)), key=lambda result: float(str(result["total"])))


def run(instance: Instance) -> dict[str, object]:
    """Simulate, test and bound once, each by itself, and then all of it together."""
    times = [time.perf_counter()]
    schedule = simulate(instance, SVF())
    times.append(time.perf_counter())
    check_schedule(schedule)
    times.append(time.perf_counter())
    bound = best_bound(instance)
    times.append(time.perf_counter())
    fresh = replace(instance, arrival=instance.arrival.copy())  # nothing is known of it yet
    times.append(time.perf_counter())
    verify(fresh, SVF())
    times.append(time.perf_counter())
    simulated, tested, bounded, _, total = np.diff(times).tolist()
    return {
        "simulate": simulated,
        "test": tested,
        "bound": bounded,
        "total": total,
        "factor": decimal(schedule.total_latency / bound.value, 4, up=True),
        "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def in_fresh_process(trace: Path, requests: int, load: float | None) -> dict[str, object]:
    """Run `measure` in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--trace", str(trace), "--one", str(requests), str(load)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, default=next(t for t in TRACES if t.exists()))
    parser.add_argument("--one", nargs=2, metavar=("REQUESTS", "LOAD"))
    options = parser.parse_args()
    if options.one:
        requests, load = options.one
        result = measure(options.trace, int(requests), None if load == "None" else float(load))
        print(json.dumps(result))
        return

    lines = [
        "## Simulate and certify",
        "",
        (
            f"`make bench` on {machine()}. Lengths from `{options.trace.name}`, strict SVF, memory "
            f"{MEMORY:,}; seconds after warm-up, the best of three runs."
        ),
        "",
        "| requests | traffic | simulate | test | bound | in all | proved factor | peak memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    totals: dict[tuple[int, float | None], float] = {}
    for requests in (1_000_000, 10_000_000):
        for load in (None, 0.9):
            r = in_fresh_process(options.trace, requests, load)
            totals[requests, load] = float(str(r["total"]))
            traffic = "backlog" if load is None else f"arrivals, load {load}"
            lines.append(
                f"| {requests:,} | {traffic} | {r['simulate']:.2f} | {r['test']:.2f} | "
                f"{r['bound']:.2f} | {r['total']:.2f} | {r['factor']} | {r['gib']:.1f} GiB |"
            )
            print(lines[-1], flush=True)
    ratios = [totals[10_000_000, load] / totals[1_000_000, load] for load in (None, 0.9)]
    lines += [
        "",
        f"Ten million over one million: {ratios[0]:.1f} (backlog), {ratios[1]:.1f} (0.9).",
    ]

    instance = sample(options.trace, 20_000, load=None)
    simulate(instance, SVF())
    begin = time.perf_counter()
    plain = simulate_reference(instance, SVF())
    slow = time.perf_counter() - begin
    fast = []
    for _ in range(5):
        begin = time.perf_counter()
        schedule = simulate(instance, SVF())
        fast.append(time.perf_counter() - begin)
    assert np.array_equal(schedule.starts, plain)
    lines += [
        "",
        (
            f"The same 20,000 requests (backlog) in one run: plain reference {slow:.1f} s, kernel "
            f"{np.median(fast) * 1e3:.1f} ms: {slow / np.median(fast):,.0f} times the throughput."
        ),
    ]
    print("\n".join(lines))
    write_section("scale", "\n".join(lines))


if __name__ == "__main__":
    main()
