"""Profiles of some classes, and the least that walks over them cost.

A profile is what the requests that have started hold in each step from the next one on. In each
step a walk starts what fits beside it, then lets the step pass.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple

from .budget import Budget

EDGE = 120  # bytes of a place in a dictionary of small integers

Class = tuple[int, int, int, int]  # arrival, prompt, output, count


class Profiles(NamedTuple):
    """The profiles that can come about, numbered: what is started on one leads to an earlier one.

    Parameters
    ----------
    empty
        The one that holds nothing.
    after
        By profile, what is left of it a step later.
    plus
        By class, then by profile that has room for one of it, the profile with that one.
    """

    empty: int
    after: list[int]
    plus: list[dict[int, int]]


def profiles_of(classes: list[Class], memory: int, budget: Budget) -> Profiles:
    """Go on from the empty one. Packed: an integer has a lane for each step, the next one lowest.

    The top bit of a lane is free, as in none the sum of two profiles exceeds twice the memory.
    """
    width, longest = memory.bit_length() + 1, max(o for _, _, o, _ in classes)
    size = 40 + width * longest // 7  # bytes of a packed profile
    turns = 1 + size // 256
    budget.take((10 + len(classes)) * size)
    shapes = []
    for _, s, o, _ in classes:
        shape = 0
        for tokens in budget.each(range(s + o, s, -1), turns):
            shape = shape << width | tokens
        shapes.append(shape)
    ones = ((1 << width * longest) - 1) // ((1 << width) - 1)
    bias, guard = ones * ((1 << (width - 1)) - 1 - memory), ones << (width - 1)
    number, found = {0: 0}, [0]
    for h in budget.each(found, turns * (1 + len(classes))):  # which grows
        for new in (h >> width, *[h + shape for shape in shapes]):
            if new not in number and not (new + bias) & guard:
                budget.take(size + 300)
                number[new] = 0
                found.append(new)
    found.sort(key=lambda h: h & ((1 << width) - 1), reverse=True)  # a start adds tokens at once
    number.update(zip(found, budget.each(range(len(found)))))
    after = [number[h >> width] for h in budget.each(found, turns)]
    plus = []
    for shape in shapes:
        budget.take(EDGE * len(found))
        fit = ((x, h + shape) for x, h in enumerate(budget.each(found, turns)))
        plus.append({x: number[new] for x, new in fit if new in number})
        budget.give(EDGE * (len(found) - len(plus[-1])))
    return Profiles(number[0], after, plus)


def table_of(
    profiles: Profiles, costs: Callable[[int], list[int]], last: int, budget: Budget
) -> list["array[int]"]:
    """Return V by step, up to the first one after `last`, from which on it is 0.

    V(t, h) is the least sum of what starts at step t or later cost that fit beside the profile h.
    A start of each class at step t costs ``costs(t)``; none is made that costs 0 or more.
    """
    _, after, plus = profiles
    budget.take(80 * len(after))  # of the row in work and the one before, as lists
    row, table = [0] * len(after), []
    for t in range(last + 1, -1, -1):
        budget.tick(len(after) + len(plus))
        row = [row[x] for x in after]
        for cost, fit in zip(costs(t), plus):
            if cost < 0:
                budget.tick(len(fit))
                for x, y in fit.items():  # y is an earlier one, and done with the class
                    if row[y] + cost < row[x]:
                        row[x] = row[y] + cost
        budget.take(200 + 9 * len(row))
        table.append(array("q", row))
    return table[::-1]
