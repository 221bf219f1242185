"""The face: what ``import kvproof as kv`` gives."""

import doctest
import importlib
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import kvproof as kv
from kvproof.certificates.certify import Claim
from kvproof.commands.certify import CLAIMS
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "azure_code_1000.csv"
SMALL = kv.Instance(memory=12, arrival=[0] * 5, prompt=[1, 2, 3, 1, 0], output=[4, 5, 2, 7, 3])
MASKED = np.ma.array([1] * 5, mask=[0, 0, 1, 0, 0])


def test_every_name_loads_and_is_documented():
    page = (ROOT / "docs" / "python.md").read_text()
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| "))
    assert set(re.findall(r"`([A-Za-z_]+)`", rows)) == set(kv.__all__)
    for name in kv.__all__:
        assert getattr(kv, name).__doc__


@pytest.mark.parametrize(
    "module", ["kvproof.api", "kvproof.scheduling.exact", "kvproof.scheduling.words"]
)
def test_doctests(module):
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted
    assert not done.failed


def test_a_policy_by_name_is_the_policy():
    for name in ("svf", "svf-1bit", "sjf", "fcfs", "sorted-f"):
        by_name = kv.simulate(SMALL, name)
        assert by_name.starts.tolist() == kv.simulate(SMALL, kv.find_policy(name)).starts.tolist()
    assert kv.verify(SMALL, "svf").factor == kv.verify(SMALL, kv.SVF()).factor


def test_a_bound_by_kind_or_as_found():
    prices = kv.lower_bound(SMALL, "price")
    assert kv.lower_bound(SMALL, "outputs").value <= kv.lower_bound(SMALL).value <= prices.value
    assert kv.verify(SMALL, bound=prices).factor == kv.verify(SMALL, bound="price").factor


def test_a_bound_is_taken_for_its_own_instance_only():
    longer = kv.Instance(memory=12, arrival=[0] * 5, prompt=[1, 2, 3, 1, 0], output=[8, 8, 8, 8, 8])
    others = (
        kv.lower_bound(longer),
        kv.verify(longer).lower_bound,
        kv.headroom(longer, trials=10, time_limit=None, evaluations=0).lower_bound,
    )
    for other in others:
        with pytest.raises(kv.InputError, match="bound: the LowerBound is of instance"):
            kv.verify(SMALL, bound=other)
    mine = kv.lower_bound(SMALL.merged())
    assert kv.verify(SMALL, bound=mine).factor == kv.verify(SMALL).factor
    assert mine == kv.lower_bound(SMALL)


@pytest.mark.parametrize("claim", list(Claim))
def test_every_claim_is_certified(claim):
    instance = SMALL
    policy = "fcfs" if claim is Claim.RATIO_AT_LEAST else "svf"
    if claim is Claim.OPTIMAL:  # everything fits at once
        instance = kv.Instance(memory=99, arrival=[0, 0], prompt=[1, 2], output=[4, 5])
    certificate = kv.certify(instance, claim.value, policy=policy)
    assert kv.check(certificate).verdict == "verified"
    assert kv.check(certificate.to_bytes()).verdict == "verified"
    assert certificate.claim["kind"] == claim
    assert set(CLAIMS) == set(Claim)


def test_solve_and_improve_agree_with_their_certificates():
    result = kv.solve(SMALL)
    assert kv.check(result.certificate()).verdict == "verified"
    assert kv.improve(SMALL, trials=2000).schedule.total_latency >= result.total_latency


def test_search_keeps_a_run_where_it_is_told(tmp_path):
    settings = {"memory": 60, "requests": 8, "evaluations": 60, "baselines": False}
    found = kv.search("sjf", out=tmp_path / "run", max_eps=0.5, **settings)
    assert found.best.ratio > 1
    assert found.best.eps <= 0.5
    assert kv.check(found.best.certificate).verdict == "verified"
    with pytest.raises(kv.InputError, match="holds a run already"):
        kv.search("sjf", out=tmp_path / "run", **settings)
    again = kv.search("sjf", max_eps="1/2", **settings)
    assert again.best.certificate == found.best.certificate


