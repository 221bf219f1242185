"""Text Generation Inference's own log: the line that its router writes for each answered request.

    <time>  INFO generate{parameters=... total_time="1.2s" validation_time="681.374µs"
    queue_time="188.125µs" inference_time="1.1s" time_per_token="49.2ms" seed="None"}:
    text_generation_router::server: router/src/server.rs:289: Success

It is written when the answer is complete. The times are whole nanoseconds, as Rust shows a
duration, and the time per token is the inference time over the tokens generated, rounded down:
so that tells their number. The prompt's length is not in the line; it counts as one token, with
which every bound holds and is lower than it could be.
"""

import re
from collections.abc import Iterator, Sequence
from io import BufferedReader

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import BadCell, parse_time, shown
from kvproof.scheduling.traces.table import Row, Table

#: The columns of the table that such a log is read as; times in seconds.
COLUMNS = ("tgi.arrival", "tgi.completion", "tgi.prompt", "tgi.output")

_STAMP = r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z)\s+"
_FIRST = re.compile(_STAMP + r"(?:TRACE|DEBUG|INFO|WARN|ERROR)\s+\S*text_generation")
_ANSWERED = re.compile(_STAMP + r"INFO\s.*text_generation_router\S*: .*: Success\s*")
# at the end of the line: what a user sends stands before it, quotes escaped
_SPAN = re.compile(
    r'total_time="([^"\\]*)" validation_time="[^"\\]*" queue_time="[^"\\]*" '
    r'inference_time="([^"\\]*)" time_per_token="([^"\\]*)" seed="[^"\\]*"\}: text_generation[^"]*'
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_DURATION = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))?(ns|[µμ]s|ms|s)")
_DIGITS = {"ns": 0, "µs": 3, "μs": 3, "ms": 6, "s": 9}


def is_tgi(start: bytes) -> bool:
    """Say whether a file that starts like this is such a log."""
    return _FIRST.match(_text(start).lstrip()) is not None


def tgi_table(where: str, file: BufferedReader) -> Table:
    """Open such a log as a table of the requests that were answered."""

    def rows(wanted: Sequence[str]) -> Iterator[Row]:
        pick = [COLUMNS.index(column) for column in wanted]
        for number, line in enumerate(file, 1):
            text = _text(line).strip()
            if (answered := _ANSWERED.fullmatch(text)) is not None:
                try:
                    cells = _cells(answered[1], text)
                except BadCell as error:
                    raise InputError(f"{where}: line {number}: {error}") from None
                yield number, tuple(cells[k] for k in pick)

    return Table(columns=COLUMNS, rows=rows)


def _text(line: bytes) -> str:
    return _COLOUR.sub("", line.decode(errors="replace"))


def _cells(stamp: str, line: str) -> tuple[str, str, str, str]:
    match = _SPAN.search(line)
    if match is None:
        raise BadCell(
            "an answered request without total_time, inference_time and time_per_token; these "
            "are what this log is read for"
        )
    total, inference, each = map(_nanoseconds, match.groups())
    time = parse_time(stamp)
    if time.decimals > 9:
        raise BadCell(f"a time finer than a nanosecond: {shown(stamp)}")
    end = time.digits * 10 ** (9 - time.decimals)
    return _seconds(end - total), _seconds(end), "1", str(_tokens(inference, each))


def _nanoseconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadCell(f"expected a duration such as 986.532642ms, got {shown(text)}")
    whole, fraction, unit = match.groups(default="")
    digits = _DIGITS[unit]
    if len(fraction) > digits:
        raise BadCell(f"a duration finer than a nanosecond: {shown(text)}")
    return int(whole + fraction.ljust(digits, "0"))


def _seconds(nanoseconds: int) -> str:
    sign = "-" if nanoseconds < 0 else ""
    whole, fraction = divmod(abs(nanoseconds), 10**9)
    return f"{sign}{whole}.{fraction:09}"


def _tokens(inference: int, each: int) -> int:
    """Return the only k with inference // k == each."""
    k = inference // each if each else 0
    if k == 0 or inference // k != each or (k > 1 and inference // (k - 1) == each):
        raise BadCell(
            f"the inference time ({inference} ns) and the time per token ({each} ns) tell no "
            "number of tokens"
        )
    return k
