"""Cells in bytes, by Numba: what is plain is read exactly, the rest doubted.

No number passes through a float: digits are gathered in int64, decimals counted. These kernels know
less than :mod:`kvproof.scheduling.traces.cells`; whatever they do not know is a doubt, and is read
by that.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.instance import MAX_MEMORY

# Kinds of times; DOUBT is what is left to the plain reader.
DOUBT, NUMBER, DATE_TIME, DATE_TIME_WITH_OFFSET = 0, 1, 2, 3
#: Significant digits that are gathered: all of them fit int64, and twice their value does.
DIGITS = 18
#: Decimals that may be.
DECIMALS = 40
# Bytes.
SPACE, TAB, PLUS, MINUS, COLON, DOT = 32, 9, 43, 45, 58, 46
ZERO, NINE, SMALL_E, LARGE_E = 48, 57, 101, 69

_SMALL_T, _LARGE_T, _LARGE_Z = 116, 84, 90
_POWERS = 10 ** np.arange(DIGITS + 1, dtype=np.int64)
_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@njit
def _number(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a decimal number in lowest terms; return (whether it could be, digits, decimals)."""
    sign = 1
    if begin < end and (text[begin] == PLUS or text[begin] == MINUS):
        sign = -1 if text[begin] == MINUS else 1
        begin += 1
    mantissa = 0
    significant = zeros = exponent = 0  # zeros that may be trailing wait
    some = dot = False
    while begin < end:
        character = text[begin]
        if ZERO <= character <= NINE:
            some = True
            exponent -= dot
            if character == ZERO:
                zeros += mantissa > 0
            else:
                significant += zeros + 1
                if significant > DIGITS:
                    return False, mantissa, 0
                mantissa = mantissa * _POWERS[zeros + 1] + (character - ZERO)
                zeros = 0
        elif character == DOT and not dot:
            dot = True
        elif character in (SMALL_E, LARGE_E):
            written, known = _exponent(text, begin + 1, end)
            if not known:
                return False, mantissa, 0
            exponent += written
            break
        else:
            return False, mantissa, 0
        begin += 1
    exponent += zeros
    if not some or -exponent > DECIMALS:
        return False, mantissa, 0
    if mantissa == 0:
        return True, mantissa, 0
    if exponent >= 0:
        if significant + exponent > DIGITS:
            return False, mantissa, 0
        return True, sign * mantissa * _POWERS[exponent], 0
    return True, sign * mantissa, -exponent


@njit
def _exponent(text, begin, end):  # type: ignore[no-untyped-def]
    """Return a decimal exponent, and whether it is one of few digits."""
    sign = 1
    if begin < end and (text[begin] == PLUS or text[begin] == MINUS):
        sign = -1 if text[begin] == MINUS else 1
        begin += 1
    value = 0
    if not 1 <= end - begin <= 4:
        return 0, False
    for at in range(begin, end):
        if not ZERO <= text[at] <= NINE:
            return 0, False
        value = 10 * value + (text[at] - ZERO)
    return sign * value, True


@njit
def _digits(text, begin, end):  # type: ignore[no-untyped-def]
    """Return the number that up to 18 digits write, or -1."""
    value = np.int64(0)
    for at in range(begin, end):
        if not ZERO <= text[at] <= NINE:
            return np.int64(-1)
        value = 10 * value + (text[at] - ZERO)
    return value


