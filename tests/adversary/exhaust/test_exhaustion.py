import json
import sqlite3
from contextlib import closing
from fractions import Fraction
from itertools import combinations_with_replacement
from math import ceil, comb, floor

import numpy as np
import pytest

from kvproof.adversary.engines import make_engine
from kvproof.adversary.exhaust import exhaustion
from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.exhaustion import STRETCH, Job, exhaust, stretch
from kvproof.adversary.exhaust.log import FILE, worse
from kvproof.adversary.exhaust.opt_kernel import Few, next_order, optimum, run_order
from kvproof.adversary.exhaust.reference import plain_sweep, worst_total
from kvproof.adversary.exhaust.sweep import (
    BROKEN,
    CHAIN,
    EACH,
    ON_FREE,
    TALLIES,
    next_multiset,
    touched,
)
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.bounds.catalogue import SVF_BACKLOG
from kvproof.bounds.contradiction import contradictions
from kvproof.bounds.theorem import Kind
from kvproof.certificates.lower_bounds import centroid_bound, volume_bound
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.policies import FCFS, SJF, SVF
from kvproof.scheduling.simulate import simulate
from kvproof.solver.reference import brute_force


def test_the_number_of_multisets_is_what_a_reader_computes():
    assert Box(memory=6, requests=4, peak=6).multisets == comb(24, 4) == 10_626
    assert Box(memory=8, requests=5, peak=8).multisets == 658_008
    assert Box(memory=12, requests=8, peak=4).multisets == 24_310


@pytest.mark.parametrize(
    ("memory", "requests", "peak", "said"),
    [
        (0, 2, 1, "memory must be 1 to 64, got 0"),
        (65, 2, 1, "memory must be 1 to 64, got 65"),
        (4, 0, 1, "requests must be 1 to 12, got 0"),
        (4, 13, 1, "requests must be 1 to 12, got 13"),
        (4, 2, 0, "largest request must be 1 to 4, got 0"),
        (4, 2, 5, "largest request must be 1 to 4, got 5"),
        (64, 3, 64, "1,501,982,560 multisets are too many; narrow the box"),
    ],
)
def test_what_is_no_box_is_refused(memory, requests, peak, said):
    with pytest.raises(InputError, match=said):
        Box(memory=memory, requests=requests, peak=peak)


def test_multisets_are_numbered_in_the_order_in_which_they_are_stepped_through():
    box = Box(memory=4, requests=3, peak=4)
    chosen = box.multiset(0)
    seen = set()
    for number in range(box.multisets):
        assert (box.multiset(number) == chosen).all()
        seen.add(tuple(chosen.tolist()))
        more = next_multiset(chosen, len(box.kinds))
    assert not more
    assert len(seen) == box.multisets


def test_optimum_against_the_solver():
    from kvproof.solver.stages import solve

    rng = np.random.default_rng(0)
    held = np.zeros(1_000, np.int64)
    for _ in range(60):
        memory, n = int(rng.integers(3, 10)), int(rng.integers(1, 6))
        box = Box(memory=memory, requests=n, peak=memory)
        chosen = np.sort(rng.integers(0, len(box.kinds), n))
        prompt, output = box.kinds[chosen].T.copy()
        result = solve(box.instance(chosen), engine="dp")
        assert result.total_latency == result.lower_bound
        assert optimum(Few(memory, prompt, output, chosen), 10**6, held) == result.total_latency
        assert not held.any()


def test_a_list_costs_what_the_simulator_says():
    rng = np.random.default_rng(1)
    held, starts = np.zeros(200, np.int64), np.empty(5, np.int64)
    box = Box(memory=9, requests=5, peak=9)
    for _ in range(100):
        chosen = rng.integers(0, len(box.kinds), 5)
        prompt, output = box.kinds[chosen].T.copy()
        for skip in (False, True):
            total = run_order(Few(9, prompt, output, chosen), np.arange(5), skip, held, starts)
            schedule = simulate(box.instance(chosen), FCFS(), skip=skip)
            assert total == schedule.total_latency
            assert starts.tolist() == schedule.starts.tolist()


