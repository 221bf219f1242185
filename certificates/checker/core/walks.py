"""Profiles of some classes, and the least that walks over them cost.

A profile is what the requests that have started hold in each step from the next one on. In each
step a walk starts what fits beside it, then lets the step pass.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple, Optional

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
    number
        By packed profile, its number.
    """

    empty: int
    after: list[int]
    plus: list[dict[int, int]]
    number: dict[int, int]


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
    return Profiles(number[0], after, plus, number)


def table_of(
    profiles: Profiles,
    costs: Callable[[int], list[int]],
    steps: range,
    row: list[int],
    budget: Budget,
) -> list["array[int]"]:
    """Return V by step, given what it is after these, and that as the last row.

    V(t, h) is the least sum of what starts at step t or later cost that fit beside the profile h.
    A start of each class at step t costs ``costs(t)``; none is made that costs 0 or more.
    """
    after, plus = profiles.after, profiles.plus
    budget.take(80 * len(after))  # of the row in work and the one before, as lists
    table = []
    for t in (*reversed(steps), None):
        budget.take(200 + 9 * len(row))
        table.append(array("q", row))
        if t is None:
            break
        budget.tick(len(after) + len(plus))
        row = [row[x] for x in after]
        for cost, fit in zip(costs(t), plus):
            if cost < 0:
                budget.tick(len(fit))
                for x, y in fit.items():  # y is an earlier one, and done with the class
                    if row[y] + cost < row[x]:
                        row[x] = row[y] + cost
    return table[::-1]


def links_of(
    profiles: Profiles, others: Profiles, kept: list[Optional[int]], budget: Budget
) -> list[int]:
    """Return which of the others each profile becomes: what holds the same, or no more.

    Where none holds the same it is one way to make the profile, without the requests of classes
    that have no place among the others, as `kept` has it for each class.
    """
    budget.take(16 * len(profiles.after))
    link = [-1] * len(profiles.after)
    link[profiles.empty] = others.empty
    found = [profiles.empty]
    for x in budget.each(found, 1 + len(kept)):  # which grows
        y = link[x]
        ways = [(profiles.after[x], others.after[y])]
        for c, fit in zip(kept, profiles.plus):
            if x in fit:
                ways.append((fit[x], y if c is None else others.plus[c][y]))
        for new, left in ways:
            if link[new] < 0:
                link[new] = left
                found.append(new)
    for h, x in budget.each(profiles.number.items()):
        link[x] = others.number.get(h, link[x])
    return link
