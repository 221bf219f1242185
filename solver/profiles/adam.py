"""Steps of an ascent: along mean slopes over the roots of their mean squares.

Adam, Kingma and Ba 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.exact import Column

Floats = npt.NDArray[np.float64]

# How much of the mean slope and of its mean square a round keeps.
_KEPT, _KEPT_SQUARE = 0.8, 0.99


class Adam:
    """The mean slopes of an ascent, and how far it moves by them.

    Parameters
    ----------
    stride
        What a number moves in the first round; one for all or one for each.
    last
        The part of that in the last one.
    rounds
        How many there are.
    damping
        Added to the root of the mean square.
    """

    def __init__(self, stride: Any, last: float, rounds: int, damping: float) -> None:
        self._stride, self._last, self._rounds, self._damping = stride, last, rounds, damping
        self._mean: Any = 0.0
        self._square: Any = 0.0
        self._kept = self._kept_square = 1.0
        self._done = 0

    def move(self, slope: Column) -> Floats:
        """Return how far to go from here, in the next round."""
        self._mean = _KEPT * self._mean + (1 - _KEPT) * slope
        self._square = _KEPT_SQUARE * self._square + (1 - _KEPT_SQUARE) * slope.astype(float) ** 2
        # means begin at 0, and so are too small by these factors
        self._kept *= _KEPT
        self._kept_square *= _KEPT_SQUARE
        stride = self._stride * self._last ** (self._done / self._rounds) / (1 - self._kept)
        self._done += 1
        root = np.sqrt(self._square / (1 - self._kept_square))
        moved: Floats = stride * self._mean / (root + self._damping)
        return moved
