"""vLLM's scheduler as it is driven here, held to what the certificates take for granted."""

import gc
import json
from collections import Counter

import numpy as np
import pytest

from kvproof.__main__ import run as command
from kvproof.certificates.engine import EngineRules, engine_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.serving.vllm.drive import drive
from kvproof.serving.vllm.engine import EngineSettings
from kvproof.serving.vllm.policies import ENGINE_POLICIES, EnginePolicy, find_engine_policy
from tests.conftest import ROOT
from tests.serving.vllm.conftest import random_requests

pytest.importorskip("vllm")
pytestmark = pytest.mark.filterwarnings("default")  # those of vLLM and torch are theirs

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")


def watched(instance, engine, policy, **options):
    """Run, and return with it what was held in each step: (request, tokens, blocks)."""
    held = {}

    def observe(step, scheduler, given):
        (manager,) = scheduler.kv_cache_manager.coordinator.single_type_managers
        width = len(str(instance.rows))
        named = [(i, str(i).zfill(width)) for i in given]
        held[step] = [
            (i, scheduler.requests[name].num_computed_tokens, len(manager.req_to_blocks[name]))
            for i, name in named
        ]

    return drive(instance, engine, policy, observe=observe, **options), held


def test_the_premises_of_the_bounds_hold_in_every_run_and_so_do_the_bounds(rnd):
    """Theorem engine-any-run and engine-no-preemption, with what their proofs rest on."""
    seen = Counter()
    for _ in range(150):
        size = rnd.choice([1, 1, 2, 4, 16])
        blocks = rnd.randint(2, 40 if size < 16 else 12)
        instance = random_requests(rnd, blocks * size)
        seats = rnd.choice([2, 4, 256])
        engine = EngineSettings(
            blocks=blocks,
            block_size=size,
            max_num_seqs=seats,
            max_num_batched_tokens=max(seats, rnd.choice([8, 16, 64, 100_000])),
            asynchronous=rnd.random() < 0.3,
        )
        policy = rnd.choice(list(ENGINE_POLICIES.values()))
        run, held = watched(instance, engine, policy)
        preempted = bool(run.preemptions.any())
        seen[policy.name] += 1
        seen["preempted"] += preempted
        # every token is given in a step of its own, after the arrival, while it is held
        steps = [[] for _ in range(instance.rows)]
        for step, rows in sorted(held.items()):
            assert len(rows) <= seats
            assert sum(count for _, _, count in rows) <= blocks
            for i, tokens, count in rows:
                steps[i].append(step)
                assert count * size >= tokens
                if not (preempted and engine.asynchronous):
                    assert tokens == instance.prompt[i] + len(steps[i])
        for i, own in enumerate(steps):
            assert own[0] == run.first[i] > instance.arrival[i]
            if not (preempted and engine.asynchronous):  # a token in flight may be lost
                assert own[-1] == run.completion[i]
                assert len(own) == instance.output[i]
        rules = EngineRules(seats=seats, budget=engine.max_num_batched_tokens, preempts=preempted)
        for kind in (None, *BoundKind):
            if rules.preempts and kind is BoundKind.STAGGERED:
                continue  # refused: it is about runs without preemption
            assert engine_bound(instance, rules, kind).value <= run.total_latency
        if not preempted:
            # each runs without a break: a feasible schedule of the model
            starts = run.completion - instance.output
            check_schedule(Schedule(instance=instance, starts=starts))
            assert (run.first == starts + 1).all()
            assert run.recomputed == 0
    assert seen["preempted"] > 20
    assert len(seen) == len(ENGINE_POLICIES) + 1


def test_the_simulator_and_vllm_start_the_same_requests_at_the_same_steps(rnd):
    """Conformance: blocks of one token, no chunks, admission by full future need."""
    for _ in range(60):
        memory = rnd.randint(7, 200)
        instance = random_requests(rnd, memory)
        engine = EngineSettings(
            blocks=memory, block_size=1, max_num_seqs=1_000, max_num_batched_tokens=100_000
        )
        for name, policy in (("svf-future", SVF()), ("fcfs-future", FCFS())):
            run = drive(instance, engine, find_engine_policy(name))
            schedule = simulate(instance, policy)
            assert (run.first - 1).tolist() == schedule.starts.tolist()
            assert run.total_latency == schedule.total_latency
            assert not run.preemptions.any()


