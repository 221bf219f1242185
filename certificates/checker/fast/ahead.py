"""What the starts of one step can still add to a bound, at least: no others are followed.

For each place in the list of kinds that may start, and as many requests running with as many tokens
in the next step as what starts before has come to: the least of what starts of these kinds add and
of the path on from there, in each lane (:mod:`.lanes`). A kind of one request starts once, of more
any number of times, which can only be less. A way that this puts above the cutoff leads to no state
that its own bound leaves.
"""

from ..core.budget import Budget
from .lanes import Lanes
from .trajectory import Field

#: Cells, of about a microsecond each, that are worth a state.
WORTH = 4

#: By requests running, then tokens held.
Hopes = list[list[int]]


class Ahead:
    """Tables by place; each with what :attr:`Lanes.over` adds, so that top bits tell.

    Parameters
    ----------
    gains
        Of each kind that may start, in their order: what a start adds to a bound.
    """

    def __init__(self, field: Field, lanes: Lanes, gains: dict[int, int], budget: Budget) -> None:
        cells = (1 + len(gains)) * len(lanes.table) * (field.memory + 1)
        self.budget, self.size = budget, cells * (lanes.bytes + 10)
        budget.take(self.size)
        last = [[cell + lanes.over for cell in row] for row in lanes.table]
        #: The last one is that of none.
        self.tables = [last]
        for c in reversed(gains):
            kind = field.kinds[c]
            last = self._before(last, lanes, kind.prompt + 1, gains[c], kind.count > 1)
            self.tables.append(last)
        self.tables.reverse()

    def _before(self, after: Hopes, lanes: Lanes, held: int, gain: int, again: bool) -> Hopes:
        """Return the table that lets one kind start, too, from that of the places after it."""
        rows = [after[-1]]
        for k in range(len(after) - 2, -1, -1):
            self.budget.tick(1 + len(after[k]) // 4)
            there = rows[-1] if again else after[k + 1]
            started = [cell + gain for cell in there[held:]]
            rows.append([*map(lanes.least, after[k], started), *after[k][len(started) :]])
        return rows[::-1]

    def leave(self) -> None:
        """Give back the memory."""
        self.budget.give(self.size)
