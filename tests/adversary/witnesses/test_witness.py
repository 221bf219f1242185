import gzip
import json
import os
import threading
import time
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.genomes.moves import sample
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses import improve
from kvproof.adversary.witnesses import shrink as shrinking
from kvproof.adversary.witnesses.replay import load, replay
from kvproof.adversary.witnesses.shrink import shrink, simplicity
from kvproof.adversary.witnesses.witness import Witness, make_witness, measured
from kvproof.adversary.witnesses.witness_file import check_fresh, read_witness
from kvproof.certificates.opt.strongest import strongest_bound
from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.solver.stages import solve

SPACE = Space(memory=2_000, requests=120, cap=Fraction(1, 8))


def waves(space=SPACE, output=250):
    genome = space.empty(1)[0]
    genome[1] = 0, 0, output, space.requests, 0, 1020, 0
    return genome


@pytest.fixture(scope="module")
def witness():
    return make_witness(Objective(space=SPACE), waves(), seed=0)


def test_the_checker_accepts_it_in_a_fresh_process(witness):
    check_fresh([witness.data, witness.data])


def test_the_checker_refuses_a_better_claim(witness):
    claim = json.loads(witness.data)
    claim["claim"]["feasible_total"] -= 1
    with pytest.raises(RejectedError, match="did not accept a witness"):
        check_fresh([json.dumps(claim).encode()])


@pytest.mark.parametrize("policy", [SVF(), OneBitSVF()], ids=lambda policy: policy.name)
def test_a_file_is_read_back(tmp_path, policy):
    made = make_witness(Objective(space=SPACE, policy=policy), waves(), seed=0)
    path = tmp_path / "w.json"
    path.write_bytes(made.data)
    again = load(str(path), policy=None, skip=False)
    assert again.ratio == made.ratio
    assert again.data == made.data
    assert read_witness(path).feasible.starts.tolist() == made.feasible.starts.tolist()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"claim": 3}', '{"claim": {"kind": "schedule"}, "proof": {}}']
)
def test_what_is_no_witness_is_refused(tmp_path, text):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not a witness"):
        read_witness(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_witness(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("claim.ratio", "1/0", "claim.ratio must be \"p/q\", got '1/0'"),
        ("claim.ratio", float("inf"), 'claim.ratio must be "p/q", got inf'),
        ("claim.ratio", "1e999999999", 'claim.ratio must be "p/q"'),
        ("claim.policy_total", float("inf"), "claim.policy_total must be an integer above 0"),
        ("claim.policy_total", 2.5, "claim.policy_total must be an integer above 0"),
        ("claim.policy", "svf", "claim.policy must be null or as"),
        ("claim.policy", {"name": "svf"}, "claim.policy must be null or as"),
        ("claim.policy", {"name": "svf", "rule": ["skip"]}, "claim.policy must be null or as"),
        (
            "claim.policy",
            {"name": "svf-1bit", "rule": "skip", "theta": "1/0", "admission": "true"},
            "claim.policy must be null or as",
        ),
        ("proof.witness.count", [10**12], "proof.witness.count is 1000000000000 in all, not 120"),
        ("proof.witness.count", 3, "not iterable"),
        ("proof.witness.starts", ["x"], "starts must be integers"),
        ("instance.inline.memory", 3, "output, row 0: must be 1 to 3"),
    ],
)
def test_what_is_malformed_is_one_line_that_names_the_file(
    tmp_path, witness, command, place, value, said
):
    data = json.loads(witness.data)
    *parents, last = place.split(".")
    inner = data
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    path = tmp_path / "w.json"
    path.write_text(json.dumps(data))
    for name in (("replay",), ("shrink",), ("witness", "show")):
        code, out, err = command(*name, path)
        assert code == 2
        assert not out
        assert err.startswith(f"kvproof: {path}: ")
        assert said in err
        assert err.count("\n") == 1


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(129):
            file.write(bytes(2**20))
    with pytest.raises(InputError, match=r"bomb\.json\.gz: it unpacks to more than 134,217,728"):
        read_witness(path)


def test_a_file_cannot_have_a_module_run(tmp_path, witness, command, monkeypatch):
    (tmp_path / "planted.py").write_text("open('ran', 'w')\nfrom kvproof import SVF as Named\n")
    data = json.loads(witness.data)
    data["claim"]["policy"] = {"name": "planted:Named", "rule": "strict"}
    (tmp_path / "w.json").write_text(json.dumps(data))
    monkeypatch.chdir(tmp_path)
    for name in (("replay",), ("shrink",), ("witness", "show")):
        code, _, err = command(*name, "w.json")
        assert code == 2
        assert "claim.policy must be null or as" in err
    assert not (tmp_path / "ran").exists()


def test_what_a_file_claims_is_said_to_be_claimed(tmp_path, witness, command):
    data = json.loads(witness.data)
    data["claim"]["ratio"] = "99/1"
    path = tmp_path / "w.json"
    path.write_text(json.dumps(data))
    code, out, _ = command("witness", "show", path)
    assert code == 0
    assert "svf, strict: the file claims a ratio of at least 99.000000 (kvproof replay" in out
    assert command("replay", path)[0] == 1


