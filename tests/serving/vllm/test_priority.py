import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling.instance import Instance
from kvproof.serving.vllm.priority import (
    WIDTH,
    held_volume,
    proxy_output,
    read_hint,
    static_key,
)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_volume_is_what_is_held_in_the_steps_that_give_a_token(prompt, output):
    if output <= 2_000:
        assert held_volume(prompt, output) == sum(prompt - 1 + j for j in range(1, output + 1))
    model = Instance(memory=2 * 10**6, arrival=[0], prompt=[prompt - 1], output=[output])
    assert held_volume(prompt, output) == model.volume[0]


@pytest.mark.parametrize(
    ("hint", "read"),
    [
        (7, 7),
        (1, 1),
        (10**30, 10**30),  # max_tokens is the scheduler's to apply
        (6.2, 7),
        (0.5, 1),
        (np.int64(7), 7),
        (np.uint8(7), 7),
        (np.int64(2**62 + 1), 2**62 + 1),
        (np.float32(6.2), 7),
        (np.float64(6.2), 7),
        (np.float32("nan"), None),
        (np.float32("inf"), None),
        (np.longdouble("6.5"), 7),
        (np.longdouble("1e400"), None),  # beyond what a float holds, and infinite where it is one
        (np.int32(0), None),
        (np.True_, None),
        (np.array([7]), None),
        (0, None),
        (-7, None),
        (-0.5, None),
        (True, None),
        (None, None),
        ("7", None),
        ("abc", None),
        ([7], None),
        ({}, None),
        (math.inf, None),
        (math.nan, None),
    ],
)
def test_hints_that_can_be_a_length_are_taken_and_nothing_else(hint, read):
    assert read_hint(hint) == read


def test_one_bit_tells_long_from_short_above_the_threshold():
    told = [proxy_output(o, threshold=5, short=2, long=9) for o in (1, 5, 6, 100)]
    assert told == [2, 2, 9, 9]


requests = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**62), st.floats(0, 4e9, allow_nan=False)
)


@given(st.lists(requests, min_size=2, max_size=6), st.fractions(0, 2**32, max_denominator=1000))
def test_static_keys_order_as_operator_then_volume_less_aging_at_any_moment(waiting, aging):
    def at(now):
        return [
            (p, v - aging * (Fraction(now) - Fraction(a)), k) for k, (p, v, a) in enumerate(waiting)
        ]

    keys = [static_key(operator=p, volume=v, aging=aging, arrival=a) for p, v, a in waiting]
    one, later = sorted(at(4e9)), sorted(at(9e9))
    assert [k for *_, k in one] == [k for *_, k in later]
    for x, y in product(one, one):
        # the key is a whole number: what differs by less than one token-step may tie
        if x[0] < y[0] or (x[0] == y[0] and x[1] <= y[1] - 1):
            assert keys[x[2]] < keys[y[2]] or min(k % WIDTH for k in keys) == WIDTH - 1
    for (p, _, _), key in zip(waiting, keys, strict=True):
        assert key // WIDTH == p  # no volume and no date reaches the operator's part


@given(requests, requests, st.integers(1, 2**20), st.integers(1, 1000))
def test_with_patience_nobody_is_overtaken_by_who_comes_later_than_that(
    one, other, aging, patience
):
    (_, v, a), (_, w, b) = one, other
    waiting = {"aging": Fraction(aging), "patience": Fraction(patience)}
    first = static_key(operator=0, volume=v, arrival=a, **waiting)
    second = static_key(operator=0, volume=w, arrival=b, **waiting)
    if b > a + patience + 1:
        assert first < second
    if a == b and v <= w:
        assert first <= second


def test_without_aging_the_key_is_the_volume():
    assert static_key(operator=0, volume=12, aging=Fraction(0), arrival=1e9) == 12
    assert static_key(operator=2, volume=12, aging=Fraction(1, 2), arrival=5.0) == 2 * WIDTH + 14
