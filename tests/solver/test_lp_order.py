import numpy as np
import pytest
from hypothesis import example, given, settings
from scipy.optimize import linprog

from kvproof.certificates.opt.time_indexed import MOST_CLASSES, solve_time_indexed
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.simulate import simulate
from kvproof.solver.improve.guide import guide_of
from kvproof.solver.lp_order import ENTRIES, LPOrder
from tests.strategies import backlogs


def plain_value(instance):
    """Solve the programme, all of it, with a dense matrix."""
    steps = instance.horizon + int(instance.output.max())
    columns = [(i, p) for i in range(instance.rows) for p in range(steps - instance.output[i])]
    held, whole = np.zeros((steps, len(columns))), np.zeros((instance.rows, len(columns)))
    for c, (i, p) in enumerate(columns):
        for k in range(1, instance.output[i] + 1):
            held[p + k - 1, c] = instance.prompt[i] + k
        whole[i, c] = 1
    cost = [p + instance.output[i] for i, p in columns]
    found = linprog(cost, held, np.full(steps, instance.memory), whole, np.ones(instance.rows))
    return found.fun


@given(backlogs(max_requests=6))
@example(Instance(memory=12, arrival=[0, 0], prompt=[0, 6], output=[6, 6]))  # halves: 0 and 6
@settings(max_examples=15)
def test_what_is_due_comes_from_the_exact_programme(instance):
    solution = solve_time_indexed(instance, entries=ENTRIES)
    assert solution.width == 1
    latency = solution.bucket + solution.kinds[solution.kind, 2]
    assert (solution.amount * latency).sum() == pytest.approx(plain_value(instance))
    due = solution.due(instance)
    for i in range(instance.rows):
        alike = (instance.prompt == instance.prompt[i]) & (instance.output == instance.output[i])
        begun = np.cumsum(solution.amount[solution.kind == solution.inverse[i]])
        step = int(np.searchsorted(begun, np.count_nonzero(alike[:i]) + 0.5 - 1e-9))
        assert step - 1e-6 <= due[i] <= step + 1 + 1e-6
    key = LPOrder().key(instance)
    i, j = np.triu_indices(instance.rows, 1)
    apart = np.abs(due[i] - due[j]) > 1 / 512
    assert ((key[i] < key[j]) == (due[i] < due[j]))[apart].all()
    check_schedule(simulate(instance, LPOrder(), skip=True))


def distinct(requests):
    return Instance(
        memory=120, arrival=[0] * requests, prompt=np.arange(requests, 0, -1),
        output=1 + np.arange(requests) % 8,
    )  # fmt: skip


def test_more_kinds_than_the_programme_takes_go_by_the_fluid_schedule():
    few, many = distinct(MOST_CLASSES), distinct(MOST_CLASSES + 1)
    assert solve_time_indexed(many, entries=ENTRIES) is None
    due = guide_of(many).due(1.0, 1.0)
    expected = np.lexsort((many.volume, due))
    assert np.argsort(LPOrder().key(many), kind="stable").tolist() == expected.tolist()
    assert due.tolist() != sorted(due)  # the order is not that of the indices
    due = solve_time_indexed(few, entries=ENTRIES).due(few)
    order = np.argsort(LPOrder().key(few), kind="stable")
    assert (np.diff(due[order]) > -1 / 512).all()


def test_it_beats_svf_where_a_wide_request_fits_beside_others():
    rng = np.random.default_rng(0)
    gain = 0
    for _ in range(20):
        prompt, output = rng.integers(0, 21, 30), rng.integers(1, 21, 30)
        instance = Instance(memory=120, arrival=[0] * 30, prompt=prompt, output=output)
        svf, lp = (
            simulate(instance, find_policy(name)).total_latency for name in ("svf", "sorted-f-lp")
        )
        gain += svf - lp
    assert gain > 0


def test_equal_requests_are_due_one_after_another():
    instance = Instance(memory=12, arrival=[0], prompt=[0], output=[4], count=[9])
    starts = simulate(instance, LPOrder()).starts
    assert starts.tolist() == sorted(starts)


def test_a_backlog_may_begin_later():
    columns = {"memory": 12, "prompt": [0, 3, 2, 1], "output": [4, 4, 9, 6]}
    now, later = (Instance(arrival=[a] * 4, **columns) for a in (0, 5))
    starts = [simulate(instance, LPOrder()).starts for instance in (now, later)]
    assert (starts[0] + 5).tolist() == starts[1].tolist()


def test_it_refuses_arrivals():
    instance = Instance(memory=12, arrival=[0, 1], prompt=[0, 0], output=[4, 4])
    with pytest.raises(InputError, match=r"sorted-f-lp is for backlogs.*add --backlog"):
        simulate(instance, find_policy("sorted-f-lp"))
