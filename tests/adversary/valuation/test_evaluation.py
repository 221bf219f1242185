import signal
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.genomes.moves import mutate, sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation import reference
from kvproof.adversary.valuation.objective import Objective, plan_schedule
from kvproof.adversary.valuation.tiny_opt import is_tiny
from kvproof.adversary.valuation.workers import process_pool
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF

POLICIES = [SVF(), SJF(), FCFS()]


def some(space, number, seed):
    rng = np.random.default_rng(seed)
    genomes = sample(space, number, rng)
    for _ in range(5):
        genomes = mutate(space, genomes, rng)
    return genomes


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("span", [0, 20])
@pytest.mark.parametrize("single", [False, True])
def test_kernels_agree_with_the_plain_path(policy, skip, span, single):
    space = Space(memory=30, requests=6 if single else 25, classes=4, single=single, span=span)
    objective = Objective(space=space, policy=policy, skip=skip)
    genomes = some(space, 40, seed=int(skip))
    scores = objective.scores(genomes)
    for genome, value, estimate in zip(genomes, scores.values, scores.estimates, strict=True):
        assert value == float(reference.ratio(objective, genome))
        if span:
            assert estimate == np.inf
        else:
            assert estimate == pytest.approx(float(reference.estimate(objective, genome)))


@pytest.mark.parametrize("pace", [0, 4000])
def test_totals_beyond_64_bits_are_valued(pace):
    space = Space(memory=2**30, requests=1_000_000, classes=2)
    genome = space.empty(1)[0]
    genome[1] = 0, 2**30 - 2**26, 2**26, 600_000, 0, pace, 0
    scores = Objective(space=space).scores(genome[None])
    number, output, volume = 600_000, 2**26, (2**30 - 2**26) * 2**26 + 2**26 * (2**26 + 1) // 2
    # one after the other; the plan's starts are paced
    cost = output * number * (number + 1) // 2
    gap = max(output, volume / 2**30 * pace / 1000)
    plan = output * number + gap * number * (number - 1) / 2
    assert scores.values[0] == pytest.approx(cost / plan)
    assert scores.estimates[0] >= 1


@pytest.mark.parametrize("span", [0, 20])
def test_the_plan_is_a_feasible_schedule_of_what_the_kernel_says_it_costs(span):
    space = Space(memory=400, requests=150, span=span, cap=Fraction(1, 2))
    objective = Objective(space=space)
    genomes = some(space, 50, seed=2)
    for genome, value in zip(genomes, objective.scores(genomes).values, strict=True):
        schedule = plan_schedule(space, genome)
        check_schedule(schedule)
        policy = objective.policy_schedule(schedule.instance)
        assert policy.total_latency / schedule.total_latency == value


def test_what_is_dropped_could_not_have_reached_the_threshold():
    space = Space(memory=400, requests=150, cap=Fraction(1, 4))
    objective = Objective(space=space)
    genomes = some(space, 300, seed=3)
    everything = objective.scores(genomes)
    screened = objective.scores(genomes, np.full(len(genomes), 1.3))
    dropped = screened.values == 0
    assert dropped.any()
    assert not dropped.all()
    assert (everything.values[dropped] < 1.3).all()
    assert (screened.values[~dropped] == everything.values[~dropped]).all()
    assert (everything.values <= everything.estimates * (1 + 1e-9)).all()


def test_a_policy_that_the_kernels_do_not_know_goes_the_plain_way():
    space = Space(memory=60, requests=20)
    objective = Objective(space=space, policy=OneBitSVF())
    genome = some(space, 1, seed=4)[0]
    scheduled, plan = objective.pair(genome)
    value = objective.scores(genome[None]).values[0]
    assert value == scheduled.total_latency / plan.total_latency


def test_a_subclass_is_not_taken_for_its_parent():
    class LargestFirst(SVF):
        def key(self, instance):
            return -instance.volume

    assert Objective(space=Space(memory=9, requests=2), policy=LargestFirst()).code is None


@pytest.mark.parametrize(
    "space",
    [
        Space(memory=7, requests=4, single=True),
        Space(memory=12, requests=8, single=True, cap=Fraction(1, 3)),
    ],
    ids=["any", "small"],
)
def test_a_tiny_space_is_valued_by_exact_opt_and_its_witness_reaches_it(space):
    from kvproof.solver.stages import solve

    assert is_tiny(space)
    # its OPT is that of a backlog, of single requests
    for wider in ({"requests": 9}, {"memory": 17}, {"span": 5}, {"single": False}):
        assert not is_tiny(replace(space, **wider))
    objective = Objective(space=space)
    for genome in some(objective.space, 25, seed=6):
        value = objective.scores(genome[None]).values[0]
        scheduled, best = objective.pair(genome)
        check_schedule(best)
        opt = solve(best.instance, engine="dp").total_latency
        assert best.total_latency == opt
        assert value == scheduled.total_latency / opt


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs a mask of signals")
def test_workers_never_hear_of_ctrl_c():
    """Not even while they start: a terminal's goes to them, too."""
    pool = process_pool(2)
    blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
    pool.shutdown()
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