def test_svf_is_vllms_priority_queue_with_the_volume_as_priority(rnd):
    for _ in range(20):
        instance = random_requests(rnd, 64)
        engine = EngineSettings(blocks=16, block_size=4)
        one, other = (drive(instance, engine, find_engine_policy(n)) for n in ("svf", "priority"))
        assert one.completion.tolist() == other.completion.tolist()
        assert one.preemptions.tolist() == other.preemptions.tolist()


def test_either_class_of_an_order_does_the_same_in_synchronous_runs(rnd, monkeypatch):
    """The driver takes the one for synchronous scheduling, which is the faster."""
    own = EnginePolicy.scheduler_class
    usual = gc.get_threshold()
    preempted = 0
    for _ in range(10):
        instance = random_requests(rnd, 64)
        engine = EngineSettings(blocks=16, block_size=4, max_num_batched_tokens=256)
        for policy in ENGINE_POLICIES.values():
            with monkeypatch.context() as patch:
                one = drive(instance, engine, policy)
                patch.setattr(
                    EnginePolicy, "scheduler_class",
                    lambda policy, vllm, *, asynchronous: own(policy, vllm, asynchronous=True),
                )  # fmt: skip
                other = drive(instance, engine, policy)
            for name in ("first", "completion", "preemptions"):
                assert getattr(one, name).tolist() == getattr(other, name).tolist()
            assert one.tokens == other.tokens
            assert one.timeline.blocks.tolist() == other.timeline.blocks.tolist()
            preempted += int(one.preemptions.sum())
    assert preempted > 10
    assert gc.get_threshold() == usual


def test_asynchronous_runs_admitted_by_future_need_do_not_preempt(rnd):
    """Who ends in the step that is under way still holds its blocks in the next."""
    for k in range(16):
        size = rnd.choice([1, 1, 2, 4])
        blocks = rnd.randint(7, 40)
        instance = random_requests(rnd, blocks * size)
        engine = EngineSettings(
            blocks=blocks, block_size=size, max_num_batched_tokens=100_000, asynchronous=True
        )
        name = ("svf-future", "fcfs-future", "svf-bucket")[k % 3]
        assert not drive(instance, engine, find_engine_policy(name)).preemptions.any()
    two = Instance(memory=28, arrival=[0, 0], prompt=[0, 2], output=[15, 18])
    engine = EngineSettings(blocks=28, block_size=1, asynchronous=True)
    run = drive(two, engine, find_engine_policy("svf-future"))
    assert run.first.tolist() == [1, 6]
    assert run.completion.tolist() == [15, 23]


