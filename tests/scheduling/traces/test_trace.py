from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import smallest
from kvproof.scheduling.traces import BUILTIN, Notes, Trace
from kvproof.scheduling.traces.columns import Columns, Places

AZURE, LENGTHS = BUILTIN[0], BUILTIN[-1]


PLACES = Places(
    files=("",), word="line", row=np.array([0, 2]), line=np.array([2, 5]), first=np.array([0])
)


def trace(**changed: Any) -> Trace:
    fields: dict[str, Any] = {
        "source": "t",
        "format": AZURE,
        "origin": 5,
        "tick": Fraction(1, 10),
        "places": PLACES,
        "failed": 0,
        "resorted": False,
    }
    columns: dict[str, Any] = {
        "ticks": (0, 0, 12, 25),
        "row": np.array([0, 1, 2, 3]),
        "prompt": np.array([9, 1, 2, 0]),
        "output": np.array([1, 1, 3, 1]),
    }
    columns |= {name: changed.pop(name) for name in list(changed) if name in columns}
    if columns["ticks"] is not None:
        wide = any(abs(tick) >= 2**63 for tick in columns["ticks"])
        columns["ticks"] = np.array(columns["ticks"], dtype=object if wide else np.int64)
    return Trace(**(fields | changed), columns=Columns(**columns))


def test_times_become_steps_from_the_first_request_on() -> None:
    instance, notes = trace().to_instance(memory=10, step=Fraction(1, 2))
    assert instance.arrival.tolist() == [0, 0, 2, 5]  # 0, 0, 1.2 and 2.5 seconds
    assert instance.prompt.tolist() == [9, 1, 2, 0]
    assert instance.output.tolist() == [1, 1, 3, 1]
    assert instance.memory == 10
    assert notes == Notes(kept=4)
    assert notes.lines() == ()


def test_backlog_keeps_the_order_and_drops_the_times() -> None:
    instance, _ = trace().to_instance(memory=10, backlog=True)
    assert instance.is_backlog
    assert instance.prompt.tolist() == [9, 1, 2, 0]


def test_the_limit_comes_before_the_memory() -> None:
    instance, notes = trace().to_instance(memory=9, limit=3, oversize="drop")
    assert instance.prompt.tolist() == [1, 2]
    assert notes == Notes(kept=2, unread=1, oversize=1)
    assert notes.rows.tolist() == [1, 2]
    # so a large request beyond the limit is no error
    assert trace(prompt=np.array([1, 1, 2, 99])).to_instance(memory=10, limit=3)[1].kept == 3


def test_times_start_at_the_first_request_kept() -> None:
    late = trace(prompt=np.array([99, 99, 2, 0]))
    instance, _ = late.to_instance(memory=10, step=Fraction(1, 10), oversize="drop")
    assert instance.arrival.tolist() == [0, 13]


def test_notes_in_words() -> None:
    notes = Notes(kept=1, failed=1234, unread=2, oversize=3, resorted=True)
    assert notes.lines() == (
        "failed requests (output of 0 tokens), dropped: 1,234",
        "the rows were not in order of time: sorted, stably",
        "requests beyond the limit, left out: 2",
        "requests larger than the memory, dropped: 3",
    )


UNTIMED = {"ticks": None, "tick": Fraction(1)}
EMPTY = {name: np.array([], dtype=np.int64) for name in ("row", "prompt", "output")}


