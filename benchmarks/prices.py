"""How good price certificates are, what they cost, and what is left of the gap to a schedule.

Small backlogs are held against the whole time-indexed linear programme; traces against the
centroid bound and the best schedule at hand; a sample of 20,000 and of a million requests says
what it costs. `--quick` leaves out the million and the finer looks at what the gap is made of.
"""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from report import machine, write_section
from scipy.optimize import linprog
from scipy.sparse import coo_array

from kvproof.certificates.lower_bounds import centroid_bound
from kvproof.certificates.prices import ascent_prices, best_prices, closed_form_prices, price_bound
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SJF, SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.traces import read_trace
from kvproof.scheduling.usage import requests_of
from kvproof.solver.improve.windows import queue_of, tallest_first

TRACES = Path(__file__).parent.parent.parent / "shared" / "traces"
AZURE = "AzureLLMInferenceTrace_conv.csv"
MOONCAKE = "mooncake_synthetic_trace.jsonl"
RUNS = (512, 1_024, 4_096)
WINDOWS = (2, 4, 6, 8, 10, 12, 16, 24, 40)


def backlogs() -> list[str]:
    """Compare with the time-indexed LP on random backlogs."""
    rng = np.random.default_rng(0)
    lines = [
        "Worst of three backlogs, as a share of the LP bound:",
        "",
        "| requests | concurrency | price | ascent alone | closed form | s each |",
        "|---|---|---|---|---|---|",
    ]
    for n in (15, 30, 60):
        for concurrency in (3, 6, 10):
            shares, seconds = [], 0.0
            for _ in range(3):
                prompt, output = rng.integers(1, 21, n), rng.integers(1, 21, n)
                peak = prompt + output
                memory = max(int(concurrency * peak.mean()), int(peak.max()))
                instance = Instance(memory=memory, arrival=[0] * n, prompt=prompt, output=output)
                begin = time.perf_counter()
                found = best_prices(instance)
                seconds += (time.perf_counter() - begin) / 3
                others = (ascent_prices(instance), closed_form_prices(instance))
                bounds = (found.bound, *(price_bound(instance, prices) for prices in others))
                lp = time_indexed_lp(instance)
                shares.append([float(bound) / lp for bound in bounds])
            worst = " | ".join(f"{share:.5f}" for share in np.min(shares, axis=0))
            lines.append(f"| {n} | {concurrency} | {worst} | {seconds:.2f} |")
            print(lines[-1], flush=True)
    return lines


