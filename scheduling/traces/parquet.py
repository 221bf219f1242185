"""Tables in Parquet files, through the optional dependency pyarrow."""

from collections.abc import Iterator, Sequence
from io import BufferedReader

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import shown
from kvproof.scheduling.traces.columns import Part
from kvproof.scheduling.traces.fast_parquet import as_text, parquet_parts
from kvproof.scheduling.traces.table import Row, Table, Wanted


def parquet_table(where: str, file: BufferedReader) -> Table:
    """Open a Parquet file as a table of text.

    Integers and timestamps become text exactly, floats by the shortest text that gives them
    back, so that a Parquet file reads as the CSV file it was made from.
    """
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(
            f"{where}: a Parquet file needs pyarrow; install it: pip install 'kvproof[parquet]'"
        ) from None

    try:
        parquet = ParquetFile(file)
        columns = tuple(parquet.schema_arrow.names)
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        what = f"broken Parquet, cut off or damaged ({_one_line(error)})"
        raise InputError(f"{where}: {what}; fetch or make it again") from None

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        done = 0
        batches = parquet.iter_batches(columns=list(wanted))
        while True:
            column = wanted[0]
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                texts = []
                for column in wanted:
                    cells = batch.column(column)
                    if cells.null_count:
                        row = done + cells.is_null().index(True).as_py() + 1
                        raise InputError(f"{where}: row {row}, column {shown(column)}: no value")
                    texts.append(as_text(cells).to_pylist())
            except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
                what = f"cannot be read: {_one_line(error)}"
                raise InputError(f"{where}: column {shown(column)}: {what}") from None
            yield from enumerate(zip(*texts, strict=True), done + 1)
            done += batch.num_rows

    def parts(wanted: Wanted) -> Iterator[Part]:
        return parquet_parts(parquet, wanted)

    return Table(columns=columns, rows=rows, parts=parts, place="row")


def _one_line(error: Exception) -> str:
    """Return the library's message for a message of ours: it may quote bytes of the file."""
    text = " ".join(str(error).split())[:200]
    return text if text.isprintable() else ascii(text)
