import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.scheduling import instance as scheduling_instance
from kvproof.scheduling import sorted_f
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.request_columns import volumes
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.sorted_f import SortedF, best_prefix
from tests.strategies import backlogs, instances


def proxy_volumes(instance, theta):
    """The key of 1-bit SVF by its definition, in Fractions."""
    outputs = instance.output.tolist()
    theta = Fraction(sum(outputs), len(outputs)) if theta is None else theta
    classes = [[o for o in outputs if (o > theta) == bit] or outputs for bit in (False, True)]
    mean = [Fraction(sum(c), len(c)) for c in classes]
    return [
        s * mean[o > theta] + mean[o > theta] * (mean[o > theta] + 1) / 2
        for s, o in zip(instance.prompt.tolist(), outputs, strict=True)
    ]


@given(instances(), st.none() | st.fractions(0, 40))
def test_one_bit_ranks_exactly_by_proxy_volume(instance, theta):
    key = OneBitSVF(theta=theta).key(instance).tolist()
    volumes = proxy_volumes(instance, theta)
    for i, j in itertools.combinations(range(instance.rows), 2):
        assert (key[i] < key[j]) == (volumes[i] < volumes[j])
        assert (key[i] == key[j]) == (volumes[i] == volumes[j])


def test_one_bit_reserves_the_longest_of_the_class():
    instance = Instance(memory=20, arrival=[0] * 4, prompt=[0] * 4, output=[1, 2, 7, 9])
    assert OneBitSVF(theta=3).reserved(instance) is None
    reserved = OneBitSVF(theta=3, admission="reserve").reserved(instance)
    assert reserved.tolist() == [2, 2, 9, 9]


def test_one_bit_reservation_that_cannot_fit():
    instance = Instance(memory=10, arrival=[0, 0], prompt=[0, 8], output=[9, 2])
    with pytest.raises(InputError, match="request 1 reserves 8 \\+ 9 tokens"):
        OneBitSVF(theta=0, admission="reserve").reserved(instance)


@pytest.mark.parametrize(
    "options",
    [
        {"theta": -1},
        {"theta": float("nan")},
        {"theta": float("inf")},
        {"theta": "long"},
        {"theta": "1e1000"},
        {"admission": "none"},
    ],
)
def test_one_bit_refuses(options):
    with pytest.raises(InputError, match="svf-1bit"):
        OneBitSVF(**options)


def quality(instance, batch):
    return Fraction(int(instance.output[batch].sum()), len(batch) ** 2)


@given(backlogs(max_requests=8))
def test_sorted_f_is_exact_where_few_wait(instance):
    waiting = np.arange(instance.rows)
    batch = SortedF().next_batch(instance, waiting)
    peak = instance.prompt + instance.output
    best = min(
        quality(instance, list(subset))
        for size in range(1, instance.rows + 1)
        for subset in itertools.combinations(range(instance.rows), size)
        if peak[list(subset)].sum() <= instance.memory
    )
    assert quality(instance, batch) == best
    assert instance.output[batch].tolist() == sorted(instance.output[batch].tolist())


@given(backlogs(max_requests=30), st.data())
def test_sorted_f_prefix_is_the_best_of_its_order(instance, data):
    key = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=instance.rows, max_size=instance.rows))
    )
    peak = instance.prompt + instance.output
    order = np.argsort(key, kind="stable")
    fitting = int((np.cumsum(peak[order]) <= instance.memory).sum())
    best = min(range(1, fitting + 1), key=lambda k: (quality(instance, order[:k]), k))
    got = best_prefix(instance.memory, key, peak, instance.output)
    assert got.tolist() == order[:best].tolist()


def test_sorted_f_takes_a_prefix_where_many_wait():
    n = sorted_f.EXACT_UP_TO + 1
    instance = Instance(memory=4, arrival=[0] * n, prompt=[0] * n, output=[1] * n)
    assert SortedF().next_batch(instance, np.arange(n)).tolist() == [0, 1, 2, 3]


def test_of_equally_good_batches_sorted_f_takes_the_first():
    instance = Instance(memory=2, arrival=[0] * 3, prompt=[0] * 3, output=[2] * 3)
    assert SortedF().next_batch(instance, np.arange(3)).tolist() == [0]
    output = np.array([1, 3, 9])  # 1 / 1 and 4 / 4
    assert best_prefix(20, output, output, output).tolist() == [0]


@pytest.mark.parametrize(("policy", "times"), [(SVF(), 1), (SortedF(), 0)])
def test_of_very_many_the_volumes_are_made_as_seldom_as_can_be(monkeypatch, policy, times):
    n = sorted_f.EXACT_UP_TO + 1
    many = Instance(memory=4, arrival=[0] * n, prompt=[0] * n, output=[1] * n)
    expected = simulate(many, policy).starts.tolist()
    made = []
    monkeypatch.setattr(scheduling_instance, "_MANY", 1)
    monkeypatch.setattr(
        scheduling_instance, "volumes", lambda *lengths: made.append(1) or volumes(*lengths)
    )
    assert simulate(many, policy).starts.tolist() == expected
    assert len(made) == times


@pytest.mark.parametrize("name", BUILTIN)
def test_built_in_policies_carry_their_name(name):
    assert find_policy(name).name == name


def test_policy_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "my_policies.py").write_text(
        "class Mine:\n    name = 'mine'\n    def key(self, instance): return instance.prompt\n"
        "made = Mine()\nneither = object()\n"
    )
    monkeypatch.chdir(tmp_path)
    assert find_policy("my_policies:Mine").name == "mine"
    assert find_policy("my_policies:made").name == "mine"
    with pytest.raises(InputError, match="needs a name and either"):
        find_policy("my_policies:neither")
    with pytest.raises(InputError, match="cannot be loaded: AttributeError"):
        find_policy("my_policies:absent")
    with pytest.raises(InputError, match="cannot be loaded: ModuleNotFoundError"):
        find_policy("no_such_module:Mine")
    with pytest.raises(InputError, match="known: svf, svf-1bit, sjf, fcfs, sorted-f"):
        find_policy("svg")
