from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.traces.cells import (
    DATE_TIME,
    DATE_TIME_WITH_OFFSET,
    NUMBER,
    BadCell,
    parse_count,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("4808", 4808),
        (" 12 ", 12),
        ("007", 7),
        ("2147483647", 2**31 - 1),
        ("12.0", 12),  # a frame with gaps writes its integers so
        ("1e3", 1000),
        ("10e-1", 1),
    ],
)
def test_counts(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",  # nothing
        " ",
        "-5",  # negative
        "3.5",  # not an integer
        "abc",
        "nan",
        "inf",
        "1_000",  # Python would take it
        "0x10",
        "٣",  # a digit to Unicode
        "²",  # a digit to str.isdigit
        "1,5",
        "e3",  # an exponent of nothing
        ".",
        "2147483648",  # one more than any memory
        "1e999999999",  # must not be computed
        "1e9999",
        "1e-9999",
        "9" * 1_000_000,  # must not be converted
        "1" + "0" * 1_000_000,
    ],
)
def test_bad_counts(text: str) -> None:
    with pytest.raises(BadCell) as caught:
        parse_count(text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("text", "kind", "seconds"),
    [
        ("5", NUMBER, "5"),
        ("-5.50", NUMBER, "-5.5"),
        ("1.5e-05", NUMBER, "0.000015"),
        ("1E+3", NUMBER, "1000"),
        (".5", NUMBER, "0.5"),
        ("5.", NUMBER, "5"),
        ("0e-9999", NUMBER, "0"),
        ("0." + "0" * 60, NUMBER, "0"),
        ("0001-01-01 00:00:01.5", DATE_TIME, "86401.5"),
        ("0001-01-01T00:00:01", DATE_TIME, "86401"),
        ("0001-01-01 01:00:00+01:00", DATE_TIME_WITH_OFFSET, "86400"),
        ("0001-01-01 01:00:00 -0130", DATE_TIME_WITH_OFFSET, "95400"),
        ("0001-01-01 00:00:00.000000001Z", DATE_TIME_WITH_OFFSET, "86400.000000001"),
        ("0001-01-01 00:00:00+23:59", DATE_TIME_WITH_OFFSET, "60"),  # never before the calendar
    ],
)
def test_times(text: str, kind: str, seconds: str) -> None:
    time = parse_time(text)
    assert time.kind == kind
    assert Fraction(time.digits, 10**time.decimals) == Fraction(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nan",
        "inf",
        "-Infinity",
        "soon",
        "1e999999999",  # must not be computed
        "1e-999999999",
        "1e21",  # beyond any clock
        "1e-41",  # finer than any clock
        "9" * 1_000_000,
        "2023-11-16",  # no time of day
        "2023-02-29 00:00:00",  # no such day
        "0000-01-01 00:00:00",
        "2023-13-01 00:00:00",
        "2023-11-16 24:00:00",
        "2023-11-16 23:60:00",
        "2023-11-16 23:59:60",
        "2023-11-16 18:17",  # cut off
        "2023-11-16 18:17:03.",
        "2023-11-16 18:17:03+0",
        "2023-11-16 18:17:03+24:00",
        "2023-11-16 18:17:03+01:60",
        "16/11/2023 18:17:03",
    ],
)
def test_bad_times(text: str) -> None:
    with pytest.raises(BadCell) as caught:
        parse_time(text)
    assert len(str(caught.value)) < 160


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_as_its_shortest_text_or_refused(value: float) -> None:
    try:
        time = parse_time(repr(value))
    except BadCell:
        assert value == 0 or not 1e-22 < abs(value) < 1e19
    else:
        assert Fraction(time.digits, 10**time.decimals) == Fraction(repr(value))


@given(st.datetimes(), st.sampled_from(" T"))
def test_a_date_time_is_read_as_python_reads_it(value, separator) -> None:  # type: ignore[no-untyped-def]
    time = parse_time(value.isoformat(sep=separator))
    whole = value.toordinal() * 86_400 + value.hour * 3600 + value.minute * 60 + value.second
    assert Fraction(time.digits, 10**time.decimals) == whole + Fraction(value.microsecond, 10**6)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_count, parse_time):
        with suppress(BadCell):
            parse(text)