def test_orders_of_equal_keys_are_all_and_distinct():
    kind = np.array([0, 0, 1, 2, 3])
    key = np.array([5, 5, 5, 7, 7])
    order = np.argsort(key, kind="stable")
    seen = set()
    while True:
        seen.add(tuple(kind[order].tolist()))
        if not next_order(order, kind, key):
            break
    assert len(seen) == 3 * 2


@pytest.mark.parametrize("policy", [SVF(), SJF(), FCFS()], ids=lambda policy: policy.name)
@pytest.mark.parametrize("skip", [False, True])
def test_the_sweep_agrees_with_the_plain_way(policy, skip):
    box = Box(memory=4, requests=3, peak=4)
    job = Job(box=box, policy=policy.name, skip=skip)
    tally, worst = stretch(job, 20, 120)
    plain_tally, plain_worst = plain_sweep(box, box.multiset(20), 120, policy, skip)
    assert tally.tolist() == plain_tally.tolist()
    assert worst[:, :2].tolist() == plain_worst[:, :2].tolist()


@pytest.mark.parametrize("requests", [1, 3])
def test_what_is_counted_is_what_each_instance_says(requests):
    box = Box(memory=4, requests=requests, peak=4)
    counted = exhaust(Job(box=box, policy="svf", skip=False)).counts()
    expected = dict.fromkeys(counted, 0)
    for number in range(box.multisets):
        chosen = box.multiset(number)
        instance = box.instance(chosen)
        policy, opt = worst_total(box, chosen, SVF(), False)[0], brute_force(instance)[0]
        expected["multisets"] += 1
        expected["policy_total"] += policy
        expected["opt_total"] += opt
        expected["policy_is_optimal"] += policy == opt
        expected["opt_is_sum_of_outputs"] += opt == instance.total(instance.output)
        expected["opt_is_volume_bound"] += opt == ceil(volume_bound(instance))
        expected["opt_is_centroid_bound"] += opt == ceil(centroid_bound(instance))
        if instance.eps < 1:
            expected["policy_is_chain_bound"] += policy == floor(SVF_BACKLOG.total(instance))
    assert counted == expected


def test_theorems_of_strict_svf_are_about_no_other_policy():
    class LargestFirst(SVF):
        def key(self, instance):
            return -instance.volume

    box = Box(memory=4, requests=1, peak=3)
    strict, skipping, other = (
        Job(box=box, policy=policy, skip=skip)
        for policy, skip in (("svf", False), ("svf", True), ("sjf", False))
    )
    assert len(strict.on_each) == 7
    assert skipping.on_each == other.on_each == ("opt-outputs", "opt-volume", "opt-centroid")
    # one request alone costs its output, which is what the chain allows
    assert exhaust(strict).counts()["policy_is_chain_bound"] == box.multisets
    for job in (skipping, other):
        assert exhaust(job).counts()["policy_is_chain_bound"] == 0
    assert plain_sweep(box, box.multiset(0), 6, LargestFirst(), False)[0][CHAIN] == 0


def test_of_equal_ratios_the_first_multiset_is_kept():
    rows = [[0, 1, 0, 0], [6, 4, 2, 1], [0, 1, 0, 0]], [[0, 1, 0, 0], [3, 2, 1, 1], [0, 1, 0, 0]]
    one, other = (np.array(each) for each in rows)
    for found in (worse(one, other), worse(other, one)):
        assert found.tolist() == other.tolist()
    higher = np.array([[0, 1, 0, 0], [7, 4, 5, 5], [0, 1, 0, 0]])
    for found in (worse(one, higher), worse(higher, one)):
        assert found.tolist() == higher.tolist()


def test_a_box_in_parts_is_the_box_in_one(tmp_path, monkeypatch):
    job = Job(box=Box(memory=5, requests=4, peak=5), policy="svf", skip=False)
    assert job.box.multisets < STRETCH
    whole = exhaust(job)
    monkeypatch.setattr("kvproof.adversary.exhaust.exhaustion.STRETCH", 500)
    asks = iter([False, False, False, True])
    part = exhaust(job, folder=tmp_path, asked=lambda: next(asks))
    assert not part.complete
    assert part.multisets == 1_500
    rest = exhaust(job, folder=tmp_path)
    stopped = exhaust(job, workers=2, asked=lambda: True)
    assert not stopped.complete
    assert stopped.multisets == 0
    spread = exhaust(job, workers=2)
    for found in (rest, spread):
        assert found.complete
        assert found.counts() == whole.counts()
        assert [one[:2] for one in found.ratios()] == [one[:2] for one in whole.ratios()]


