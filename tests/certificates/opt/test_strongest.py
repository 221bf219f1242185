"""The bounds on OPT that the estimate from above rests on."""

from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.opt_kernel import Few, optimum
from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.witnesses.improve import shifted
from kvproof.adversary.witnesses.rounding import rounded_schedule
from kvproof.certificates.lower_bounds import best_bound
from kvproof.certificates.opt.staggered import choose_group
from kvproof.certificates.opt.steps import discrete_centroid_bound
from kvproof.certificates.opt.strongest import strongest_bound
from kvproof.certificates.opt.time_indexed import time_indexed_prices
from kvproof.certificates.prices import price_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.solver.stages import solve


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


def test_staggered_completions_are_often_above_the_centroid():
    better = 0
    for instance, opt in boxes(300, seed=0):
        bound = choose_group(instance)[1]
        assert bound <= best_bound(instance).value <= opt
        better += bound > discrete_centroid_bound(instance)
    assert better > 60


def test_bounds_with_arrivals_are_below_opt():
    space = Space(memory=10, requests=5, single=True, span=6)
    for genome in sample(space, 40, np.random.default_rng(4)):
        instance = space.instance(genome)
        assert best_bound(instance).value <= solve(instance, engine="dp").total_latency


@pytest.mark.parametrize(("buckets", "by_prices"), [(1, False), (3_200, True)])
def test_the_strongest_is_the_larger_of_both(buckets, by_prices):
    pytest.importorskip("highspy")
    instance = Instance(memory=60, arrival=[0, 0], prompt=[0, 20], output=[12, 3], count=[12, 12])
    priced = price_bound(instance, time_indexed_prices(instance, buckets=buckets))
    best = best_bound(instance).value
    assert (priced > best) == by_prices
    assert strongest_bound(instance, buckets=buckets) == max(priced, best)


def test_waves_are_known_to_half_a_percent_where_prices_leave_three():
    instance = equal(16 * 500, 0, 500, 1_000)
    schedule = shifted(rounded_schedule(instance))
    check_schedule(schedule)
    bound = best_bound(instance)
    assert bound.kind is BoundKind.STAGGERED
    assert bound.value <= schedule.total_latency <= bound.value * Fraction(1005, 1000)
    assert schedule.total_latency >= discrete_centroid_bound(instance) * Fraction(103, 100)
