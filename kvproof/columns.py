"""Columns of numbers as a file that pandas, Polars and spreadsheets read: CSV or Parquet."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from kvproof.scheduling.errors import InputError


def to_csv(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the columns as CSV: a line of names, then a line for each row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return text.getvalue().encode()


def ask_for_pyarrow() -> None:
    """Speak up where no Parquet file can be written.

    Raises
    ------
    InputError
        pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise InputError(
            "a Parquet file needs pyarrow; install it: pip install 'kvproof[parquet]', or name a "
            "file that ends in .csv"
        ) from None


def to_parquet(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the columns as a Parquet file.

    Raises
    ------
    InputError
        pyarrow is not installed.
    """
    ask_for_pyarrow()
    import pyarrow as arrow
    from pyarrow.parquet import write_table

    sink = io.BytesIO()
    write_table(arrow.table(dict(columns)), sink)
    return sink.getvalue()
