"""The bounds on OPT that the estimate from above rests on, and the schedules rounded from them."""

from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.opt_kernel import Few, optimum
from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses import rounding
from kvproof.adversary.witnesses.improve import better_plan, shifted
from kvproof.adversary.witnesses.rounding import rounded_schedule
from kvproof.adversary.witnesses.witness import make_witness
from kvproof.certificates.lower_bounds import best_bound
from kvproof.certificates.opt import staggered
from kvproof.certificates.opt.staggered import stagger_bound
from kvproof.certificates.opt.time_indexed import fluid_bound, solve_fluid
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import run_strict
from kvproof.solver.portfolio import solve


def equal(memory, prompt, output, number):
    return Instance(memory=memory, arrival=[0], prompt=[prompt], output=[output], count=[number])


def boxes(number, seed):
    """Random small instances, half of them of two kinds only, each with its OPT."""
    rng = np.random.default_rng(seed)
    held = np.zeros(4_000, np.int64)
    for i in range(number):
        memory, n = int(rng.integers(4, 13)), int(rng.integers(2, 7))
        box = Box(memory=memory, requests=n, peak=memory)
        kinds = rng.integers(0, len(box.kinds), 2 if i % 2 else n)
        chosen = np.sort(rng.choice(kinds, n))
        prompt, output = box.kinds[chosen].T.copy()
        yield box.instance(chosen), optimum(Few(memory, prompt, output, chosen), 10**6, held)


def test_staggered_completions_are_below_opt_and_often_above_the_centroid():
    better = 0
    for instance, opt in boxes(300, seed=0):
        bound = stagger_bound(instance)
        assert best_bound(instance).value <= bound <= opt
        better += bound > best_bound(instance).value
    assert better > 60


def test_staggered_completions_with_arrivals_are_below_opt():
    space = Space(memory=10, requests=5, single=True, span=6)
    for genome in sample(space, 40, np.random.default_rng(4)):
        instance = space.instance(genome)
        assert stagger_bound(instance) <= solve(instance, engine="dp").total_latency


def test_staggered_completions_by_hand():
    # memory 3, three requests (0, 2): of two, the second completes a step later at least, and so
    # on: 2, 3, 4 is feasible and 2 + 3 + 4 is what the inequalities leave
    instance = equal(3, 0, 2, 3)
    assert stagger_bound(instance) == 9 == solve(instance, engine="dp").total_latency


def test_a_solver_that_lies_proves_no_more(monkeypatch):
    instance = equal(100, 0, 10, 60)
    honest = stagger_bound(instance)
    assert honest > best_bound(instance).value
    for lie in (1e6, 1e300, np.nan, -1.0):
        monkeypatch.setattr(
            staggered, "_multipliers", lambda n, m, lie=lie: np.full(n - m + 1, lie)
        )
        assert stagger_bound(instance) <= honest


def test_waves_are_known_to_half_a_percent_where_prices_leave_three():
    instance = equal(16 * 500, 0, 500, 1_000)
    schedule = shifted(rounded_schedule(instance))
    check_schedule(schedule)
    assert stagger_bound(instance) <= schedule.total_latency
    assert schedule.total_latency <= stagger_bound(instance) * Fraction(1005, 1000)
    assert schedule.total_latency >= best_bound(instance).value * Fraction(103, 100)


@pytest.mark.parametrize("span", [0, 300])
def test_a_rounded_schedule_is_feasible_and_mostly_close(span):
    space = Space(memory=2_000, requests=300, cap=Fraction(1, 16), span=span)
    close = 0
    genomes = sample(space, 30, np.random.default_rng(1))
    for genome in genomes:
        schedule = rounded_schedule(space.instance(genome))
        check_schedule(schedule)
        close += schedule.total_latency <= fluid_bound(schedule.instance) * Fraction(115, 100)
    assert close > 20


def test_what_is_due_is_what_the_programme_starts():
    instance = Instance(memory=60, arrival=[0, 0], prompt=[0, 5], output=[9, 2], count=[40, 30])
    fluid = solve_fluid(instance, buckets=50)
    assert fluid.amount[fluid.kind == fluid.inverse[0]].sum() == pytest.approx(40)
    due = rounding._due(fluid, instance)
    assert (np.diff(due[:40]) >= 0).all()
    assert (np.diff(due[40:]) >= 0).all()
    assert due.min() >= 0


def test_placing_without_due_steps_or_pace_is_the_strict_rule():
    rng = np.random.default_rng(2)
    for _ in range(30):
        n, memory = 25, 40
        output = rng.integers(1, 12, n)
        prompt = rng.integers(0, 20, n)
        zero, order = np.zeros(n, np.int64), np.arange(n)
        starts = np.empty(n, np.int64)
        rounding._place(memory, zero, prompt, output, order, np.zeros(n), 0.0, 0.0, starts)
        none = np.empty((0, 3), np.int64)
        assert (starts == run_strict(memory, zero, order, prompt, output, output, none, 0)).all()


def test_a_witness_takes_the_better_of_plan_and_rounding(monkeypatch):
    space = Space(memory=2_000, requests=200, cap=Fraction(1, 2))
    objective = Objective(space=space)
    gains = 0
    for genome in sample(space, 12, np.random.default_rng(5)):
        made = make_witness(objective, genome, seed=0)
        rng = np.random.Generator(np.random.PCG64([0, 7]))
        plan = shifted(objective.pair(better_plan(objective, genome, rng))[1])
        other = shifted(rounded_schedule(plan.instance))
        assert made.feasible.total_latency == min(plan.total_latency, other.total_latency)
        gains += other.total_latency < plan.total_latency
    assert gains
    monkeypatch.setattr("kvproof.adversary.witnesses.rounding.MOST_REQUESTS", 1)
    assert rounded_schedule(space.instance(genome)) is None
