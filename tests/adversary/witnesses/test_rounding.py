"""Schedules rounded from the time-indexed programme."""

from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses import rounding
from kvproof.adversary.witnesses.improve import better_plan, shifted
from kvproof.adversary.witnesses.rounding import rounded_schedule
from kvproof.adversary.witnesses.witness import make_witness
from kvproof.certificates.opt.strongest import strongest_bound
from kvproof.certificates.opt.time_indexed import solve_time_indexed
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.kernel import run_strict
from kvproof.scheduling.usage import Requests


@pytest.mark.parametrize("span", [0, 300])
def test_a_rounded_schedule_is_feasible_and_mostly_close(span):
    space = Space(memory=2_000, requests=300, cap=Fraction(1, 16), span=span)
    close = 0
    genomes = sample(space, 30, np.random.default_rng(1))
    for genome in genomes:
        schedule = rounded_schedule(space.instance(genome))
        check_schedule(schedule)
        close += schedule.total_latency <= strongest_bound(schedule.instance) * Fraction(115, 100)
    assert close > 20


def test_what_is_due_is_what_the_programme_starts():
    instance = Instance(memory=60, arrival=[0, 0], prompt=[0, 5], output=[9, 2], count=[40, 30])
    fluid = solve_time_indexed(instance, buckets=50)
    assert fluid.amount[fluid.kind == fluid.inverse[0]].sum() == pytest.approx(40)
    due = fluid.due(instance)
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
        requests = Requests(memory, zero, prompt, output)
        rounding.in_turn(requests, order, rounding.Turns(np.zeros(n), 0.0, 0.0), starts)
        none = np.empty((0, 3), np.int64)
        assert (
            starts
            == run_strict(
                memory, zero, zero, (zero[:0], 1, 0, 0), order, prompt, output, output, none, 0
            )
        ).all()


def test_a_witness_is_better_than_plan_and_rounding(monkeypatch):
    space = Space(memory=2_000, requests=200, cap=Fraction(1, 2))
    objective = Objective(space=space)
    gains = searched = 0
    for genome in sample(space, 12, np.random.default_rng(5)):
        made = make_witness(objective, genome, seed=0)
        rng = np.random.Generator(np.random.PCG64([0, 7]))
        plan = shifted(objective.pair(better_plan(objective, genome, rng))[1])
        other = shifted(rounded_schedule(plan.instance))
        known = min(plan.total_latency, other.total_latency)
        assert made.feasible.total_latency <= known
        searched += made.feasible.total_latency < known
        gains += other.total_latency < plan.total_latency
    assert gains
    assert searched
    monkeypatch.setattr("kvproof.adversary.witnesses.rounding.MOST_REQUESTS", 1)
    assert rounded_schedule(space.instance(genome)) is None
