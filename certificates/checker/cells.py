"""The cheapest path from every (step, requests running, tokens held), backwards in time.

All cells of a step lie in one integer, 64 bits each, at ``running * (memory + 1) + tokens``: an
event is a shift of all cells at once, and the lesser of two cells is picked by a mask.
"""

import struct

BITS = 64
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

    def __init__(self, running: int, memory: int, reach: int) -> None:
        self.rows, self.width = running + 1, memory + 1
        self.number = self.rows * self.width
        self.whole = (1 << (BITS * self.number)) - 1
        self.ones = self.whole // ((1 << BITS) - 1)
        self.row = (1 << (BITS * self.width)) - 1
        self.tops = self.ones << (BITS - 1)
        self.bias = 1 << (BITS - 4)  # stored values are positive
        self.limit = self.bias + 2 * reach + 1  # from here on there is no path
        # what moves a value there again and again adds up to no more than `reach`
        self.none = (self.bias + 4 * reach + 4) * self.ones
        self._masks: dict[tuple[int, bool], int] = {}

    def least(self, a: int, b: int) -> int:
        """Return the lesser of each pair of cells."""
        above = ((a | self.tops) - b) & self.tops
        return a ^ ((a ^ b) & (above - (above >> (BITS - 1))))

    def only(self, cells: int, mask: int) -> int:
        """Return the cells of the mask, and no path elsewhere."""
        return (cells & mask) | (self.none & ~mask)

    def columns(self, low: int, high: int) -> int:
        """Return the mask of the columns low..high of one row."""
        if high < low:
            return 0
        return ((1 << (BITS * (high + 1))) - 1) >> (BITS * low) << (BITS * low)

    def moved(self, cells: int, tokens: int, price: int, *, joins: bool) -> int:
        """Return what each cell is worth by an event first.

        One that joins goes on from the next row, `tokens` further; one that leaves from the row
        before, `tokens` back.
        """
        mask = self._masks.get((tokens, joins))
        if mask is None:
            inside = self.columns(0, self.width - 1 - tokens)
            inside <<= 0 if joins else BITS * tokens
            mask = 0
            for k in range(self.rows - 1) if joins else range(1, self.rows):
                mask |= inside << (BITS * self.width * k)
            self._masks[tokens, joins] = mask
        far = BITS * (self.width + tokens)
        return self.only(cells >> far if joins else cells << far, mask) + price * self.ones

    def grown(self, cells: int) -> int:
        """Return what each cell is worth before each running request grows by a token."""
        new = 0
        for k in range(self.rows):
            row = (cells >> (BITS * self.width * k)) & self.row
            empty = self.columns(self.width - k, self.width - 1) & self.none
            new |= ((row >> (BITS * k)) | empty) << (BITS * self.width * k)
        return new

    def numbers(self, cells: int, huge: int) -> list[list[int]]:
        """Return the values by row and column; where there is no path, `huge`."""
        flat = struct.unpack(f"<{self.number}Q", cells.to_bytes(8 * self.number, "little"))
        values = [x - self.bias if x < self.limit else huge for x in flat]
        return [values[k * self.width : (k + 1) * self.width] for k in range(self.rows)]
