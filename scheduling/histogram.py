"""How often each value occurs: what a column comes to, short enough to be sent and added up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, Integers, smallest
from kvproof.scheduling.sorting import sort_values, stable_order


@dataclass(frozen=True, kw_only=True, eq=False)
class Histogram:
    """Distinct values, ascending, and how often each occurs; both of shape (values,)."""

    values: Integers
    counts: Integers

    @classmethod
    def of(cls, column: Column) -> "Histogram":
        """Count the values of a column, each at least 0; InputError where there is none."""
        if not len(column):
            raise InputError("there is no value to count")
        ascending = sort_values(column)
        first = _first(ascending)
        counts = np.diff(first, append=len(ascending))
        return cls(values=smallest(ascending[first]), counts=smallest(counts))

    @classmethod
    def together(cls, several: Sequence["Histogram"]) -> "Histogram":
        """Count the values of several columns, at least one, as those of one."""
        values = np.concatenate([one.values for one in several]).astype(np.int64)
        counts = np.concatenate([one.counts for one in several]).astype(np.int64)
        order = stable_order(values)
        first = _first(values[order])
        return cls(
            values=smallest(values[order][first]),
            counts=smallest(np.add.reduceat(counts[order], first)),
        )

    def __add__(self, more: int) -> "Histogram":
        """Return the histogram of the column with so much more, at least 0, in each entry."""
        return Histogram(values=smallest(self.values.astype(np.int64) + more), counts=self.counts)


def _first(ascending: Column) -> Column:
    """Return where each value occurs first."""
    return np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
