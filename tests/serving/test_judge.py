import csv
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvproof.__main__ import run
from kvproof.certificates.engine import EngineRules
from kvproof.certificates.lower_bounds import centroid_bound, outputs_bound, volume_bound
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.simulate import simulate
from kvproof.serving.judge import judge
from kvproof.serving.log import EngineLog
from tests.strategies import instances

ALL = EngineRules()


def log_of(arrival, completion, prompt, output, first=None):
    return EngineLog(
        source="log.csv",
        format="log",
        place="line",
        line=tuple(range(2, len(arrival) + 2)),
        arrival=tuple(map(Fraction, arrival)),
        completion=tuple(map(Fraction, completion)),
        first=None if first is None else tuple(map(Fraction, first)),
        prompt=np.array(prompt, dtype=np.int64),
        output=np.array(output, dtype=np.int64),
        failed=0,
    )


def test_cached_prompts_are_refused_where_prefixes_are_not_said_to_be_shared():
    log = log_of([0, 0], [9, 9], [4, 4], [2, 2])
    for row in (0, 1):
        cached = replace(log, cached=row)
        with pytest.raises(InputError, match=f"line {row + 2}: part of the prompt came from a ca"):
            judge(cached, memory=20, step=Fraction(1), rules=EngineRules())
    log = replace(log, cached=1)
    assert judge(log, memory=20, step=Fraction(1), rules=EngineRules(shares=True)).least == 4


@given(
    instances(max_requests=8),
    st.sampled_from([SVF(), FCFS()]),
    st.lists(st.fractions(1, 3, max_denominator=7), min_size=1, max_size=9),
    st.fractions(Fraction(1, 3), 2, max_denominator=9),
    st.data(),
)
def test_no_engine_is_judged_better_than_possible(instance, policy, lengths, step, data):
    """A schedule run by an engine whose steps last 1 to 3 times `step`, and between steps."""
    schedule = simulate(instance, policy)
    ends = [Fraction(0)]
    for k in range(schedule.makespan + 1):
        ends.append(ends[-1] + step * lengths[k % len(lengths)])
    # each request came at some moment of the step before it could first be started
    early = data.draw(st.fractions(0, 1, max_denominator=5))
    arrival = [
        ends[a] - (early * (ends[a] - ends[a - 1]) if a else 0) for a in instance.arrival.tolist()
    ]
    completion = [ends[c] for c in (schedule.starts + instance.output).tolist()]
    first = [ends[p + 1] for p in schedule.starts.tolist()]
    log = log_of(arrival, completion, instance.prompt + 1, instance.output, first)
    found = judge(log, memory=instance.memory, step=step, rules=ALL)
    assert found.total_latency == sum(completion) - sum(arrival)
    assert found.factor >= 1
    assert found.crowded in (False, True)


@given(instances(max_requests=8))
def test_a_log_in_steps_is_judged_as_the_instance_is(instance):
    schedule = simulate(instance, SVF())
    completion = (schedule.starts + instance.output).tolist()
    log = log_of(instance.arrival.tolist(), completion, instance.prompt + 1, instance.output)
    found = judge(log, memory=instance.memory, step=Fraction(1), rules=ALL)
    shifted = instance.arrival - instance.arrival.min()
    assert found.instance.arrival.tolist() == shifted.tolist()
    bounds = (centroid_bound, volume_bound, outputs_bound)
    assert found.least == max(bound(found.instance) for bound in bounds)
    assert found.crowded is None


def test_what_the_log_contradicts_is_refused():
    log = log_of([0, 1], [10, 5], [4, 4], [5, 4])
    with pytest.raises(InputError, match=r"line 2: 4 \+ 5 - 1 tokens do not fit a memory of 7"):
        judge(log, memory=7, step=Fraction(1), rules=ALL)
    judge(log, memory=8, step=Fraction(1), rules=ALL)
    with pytest.raises(InputError, match="line 3: had a token every 1 on average, faster"):
        judge(log, memory=8, step=Fraction(11, 10), rules=ALL)
    with pytest.raises(InputError, match=r"every 1 on average, .* a step of 1\.00000001; the"):
        judge(log, memory=8, step=Fraction("1.00000001"), rules=ALL)
    thirds = log_of([0], [Fraction(5, 3)], [4], [5])
    with pytest.raises(InputError, match=r"every 0\.333333333333 on average, .* a step of 0\.4; "):
        judge(thirds, memory=8, step=Fraction(2, 5), rules=ALL)
    far = log_of([0, 2**50], [10, 2**50 + 10], [4, 4], [5, 4])
    with pytest.raises(InputError, match="steps apart"):
        judge(far, memory=8, step=Fraction(1), rules=ALL)


@pytest.mark.parametrize(
    ("memory", "rules", "complaint"),
    [
        (20, ALL, "less than 25.9653, by the centroid bound; the engine's --memory is larger"),
        (20, EngineRules(budget=5), "by the compute bound; the engine's --max-num-batched-tokens"),
        (100, EngineRules(seats=1), "less than 40.0000, by the seats bound; .* --step shorter$"),
        (1000, EngineRules(seats=2, shares=True), "the engine's --max-num-seqs is larger"),
    ],
)
def test_a_total_that_no_such_engine_has_is_refused(memory, rules, complaint):
    log = log_of([0] * 4, [4] * 4, [10] * 4, [4] * 4)
    with pytest.raises(InputError, match="log.csv: a total latency of 16.0000, .*" + complaint):
        judge(log, memory=memory, step=Fraction(1), rules=rules)