def time_indexed_lp(instance: Instance) -> float:
    """Solve the whole programme over a horizon that cannot bind."""
    end = 2 * (instance.total_volume // instance.memory + 1) + 2 * int(instance.output.max())
    pairs = [(i, p) for i, o in enumerate(instance.output) for p in range(end - int(o) + 1)]
    owner, start = np.array(pairs).T
    output = instance.output[owner]
    columns = np.repeat(np.arange(len(owner)), output)
    held = np.arange(len(columns)) - np.repeat(np.cumsum(output) - output, output)
    entries = (instance.prompt[owner[columns]] + held + 1).astype(float)
    ones = np.ones(len(owner))
    found = linprog(
        start + output,
        A_ub=coo_array(
            (entries, (start[columns] + held, columns)), shape=(end, len(owner))
        ).tocsr(),
        b_ub=np.full(end, instance.memory),
        A_eq=coo_array((ones, (owner, np.arange(len(owner))))).tocsr(),
        b_eq=np.ones(instance.rows),
        method="highs",
    )
    return float(found.fun)


def trace_at(folder: Path, name: str, memory: int, *, load: float | None = None) -> Instance:
    """Return a trace with its arrivals, at the step that gives `load`, else 0.05 s."""
    trace = read_trace(folder / name)
    if load is None:
        return trace.to_instance(memory=memory, step=Fraction(1, 20))[0]
    whole, _ = trace.to_instance(memory=memory, backlog=True)
    assert trace.ticks is not None
    span = int(trace.ticks[-1]) * trace.tick
    step = Fraction(load) * memory * span / whole.total_volume
    return trace.to_instance(memory=memory, step=step)[0]


def best_schedule(instance: Instance) -> tuple[str, Schedule]:
    """Return the best of SVF, SJF (strict, skip) and the tallest-first windows below."""
    found = []
    for policy in (SVF(), SJF()):
        for skip in (False, True):
            schedule = simulate(instance, policy, skip=skip)
            found.append((f"{policy.name} {'skip' if skip else 'strict'}", schedule))
    room = int(found[0][1].starts.max() + 4 * instance.output.max() + instance.output.sum() // 8)
    usage = np.zeros(room, np.int32)
    queue = queue_of(instance)
    for window in WINDOWS:
        starts = np.empty(instance.rows, np.int64)
        if tallest_first(usage, requests_of(instance), queue, window, starts):
            found.append((f"tallest of {window}", Schedule(instance=instance, starts=starts)))
    name, schedule = min(found, key=lambda pair: pair[1].total_latency)
    check_schedule(schedule)
    return name, schedule


def traces(folder: Path, *, quick: bool) -> list[str]:
    """Compare with the centroid bound and the best schedule; say what the gap is made of."""
    columns = (
        "trace", "best schedule", "centroid", "outputs", "closed form", "price", "runs", "s",
        "gap closed", "factor",
    )  # fmt: skip
    looks = ("trace", "in use while requests wait", "price bound at that memory", "best schedule")
    looks += tuple(f"price bound of up to {runs:,} runs" for runs in RUNS)
    lines, notes = heading(columns), ["", *heading(looks)]
    cases: list[tuple[str, Callable[[], Instance]]] = [
        ("Azure conversation, load 0.9", lambda: trace_at(folder, AZURE, 60_000, load=0.9)),
        ("Azure conversation, load 1.2", lambda: trace_at(folder, AZURE, 60_000, load=1.2)),
        ("Mooncake, step 0.05 s", lambda: trace_at(folder, MOONCAKE, 400_000)),
    ]
    for name, read in cases:
        instance = read()
        how, schedule = best_schedule(instance)
        known = schedule.total_latency
        centroid = float(centroid_bound(instance))
        closed = float(price_bound(instance, closed_form_prices(instance)))
        begin = time.perf_counter()
        found = best_prices(instance, incumbent=known, lp_entries=0)
        seconds = time.perf_counter() - begin
        price = float(found.bound)
        share = (price - centroid) / (known - centroid)
        lines.append(
            f"| {name} | {known:,} ({how}) | {centroid:,.0f} | {instance.output.sum():,} | "
            f"{closed:,.0f} | {price:,.0f} | {len(found.prices.runs):,} | {seconds:.1f} | "
            f"{share:.0%} | {known / price:.4f} |"
        )
        print(lines[-1], flush=True)
        if quick:
            continue
        used = memory_in_use(schedule)
        smaller = resized(instance, int(used * instance.memory))
        cells = [f"{used:.2%}", f"{float(best_prices(smaller).bound):,.0f}", f"{known:,}"]
        for runs in RUNS:
            finer = best_prices(instance, max_runs=runs, lp_entries=0)
            cells.append(f"{float(finer.bound):,.0f}")
        notes.append(f"| {name} | {' | '.join(cells)} |")
        print(notes[-1], flush=True)
    return lines if quick else lines + notes


def heading(columns: tuple[str, ...]) -> list[str]:
    """Return the first two lines of a table."""
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]


def memory_in_use(schedule: Schedule) -> float:
    """Return the mean share of the memory that is held, over the steps in which a request waits."""
    requests, starts = schedule.instance.expanded(), schedule.starts
    steps = int((starts + requests.output).max()) + 2
    held = np.zeros(steps, np.int64)
    for s, o, p in zip(requests.prompt, requests.output, starts, strict=True):
        held[p + 1 : p + o + 1] += s + np.arange(1, o + 1)
    came = np.bincount(requests.arrival + 1, minlength=steps)
    left = np.bincount(starts + 1, minlength=steps)
    return float(held[np.cumsum(came - left) > 0].mean() / requests.memory)


def resized(instance: Instance, memory: int) -> Instance:
    """Return the same requests with another memory, at least the highest peak."""
    return Instance(
        memory=max(memory, instance.max_peak),
        arrival=instance.arrival,
        prompt=instance.prompt,
        output=instance.output,
    )


def scale(folder: Path, *, quick: bool) -> list[str]:
    """Time the search at 20,000 requests and the exact evaluation at a million."""
    lines = [
        "| requests | load | closed form, s | exact bound, s | search, s | search / closed form |",
        "|---|---|---|---|---|---|",
    ]
    for requests, load in ((20_000, 0.9), (20_000, 1.1), (1_000_000, 0.9), (1_000_000, 1.1)):
        large = requests > 20_000
        if quick and large:
            continue
        instance = sampled(folder, requests, load)
        begin = time.perf_counter()
        prices = closed_form_prices(instance, max_runs=2_048)
        written = time.perf_counter()
        bound = price_bound(instance, prices)
        evaluated = time.perf_counter()
        cells = ["", ""]
        if not large:
            found = best_prices(instance, lp_entries=0)
            cells[0] = f"{time.perf_counter() - evaluated:.1f}"
            cells[1] = f"{float(found.bound / bound):.4f}"
        lines.append(
            f"| {requests:,} | {load} | {written - begin:.2f} | {evaluated - written:.2f} | "
            f"{cells[0]} | {cells[1]} |"
        )
        print(lines[-1], flush=True)
    return lines


def sampled(folder: Path, requests: int, load: float) -> Instance:
    """Draw lengths from the Azure trace, arrivals uniform over the span that gives `load`."""
    rng = np.random.default_rng(0)
    whole = trace_at(folder, AZURE, 60_000)
    rows = rng.integers(0, whole.rows, requests)
    prompt, output = whole.prompt[rows], whole.output[rows]
    volume: npt.NDArray[np.int64] = prompt * output + output * (output + 1) // 2
    span = int(volume.sum() / (load * whole.memory))
    arrival = np.sort(rng.integers(0, span + 1, requests))
    return Instance(memory=whole.memory, arrival=arrival, prompt=prompt, output=output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES, help="folder of the trace files")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    lines = ["## Price certificates", "", f"On {machine()}.", "", *backlogs(), ""]
    lines += traces(options.traces, quick=options.quick)
    lines += ["", *scale(options.traces, quick=options.quick)]
    write_section("prices", "\n".join(lines))


if __name__ == "__main__":
    main()
