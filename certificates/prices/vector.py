"""A price vector: run-length coded rationals over one denominator."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices per token and step (opt-price): constant on runs of steps, 0 beyond them.

    Parameters
    ----------
    denominator
        D >= 1, common to all prices.
    runs
        ``(length, numerator)`` from step 1 on, lengths >= 1 and numerators >= 0: each of the
        next `length` steps costs ``numerator / D`` per token.

    Raises
    ------
    InputError
        A number is out of its range or not an integer.
    """

    denominator: int
    runs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if type(self.denominator) is not int or self.denominator < 1:
            raise InputError(f"prices: denominator must be >= 1, got {self.denominator!r}")
        for r, (length, numerator) in enumerate(self.runs):
            if type(length) is not int or length < 1:
                raise InputError(f"prices: run {r}: length must be >= 1, got {length!r}")
            if type(numerator) is not int or numerator < 0:
                raise InputError(f"prices: run {r}: numerator must be >= 0, got {numerator!r}")

    @classmethod
    def merge(cls, denominator: int, runs: Iterable[tuple[int, int]]) -> Self:
        """Build the shortest form: equal neighbours joined, zeros at the end left out."""
        merged: list[tuple[int, int]] = []
        for length, numerator in runs:
            if merged and merged[-1][1] == numerator:
                merged[-1] = (merged[-1][0] + length, numerator)
            else:
                merged.append((length, numerator))
        if merged and not merged[-1][1]:
            merged.pop()
        return cls(denominator=denominator, runs=tuple(merged))

    @classmethod
    def rounded(cls, denominator: int, ends: Column, values: npt.NDArray[np.float64]) -> Self:
        """Round prices per bucket (see `ends`) to multiples of 1/D; negative ones become 0."""
        numerators = round_prices(values, denominator).tolist()
        return cls.merge(denominator, zip(np.diff(ends).tolist(), numerators, strict=True))

    @cached_property
    def horizon(self) -> int:
        """Last priced step."""
        return sum(length for length, _ in self.runs)

    @cached_property
    def total(self) -> int:
        """D times the sum of all prices."""
        return sum(length * numerator for length, numerator in self.runs)

    @cached_property
    def highest(self) -> int:
        """Largest numerator."""
        return max((numerator for _, numerator in self.runs), default=0)

    @property
    def ends(self) -> Column:
        """Shape (R + 1,): run r covers the steps ``ends[r] + 1 .. ends[r + 1]``."""
        return np.cumsum([0, *(length for length, _ in self.runs)], dtype=np.int64)

    @property
    def numerators(self) -> Column:
        """Shape (R,)."""
        return np.array([numerator for _, numerator in self.runs], dtype=np.int64)

    def to_json(self) -> list[list[int]]:
        """Return the runs as certificates carry them: ``[[length, numerator], ...]``."""
        return [[length, numerator] for length, numerator in self.runs]


def round_prices(values: npt.NDArray[np.float64], denominator: int) -> Column:
    """Round to multiples of 1/D, as numerators; what is negative or no number becomes 0."""
    scaled = np.nan_to_num(np.maximum(values, 0.0), nan=0.0, posinf=0.0) * denominator
    numerators: Column = np.rint(scaled).astype(np.int64)
    return numerators
