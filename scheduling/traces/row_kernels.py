"""Rows of CSV and JSON lines in bytes, by Numba: where their cells begin and end.

These kernels know less than the parsers behind :mod:`kvproof.scheduling.traces.text`; whatever they
do not know is a doubt, and is read by those.
"""

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.traces.cell_kernels import (
    COLON,
    DOT,
    DOUBT,
    LARGE_E,
    MINUS,
    NINE,
    NUMBER,
    PLUS,
    SMALL_E,
    SPACE,
    TAB,
    ZERO,
    count_of,
    prediction_of,
    time_of,
    trimmed,
)

#: Characters of a cell that csv takes, and so do we.
LONGEST_CELL = 100_000

_LINE, _RETURN, _QUOTE, _COMMA, _BACKSLASH = 10, 13, 34, 44, 92
_OPEN, _CLOSE, _BEGIN, _END = 123, 125, 91, 93
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


@njit
def _take(text, begins, ends, wanted, timed, predicted, kind, row, digits, decimals, counts):  # type: ignore[no-untyped-def]
    """Read the wanted cells into `row` of the columns; return the kind of its time, or DOUBT.

    Cell i is ``text[begins[i]:ends[i]]``; `kind` is that of times so far, or 0.
    """
    for cell in wanted:
        if begins[cell] < 0:
            return DOUBT
        begins[cell], ends[cell] = trimmed(text, begins[cell], ends[cell])
    at = 0
    if timed:
        found, value, places = time_of(text, begins[wanted[0]], ends[wanted[0]])
        if found == DOUBT or (kind != DOUBT and found != kind):
            return DOUBT
        kind = found
        digits[row], decimals[row] = value, places
        at = 1
    else:
        kind = NUMBER
    for i in range(2 + predicted):
        cell = wanted[at + i]
        if i == 2:
            value = prediction_of(text, begins[cell], ends[cell])
        else:
            value = count_of(text, begins[cell], ends[cell])
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
        found = _take(
            text, begins, ends, wanted, timed, predicted, kind, row, digits, decimals, counts
        )
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
        found = _take(
            text, begins, ends, wanted, timed, predicted, kind, row, digits, decimals, counts
        )
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
    while at < len(text) and (text[at] == SPACE or text[at] == TAB or text[at] == _RETURN):
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
    return at + 1 if at < len(text) and text[at] == COLON else -1


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
            if text[at] < SPACE or text[at] == _BACKSLASH:
                return -1, -1, -1
            at += 1
        return (-1, -1, -1) if at == len(text) else (at + 1, begin + 1, at)
    for word in (_TRUE, _FALSE, _NULL):
        if text[at] == word[0]:
            return _past_word(text, at, word), -1, -1
    if text[at] == MINUS:
        at += 1
    whole = at
    at = _past_digits(text, at)
    if at == whole or (text[whole] == ZERO and at > whole + 1):
        return -1, -1, -1
    if at < len(text) and text[at] == DOT:
        at += 1
        if _past_digits(text, at) == at:
            return -1, -1, -1
        at = _past_digits(text, at)
    if at < len(text) and (text[at] == SMALL_E or text[at] == LARGE_E):
        at += 1
        if at < len(text) and (text[at] == PLUS or text[at] == MINUS):
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
    while at < len(text) and ZERO <= text[at] <= NINE:
        at += 1
    return at