def test_the_bucket_starts_nothing_on_credit_while_something_runs(rnd):
    delayed = 0
    for _ in range(30):
        memory = rnd.randint(20, 200)
        instance = random_requests(rnd, memory)
        engine = EngineSettings(
            blocks=memory, block_size=1, max_num_seqs=1_000, max_num_batched_tokens=100_000
        )
        run = drive(instance, engine, find_engine_policy("svf-bucket"))
        assert not run.preemptions.any()
        plain = drive(instance, engine, find_engine_policy("svf-future"))
        delayed += bool((run.first != plain.first).any())
        # the credit, reckoned anew from when requests started
        credit = 0
        for step in run.timeline.step.tolist():
            known = instance.output[instance.arrival < step]
            credit = min(credit + 2 * memory, int(known.sum()) // (10 * len(known)) * 2 * memory)
            alive = (run.first < step) & (step <= run.completion)
            starting = np.flatnonzero(run.first == step)
            order = starting[np.argsort(instance.volume[starting], kind="stable")]
            for k, i in enumerate(order.tolist()):
                assert credit >= 0 or (k == 0 and not alive.any())
                credit -= int(instance.output[i] * (instance.output[i] + 1))
    assert delayed > 5


def test_without_preemption_svf_runs_the_queue_in_order_of_volume():
    prompt, output = np.array([30, 2, 11, 25, 1]), np.array([9, 3, 20, 1, 30])
    instance = Instance(memory=40, arrival=[0] * 5, prompt=prompt, output=output)
    engine = EngineSettings(blocks=40, block_size=1, max_num_seqs=1)
    run = drive(instance, engine, find_engine_policy("svf"))
    order = np.argsort(run.first).tolist()
    assert order == np.argsort(instance.volume, kind="stable").tolist()
    waits = drive(instance, engine, find_engine_policy("fcfs"))
    assert np.argsort(waits.first).tolist() == [0, 1, 2, 3, 4]
    aged = drive(instance, engine, find_engine_policy("svf"), waiting={"aging": 2**32})
    assert np.argsort(aged.first).tolist() == order  # all arrived at once


def test_enough_aging_is_first_come_first_served():
    rows = [(0, 10, 30), (1, 30, 9), (2, 2, 2), (3, 8, 8), (4, 1, 1)]
    arrival, prompt, output = zip(*rows, strict=True)
    instance = Instance(memory=40, arrival=arrival, prompt=prompt, output=output)
    engine = EngineSettings(blocks=40, block_size=1, max_num_seqs=1)
    aged = drive(instance, engine, find_engine_policy("svf"), waiting={"aging": 2**32})
    fcfs = drive(instance, engine, find_engine_policy("fcfs"))
    assert aged.completion.tolist() == fcfs.completion.tolist()
    plain = drive(instance, engine, find_engine_policy("svf"))
    assert plain.total_latency < fcfs.total_latency


def test_patience_keeps_later_requests_from_going_first():
    rows = [(0, 1, 40), *((step, 30, 9) for step in range(0, 20, 2)), (1, 39, 1)]
    arrival, prompt, output = zip(*sorted(rows), strict=True)
    instance = Instance(memory=41, arrival=arrival, prompt=prompt, output=output)
    engine = EngineSettings(blocks=41, block_size=1, max_num_seqs=1)
    for patience in (3, 8):
        waiting = {"aging": 5, "patience": patience}
        run = drive(instance, engine, find_engine_policy("svf"), waiting=waiting)
        for i, start in enumerate(run.first):
            overtaken = instance.arrival > instance.arrival[i] + patience
            assert not (overtaken & (run.first < start)).any()
    plain = drive(instance, engine, find_engine_policy("svf"))
    assert plain.first[0] == plain.first.max()  # the largest waits for all that come later


def test_the_run_that_keeps_price_bounds_from_preempted_requests():
    """The measured counterexample; see tests/certificates/test_engine.py for the bound's side."""
    instance = Instance(memory=78, arrival=[0] * 3, prompt=[1, 33, 14], output=[24, 38, 21])
    engine = EngineSettings(blocks=39, block_size=2)
    best = None
    for priority in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]):
        run = drive(instance, engine, find_engine_policy("priority"), priority=np.array(priority))
        if run.preemptions.any() and (best is None or run.total_latency < best):
            best = run.total_latency
    assert best == 95
    free = engine_bound(instance, EngineRules(preempts=False), BoundKind.PRICE)
    kept = engine_bound(instance, EngineRules(preempts=True), BoundKind.PRICE)
    assert kept.value <= best < free.value


def test_shared_prefixes_beat_the_bounds_by_memory_and_are_refused():
    rows = 20
    instance = Instance(memory=64, arrival=[0] * rows, prompt=[48] * rows, output=[4] * rows)
    engine = EngineSettings(blocks=16, block_size=4, prefix_caching=True)
    same = [[5] * 49] * rows
    run = drive(instance, engine, find_engine_policy("fcfs"), prompts=same)
    assert run.total_latency < engine_bound(instance, EngineRules()).value
    rules = EngineRules(seats=256, budget=8192, shares=True)
    assert engine_bound(instance, rules).value <= run.total_latency