def test_wrong_names_are_input_errors():
    for call, known in (
        (lambda: kv.simulate(SMALL, "x"), "svf-1bit"),
        (lambda: kv.lower_bound(SMALL, "x"), "centroid"),
        (lambda: kv.certify(SMALL, "x"), "within-factor"),
        (lambda: kv.search("x"), "svf-1bit"),
    ):
        with pytest.raises(kv.InputError, match=f"'x' is unknown; known: .*{known}"):
            call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda trace: trace.to_instance(memory="60000"), "memory must be an integer, got '60000'"),
        (lambda trace: kv.verify(trace, "svf"), "expected an Instance, got Trace"),
        (lambda trace: kv.lower_bound(trace.to_instance(memory=60_000)), "got tuple"),
        (lambda _: kv.verify(SMALL, None), "expected a policy or its name"),
        (
            lambda _: kv.Instance(memory=10, arrival=None, prompt=[1], output=[1]),
            "column arrival must be a flat list",
        ),
        (
            lambda _: kv.verify_predicted(SMALL, "svf", [1, 2, 3, 4, -3]),
            "request 4: expected at least 0, got -3",
        ),
        (
            lambda _: kv.verify_predicted(SMALL, "svf", [[1], [1, 2]]),
            "predictions: expected a flat list of integers",
        ),
        (lambda trace: kv.solve(trace), "expected an Instance, got Trace"),
        (lambda trace: kv.improve(trace), "expected an Instance, got Trace"),
        (lambda _: kv.check_schedule(SMALL), "expected a Schedule, got a Instance"),
        (lambda _: kv.LatencyStatistics.of(SMALL), "expected a Schedule, got a Instance"),
        (lambda _: kv.Schedule(instance=None, starts=[0]), "expected an Instance, got NoneType"),
        (lambda _: kv.Schedule(instance=SMALL, starts=MASKED), "starts has masked values"),
        (lambda _: kv.verify_predicted(SMALL, "svf", MASKED), "predictions: .* has masked values"),
        (lambda _: kv.solve(SMALL, incumbent=[0, 1]), "expected a Schedule as incumbent, got a l"),
        (lambda _: kv.improve(SMALL, first=[0, 1]), "expected a Schedule as first, got a list"),
        (lambda _: kv.improve(SMALL, trials=10, enough="x"), "enough must be a number"),
        (
            lambda _: kv.certify(SMALL, witnesses="svf"),
            "a list of policies as witnesses, got 'svf'",
        ),
        (lambda _: kv.certify(SMALL, witnesses=None), "a list of policies as witnesses, got None"),
        (lambda _: kv.draw(kv.simulate(SMALL), title=5), "expected a text as title, got a int"),
        (lambda _: kv.search(observe=5), "observe must be a function or None, got 5"),
        (lambda _: kv.read_trace(5), "expected a file's name, got a int"),
        (lambda _: SMALL.at_rate("x"), "a rate must be a number, as 0.05 or '1/20', got 'x'"),
        (lambda _: SMALL.at_rate(-(10**5_000)), "above 0, got a number of thousands of digits"),
        (
            lambda _: kv.search(policy="svf", evaluations=10**5_000),
            "1 to 4,611,686,018,427,387,904",
        ),
        (lambda _: kv.read_trace("a\0b"), "no file has such a name"),
        (lambda _: SMALL.at_rate("1e1000"), "1e1000 has too many digits: 2 are read in an expo"),
        (lambda _: SMALL.at_rate(Decimal("1e-1000")), "2 are read in an exponent"),
        (lambda trace: trace.to_instance(memory=60, step="1e-1_000"), "step: 1e-1_000 has too"),
    ],
)
def test_what_is_of_another_kind_is_an_input_error(call, said):
    with pytest.raises(kv.InputError, match=said):
        call(kv.read_trace(EXAMPLE))


