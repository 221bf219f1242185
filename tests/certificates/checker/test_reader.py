"""Strict reading: what is not of the format never gets past the reader."""

import gzip
import zlib
from fractions import Fraction
from pathlib import Path

import pytest

from kvproof.certificates.checker import file
from kvproof.certificates.checker.core import reader
from kvproof.certificates.checker.core.verdict import Malformed, OverLimit, Refusal
from kvproof.certificates.checker.limits import DEFAULT, Limits, Meter

SMALL = Limits(file_bytes=10_000, values=100, containers=50, depth=5, digits=20)


def load(data: bytes | Path, limits: Limits = SMALL) -> object:
    return file.load(data, Meter(limits))


def test_plain_and_gzip() -> None:
    data = b' {"a": [1, 22, {"b": "c"}], "d": null}\n'
    value = {"a": [1, 22, {"b": "c"}], "d": None}
    assert load(data) == load(gzip.compress(data, mtime=0)) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"[1] [2]", "not JSON: Extra data"),
        (b"[1]\x00", "not JSON: Extra data"),
        (b'{"a": 1, "b": 2, "a": 1}', 'duplicated key "a"'),
        (b'{"a": {"b": 1, "b": 1}}', 'duplicated key "b"'),
        (b"[NaN]", "NaN: only integers"),
        (b"[Infinity]", "Infinity: only integers"),
        (b"[-Infinity]", "only integers"),
        (b"[1e400]", "1e400: only integers"),
        (b"[1.0]", "1.0: only integers"),
        (b"[1E2]", "only integers"),
        (b"[-0]", "-0"),
        (b"[01]", "not JSON"),
        (b"[+1]", "not JSON"),
        (b"[0x10]", "not JSON"),
        (b"[1_000]", "not JSON"),
        (b"'a'", "not JSON"),
        (b'["a\nb"]', "not JSON: Invalid control character"),
        (b'{"\\u0061": 1}', "a backslash"),
        (b'["\xff\xfe"]', "byte 2 is not ASCII"),
        ('["é"]'.encode(), "not ASCII"),
        (b"\xef\xbb\xbf[1]", "not ASCII"),
        ("[1]".encode("utf-16"), "not ASCII"),
        (b"\x1f\x8b", "truncated gzip"),
        (b"\x1f\x8bnothing", "not gzip"),
        (gzip.compress(b"[1]", mtime=0)[:-1], "truncated gzip"),
        (gzip.compress(b"[1]", mtime=0)[:15], "truncated gzip"),
        (gzip.compress(b"[1]", mtime=0) + b" ", "1 bytes after the end"),
        (gzip.compress(b"[1]", mtime=0) * 2, "after the end"),
        (gzip.compress(b"[1]", mtime=0)[:-8] + bytes(8), "not gzip"),
        (zlib.compress(b"[1]"), "not JSON|not ASCII"),
    ],
)
def test_malformed(data: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        load(data)
    if data[:2] != b"\x1f\x8b":
        with pytest.raises(Malformed, match=message):
            load(gzip.compress(data, mtime=0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 6 + b"]" * 6, "nesting deeper than 5"),
        (b'{"a":' * 6 + b"1" + b"}" * 6, "nesting deeper than 5"),
        (b'["]", ' * 6 + b"1" + b"]" * 6, "nesting deeper than 5"),  # brackets in strings
        (b"[" * 9_000, "nesting deeper than 5"),
        (b"[" + b"[]," * 60 + b"1]", "more than 50 arrays"),
        (b"[" + b"1," * 100 + b"1]", "more than 100 values"),
        (b"[" + b"1" * 21 + b"]", "an integer of 21 digits"),
        (b"[1" + b" " * 10_000 + b"]", "more than 10,000 bytes"),
    ],
)
def test_limits(data: bytes, message: str) -> None:
    for encoded in (data, gzip.compress(data, mtime=0)):
        with pytest.raises(OverLimit, match=message):
            load(encoded)


def test_brackets_in_strings_do_not_count() -> None:
    assert load(b'["[[[[[[[[{{{{{"]') == ["[[[[[[[[{{{{{"]


@pytest.mark.parametrize("data", [b'"' * 9_999, b'["' + b"a" * 9_000, b'"\\' * 4_000])
def test_odd_strings_are_refused(data: bytes) -> None:
    with pytest.raises(Refusal):
        load(data)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"[1]")
    assert load(tmp_path / "a") == [1]
    for missing in (tmp_path / "b", tmp_path, tmp_path / "nul\0"):
        with pytest.raises(Malformed, match="cannot read"):
            load(missing)


@pytest.mark.parametrize(
    "written",
    ["1/2", "0/1", "12/5", "3/1"],
)
def test_rationals(written: str) -> None:
    assert reader.rational(written, "x", Meter(DEFAULT)) == Fraction(written)


@pytest.mark.parametrize(
    "written",
    ["1", "2/4", "0/2", "1/0", "-1/2", "1/-2", "01/2", "1/02", "1/2 ", " 1/2", "1/2\n", "0.5/1",
     "1e3/1", "+1/2", "١/2", "1//2", "/1", "1/", "", 1, None, True, ["1/2"]],
)  # fmt: skip
def test_malformed_rationals(written: object) -> None:
    with pytest.raises(Malformed, match=r"x: "):
        reader.rational(written, "x", Meter(DEFAULT))


def test_long_rationals_are_over_the_limit() -> None:
    for written in ("1" * 4001 + "/1", "1/" + "3" * 4001):
        with pytest.raises(OverLimit, match="more than 4000 digits"):
            reader.rational(written, "x", Meter(DEFAULT))


def test_the_clock_stands_until_a_check_starts() -> None:
    budget = Meter(Limits(seconds=0))
    for _ in range(5000):
        budget.tick()
    budget.check()
    budget.start()
    with pytest.raises(OverLimit):
        budget.check()


def test_deadline() -> None:
    budget = Meter(Limits(seconds=0))
    budget.start()
    for _ in range(1023):  # looks at the time once in 1,024
        budget.tick()
    with pytest.raises(OverLimit, match="no answer within the time limit of 0 s"):
        budget.tick()
