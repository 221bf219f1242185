"""Is a schedule feasible, and what does it cost? Exact, in O(n log n)."""

from .budget import Budget
from .model import Instance
from .verdict import Rejected


def total_latency(starts: list[int], where: str, instance: Instance, budget: Budget) -> int:
    """Return the total latency ``sum (p + o - a)`` of a feasible schedule.

    Between two completions the tokens held only grow, so their peaks lie at steps where a
    request completes; a request started at p holds ``u + (s - p)`` at a step u of (p, p + o].

    Raises
    ------
    Rejected
        A request starts before it arrives, or a step holds more than the memory.
    """
    budget.take(160 * instance.size)  # ends, and both orders
    ends = [p + o for p, o in zip(starts, instance.output)]
    for i, (p, a) in enumerate(budget.each(zip(starts, instance.arrival))):
        if p < a:
            raise Rejected(f"{where}: request {i} starts at {p}, before its arrival at {a}")
    by_start = sorted(range(instance.size), key=starts.__getitem__)
    budget.check()
    by_end = sorted(range(instance.size), key=ends.__getitem__)
    started = running = offset = 0  # offset: sum of s - p over the running requests
    for i in budget.each(by_end):
        step = ends[i]
        while started < instance.size and starts[by_start[started]] < step:
            j = by_start[started]
            running += 1
            offset += instance.prompt[j] - starts[j]
            started += 1
        held = running * step + offset
        if held > instance.memory:
            raise Rejected(f"{where}: step {step} holds {held:,} tokens of {instance.memory:,}")
        running -= 1
        offset -= instance.prompt[i] - starts[i]
    budget.give(160 * instance.size)
    return sum(ends) - sum(instance.arrival)