def searched(**settings):
    return lambda: kv.search(
        **{"memory": 60, "requests": 4, "evaluations": 20, "baselines": False, **settings}
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (searched(max_eps="abc"), "max_eps must be a number, as 0.05 or '1/20', got 'abc'"),
        (searched(max_eps=float("nan")), "max_eps must be a number"),
        (searched(min_eps="1/0"), "min_eps must be a number"),
        (searched(seed=-1), "seed must be at least 0, got -1"),
        (searched(seed=None), "seed must be an integer, got None"),
        (searched(workers=0), "workers must be 1 to 256, got 0"),
        (searched(memory=10.5), "memory must be an integer, got 10.5"),
        (searched(memory="10"), "memory must be an integer, got '10'"),
        (searched(requests=2.5), "requests must be an integer, got 2.5"),
        (searched(bound=3), "bound must be a text, got 3"),
        (searched(skip="yes"), "skip must be True or False, got 'yes'"),
        (searched(sed=3), "setting 'sed' is unknown; known: policy, skip"),
        (searched(out=__file__), "is a file, and a folder is needed"),
        (searched(out=3), "expected a folder's name as out, got a int"),
        (searched(theta=3), "theta and admission are svf-1bit's; leave them out"),
        (lambda: kv.verify_predicted(SMALL, "svf", [1] * 5, margin="abc"), "margin must be a num"),
        (lambda: kv.verify_predicted(SMALL, "svf", [1] * 5, margin="1/0"), "margin must be a num"),
        (lambda: kv.verify_predicted(SMALL, "svf", [1] * 5, margin=0), "margin must be above 0"),
        (lambda: kv.verify_predicted(SMALL, "svf", "factor:2", seed=-1), "seed must be at least"),
        (lambda: kv.verify(SMALL, bound=3), "bound 3 is unknown; known: outputs"),
        (lambda: kv.draw("x"), "expected a Schedule, got a str"),
        (lambda: kv.cache_tokens(3), "expected a text, as 'llama-3.1-8b@80GiB', got a int"),
        (lambda: kv.check(3), "expected a Certificate, its file or bytes, got a int"),
        (lambda: kv.headroom(SMALL, time_limit=-1), "headroom: the time limit .* got -1$"),
        (lambda: kv.headroom(SMALL, time_limit=float("inf")), "and finite .* got inf"),
        (lambda: kv.headroom(SMALL, evaluations=-1), "evaluations must be at least 0, got -1"),
        (lambda: kv.improve(SMALL, time_limit=float("inf")), "and finite .* got inf"),
        (lambda: kv.improve(SMALL, trials=2.5), "improve: trials must be an integer, got 2.5"),
        (lambda: kv.solve(SMALL, time_limit="3"), "must be a number of seconds .* got '3'"),
        (lambda: kv.improve(SMALL, time_limit=True), "must be a number of seconds .* got True"),
    ],
)
def test_what_is_out_of_range_is_an_input_error(call, said):
    with pytest.raises(kv.InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_whole_rates_may_be_of_any_length():
    assert SMALL.at_rate(10**5_000).is_backlog


def test_a_time_limit_may_be_any_number():
    assert kv.solve(SMALL, time_limit=Fraction(5)).lower_bound > 0
    assert kv.improve(SMALL, time_limit=Fraction(1, 100)).schedule.total_latency > 0


def test_the_best_bound_has_the_command_lines_name():
    best = kv.lower_bound(SMALL).value
    assert kv.lower_bound(SMALL, "best").value == best
    assert kv.verify(SMALL, "svf", bound="best").lower_bound.value == best
    assert kv.certify(SMALL, "opt-lower-bound", bound="best") == kv.certify(
        SMALL, "opt-lower-bound"
    )


def test_steps_are_taken_as_written():
    trace = kv.read_trace(EXAMPLE)
    exact, _ = trace.to_instance(memory=60_000, step=Fraction(1, 20))
    for step in (0.05, "0.05", "1/20"):
        instance, _ = trace.to_instance(memory=60_000, step=step)
        assert instance.arrival.tolist() == exact.arrival.tolist()
    for step in ("soon", float("nan"), "1/0"):
        with pytest.raises(kv.InputError, match="step must be a number of seconds"):
            trace.to_instance(memory=60_000, step=step)


def test_whatever_comes_out_shows_itself_in_a_line():
    trace = kv.read_trace(EXAMPLE)
    instance, _ = trace.to_instance(memory=60_000, backlog=True)
    verdict = kv.verify(instance)
    shown = [
        trace, instance, verdict, verdict.schedule, verdict.lower_bound, kv.certify(instance),
        kv.solve(SMALL), kv.improve(SMALL, trials=10),
        kv.search("sjf", memory=60, requests=8, evaluations=20, baselines=False),
    ]  # fmt: skip
    for thing in shown:
        text = repr(thing)
        assert text.startswith(f"<{type(thing).__name__}: ")
        assert len(text) < 250
        assert "\n" not in text
        table = thing._repr_html_()
        assert table.startswith("<table>")
        assert table.count("<tr>") == len(thing.facts())
    assert "svf-backlog-prefix kept" in repr(verdict)
