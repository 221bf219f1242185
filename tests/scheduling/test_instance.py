import json

import numpy as np
import pytest
from hypothesis import given

from kvproof.scheduling.errors import InputError, LimitError
from kvproof.scheduling.instance import Instance
from tests.strategies import instances


def build(**changes):
    fields = {"memory": 10, "arrival": [0, 1], "prompt": [3, 0], "output": [2, 4]}
    return Instance(**(fields | changes))


def test_volumes_and_sizes():
    instance = build(count=[2, 3])
    assert instance.volume.tolist() == [9, 10]
    assert instance.requests == 5
    assert instance.total_volume == 48
    assert instance.max_peak == 5
    assert str(instance.eps) == "1/2"
    assert str(instance.load) == "24/5"
    assert not instance.is_backlog
    assert instance.backlog().is_backlog
    assert instance.backlog().load is None


@given(instances(max_requests=20))
def test_rows_in_order_of_volume(instance):
    order = instance.by_volume
    assert order.tolist() == np.argsort(instance.volume, kind="stable").tolist()
    assert instance.by_volume is order  # of few rows it is kept
    for same in (order, order.copy()):
        prompt, output = instance.lengths(same)
        assert prompt.tolist() == instance.prompt[order].tolist()
        assert output.tolist() == instance.output[order].tolist()
    assert instance.lengths(order)[0] is instance.lengths(order)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kvproof.scheduling.instance._MANY", 1)
        assert instance.by_volume is not order
        assert instance.by_volume.tolist() == order.tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"memory": 0}, "memory must be 1 to"),
        ({"memory": 2**31}, "memory must be 1 to"),
        ({"memory": True}, "memory must be an integer"),
        ({"memory": 10.0}, "memory must be an integer"),
        ({"memory": 4}, "request 0 needs prompt + output = 5 tokens, more than memory 4"),
        ({"arrival": [0, -1]}, "column arrival, row 1: must be 0 to"),
        ({"arrival": [0, 2**48 + 1]}, "column arrival, row 1: must be 0 to"),
        ({"arrival": [0, 2**64]}, "64-bit"),
        ({"arrival": np.array([0, 2**63], dtype=np.uint64)}, "64-bit"),
        ({"arrival": [0]}, "2 rows and column arrival has 1"),
        ({"arrival": [], "prompt": [], "output": []}, "at least one"),
        ({"prompt": [3, -1]}, "column prompt, row 1: must be 0 to"),
        ({"prompt": [3, 1.5]}, "column prompt, row 1: expected an integer, got 1.5"),
        ({"prompt": [3, True]}, "column prompt, row 1: expected an integer, got True"),
        ({"prompt": [3, None]}, "column prompt, row 1: expected an integer, got None"),
        ({"prompt": np.array([3.0, 0.0])}, "column prompt must be a flat list"),
        ({"prompt": np.array([[3, 0]])}, "column prompt must be a flat list"),
        ({"prompt": np.ma.array([3, 0], mask=[0, 1])}, "column prompt has masked values"),
        ({"output": [2, 0]}, "column output, row 1: must be 1 to"),
        ({"count": [1, 0]}, "column count, row 1: must be 1 to"),
        ({"count": [2**31 - 1, 1]}, "more than"),
    ],
)
def test_invalid_values_are_named(changes, said):
    with pytest.raises(InputError, match=said.replace("+", r"\+")):
        build(**changes)


def test_columns_are_copies_that_cannot_be_written():
    arrival = np.array([0, 1])
    instance = build(arrival=arrival)
    arrival[0] = 7
    assert instance.arrival.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        instance.arrival[0] = 1


def test_a_view_that_cannot_be_written_is_copied_too():
    whole = np.array([0, 1, 5])
    arrival = whole[:2]
    arrival.flags.writeable = False
    instance = build(arrival=arrival)
    whole[0] = 7
    assert instance.arrival.tolist() == [0, 1]


@given(instances(counts=True))
def test_digest_is_of_the_requests_and_not_of_their_form(instance):
    assert instance.expanded().digest == instance.digest
    assert instance.merged().digest == instance.digest
    assert instance.merged().requests == instance.requests
    assert instance.expanded().total_volume == instance.total_volume


def test_digest_tells_order_memory_and_every_column_apart():
    base = build()
    others = [
        build(memory=11),
        build(arrival=[1, 0]),
        build(prompt=[0, 3]),
        build(output=[4, 2]),
        build(count=[1, 2]),
        Instance(memory=10, arrival=[1, 0], prompt=[0, 3], output=[4, 2]),
    ]
    assert len({i.digest for i in [base, *others]}) == 7


def test_digest_is_fixed():
    # a stored certificate names its instance by this: it may never change
    assert build().digest == "297567e380f00313268cfcd2c7f51dfbb569e852b1d53ec14881011d71eebe89"


@given(instances(counts=True))
def test_json_round_trip(instance):
    again = Instance.from_json(json.loads(json.dumps(instance.to_json())))
    assert again.digest == instance.digest
    assert again.rows == instance.rows


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "not an instance"),
        ({}, "not an instance"),
        ({"format": "kvproof-certificate"}, "is a certificate, and no .*; use kvproof check"),
        ({"format": "kvproof-instance"}, "version None is unknown"),
        ({"format": "kvproof-instance", "version": 2}, "version 2 is unknown"),
        ({"format": "kvproof-instance", "version": True}, "version True is unknown"),
        ({"format": "kvproof-instance", "version": 1}, "field 'arrival' is missing"),
        (build().to_json() | {"weight": [1]}, "unknown field 'weight'"),
        (build().to_json() | {"arrival": "00"}, "'arrival' must be a list"),
        (build().to_json() | {"count": None}, "'count' must be a list"),
    ],
)
def test_json_that_is_no_instance(data, said):
    with pytest.raises(InputError, match=said):
        Instance.from_json(data)


def test_counts_beyond_the_memory_of_the_machine_are_refused(monkeypatch):
    monkeypatch.setattr("kvproof.scheduling.machine._physical_memory", lambda: 1000.0)
    some = Instance(memory=9, arrival=[0], prompt=[1], output=[1], count=[31])
    assert some.expanded().rows == 31  # 4 numbers of 8 bytes each
    with pytest.raises(LimitError, match="32 requests"):
        Instance(memory=9, arrival=[0], prompt=[1], output=[1], count=[32]).expanded()
