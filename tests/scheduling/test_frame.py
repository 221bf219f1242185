"""Instances from data frames, and schedules into them."""

import pandas
import pytest

import kvproof as kv

COLUMNS = {"arrival": [0, 2, 2], "prompt": [3, 0, 1], "output": [2, 4, 1]}


def _frames():
    yield COLUMNS
    yield pandas.DataFrame(COLUMNS)
    yield pandas.DataFrame(COLUMNS, index=[5, 3, 9])
    try:
        import polars
    except ImportError:
        return
    yield polars.DataFrame(COLUMNS)


@pytest.mark.parametrize("frame", list(_frames()), ids=lambda frame: type(frame).__module__)
def test_there_and_back(frame):
    instance = kv.Instance.from_frame(frame, memory=9)
    assert instance.digest == kv.Instance(memory=9, **COLUMNS).digest
    schedule = kv.simulate(instance)
    if not isinstance(frame, dict):
        back = type(frame)(schedule.columns())
        assert back["start"].to_list() == schedule.starts.tolist()
        assert kv.Instance.from_frame(back, memory=9).digest == instance.digest


def test_columns_by_other_names_and_no_arrivals():
    frame = pandas.DataFrame({"in": [3, 0], "out": [2, 4]})
    instance = kv.Instance.from_frame(frame, memory=9, arrival=None, prompt="in", output="out")
    assert instance.is_backlog
    assert instance.prompt.tolist() == [3, 0]


@pytest.mark.parametrize("frame", list(_frames()), ids=lambda frame: type(frame).__module__)
def test_a_missing_column_is_named(frame):
    with pytest.raises(kv.InputError, match="data frame: there is no column 'tokens'"):
        kv.Instance.from_frame(frame, memory=9, output="tokens")


def test_a_gap_is_refused():
    frame = pandas.DataFrame({**COLUMNS, "output": [2, None, 1]})
    with pytest.raises(kv.InputError, match="column output must be a flat list of 64-bit integers"):
        kv.Instance.from_frame(frame, memory=9)