@pytest.mark.parametrize(
    ("fields", "arguments", "message"),
    [
        # a request larger than the memory: how many, which, and what to do
        ({}, {"memory": 9}, "t: 1 of 4 requests needs more than the memory of 9 tokens (prompt"),
        ({}, {"memory": 9}, " line 2: 9 + 1); raise the memory to 10 or choose --oversize drop"),
        ({}, {"memory": 0}, "(prompt + output at line 2: 9 + 1, line 3: 1 + 1, line 5: 2 + 3, ..."),
        # two lengths that each fit and no memory that holds both: raising it is no remedy
        ({"prompt": np.full(4, 2**31 - 1)}, {}, "2,147,483,647 + 3, ...); choose --oversize drop"),
        # a trace without times
        (UNTIMED, {}, "t: column 'TIMESTAMP' is missing from this azure trace; --backlog lets"),
        (UNTIMED | {"format": LENGTHS}, {}, "a column of times is missing from this lengths trace"),
        (UNTIMED | {"format": LENGTHS}, {}, "seconds are read from a file with arrived_at, num_"),
        # nothing left
        ({}, {"memory": 1, "limit": 1, "oversize": "drop"}, "t: no request is left; requests bey"),
        ({}, {"memory": 1, "limit": 1, "oversize": "drop"}, "out: 3; requests larger"),
        (EMPTY | {"ticks": (), "failed": 7}, {}, "t: no request is left; failed requests"),
        # the span of the times
        ({"ticks": (0, 0, 0, 2**52)}, {}, "t: line 6: arrives more than 281,474,976,710,656 steps"),
        ({"ticks": (0, 0, 0, 2**52)}, {}, "after the first request; take a longer --step"),
        ({"ticks": (0, 0, 0, 10**60)}, {}, "line 6: arrives more than"),
        # arguments
        ({}, {"step": Fraction(0)}, "step must be > 0"),
        ({}, {"step": Fraction(-1)}, "step must be > 0"),
        ({}, {"limit": 0}, "limit must be at least 1"),
        ({}, {"limit": 1.5}, "limit must be an integer, got 1.5"),
        ({}, {"limit": True}, "limit must be an integer, got True"),
        ({}, {"oversize": "ignore"}, "oversize must be error or drop, got 'ignore'"),
    ],
)  # fmt: skip
def test_refusals(fields: dict[str, Any], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        trace(**fields).to_instance(**({"memory": 10} | arguments))
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_no_times_is_a_backlog_well() -> None:
    assert trace(**UNTIMED).to_instance(memory=10, backlog=True)[0].is_backlog


def test_columns_are_read_only() -> None:
    for column in vars(trace().columns).values():
        if column is not None:
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 5


def test_columns_are_packed_and_handed_out_in_full() -> None:
    given = trace(prompt=np.array([255, 255, 0, 0]), output=np.array([65_535, 1, 1, 1]))
    assert (given.columns.prompt.dtype, given.columns.output.dtype) == (np.uint8, np.uint16)
    assert (given.prompt + given.output).tolist() == [65_790, 256, 1, 1]
    assert given.line.tolist() == [2, 3, 5, 6]


def test_no_type_makes_floats_of_integers() -> None:
    for most in (2**8, 2**16, 2**32, 2**40, 2**63 - 1):
        packed = smallest(np.array([0, most]))
        assert np.concatenate((packed, np.zeros(1, np.int64))).dtype == np.int64
        assert packed.tolist() == [0, most]


rationals = st.fractions(min_value=Fraction(1, 10**12), max_value=10**6, max_denominator=10**12)


@given(
    ticks=st.lists(st.integers(0, 10**40), max_size=8).map(lambda some: sorted([0, *some])),
    tick=st.integers(0, 40).map(lambda places: Fraction(1, 10**places)) | rationals,
    step=rationals,
)
def test_steps_are_exact(ticks: list[int], tick: Fraction, step: Fraction) -> None:
    ones = np.ones(len(ticks), dtype=np.int64)
    exact = [floor((t * tick - ticks[0] * tick) / step) for t in ticks]
    given = trace(ticks=tuple(ticks), tick=tick, row=0 * ones, prompt=ones, output=ones)
    if exact[-1] > 2**48:
        with pytest.raises(InputError, match="take a longer --step"):
            given.to_instance(memory=2, step=step)
    else:
        assert given.to_instance(memory=2, step=step)[0].arrival.tolist() == exact
