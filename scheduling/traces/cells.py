"""The text of one cell as an exact value: a token count, or a point of time.

Every source hands cells over as text, so there is one parser and no float on the way.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from kvproof.scheduling.instance import MAX_MEMORY

# Wide enough for any time a float64 can tell apart in practice; narrow enough that no cell,
# however hostile, makes a number of more than 60 digits.
MAX_WHOLE_DIGITS = 20
MAX_DECIMALS = 40

_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}")
_FRACTION_AND_OFFSET = re.compile(
    r"(?:\.([0-9]{1,12}))?(?: ?(Z|([+-])([01][0-9]|2[0-3]):?([0-5][0-9])))?"
)


class BadCell(Exception):
    """A cell that is not what its column holds; the message says what was expected."""


class Time(NamedTuple):
    """A point of time, ``digits / 10**decimals`` in units of its kind.

    Times of different kinds cannot be compared: a file keeps to one.
    """

    kind: str
    digits: int
    decimals: int


NUMBER, DATE_TIME, DATE_TIME_WITH_OFFSET = "number", "date-time", "date-time with UTC offset"


def shown(text: str) -> str:
    """Quote a cell for a message: on one line, printable, and not too long."""
    return ascii(text) if len(text) <= 40 else f"{text[:37]!a}..."


def listed(names: Iterable[str]) -> str:
    """List names of columns for a message, each whole enough to be found or typed again."""
    said = [shown(name) for name in names]
    more = f" and {len(said) - 20} more" if len(said) > 20 else ""
    return ", ".join(said[:20]) + more


def parse_count(text: str) -> int:
    """Read a number of tokens, 0 to 2^31 - 1; ``12.0`` is 12, as frames with gaps write it.

    Raises
    ------
    BadCell
        The text is anything else.
    """
    if len(text) < 10 and text.isascii() and text.isdecimal():  # nearly every cell, and fast
        return int(text)
    number = _number(text)
    if number is None or number[1] or not 0 <= number[0] <= MAX_MEMORY:
        raise BadCell(f"expected a number of tokens, 0 to {MAX_MEMORY:,}, got {shown(text)}")
    return number[0]


def parse_prediction(text: str) -> int:
    """Read a predicted number of tokens, with decimals or not: rounded, at least 1.

    Raises
    ------
    BadCell
        The text is no number from 0 to 2^31 - 1.
    """
    number = _number(text)
    digits, unit = (-1, 1) if number is None else (number[0], int(10 ** number[1]))
    if not 0 <= digits <= MAX_MEMORY * unit:
        raise BadCell(f"expected a predicted length, 0 to {MAX_MEMORY:,}, got {shown(text)}")
    return max(1, (2 * digits + unit) // (2 * unit))


def parse_time(text: str) -> Time:
    """Read a decimal number, or an ISO date-time, which becomes seconds.

    Raises
    ------
    BadCell
        The text is neither, names no real date or time of day, or is too long or too fine.
    """
    text = text.strip()
    if text[4:5] == "-" and (seconds := _to_the_second(text[:19])) is not None:
        match = _FRACTION_AND_OFFSET.fullmatch(text, 19)
        if match is None:
            raise BadCell(f"expected a fraction or a UTC offset after the seconds: {shown(text)}")
        fraction, zone, sign, hours, minutes = match.groups(default="")
        if sign:
            offset = int(hours) * 3600 + int(minutes) * 60
            seconds += offset if sign == "-" else -offset
        kind = DATE_TIME_WITH_OFFSET if zone else DATE_TIME
        return Time(kind, int(f"{seconds}{fraction}"), len(fraction))
    if number := _number(text):
        return Time(NUMBER, *number)
    raise BadCell(
        "expected a time, a number such as 12.5 or a date-time such as 2023-11-16 18:17:03.98, "
        f"got {shown(text)}"
    )


def _number(text: str) -> tuple[int, int] | None:
    """Return (digits, decimals) in lowest terms; None if not a number or out of bounds.

    Nothing large is ever built: lengths are compared before a power of ten is taken.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match[2] or match[3]):
        return None
    whole, fraction = match[2], match[3] or ""
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0, 0
    exponent = int(match[4] or 0) - len(fraction)
    significant = digits.rstrip("0")
    exponent += len(digits) - len(significant)
    if len(significant) + exponent > MAX_WHOLE_DIGITS or -exponent > MAX_DECIMALS:
        return None
    value = int(match[1] + significant) * 10 ** max(exponent, 0)
    return value, max(-exponent, 0)


@lru_cache(maxsize=4096)  # neighbouring rows share their second more often than not
def _to_the_second(text: str) -> int | None:
    """Seconds since the calendar's beginning; None if not written as a date-time."""
    if not _DATE_TIME.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(f"no such date or time of day: {shown(text)}") from None
    return at.toordinal() * 86_400 + at.hour * 3600 + at.minute * 60 + at.second
