"""Columns of requests: read-only int64, which an instance or a schedule keeps with no copy."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, by_parts


def volumes(prompt: Column, output: Column) -> Column:
    """Return the volume of each of some lengths, in token-steps."""
    return by_parts(lambda s, o: s * o + o * (o + 1) // 2, prompt, output)


def column_of(name: str, values: npt.NDArray[Any] | Sequence[int]) -> Column:
    """Return `values` as a read-only int64 column, refusing anything that is not an integer."""
    refuse_masked(f"instance: column {name}", values)
    if isinstance(values, list | tuple):
        for position, value in enumerate(values):
            # bool is an int to Python, but a column of truth values is a mistake
            if type(value) is not int and not isinstance(value, np.integer):
                raise InputError(
                    f"instance: column {name}, row {position}: expected an integer, got {value!r}"
                )
    if is_given_away(values):
        return values
    try:
        column = np.array(values) if len(values) else np.zeros(0, dtype=np.int64)
        if column.ndim == 1 and column.dtype.kind in "iu":
            fits = column.dtype.kind == "i" or not len(column) or column.max() < 2**63
            if fits:
                column = column.astype(np.int64, copy=False)
                column.flags.writeable = False
                return column
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"instance: column {name} must be a flat list of 64-bit integers")


def refuse_masked(name: str, values: object) -> None:
    """Refuse a masked array in which something is masked: what lies below a mask is no data."""
    plain = type(values) is np.ndarray or not isinstance(values, np.ndarray)
    if not plain and np.ma.is_masked(values):
        raise InputError(f"{name} has masked values; fill them in or leave them out")


def given_away(column: Column) -> Column:
    """Let nobody change a column of one's own, which an instance or schedule keeps with no copy."""
    column.flags.writeable = False
    return column


def is_given_away(values: object) -> TypeGuard[Column]:
    """Whether it is a column that nobody may change, to be kept without a copy."""
    return (
        isinstance(values, np.ndarray)
        and values.dtype == np.int64
        and values.ndim == 1
        and values.base is None
        and not values.flags.writeable
    )


def within(name: str, column: Column, low: int, high: int) -> None:
    """Refuse a column of an instance with a value out of its range, and name the row."""
    if column.min() < low or column.max() > high:
        row = int(((column < low) | (column > high)).argmax())
        raise InputError(
            f"instance: column {name}, row {row}: must be {low:,} to {high:,}, got {column[row]:,}"
        )
