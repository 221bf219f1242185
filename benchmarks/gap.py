"""What lies between the price bound and a schedule: order, and memory that stands empty.

For any schedule and prices y the two differ by exactly

    sum over requests of (cost of its start at the prices - that of its cheapest start)
    + sum over steps of y_t (M - tokens held in step t),

which says whether requests start at the wrong time or memory is not filled. Part of what is empty
must be: until the next completion nobody leaves, and each running request grows by a token a step.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from prices import AZURE, TRACES, best_schedule, heading, trace_at
from report import machine, write_section

from kvproof.certificates.prices import Prices, best_prices, price_bound
from kvproof.scheduling.schedule import Schedule

Floats = npt.NDArray[np.float64]


def empty(schedule: Schedule, steps: int) -> tuple[Floats, Floats]:
    """Return, for each step, the free memory and how much of it is grown into by completion.

    Shape (steps,) each. Step t is grown into by as many tokens as requests run in it, times the
    steps until the next completion.
    """
    full, starts = schedule.instance.expanded(), schedule.starts
    free = np.full(steps, float(full.memory))
    running = np.zeros(steps)
    for s, o, p in zip(full.prompt, full.output, starts, strict=True):
        free[p + 1 : p + o + 1] -= s + np.arange(1, o + 1)
        running[p + 1 : p + o + 1] += 1
    ends = np.unique(starts + full.output)
    at = np.arange(steps)
    following = ends[np.minimum(np.searchsorted(ends, at), len(ends) - 1)]
    return free, running * np.maximum(0, following - at)


def parts(schedule: Schedule, prices: Prices) -> tuple[float, float, float, float]:
    """Return the gap, its part by order, that of empty memory, and of that what is grown into."""
    bound = float(price_bound(schedule.instance, prices))
    steps = max(schedule.makespan, int(prices.ends[-1])) + 2
    price = np.zeros(steps)
    lengths = np.diff(prices.ends)
    price[1 : 1 + int(lengths.sum())] = np.repeat(prices.numerators, lengths) / prices.denominator
    free, grown = empty(schedule, steps)
    gap = schedule.total_latency - bound
    idle = float(price @ free)
    return gap, gap - idle, idle, float(price @ np.minimum(free, grown))


def line(name: str, schedule: Schedule, prices: Prices) -> str:
    """Return a line of the table."""
    gap, order, idle, grown = parts(schedule, prices)
    return (
        f"| {name} | {schedule.total_latency:,} | {schedule.total_latency - gap:,.0f} | {gap:,.0f} "
        f"| {order:,.0f} | {idle:,.0f} | {grown:,.0f} |"
    )


def table(lines: list[str]) -> str:
    """Return the whole section."""
    columns = (
        "trace", "schedule", "price bound", "gap", "by order", "by empty memory",
        "of that grown into",
    )  # fmt: skip
    about = f"`make gap` on {machine()}; the best of SVF, SJF and tallest-first windows."
    title = "## What lies between bound and schedule"
    return "\n".join([title, "", about, "", *heading(columns), *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path, default=TRACES, help="folder of the trace files")
    options = parser.parse_args()
    lines = []
    for load in (0.9, 1.2):
        instance = trace_at(options.traces, AZURE, 60_000, load=load)
        _, schedule = best_schedule(instance)
        prices = best_prices(instance, lp_entries=0).prices
        lines.append(line(f"Azure conversation, load {load}", schedule, prices))
        print(lines[-1], flush=True)
    write_section("gap", table(lines))


if __name__ == "__main__":
    main()
