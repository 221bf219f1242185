from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from kvproof.bounds.fleet import pooled_bound, run_fleet
from kvproof.bounds.verify import verify
from kvproof.certificates.lower_bounds import LowerBound, best_bound, find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.routing import Router, parts, route


def drawn(rng, *, requests, memory, span):
    output = rng.integers(1, memory // 2 + 1, requests)
    return Instance(
        memory=memory,
        arrival=rng.integers(0, span + 1, requests),
        prompt=rng.integers(0, memory - output + 1),
        output=output,
    )


def test_no_routing_is_better_than_the_pooled_memory(opt):
    rng = np.random.default_rng(11)
    attained = 0
    for number in range(60):
        instance = drawn(rng, requests=int(rng.integers(2, 6)), memory=7, span=4 * (number % 2))
        replicas = 2 + number % 2
        fleet = min(
            sum(opt(part) for part in parts(instance, np.array(chosen), replicas) if part)
            for chosen in product(range(replicas), repeat=instance.requests)
        )
        together = Instance(
            memory=7 * replicas,
            arrival=instance.arrival,
            prompt=instance.prompt,
            output=instance.output,
        )
        assert pooled_bound(instance, replicas).value <= opt(together) <= fleet
        attained += opt(together) == fleet
        for router in Router:
            routed = parts(instance, route(instance, replicas, router), replicas)
            found = run_fleet(instance, [SVF()], replicas=replicas, router=router)
            assert found.lower_bound <= sum(opt(part) for part in routed if part)
    assert 0 < attained < 60  # the pooled memory is sometimes strictly better


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("router", Router)
def test_a_fleet_is_its_replicas_added_up(workers, router):
    instance = drawn(np.random.default_rng(4), requests=80, memory=40, span=60)
    seen = []
    fleet = run_fleet(
        instance, [SVF(), FCFS()], replicas=3, router=router, workers=workers, observe=seen.append
    )
    assert tuple(seen) == fleet.parts
    made = [part for part in parts(instance, route(instance, 3, router), 3) if part is not None]
    for position, policy in enumerate((SVF(), FCFS())):
        verdicts = [verify(part, policy) for part in made]
        latency = np.concatenate([v.schedule.latency for v in verdicts])
        waiting = np.concatenate([v.schedule.waiting for v in verdicts])
        total = fleet.totals[position]
        assert total.policy == policy.name
        assert total.total_latency == latency.sum()
        assert total.statistics == LatencyStatistics.of_times(
            latency=latency, waiting=waiting, first_token=waiting + 1
        )
        assert total.factor == total.total_latency / sum(best_bound(p).value for p in made)
        assert total.factor_any_routing == total.total_latency / fleet.pooled.value
        assert total.factor <= total.factor_any_routing


def test_a_violation_on_one_replica_by_one_policy_is_one_of_the_fleet():
    instance = drawn(np.random.default_rng(9), requests=40, memory=30, span=0)
    fleet = run_fleet(instance, [SVF(), FCFS()], replicas=3, router=Router.ROUND_ROBIN)
    assert not fleet.violation
    *others, last = fleet.parts
    bad = replace(last, rows=(last.rows[0], replace(last.rows[1], violation=True)))
    assert replace(fleet, parts=(*others, bad)).violation


def test_a_bound_for_all_routings_is_one_for_this_routing():
    instance = drawn(np.random.default_rng(9), requests=40, memory=30, span=20)
    fleet = run_fleet(instance, [SVF()], replicas=3, router=Router.ROUND_ROBIN)
    least = sum(part.lower_bound for part in fleet.parts)
    assert fleet.pooled.value < least == fleet.lower_bound
    higher = LowerBound(value=least + 1, proof=fleet.pooled.proof)
    assert replace(fleet, pooled=higher).lower_bound == least + 1


def test_counts_are_expanded():
    instance = Instance(memory=9, arrival=[0, 2], prompt=[1, 3], output=[5, 4], count=[7, 3])
    every = instance.expanded()
    assert pooled_bound(instance, 2).value == pooled_bound(every, 2).value > 7 * 5 + 3 * 4


def test_one_replica_is_verify():
    instance = drawn(np.random.default_rng(9), requests=40, memory=30, span=20)
    fleet = run_fleet(instance, [SVF()], replicas=1, router=Router.LEAST_LOADED)
    assert fleet.totals[0].factor == fleet.totals[0].factor_any_routing
    assert fleet.totals[0].factor == verify(instance, SVF()).factor


def test_replicas_without_a_request_have_no_part():
    instance = Instance(memory=9, arrival=[0, 0], prompt=[1, 1], output=[2, 2])
    fleet = run_fleet(instance, [SVF()], replicas=5, router=Router.ROUND_ROBIN)
    assert [part.value for part in fleet.parts] == [0, 1]
    assert fleet.totals[0].factor_any_routing == 1


def test_memory_beyond_what_instances_have_leaves_the_outputs():
    instance = Instance(memory=2**30, arrival=[0, 1], prompt=[1, 1], output=[2, 5])
    assert pooled_bound(instance, 1, BoundKind.VOLUME) == find_bound(instance, BoundKind.VOLUME)
    assert pooled_bound(instance, 2).value == 7
    assert pooled_bound(instance, 2, BoundKind.VOLUME).kind == "outputs"
