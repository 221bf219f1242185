"""Rows of CSV and JSON lines in bytes, by Numba: what is plain is read exactly, the rest doubted.

No number passes through a float: digits are gathered in int64, decimals counted. These kernels know
less than :mod:`kvproof.scheduling.traces.cells` and the parsers behind
:mod:`kvproof.scheduling.traces.text`; whatever they do not know is a doubt, and is read by those.
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
#: Characters of a cell that csv takes, and so do we.
LONGEST_CELL = 100_000

_POWERS = 10 ** np.arange(DIGITS + 1, dtype=np.int64)
_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_SPACE, _TAB, _LINE, _RETURN = 32, 9, 10, 13
_QUOTE, _COMMA, _DOT, _PLUS, _MINUS, _COLON = 34, 44, 46, 43, 45, 58
_ZERO, _NINE, _BACKSLASH = 48, 57, 92
_SMALL_E, _LARGE_E, _SMALL_T, _LARGE_T, _LARGE_Z = 101, 69, 116, 84, 90
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))
_OPEN, _CLOSE, _BEGIN, _END = 123, 125, 91, 93


@njit
def _number(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a decimal number in lowest terms; return (whether it could be, digits, decimals)."""
    sign = 1
    if begin < end and (text[begin] == _PLUS or text[begin] == _MINUS):
        sign = -1 if text[begin] == _MINUS else 1
        begin += 1
    mantissa = 0
    significant = zeros = exponent = 0  # zeros that may be trailing wait
    some = dot = False
    while begin < end:
        character = text[begin]
        if _ZERO <= character <= _NINE:
            some = True
            exponent -= dot
            if character == _ZERO:
                zeros += mantissa > 0
            else:
                significant += zeros + 1
                if significant > DIGITS:
                    return False, mantissa, 0
                mantissa = mantissa * _POWERS[zeros + 1] + (character - _ZERO)
                zeros = 0
        elif character == _DOT and not dot:
            dot = True
        elif character in (_SMALL_E, _LARGE_E):
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
    if begin < end and (text[begin] == _PLUS or text[begin] == _MINUS):
        sign = -1 if text[begin] == _MINUS else 1
        begin += 1
    value = 0
    if not 1 <= end - begin <= 4:
        return 0, False
    for at in range(begin, end):
        if not _ZERO <= text[at] <= _NINE:
            return 0, False
        value = 10 * value + (text[at] - _ZERO)
    return sign * value, True


@njit
def _digits(text, begin, end):  # type: ignore[no-untyped-def]
    """Return the number that up to 18 digits write, or -1."""
    value = np.int64(0)
    for at in range(begin, end):
        if not _ZERO <= text[at] <= _NINE:
            return np.int64(-1)
        value = 10 * value + (text[at] - _ZERO)
    return value