@njit
def time_of(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a time: (kind, digits, decimals), a date-time from the beginning of 1970 on."""
    if end - begin < 19 or text[begin + 4] != MINUS:
        known, digits, decimals = _number(text, begin, end)
        return NUMBER if known else DOUBT, digits, decimals
    year, month = _digits(text, begin, begin + 4), _digits(text, begin + 5, begin + 7)
    day, hour = _digits(text, begin + 8, begin + 10), _digits(text, begin + 11, begin + 13)
    minute, second = _digits(text, begin + 14, begin + 16), _digits(text, begin + 17, begin + 19)
    middle = text[begin + 10]
    separated = (
        text[begin + 7] == MINUS and text[begin + 13] == COLON and text[begin + 16] == COLON
        and middle in (SPACE, _LARGE_T)
    )  # fmt: skip
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not separated or year < 1 or not 1 <= month <= 12:
        return DOUBT, np.int64(0), 0
    if not 1 <= day <= _DAYS[month - 1] + (leap and month == 2):
        return DOUBT, np.int64(0), 0
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return DOUBT, np.int64(0), 0
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 + day - 719_163
    for earlier in range(month - 1):
        days += _DAYS[earlier]
    days += leap and month > 2
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    at = begin + 19
    fraction = np.int64(0)
    decimals = 0
    if at < end and text[at] == DOT:
        at += 1
        while at + decimals < end and ZERO <= text[at + decimals] <= NINE:
            decimals += 1
        if not 1 <= decimals <= 9:  # more would not fit int64 beside the seconds
            return DOUBT, np.int64(0), 0
        fraction = _digits(text, at, at + decimals)
        at += decimals
    kind = DATE_TIME
    if at < end:
        kind = DATE_TIME_WITH_OFFSET
        offset = _offset(text, at, end)
        if offset == _UNKNOWN:
            return DOUBT, np.int64(0), 0
        seconds -= offset
    if abs(seconds) > 2**62 // _POWERS[decimals]:
        return DOUBT, np.int64(0), 0
    return kind, seconds * _POWERS[decimals] + fraction, decimals


_UNKNOWN = np.int64(2**40)


@njit
def _offset(text, at, end):  # type: ignore[no-untyped-def]
    """Return the seconds by which a zone such as Z or -01:30 is ahead of UTC, or _UNKNOWN."""
    if text[at] == SPACE:
        at += 1
    if end - at == 1 and text[at] == _LARGE_Z:
        return np.int64(0)
    colon = end - at == 6 and text[at + 3] == COLON
    if (end - at == 5 or colon) and (text[at] == PLUS or text[at] == MINUS):
        hours, minutes = _digits(text, at + 1, at + 3), _digits(text, end - 2, end)
        if 0 <= hours <= 23 and 0 <= minutes <= 59:
            offset = hours * 3600 + minutes * 60
            return -offset if text[at] == MINUS else offset
    return _UNKNOWN


@njit
def count_of(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a number of tokens, or return -1."""
    if 1 <= end - begin <= 9:
        value = _digits(text, begin, end)
        if value >= 0:
            return value
    known, digits, decimals = _number(text, begin, end)
    return digits if known and decimals == 0 and digits <= MAX_MEMORY else np.int64(-1)


@njit
def prediction_of(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a predicted number of tokens, rounded and at least 1, or return -1."""
    known, digits, decimals = _number(text, begin, end)
    if not known or digits < 0 or decimals > DIGITS - 1:
        return np.int64(-1)
    unit = _POWERS[decimals]
    if digits // unit >= MAX_MEMORY:
        return np.int64(-1)
    return max(np.int64(1), (2 * digits + unit) // (2 * unit))


@njit
def times(text, ends, kind, digits, decimals):  # type: ignore[no-untyped-def]
    """Read times that stand one after the other, cell i from ``ends[i]`` on; return their kind."""
    for row in range(len(ends) - 1):
        begin, end = trimmed(text, ends[row], ends[row + 1])
        found, digits[row], decimals[row] = time_of(text, begin, end)
        if found == DOUBT or (kind != DOUBT and found != kind):
            return DOUBT
        kind = found
    return kind


@njit
def lengths(text, ends, predicted, counts):  # type: ignore[no-untyped-def]
    """Read lengths likewise, or predicted ones; return whether all could be."""
    for row in range(len(ends) - 1):
        begin, end = trimmed(text, ends[row], ends[row + 1])
        value = prediction_of(text, begin, end) if predicted else count_of(text, begin, end)
        if value < 0:
            return False
        counts[row] = value
    return True


@njit
def trimmed(text, begin, end):  # type: ignore[no-untyped-def]
    """Return the cell without blanks around it."""
    while begin < end and (text[begin] == SPACE or text[begin] == TAB):
        begin += 1
    while begin < end and (text[end - 1] == SPACE or text[end - 1] == TAB):
        end -= 1
    return begin, end