def test_the_command_shows_what_the_run_came_to(capsys):
    arguments = ["vllm", EXAMPLE, "--blocks", "500", "--limit", "60", "--backlog"]
    code = command([*arguments, "--policy", "fcfs,svf", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert code == 0
    fcfs, svf = data["policies"]
    assert svf["total_latency"] < fcfs["total_latency"]
    for row in data["policies"]:
        completion, first = np.array(row["completion"]), np.array(row["first_token"])
        assert row["total_latency"] == completion.sum()
        assert row["latency"]["max"] == completion.max() == row["steps"]
        assert row["time_to_first_token"]["max"] == first.max()
        assert row["factor_decimal"] >= row["total_latency"] / row["lower_bound_decimal"] >= 1
        assert max(row["course"]["blocks"]) <= 500
    assert command([*arguments, "--policy", "svf", "--prefix-caching"]) == 0
    assert "(own length)" in capsys.readouterr().out
    assert command([*arguments, "--prefix-caching", "--bound", "centroid"]) == 2
    assert "does not hold with prefix caching" in capsys.readouterr().err
    assert command([*arguments, "--max-num-seqs", "1" + "0" * 24]) == 2
    assert "is not in the range 1<=x<=2147483647" in capsys.readouterr().err
    assert command(["vllm", EXAMPLE, "--blocks", "100"]) == 2
    assert "can never fit 1,600 tokens" in capsys.readouterr().err


def test_a_bound_that_does_not_hold_is_refused_before_the_runs(capsys, monkeypatch):
    monkeypatch.setattr("kvproof.serving.vllm.drive.drive", None)
    arguments = ["vllm", EXAMPLE, "--blocks", "500", "--limit", "60", "--prefix-caching"]
    assert command([*arguments, "--bound", "staggered"]) == 2
    assert "does not hold with prefix caching" in capsys.readouterr().err


def test_a_bound_that_does_not_hold_for_a_run_loses_no_results(capsys, tmp_path):
    """FCFS preempts the second of these two, admission by full future need does not."""
    trace = tmp_path / "two.csv"
    trace.write_text("arrival,prompt,output\n0,1,15\n0,3,18\n")
    arguments = ["vllm", str(trace), "--blocks", "28", "--block-size", "1", "--backlog"]
    arguments += ["--policy", "fcfs,svf-future", "--bound", "staggered", "--json"]
    assert command(arguments) == 0
    data = json.loads(capsys.readouterr().out)
    fcfs, future = data["policies"]
    assert fcfs["preemptions"] == 1
    assert fcfs["lower_bound_kind"] != "staggered" == future["lower_bound_kind"]
    (note,) = data["notes"]
    assert note.startswith("fcfs preempted requests, and the staggered bound is about runs without")


def test_what_no_memory_can_hold_is_dropped_too(capsys, tmp_path):
    trace = tmp_path / "large.csv"
    trace.write_text("arrival,prompt,output\n0,2147483647,5\n0,3,18\n0,30,18\n")
    arguments = ["vllm", str(trace), "--blocks", "28", "--block-size", "1", "--backlog", "--json"]
    assert command(arguments) == 2
    assert "--oversize drop" in capsys.readouterr().err
    assert command([*arguments, "--oversize", "drop"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["requests"] == 1
    assert [note.partition(", dropped: ")[2] for note in data["notes"]] == ["1", "1"]


@pytest.mark.parametrize(
    ("limit", "claim"),
    [("40", "a feasible schedule"), ("300", "every run, also one that preempts")],
)
def test_the_command_writes_a_certificate_that_anyone_can_check(capsys, tmp_path, limit, claim):
    file = str(tmp_path / "run.json.gz")
    arguments = ["vllm", EXAMPLE, "--blocks", "500", "--limit", limit, "--backlog"]
    assert command([*arguments, "--policy", "svf", "--out", file]) == 0
    assert f"verified: {claim}" in capsys.readouterr().out
    assert command(["check", file]) == 0
    assert command([*arguments, "--policy", "svf,fcfs", "--out", file]) == 2