def test_shifting_keeps_a_schedule_feasible_and_never_makes_it_worse():
    rng = np.random.default_rng(0)
    objective = Objective(space=Space(memory=60, requests=20, span=15))
    for genome in sample(objective.space, 40, rng):
        _, plan = objective.pair(genome)
        for work in (10, 300, improve.SHIFT_WORK):
            better = improve.shifted(plan, work=work)
            check_schedule(better)
            assert better.total_latency <= plan.total_latency


def test_a_list_in_the_order_of_any_starts_is_feasible():
    rng = np.random.default_rng(1)
    space = Space(memory=60, requests=20, span=15)
    for genome in sample(space, 40, rng):
        instance = space.instance(genome)
        starts = rng.integers(0, 30, instance.requests) + instance.expanded().arrival
        check_schedule(improve.listed(Schedule(instance=instance, starts=starts)))


def test_a_witness_far_from_step_0_is_listed_and_shrunk():
    far = 10**14
    instance = Instance(memory=100, arrival=[far] * 2, prompt=[50, 60], output=[50, 1])
    plan = Schedule(instance=instance, starts=np.array([far + 1, far]))
    assert improve.listed(plan).starts.tolist() == [far + 1, far]
    witness = measured(FCFS(), False, simulate(instance, FCFS()), plan)
    small = shrink(witness, lambda w: w.ratio >= Fraction(6, 5))
    assert small.ratio >= Fraction(6, 5)
    assert small.instance.memory < 10


def test_a_better_plan_is_of_the_same_instance_and_no_worse():
    objective = Objective(space=SPACE)
    genome = waves()
    genome[1, 5] = 0
    better = improve.better_plan(objective, genome, np.random.default_rng(0))
    assert SPACE.instance(better).digest == SPACE.instance(genome).digest
    before, after = objective.scores(np.stack((genome, better))).values
    assert after > 1.3 > before


def test_the_strongest_bound_is_below_opt_and_above_the_ratio():
    rng = np.random.default_rng(3)
    space = Space(memory=12, requests=5, single=True)
    for genome in sample(space, 25, rng):
        instance = space.instance(genome)
        assert strongest_bound(instance) <= solve(instance, engine="dp").lower_bound


def test_estimate_and_certified_ratio_are_close_at_high_concurrency():
    space = Space(memory=32 * 315, requests=2_560, cap=Fraction(1, 16))
    made = make_witness(Objective(space=space), waves(space, 314), seed=0)
    estimate = made.scheduled.total_latency / strongest_bound(made.instance)
    assert made.ratio > Fraction(183, 100)
    assert made.ratio <= estimate <= made.ratio * Fraction(1005, 1000)


def test_a_shrunk_witness_is_simpler_and_keeps_what_it_must(witness):
    seen = []
    small = shrink(witness, lambda w: w.ratio >= Fraction(5, 4), tries=600, progress=seen.append)
    assert small.ratio >= Fraction(5, 4)
    assert simplicity(small.instance) < simplicity(witness.instance)
    assert small.instance.requests < 90
    assert seen[-1] is small
    steps = [simplicity(w.instance) for w in seen]
    assert steps == sorted(steps, reverse=True)
    check_fresh([small.data])


def test_shrinking_stops_where_nothing_may_change(witness):
    assert shrink(witness, lambda w: False, tries=50) is witness
    assert isinstance(witness, Witness)


def test_no_more_memory_is_left_than_must_stay():
    schedule = simulate(Instance(memory=10, arrival=[0, 2], prompt=[5, 5], output=[1, 3]), SVF())
    witness = measured(SVF(), False, schedule, schedule)
    least = shrink(witness, lambda w: w.instance.max_peak >= 6).instance
    assert (least.requests, least.arrival.tolist(), least.max_peak, least.memory) == (1, [0], 6, 6)


def test_the_rule_of_a_witness_stays_what_it_was():
    def totals(instance):
        return [simulate(instance, SVF(), skip=skip).total_latency for skip in (False, True)]

    instance = Instance(memory=10, arrival=[0] * 6, prompt=[2, 8, 0] * 2, output=[4, 2, 6] * 2)
    scheduled = simulate(instance, SVF(), skip=True)
    witness = measured(SVF(), True, scheduled, simulate(instance, SVF()))
    small = shrink(witness, lambda w: len(set(totals(w.instance))) == 2, tries=100)
    assert small.instance.requests < 6
    assert small.skip
    assert small.scheduled.total_latency == totals(small.instance)[True]


@pytest.mark.parametrize("keep", [True, False])
def test_no_more_is_tried_than_may_be(witness, monkeypatch, keep):
    tried = []
    monkeypatch.setattr(shrinking, "simulate", lambda *a, **o: tried.append(a) or simulate(*a, **o))
    shrink(witness, lambda w: keep, tries=3)
    assert 1 <= len(tried) <= 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
def test_what_is_shown_of_a_replay_is_what_was_checked(tmp_path, witness):
    false = json.loads(witness.data)
    false["claim"]["ratio"] = "100/1"
    pipe = tmp_path / "witness"
    os.mkfifo(pipe)

    def hand_out():
        pipe.write_bytes(json.dumps(false).encode())
        time.sleep(1)
        with suppress(OSError):  # nobody reads again
            os.write(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), witness.data)

    writer = threading.Thread(target=hand_out, daemon=True)
    writer.start()
    with pytest.raises(RejectedError, match=f"{pipe}: rejected"):
        replay(str(pipe))
    writer.join()
