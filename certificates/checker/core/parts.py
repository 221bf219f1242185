"""Lower bound by parts: of what arrives before a step, and what later, each has its own bound.

A schedule without some of its requests is feasible, so it costs at least the OPT of each part, all
added up. Each OPT is an integer, so its bound is rounded up to one.
"""

from bisect import bisect_right

from .budget import Budget
from .model import Instance
from .reader import WHERE
from .verdict import Malformed

ROW = 40  # bytes of a request in its part; a part takes ten times as much


def parts_of(until: list[int], instance: Instance, budget: Budget) -> list[Instance]:
    """Return the requests that arrive before the first of these steps, before the second, ...

    And last those that arrive later, each in the instance's order.
    """
    if not until or any(after <= step for step, after in zip(until, until[1:])):
        raise Malformed(f"{WHERE}.until: expected ascending steps")
    budget.take(ROW * (instance.size + 10 * len(until)))
    parts: list[tuple[list[int], ...]] = [([], [], []) for _ in range(len(until) + 1)]
    for row in budget.each(zip(instance.arrival, instance.prompt, instance.output)):
        for column, entry in zip(parts[bisect_right(until, row[0])], row):
            column.append(entry)
    for place, (arrival, *_) in enumerate(parts):
        if not arrival:
            raise Malformed(f"{WHERE}.until: nothing arrives in part {place}")
    return [Instance(instance.memory, a, s, o, instance.digest) for a, s, o in parts]