@njit
def _time(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a time: (kind, digits, decimals), a date-time from the beginning of 1970 on."""
    if end - begin < 19 or text[begin + 4] != _MINUS:
        known, digits, decimals = _number(text, begin, end)
        return NUMBER if known else DOUBT, digits, decimals
    year, month = _digits(text, begin, begin + 4), _digits(text, begin + 5, begin + 7)
    day, hour = _digits(text, begin + 8, begin + 10), _digits(text, begin + 11, begin + 13)
    minute, second = _digits(text, begin + 14, begin + 16), _digits(text, begin + 17, begin + 19)
    middle = text[begin + 10]
    separated = (
        text[begin + 7] == _MINUS and text[begin + 13] == _COLON and text[begin + 16] == _COLON
        and middle in (_SPACE, _LARGE_T)
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
    if at < end and text[at] == _DOT:
        at += 1
        while at + decimals < end and _ZERO <= text[at + decimals] <= _NINE:
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
    if text[at] == _SPACE:
        at += 1
    if end - at == 1 and text[at] == _LARGE_Z:
        return np.int64(0)
    colon = end - at == 6 and text[at + 3] == _COLON
    if (end - at == 5 or colon) and (text[at] == _PLUS or text[at] == _MINUS):
        hours, minutes = _digits(text, at + 1, at + 3), _digits(text, end - 2, end)
        if 0 <= hours <= 23 and 0 <= minutes <= 59:
            offset = hours * 3600 + minutes * 60
            return -offset if text[at] == _MINUS else offset
    return _UNKNOWN


@njit
def _count(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a number of tokens, or return -1."""
    if 1 <= end - begin <= 9:
        value = _digits(text, begin, end)
        if value >= 0:
            return value
    known, digits, decimals = _number(text, begin, end)
    return digits if known and decimals == 0 and digits <= MAX_MEMORY else np.int64(-1)


@njit
def _prediction(text, begin, end):  # type: ignore[no-untyped-def]
    """Read a predicted number of tokens, rounded and at least 1, or return -1."""
    known, digits, decimals = _number(text, begin, end)
    if not known or digits < 0 or decimals > DIGITS - 1:
        return np.int64(-1)
    unit = _POWERS[decimals]
    if digits // unit >= MAX_MEMORY:
        return np.int64(-1)
    return max(np.int64(1), (2 * digits + unit) // (2 * unit))


@njit
def _take(text, first, last, timed, predicted, kind, row, digits, decimals, counts):  # type: ignore[no-untyped-def]
    """Read the cells of a row into `row` of the columns; return the kind of its time, or DOUBT.

    Cell i of those wanted is ``text[first[i]:last[i]]``; `kind` is that of times so far, or 0.
    """
    for i in range(len(first)):
        if first[i] < 0:
            return DOUBT
        while first[i] < last[i] and (text[first[i]] == _SPACE or text[first[i]] == _TAB):
            first[i] += 1
        while first[i] < last[i] and (text[last[i] - 1] == _SPACE or text[last[i] - 1] == _TAB):
            last[i] -= 1
    at = 0
    if timed:
        found, value, places = _time(text, first[0], last[0])
        if found == DOUBT or (kind != DOUBT and found != kind):
            return DOUBT
        kind = found
        digits[row], decimals[row] = value, places
        at = 1
    else:
        kind = NUMBER
    for i in range(2 + predicted):
        if i == 2:
            value = _prediction(text, first[at + i], last[at + i])
        else:
            value = _count(text, first[at + i], last[at + i])
        if value < 0:
            return DOUBT
        counts[i, row] = value
    return kind


@njit
def csv_rows(text, wanted, columns, timed, predicted, kind, digits, decimals, counts, lines):  # type: ignore[no-untyped-def]
    """Read whole lines of CSV.

    Parameters
    ----------
    text
        The bytes, valid UTF-8 without NUL; it ends where a line does.
    wanted
        The columns to read: time, if `timed`, prompt, output and, if `predicted`, prediction.
    columns
        How many there are.
    kind
        The kind of the times before, or 0.
    digits, decimals, counts, lines
        Filled row by row: times, lengths of shape (2 or 3, rows), and lines from 0.

    Returns
    -------
    Number of rows, number of lines, and the kind of the times; kind 0: there is a doubt.
    """
    first, last = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
    begins, ends = np.empty(columns, np.int64), np.empty(columns, np.int64)
    at = row = line = 0
    while at < len(text):
        if text[at] == _LINE or (text[at] == _RETURN and _ends(text, at + 1)):
            at += 1 + (text[at] == _RETURN)
            line += 1
            continue
        cell = 0
        while True:
            if cell == columns:
                return row, line, DOUBT
            if at < len(text) and text[at] == _QUOTE:
                at += 1
                begins[cell] = at
                while at < len(text) and text[at] != _QUOTE and text[at] != _LINE:
                    at += 1
                ends[cell] = at
                if at == len(text) or text[at] == _LINE:
                    return row, line, DOUBT
                at += 1
                if at < len(text) and not (
                    text[at] == _COMMA or text[at] == _LINE or text[at] == _RETURN
                ):
                    return row, line, DOUBT
            else:
                begins[cell] = at
                while at < len(text) and not (
                    text[at] == _COMMA or text[at] == _LINE or text[at] == _RETURN
                    or text[at] == _QUOTE
                ):  # fmt: skip
                    at += 1
                ends[cell] = at
                if at < len(text) and text[at] == _QUOTE:
                    return row, line, DOUBT
            if ends[cell] - begins[cell] > LONGEST_CELL:
                return row, line, DOUBT
            cell += 1
            if at == len(text):
                break
            if text[at] == _RETURN:
                at += 1
                if not _ends(text, at):
                    return row, line, DOUBT
            at += 1
            if text[at - 1] == _LINE:
                break
        if cell < columns:
            return row, line, DOUBT
        for i in range(len(wanted)):
            first[i], last[i] = begins[wanted[i]], ends[wanted[i]]
        found = _take(text, first, last, timed, predicted, kind, row, digits, decimals, counts)
        if found == DOUBT:
            return row, line, DOUBT
        kind = found
        lines[row] = line
        row += 1
        line += 1
    return row, line, max(kind, NUMBER)


@njit
def _ends(text, at):  # type: ignore[no-untyped-def]
    """Whether a line ends here, after a carriage return."""
    return at < len(text) and text[at] == _LINE


@njit
def json_rows(  # type: ignore[no-untyped-def]
    text, wanted, names, name_ends, timed, predicted, kind, digits, decimals, counts, lines
):
    """Read whole lines of JSON, as :func:`csv_rows` does.

    Each object has the same keys in the same order: `names` are their bytes, one after the other,
    of which key i ends at ``name_ends[i]``. Values are numbers, words, strings without escapes, and
    flat arrays of those; all else is a doubt.
    """
    columns = len(name_ends)
    first, last = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
    begins, ends = np.empty(columns, np.int64), np.empty(columns, np.int64)
    at = row = line = 0
    while at < len(text):
        at = _blank(text, at)
        if at == len(text):
            break
        if text[at] == _LINE:
            at += 1
            line += 1
            continue
        if text[at] != _OPEN:
            return row, line, DOUBT
        at += 1
        begin = 0
        for cell in range(columns):
            at = _key(text, _blank(text, at), names, begin, name_ends[cell])
            begin = name_ends[cell]
            if at < 0:
                return row, line, DOUBT
            at, begins[cell], ends[cell] = _value(text, _blank(text, at))
            if at < 0:
                return row, line, DOUBT
            at = _blank(text, at)
            closing = _CLOSE if cell == columns - 1 else _COMMA
            if at == len(text) or text[at] != closing:
                return row, line, DOUBT
            at += 1
        at = _blank(text, at)
        if at < len(text) and text[at] != _LINE:
            return row, line, DOUBT
        at += 1
        for i in range(len(wanted)):
            first[i], last[i] = begins[wanted[i]], ends[wanted[i]]
        found = _take(text, first, last, timed, predicted, kind, row, digits, decimals, counts)
        if found == DOUBT:
            return row, line, DOUBT
        kind = found
        lines[row] = line
        row += 1
        line += 1
    return row, line, max(kind, NUMBER)


@njit
def _blank(text, at):  # type: ignore[no-untyped-def]
    """Return the first position from here on that is no blank within a line."""
    while at < len(text) and (text[at] == _SPACE or text[at] == _TAB or text[at] == _RETURN):
        at += 1
    return at


@njit
def _key(text, at, names, begin, end):  # type: ignore[no-untyped-def]
    """Pass a key, which must be ``names[begin:end]``, and its colon; -1 if it is none."""
    if at + 2 + (end - begin) > len(text) or text[at] != _QUOTE:
        return -1
    at += 1
    for i in range(begin, end):
        if text[at] != names[i]:
            return -1
        at += 1
    if text[at] != _QUOTE:
        return -1
    at = _blank(text, at + 1)
    return at + 1 if at < len(text) and text[at] == _COLON else -1


@njit
def _value(text, at):  # type: ignore[no-untyped-def]
    """Pass a value: (where it is over, or -1; begin and end of a number or string, else -1)."""
    if at < len(text) and text[at] == _BEGIN:
        at = _blank(text, at + 1)
        if at < len(text) and text[at] == _END:
            return at + 1, -1, -1
        while True:
            at = _scalar(text, at)[0]
            at = at if at < 0 else _blank(text, at)
            if at < 0 or at >= len(text):
                return -1, -1, -1
            at += 1
            if text[at - 1] == _END:
                return at, -1, -1
            if text[at - 1] != _COMMA:
                return -1, -1, -1
            at = _blank(text, at)
    return _scalar(text, at)


@njit
def _scalar(text, at):  # type: ignore[no-untyped-def]
    """Pass a number, a word or a string, as :func:`_value` does."""
    if at >= len(text):
        return -1, -1, -1
    begin = at
    if text[at] == _QUOTE:
        at += 1
        while at < len(text) and text[at] != _QUOTE:
            if text[at] < _SPACE or text[at] == _BACKSLASH:
                return -1, -1, -1
            at += 1
        return (-1, -1, -1) if at == len(text) else (at + 1, begin + 1, at)
    for word in (_TRUE, _FALSE, _NULL):
        if text[at] == word[0]:
            return _past_word(text, at, word), -1, -1
    if text[at] == _MINUS:
        at += 1
    whole = at
    at = _past_digits(text, at)
    if at == whole or (text[whole] == _ZERO and at > whole + 1):
        return -1, -1, -1
    if at < len(text) and text[at] == _DOT:
        at += 1
        if _past_digits(text, at) == at:
            return -1, -1, -1
        at = _past_digits(text, at)
    if at < len(text) and (text[at] == _SMALL_E or text[at] == _LARGE_E):
        at += 1
        if at < len(text) and (text[at] == _PLUS or text[at] == _MINUS):
            at += 1
        if _past_digits(text, at) == at:
            return -1, -1, -1
        at = _past_digits(text, at)
    return at, begin, at


@njit
def _past_word(text, at, word):  # type: ignore[no-untyped-def]
    """Return where this word is over, or -1 where it is another."""
    if at + len(word) > len(text):
        return -1
    for i in range(len(word)):
        if text[at + i] != word[i]:
            return -1
    return at + len(word)


@njit
def _past_digits(text, at):  # type: ignore[no-untyped-def]
    """Return the first position from here on that is no digit."""
    while at < len(text) and _ZERO <= text[at] <= _NINE:
        at += 1
    return at


@njit
def times(text, ends, kind, digits, decimals):  # type: ignore[no-untyped-def]
    """Read times that stand one after the other, cell i from ``ends[i]`` on; return their kind."""
    for row in range(len(ends) - 1):
        begin, end = _trimmed(text, ends[row], ends[row + 1])
        found, digits[row], decimals[row] = _time(text, begin, end)
        if found == DOUBT or (kind != DOUBT and found != kind):
            return DOUBT
        kind = found
    return kind


@njit
def lengths(text, ends, predicted, counts):  # type: ignore[no-untyped-def]
    """Read lengths likewise, or predicted ones; return whether all could be."""
    for row in range(len(ends) - 1):
        begin, end = _trimmed(text, ends[row], ends[row + 1])
        value = _prediction(text, begin, end) if predicted else _count(text, begin, end)
        if value < 0:
            return False
        counts[row] = value
    return True


@njit
def _trimmed(text, begin, end):  # type: ignore[no-untyped-def]
    """Return the cell without blanks around it."""
    while begin < end and (text[begin] == _SPACE or text[begin] == _TAB):
        begin += 1
    while begin < end and (text[end - 1] == _SPACE or text[end - 1] == _TAB):
        end -= 1
    return begin, end