def test_a_folder_of_another_box_is_refused(tmp_path, monkeypatch):
    job = Job(box=Box(memory=3, requests=2, peak=3), policy="svf", skip=False)
    exhaust(job, folder=tmp_path)
    other = Job(box=Box(memory=3, requests=2, peak=3), policy="sjf", skip=False)
    with pytest.raises(InputError, match="another exhaustion"):
        exhaust(other, folder=tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(exhaustion, "TALLIES", TALLIES + 1)
        with pytest.raises(InputError, match=r"version of the policy or of kvproof"):
            exhaust(job, folder=tmp_path)
    (tmp_path / FILE).write_bytes(b"nonsense" * 100)
    with pytest.raises(InputError, match="not usable"):
        exhaust(other, folder=tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (f"""UPDATE job SET value = replace(value, '"columns": {TALLIES}', '"columns": 6')""",
         "of kvproof"),
        ("UPDATE stretches SET tally = '['", f"{FILE}: not usable: Expecting value"),
    ],
)  # fmt: skip
def test_a_log_with_other_sums_or_a_damaged_one_is_said_in_a_line(tmp_path, change, said):
    job = Job(box=Box(memory=3, requests=2, peak=3), policy="svf", skip=False)
    exhaust(job, folder=tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as kept:
        kept.execute(change)
    with pytest.raises(InputError, match=said):
        exhaust(job, folder=tmp_path)


def test_the_command_says_how_many_and_how_bad(as_json, command):
    code, found = as_json("exhaust", "--memory", 6, "--requests", 4)
    assert code == 0
    assert found["complete"]
    assert found["counts"]["multisets"] == found["expected_multisets"] == 10_626
    assert found["worst"]["ratio"] == "22/13"
    assert found["violates"] == []
    code, out, _ = command("exhaust", "--memory", 6, "--requests", 3, "--max-eps", "1/2")
    assert code == 0
    assert "C(6 + 3 - 1, 3) = 56 multisets" in out
    code, _, err = command("exhaust", "--memory", 6, "--requests", 3, "--max-eps", "1/7")
    assert code == 2
    assert err.count("\n") == 1


def test_a_broken_bound_is_a_violation(command, monkeypatch, as_json):
    from kvproof.bounds.catalogue import find

    theorem = find("svf-ratio")
    object.__setattr__(theorem, "ratio", lambda instance: 1)
    try:
        code, found = as_json("exhaust", "--memory", 4, "--requests", 3)
    finally:
        monkeypatch.undo()
        from kvproof.bounds.catalogue.ratio import _at_eps, svf_constant

        object.__setattr__(theorem, "ratio", lambda i: _at_eps(svf_constant(i.eps)))
    assert code == 5
    assert "svf-ratio" in found["violates"]
    assert json.dumps(found)


def test_what_is_contradicted_is_named(command, monkeypatch):
    """An instance that is not the worst of its eps may be the one."""
    tallied = exhaustion.stretch

    def planted(job, first, number):
        tally, worst = tallied(job, first, number)
        tally[BROKEN] += 1
        tally[EACH + 1] += 1
        return tally, worst

    monkeypatch.setattr(exhaustion, "stretch", planted)
    code, out, _ = command("exhaust", "--memory", 4, "--requests", 2)
    assert code == 5
    assert "VIOLATION of opt-volume\n" in out
    assert out.count("VIOLATION") == 1
    assert "BROKEN: opt-volume; all: opt-outputs, opt-volume" in out


def test_a_bound_is_tested_only_where_it_says_something(command, as_json):
    _, out, _ = command("exhaust", "--memory", 1, "--requests", 1)
    always = "opt-outputs, opt-volume, opt-centroid, svf-backlog-integral"
    assert f"Bounds tested on 1 instance, not broken: {always}\n" in out
    _, found = as_json("exhaust", "--memory", 4, "--requests", 3)
    kinds = [(s, o) for o in range(1, 5) for s in range(5 - o)]
    below = sum(max(s + o for s, o in three) < 4
                for three in combinations_with_replacement(kinds, 3))  # fmt: skip
    tested = found["bounds_tested"]
    assert list(tested) == found["checked_on_each"]
    assert {name for name, number in tested.items() if number == below} == set(ON_FREE)
    assert {*tested.values()} == {below, found["counts"]["multisets"]}
    _, out, _ = command("exhaust", "--memory", 4, "--requests", 3)
    assert f"svf-backlog (on {below}), svf-backlog-eta (on {below}), svf-backlog-integral," in out


@pytest.mark.parametrize(("memory", "requests", "peak"), [(6, 4, 6), (12, 8, 4)])
def test_search_finds_the_exhaustive_optimum_in_18_of_20_seeds(memory, requests, peak):
    job = Job(box=Box(memory=memory, requests=requests, peak=peak), policy="svf", skip=False)
    target = float(max(ratio for _, ratio, _ in exhaust(job).ratios()))
    space = Space(memory=memory, requests=requests, single=True, cap=Fraction(peak, memory))
    objective = Objective(space=space)
    hits = 0
    for seed in range(20):
        engine = make_engine("anneal", space=space, seed=seed, evaluations=20_000)
        best, done = 0.0, 0
        while done < 20_000 and best < target:
            batch = engine.ask()
            scores = objective.scores(batch.genomes, batch.at_least)
            engine.tell(batch, scores)
            best = max(best, float(scores.values.max()))
            done += len(batch.genomes)
        assert best <= target
        hits += best == target
    assert hits >= 18


def test_what_each_instance_is_held_against_is_what_the_theorems_say():
    from kvproof.bounds.catalogue import find

    job = Job(box=Box(memory=9, requests=4, peak=9), policy="svf", skip=False)
    rng = np.random.default_rng(3)
    for _ in range(200):
        chosen = np.sort(rng.integers(0, len(job.box.kinds), 4))
        instance = job.box.instance(chosen)
        few = Few(9, *job.box.kinds[chosen].T.copy(), chosen)

        theorems = [find(name) for name in job.on_each]

        def broken(policy, best, few=few, instance=instance, theorems=theorems):
            tally = np.zeros(TALLIES, np.int64)
            touched(few, policy, best, True, tally)
            named = {job.on_each[i] for i in np.flatnonzero(tally[EACH:])}
            said = contradictions(instance, policy="svf", rule="strict", policy_total=policy,
                                  feasible_total=best, theorems=tuple(theorems))  # fmt: skip
            assert named == {one.theorem for one in said}
            assert tally[BROKEN] == bool(named)
            return bool(named)

        least = max(ceil(t.total(instance)) for t in theorems if t.kind is Kind.OPT_AT_LEAST)
        most = min(
            floor(t.total(instance))
            for t in theorems
            if t.kind is Kind.TOTAL_AT_MOST and t.applies(instance, "svf", "strict")
        )
        assert not broken(least, least)
        assert broken(least, least - 1)
        assert broken(most + 1, 10**6)
        assert not broken(most, 10**6)
        if instance.eps < 1:
            factor = find("svf-ratio").ratio(instance)
            assert broken(floor(factor * most) + 1, most)


OWN = """
class P:
    name = "p"
    def key(self, instance):
        return {sign} * instance.volume
"""


def test_a_folder_of_another_version_of_a_policy_is_refused(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    box = ("--memory", 5, "--requests", 2)
    arguments = ("exhaust", *box, "--policy", "ownpol:P", "--out", "found")
    (tmp_path / "ownpol.py").write_text(OWN.format(sign=-1))
    assert command(*arguments)[0] == 0
    assert command(*arguments)[0] == 0
    (tmp_path / "ownpol.py").write_text(OWN.format(sign="+1"))
    code, _, err = command(*arguments)
    assert code == 2
    assert "another version of the policy" in err
