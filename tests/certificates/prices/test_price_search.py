"""The builder: known bounds, the LP's optimum, determinism, and never more than is proved."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from price_oracles import (
    brute_force_opt,
    exact_document_backlogs,
    instances,
    lp_bound,
    naive_bound,
)

from kvproof.certificates.lower_bounds import centroid_bound
from kvproof.certificates.prices import (
    Prices,
    ascent_prices,
    best_prices,
    closed_form_prices,
    evaluate,
    linear,
    lp_prices,
    portfolio,
    price_bound,
)
from kvproof.certificates.prices.highs import highs_is_usable
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance

BACKLOGS = exact_document_backlogs()
TWO = Instance(memory=8, arrival=[0, 0], prompt=[5, 5], output=[3, 3])


@pytest.mark.parametrize(
    ("instance", "bound", "places"),
    [(TWO, 8.02, 2), (BACKLOGS[15], 212.0, 0), (BACKLOGS[30], 696.2, 1)],
)
def test_closed_form_gives_the_documented_bounds(
    instance: Instance, bound: float, places: int
) -> None:
    assert round(float(price_bound(instance, closed_form_prices(instance))), places) == bound


def test_closed_form_of_a_backlog_is_the_share_still_to_complete() -> None:
    prices = closed_form_prices(TWO)
    values = [n / prices.denominator for _, n in prices.runs]
    assert values == pytest.approx([(2 - 8 * t / 21) / 8 for t in range(1, 6)], abs=1e-8)


def test_closed_form_prices_rise_where_a_smaller_request_preempts() -> None:
    # Volumes 9 (at 0) and 4 (at 1) at rate 4: the first is served over (0, 1], the second over
    # (1, 2], the first again over (2, 3.25]. The first's tokens are worth (3.25 - t)/9 at t, so
    # 1.25/9 when the second completes, and the second's 1.25/9 + (2 - t)/4.
    instance = Instance(memory=4, arrival=[0, 1], prompt=[1, 3], output=[3, 1])
    prices = closed_form_prices(instance)
    values = [n / prices.denominator for _, n in prices.runs]
    assert values == pytest.approx([2.25 / 9, 1.25 / 9, 0.25 / 9], abs=1e-7)


@given(instances())
@settings(max_examples=40, deadline=None)
def test_closed_form_takes_a_class_as_its_requests(instance: Instance) -> None:
    # of a backlog: where a completion falls on an arrival, prices are a matter of choice
    instance = instance.backlog()
    classes, single = (closed_form_prices(i) for i in (instance, instance.expanded()))
    one, other = price_bound(instance, classes), price_bound(instance, single)
    assert float(one) == pytest.approx(float(other), rel=1e-6)


@pytest.mark.parametrize(("n", "bound"), [(15, 216.31), (20, 274.68), (30, 698.58)])
def test_lp_duals_give_the_lp_bound(n: int, bound: float) -> None:
    pytest.importorskip("highspy")
    found = price_bound(BACKLOGS[n], lp_prices(BACKLOGS[n]))
    assert round(float(found), 2) == bound


@given(instances(rows=6, counts=False))
@settings(max_examples=25, deadline=None)
def test_lp_duals_reach_the_optimum_of_the_whole_programme(instance: Instance) -> None:
    pytest.importorskip("highspy")
    pytest.importorskip("scipy")
    found = float(price_bound(instance, lp_prices(instance)))
    assert found == pytest.approx(lp_bound(instance), rel=1e-5)


def test_lp_duals_where_one_request_displaces_many() -> None:
    pytest.importorskip("highspy")
    pytest.importorskip("scipy")
    instance = Instance(memory=15, arrival=[0] * 61, prompt=[5] + [6] * 60, output=[10] + [1] * 60)
    found = float(price_bound(instance, lp_prices(instance)))
    assert found == pytest.approx(lp_bound(instance), rel=1e-5)


@given(instances(rows=3, longest=3, tallest=4, latest=3, counts=False))
@settings(max_examples=20, deadline=None)
def test_best_prices_never_exceed_opt_and_report_what_they_prove(instance: Instance) -> None:
    found = best_prices(instance, evaluations=30)
    assert found.bound == naive_bound(instance, found.prices)
    assert found.bound <= brute_force_opt(instance)
    assert found.bound >= instance.total(instance.output)


@pytest.mark.parametrize("n", [15, 20, 30])
def test_ascent_comes_close_to_the_lp(n: int) -> None:
    best = float(price_bound(BACKLOGS[n], ascent_prices(BACKLOGS[n])))
    closed = float(price_bound(BACKLOGS[n], closed_form_prices(BACKLOGS[n])))
    lp = {15: 216.3144, 20: 274.6757, 30: 698.5772}[n]
    assert closed < best <= lp + 1e-3
    assert best >= lp * 0.998


def test_ascent_over_arrivals_beats_centroid_and_closed_form() -> None:
    instance = _stream()
    found = best_prices(instance, evaluations=150, max_runs=300, lp_entries=0)
    assert found.method == "ascent"
    assert found.bound > price_bound(instance, closed_form_prices(instance, max_runs=300))
    assert found.bound > centroid_bound(instance)


def test_same_call_same_prices() -> None:
    one, two = (best_prices(_stream(), evaluations=60, lp_entries=0) for _ in range(2))
    assert one == two


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(5_000)
    instance = Instance(
        memory=2_000, arrival=rows // 3, prompt=(rows * 37) % 401, output=1 + (rows * 23) % 97
    )
    found = []
    for workers in (1, 2):
        monkeypatch.setattr(evaluate, "_WORKERS", workers)
        found.append(ascent_prices(instance, evaluations=12))
    assert found[0] == found[1]


def test_an_incumbent_that_is_met_ends_the_search() -> None:
    instance = Instance(memory=100, arrival=[0, 3], prompt=[5, 5], output=[3, 3])
    calls: list[int] = []
    found = best_prices(
        instance, incumbent=6, lp_entries=0, progress=lambda done, bound: calls.append(done)
    )
    assert found.bound == 6
    assert not calls


def test_a_bound_that_leaves_room_for_one_step_does_not_end_the_search() -> None:
    instance = Instance(memory=100, arrival=[0, 3], prompt=[5, 5], output=[3, 3])
    calls: list[int] = []
    best_prices(
        instance, incumbent=7, evaluations=3, lp_entries=0,
        progress=lambda done, bound: calls.append(done),
    )  # fmt: skip
    assert calls


def test_who_has_no_time_gets_what_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    for search in ("ascent_prices", "lp_prices"):
        monkeypatch.setattr(portfolio, search, lambda *_, **__: pytest.fail("it searched"))
    for entries in (0, 10**9):
        assert best_prices(TWO, lp_entries=entries, stop=lambda: True).method == "closed-form"


@pytest.mark.parametrize("after", [1, 9, 20])
def test_whoever_asks_ends_the_search(after: int) -> None:
    calls: list[int] = []
    found = best_prices(
        _stream(), evaluations=200, lp_entries=0, stop=lambda: len(calls) >= after,
        progress=lambda done, bound: calls.append(done),
    )  # fmt: skip
    assert after <= len(calls) <= after + 2
    assert found.bound == price_bound(_stream(), found.prices)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_whoever_asks_ends_the_programme(after: int) -> None:
    if not highs_is_usable():
        pytest.skip("HiGHS is missing, or OR-tools has been loaded beside it")
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(len(asked) >= after)
        return asked[-1]

    found = best_prices(_stream(), stop=stop)
    whole = best_prices(_stream())
    assert whole.method == "lp"
    assert asked == [False] * after + [True] * (len(asked) - after)
    assert len(asked) <= after + 2
    assert found.bound == price_bound(_stream(), found.prices) < whole.bound


def test_what_was_better_before_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Prices(denominator=1, runs=())
    monkeypatch.setattr(portfolio, "ascent_prices", lambda *_, **__: none)
    monkeypatch.setattr(portfolio, "lp_prices", lambda *_, **__: none)
    for entries in (0, 10**9):
        found = best_prices(TWO, lp_entries=entries)
        assert (found.method, found.bound > 8) == ("closed-form", True)


def test_no_programme_beside_another_copy_of_its_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    if not highs_is_usable():
        pytest.skip("HiGHS is missing, or OR-tools has been loaded beside it")
    assert portfolio.solves_programme(TWO, 10**6)
    monkeypatch.setitem(sys.modules, "ortools", sys)
    assert not portfolio.solves_programme(TWO, 10**6)


def test_a_programme_is_not_made_longer_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("highspy")
    asked: list[Prices] = []

    def nothing(instance: Instance, prices: Prices) -> float:
        assert len(asked) < 20
        asked.append(prices)
        return 0.0

    monkeypatch.setattr(linear, "price_bound", nothing)
    assert lp_prices(TWO) == asked[-1]


def test_progress_counts_up_to_the_evaluations_allowed() -> None:
    seen: list[tuple[int, float]] = []
    best_prices(
        _stream(),
        evaluations=40,
        lp_entries=0,
        progress=lambda done, bound: seen.append((done, bound)),
    )
    counts = [done for done, _ in seen]
    assert counts == list(range(1, len(counts) + 1))
    assert 30 <= len(counts) <= 40


@pytest.mark.parametrize("allowed", [1, 2, 3, 5, 8, 13, 21, 34])
def test_no_more_evaluations_than_are_allowed(allowed: int) -> None:
    for instance in (TWO, _stream()):
        calls: list[int] = []
        best_prices(
            instance, evaluations=allowed, max_runs=300, lp_entries=0,
            progress=lambda done, bound, calls=calls: calls.append(done),
        )  # fmt: skip
        assert 1 <= len(calls) <= allowed


@pytest.mark.parametrize("far", [2**33, 2**47])
def test_far_arrivals_are_no_trouble(far: int) -> None:
    instance = Instance(
        memory=10, arrival=[0, 0, far, far], prompt=[4, 5, 4, 5], output=[4, 4, 4, 4]
    )
    found = best_prices(instance, evaluations=20, lp_entries=0)
    assert found.bound >= 16
    assert found.bound == price_bound(instance, found.prices)


@pytest.mark.parametrize("wrong", [{"evaluations": 0}, {"max_runs": 0}])
def test_counts_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be >= 1"):
        best_prices(TWO, **wrong)


def _stream() -> Instance:
    """An overloaded stream of 150 requests."""
    rows = [((i * 7) % 60, (i * 37) % 41, 1 + (i * 23) % 29) for i in range(150)]
    arrival, prompt, output = zip(*rows, strict=True)
    return Instance(memory=300, arrival=list(arrival), prompt=list(prompt), output=list(output))
