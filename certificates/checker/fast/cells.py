"""The cheapest path from every (step, requests running, tokens held), backwards in time.

All cells of a step lie in one integer, 64 bits each, at ``running * (memory + 1) + tokens``: an
event is a shift of all cells at once, and the lesser of two cells is picked by a mask.
"""

import struct
from array import array
from collections.abc import Iterable

from ..core.budget import Budget

BITS = 64
BYTES = BITS // 8
#: Values beyond this, either sign, do not fit.
MOST = 1 << (BITS - 8)


class Cells:
    """Masks for the cells of a step.

    Parameters
    ----------
    running, memory
        Rows 0..running and columns 0..memory.
    reach
        No path pays more, either sign; below :data:`MOST`.
    """

    def __init__(self, running: int, memory: int, reach: int, budget: Budget) -> None:
        self.rows, self.width = running + 1, memory + 1
        self.number = self.rows * self.width
        self._budget = budget
        self._held = 0
        self._take(20)  # these, and what one event makes of the cells
        self.whole = (1 << (BITS * self.number)) - 1
        self.ones = self.whole // ((1 << BITS) - 1)
        self.tops = self.ones << (BITS - 1)
        self.bias = 1 << (BITS - 4)  # stored values are positive
        self.limit = self.bias + 2 * reach + 1  # from here on there is no path
        # what moves a value there again and again adds up to no more than `reach`
        self._none = self.bias + 4 * reach + 4
        self.none = self._none * self.ones
        self._masks: dict[tuple[int, bool], int] = {}

    def _take(self, integers: int) -> None:
        self._budget.take(integers * (BYTES * self.number + 100))
        self._held += integers * (BYTES * self.number + 100)

    def leave(self) -> None:
        """Give back the memory of all that was made here."""
        self._budget.give(self._held)

    def least(self, a: int, b: int) -> int:
        """Return the lesser of each pair of cells."""
        above = ((a | self.tops) - b) & self.tops
        return a ^ ((a ^ b) & (above - (above >> (BITS - 1))))

    def only(self, cells: int, mask: int) -> int:
        """Return the cells of the mask, and no path elsewhere."""
        return (cells & mask) | (self.none & ~mask)

    def mask(self, columns: Iterable[tuple[int, int]]) -> int:
        """Return the mask of the columns low..high of each row, row 0 first; low > high is none."""
        parts = []
        for low, high in columns:
            self._budget.tick(1 + self.width // 1024)
            inside = max(0, high + 1 - low)
            before = min(low, self.width - inside)
            parts += [bytes(BYTES * before), b"\xff" * (BYTES * inside)]
            parts.append(bytes(BYTES * (self.width - before - inside)))
        return int.from_bytes(b"".join(parts), "little")

    def moved(self, cells: int, tokens: int, price: int, *, joins: bool) -> int:
        """Return what each cell is worth by an event first.

        One that joins goes on from the next row, `tokens` further; one that leaves from the row
        before, `tokens` back.
        """
        mask = self._masks.get((tokens, joins))
        if mask is None:
            self._take(1)
            last = self.width - 1
            inside = (0, last - tokens) if joins else (tokens, last)
            rows = [inside] * (self.rows - 1)
            mask = self.mask([*rows, (1, 0)] if joins else [(1, 0), *rows])
            self._masks[tokens, joins] = mask
        far = BITS * (self.width + tokens)
        return self.only(cells >> far if joins else cells << far, mask) + price * self.ones

    def grown(self, cells: int) -> int:
        """Return what each cell is worth before each running request grows by a token."""
        data = cells.to_bytes(BYTES * self.number, "little")
        size, none = BYTES * self.width, self._none.to_bytes(BYTES, "little")
        parts = []
        for k in range(self.rows):
            self._budget.tick(1 + self.width // 1024)
            shift = min(k, self.width)
            parts += [data[size * k + BYTES * shift : size * (k + 1)], none * shift]
        return int.from_bytes(b"".join(parts), "little")

    def numbers(self, cells: int, huge: int) -> "list[array[int]]":
        """Return the values by row and column; where there is no path, `huge`."""
        data = cells.to_bytes(BYTES * self.number, "little")
        bias, limit, rows = self.bias, self.limit, []
        for k in range(self.rows):
            self._budget.tick(1 + self.width // 8)
            row = struct.unpack_from(f"<{self.width}Q", data, BYTES * self.width * k)
            rows.append(array("q", [x - bias if x < limit else huge for x in row]))
        return rows
