"""Lower bound by parts: of what arrives before a step, and what later, each has its own bound.

A schedule without some of its requests is feasible, so it costs at least the OPT of each part, all
added up. Each OPT is an integer, so its bound is rounded up to one.
"""

from bisect import bisect_right

from .budget import Budget
from .model import Instance
from .reader import WHERE
from .verdict import Malformed

ROW = 130  # bytes of a request in its part


def parts_of(until: list[int], instance: Instance, budget: Budget) -> list[Instance]:
    """Return the requests that arrive before the first of these steps, before the second, ...

    And last those that arrive later, each in the instance's order.
    """
    if not until or any(after <= step for step, after in zip(until, until[1:])):
        raise Malformed(f"{WHERE}.until: expected ascending steps")
    budget.take(ROW * (instance.size + 10 * len(until)))
    parts: list[list[tuple[int, int, int]]] = [[] for _ in range(len(until) + 1)]
    for row in budget.each(zip(instance.arrival, instance.prompt, instance.output)):
        parts[bisect_right(until, row[0])].append(row)
    if not all(parts):
        raise Malformed(f"{WHERE}.until: nothing arrives in part {parts.index([])}")
    made = []
    for part in parts:
        arrival, prompt, output = (list(column) for column in zip(*part))
        made.append(Instance(instance.memory, arrival, prompt, output, instance.digest))
    return made