def test_a_total_is_held_against_the_bound_exactly():
    """Four in one seat, one after the other, each as long as its tokens: a factor of 1."""
    step, seat = Fraction(1, 3), EngineRules(seats=1)
    completion = [k * 4 * step for k in (1, 2, 3, 4)]
    log = log_of([0] * 4, completion, [10] * 4, [4] * 4)
    assert judge(log, memory=100, step=step, rules=seat).factor == 1
    completion[3] -= Fraction(1, 10**9)
    log = log_of([0] * 4, completion, [10] * 4, [4] * 4)
    with pytest.raises(InputError, match=r"latency of 13\.3333, .* less than 13\.3334"):
        judge(log, memory=100, step=step, rules=seat)


def test_what_arrivals_lose_by_rounding_is_not_claimed():
    """Two in one seat, the second half a step late: no run is shorter, and a factor of 1."""
    log = log_of([0, Fraction(1, 2)], [1, 2], [4, 4], [1, 1])
    found = judge(log, memory=100, step=Fraction(1), rules=EngineRules(seats=1))
    assert (found.bound.kind, found.bound.value) == ("seats", 3)  # as if both came at 0
    assert found.least == found.total_latency == Fraction(5, 2)
    # what a request takes by itself does not ask when it came
    log = log_of([0, Fraction(1, 2)], [3, Fraction(7, 2)], [4, 4], [3, 3])
    found = judge(log, memory=100, step=Fraction(1), rules=ALL)
    assert (found.bound.kind, found.least) == ("own length", 6)


def test_prompts_that_cannot_all_have_been_held_are_noticed():
    log = log_of([0, 0], [10, 10], [6, 6], [3, 3], first=[5, 5])
    assert judge(log, memory=8, step=Fraction(1), rules=ALL).crowded
    assert not judge(log, memory=12, step=Fraction(1), rules=ALL).crowded
    log = log_of([0, 0], [5, 10], [6, 6], [3, 3], first=[2, 5])  # one leaves as the other comes
    assert not judge(log, memory=8, step=Fraction(1), rules=ALL).crowded


@pytest.fixture
def log_file(tmp_path):
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["arrival", "first", "completion", "prompt", "output"])
        rows.writerows([[0, 1, 3, 7, 10], [0.5, 1.4, 2, 3, 4], [1, 9, 9.5, 2, 2], [2, 3, 3, 2, 0]])
    return str(path)


def test_the_command_says_how_far_from_optimal(capsys, log_file, tmp_path):
    arguments = ["certify-run", log_file, "--memory", "20", "--step", "0.2"]
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "left out: 1" in shown
    assert "of optimal (proved)" in shown
    assert run([*arguments[:-1], "0.123456789"]) == 0
    assert "steps of at least 0.123456789\n" in capsys.readouterr().out  # no more than was given
    file = str(tmp_path / "bound.json")
    assert run([*arguments, "--json", "--out", file]) == 0
    data = json.loads(capsys.readouterr().out)
    factor = Fraction(data["total_latency"]) / Fraction(data["lower_bound"])
    assert Fraction(data["factor"]) == factor >= 1
    assert Fraction(data["total_latency"]) == 13
    other = "the certificate is by the price bound, which says at least as much"
    assert (data["lower_bound_kind"], data["notes"][-1]) == ("own length", other)
    assert run(["check", file]) == 0
    checked = capsys.readouterr().out
    assert "every run, also one that preempts" in checked
    assert "by the price bound" in checked
    bound = json.loads(Path(file).read_text())["claim"]["bound"]
    assert Fraction(data["lower_bound"]) == Fraction(bound) * Fraction(data["step"])
    assert run([*arguments, "--max-num-seqs", "1", "--json", "--out", file]) == 0
    data = json.loads(capsys.readouterr().out)
    other = (
        "the certificate is by the discrete-centroid bound, which may be lower: for seats there "
    )
    assert data["lower_bound_kind"] == "seats"
    assert data["notes"][-1].startswith(other)


def test_no_certificate_of_a_bound_that_the_log_contradicts(capsys, tmp_path):
    log, out = tmp_path / "log.csv", tmp_path / "bound.json"
    log.write_text("arrival,completion,prompt,output\n" + "0,4,10,4\n" * 4)
    assert run(["certify-run", str(log), "--memory", "20", "--step", "1", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    (line,) = shown.err.splitlines()
    assert line.endswith("or prefixes are shared: --prefix-caching")
    assert not out.exists()


def test_what_a_step_must_not_be_shorter_than_is_said_in_full(capsys):
    # a prompt of 7 tokens and two tokens after the first: 3 steps, or with a budget of 2 the
    # 3 that only compute parts of the prompt as well
    log = log_of([0], [6], [7], [3])
    for rules, steps in ((ALL, 3), (EngineRules(budget=2), 6)):
        assert judge(log, memory=100, step=Fraction(1), rules=rules).least == steps
    assert run(["certify-run", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "with --max-num-batched-tokens no step at all, be it one that only computed" in said


def test_the_command_refuses_what_cannot_be(capsys, log_file):
    base = ["certify-run", log_file, "--memory", "20"]
    for more, complaint in (
        (["--step", "0.5"], "faster than one in a step"),
        (["--step", "0"], "is not a number above 0"),
        (["--step", "0.1", "--column", "prompt"], "expected ROLE=NAME"),
        (["--step", "0.1", "--column", "prompt=p"], "there is no column 'p'"),
        (
            ["--step", "0.1", "--column", "prompt=output", "--column", "prompt=prompt"],
            "given twice",
        ),
        (["--step", "0.1", "--prefix-caching", "--out", "x.json"], "no bound by memory holds"),
        ([], "Missing option '--step'"),
    ):
        assert run([*base, *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert complaint in line
