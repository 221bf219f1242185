"""Requests that fall apart at idle steps: where they are cut, and what becomes of the parts."""

import itertools
import random
import time
from dataclasses import replace
from fractions import Fraction
from math import ceil
from types import SimpleNamespace

import numpy as np
import pytest

from kvproof import solver
from kvproof.certificates.build import lower_bound_certificate
from kvproof.certificates.checker import Limits, check
from kvproof.certificates.lower_bounds import LowerBound, best_bound
from kvproof.certificates.proofs import PartsProof
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.solver import stages
from kvproof.solver.heuristics import listed
from kvproof.solver.model import model_of
from kvproof.solver.parts import _paired, idle_cuts, parts_of, quiet_cuts, solve_parts
from kvproof.solver.reference import brute_force
from kvproof.solver.result import Limit, Result
from tests.solver.common import certificate, draw, make, verdict

# Two bursts, in each of which somebody waits, and a request between them and after them.
BURST = [(0, 1, 4), (0, 3, 3), (1, 0, 5), (1, 2, 2)]
BURSTS = [*BURST, (50, 1, 2), *((a + 100, s, o) for a, s, o in BURST), (300, 0, 3)]


def plain_cuts(schedule, stays):
    """By definition: arrivals before which all has started, or ended if it stays so long.

    But none where neither side waits.
    """
    ends = schedule.starts + schedule.instance.output * stays
    columns = (schedule.instance.arrival, schedule.starts, ends)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    steps = sorted({a for a, _, _ in rows})[1:]
    cuts = [t for t in steps if all(end <= t for a, _, end in rows if a < t)]
    kept = []
    for before, t, after in zip([0, *cuts], cuts, [*cuts[1:], 2**60], strict=False):
        near = [p - a for a, p, _ in rows if before <= a < after]
        if any(near):
            kept.append(t)
    return kept


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_cuts_by_definition(seed, stays):
    rng = random.Random(seed)
    small = [draw(rng) for _ in range(rng.randint(1, 5))]
    rows, late = [], rng.choice([0, 7])
    for one in small:
        for a, s, o in zip(one.arrival, one.prompt, one.output, strict=True):
            rows.append((late + int(a), int(s), int(o)))
        late += rng.randint(1, 30)
    rng.shuffle(rows)
    instance = make(max(one.memory for one in small), rows)
    schedule, model = simulate(instance, SVF()), model_of(instance)
    cuts = (idle_cuts if stays else quiet_cuts)(model, listed(model, schedule.starts))
    assert cuts == plain_cuts(schedule, stays)
    parts = parts_of(instance, cuts)
    assert sorted(np.concatenate([part.members for part in parts])) == list(range(len(rows)))
    for part, first, end in zip(parts, [0, *cuts], [*cuts, 2**60], strict=True):
        own = [rows[i] for i in part.members]
        assert own == [row for row in rows if first <= row[0] < end]
        columns = (part.instance.arrival, part.instance.prompt, part.instance.output)
        assert own == list(zip(*(column.tolist() for column in columns), strict=True))


def test_each_burst_has_its_proof():
    instance = make(7, BURSTS)
    result = solver.solve(instance)
    assert isinstance(result.proof, PartsProof)
    assert result.proof.until == (50, 100, 300)
    alone = brute_force(make(7, BURST))[0]
    assert result.total_latency == result.lower_bound == 2 * alone + 2 + 3
    assert (result.engine, result.certified, result.limit) == ("parts", True, None)
    checked = verdict(certificate(result))
    assert checked.verdict == "verified"
    assert "by the parts bound" in (checked.claim_in_words or "")


def test_time_between_bursts_takes_no_memory_and_no_limit():
    """As one instance, the steps between them were gone through."""
    burst = [(i % 3, i % 5, 1 + 3 * i % 11) for i in range(10)]
    far = [(a + 2**40, s, o) for a, s, o in burst]
    once = solver.solve(make(20, burst))
    result = solver.solve(make(20, [*burst, *far]), time_limit=60)
    assert result.total_latency == result.lower_bound == 2 * once.total_latency
    assert verdict(certificate(result)).verdict == "verified"


@pytest.mark.parametrize(
    ("memory", "rows"),
    [
        (9, [(0, 3, 4), (0, 4, 3), (0, 2, 6), (0, 3, 2), (13, 6, 3)]),
        (4, [(0, 0, 2), (0, 2, 2), (0, 1, 1), (0, 0, 4), (0, 2, 1), (7, 3, 1)]),
    ],
)
def test_parts_whose_best_schedules_do_not_fit_together(memory, rows):
    """SVF has ended when the last one comes; what is best for those before has not."""
    instance = make(memory, rows)
    result = solver.solve(instance)
    opt = brute_force(instance)[0]
    assert opt > brute_force(make(memory, rows[:-1]))[0] + rows[-1][2]
    assert result.total_latency == result.lower_bound == opt
    assert result.engine != "parts"
    assert verdict(certificate(result)).verdict == "verified"


def test_an_engine_that_is_named_takes_it_whole():
    instance = make(7, BURSTS)
    for engine in ("dp", "branch"):
        result = solver.solve(instance, engine=engine)
        assert result.gap == 0
        assert not isinstance(result.proof, PartsProof)


def solved(part, limit=None, lower=None, proof=True):
    """What a solve of a part returns: SVF's schedule, and a bound."""
    schedule = simulate(part.instance, SVF())
    whole = solver.solve(part.instance)
    return Result(
        schedule=schedule, lower_bound=whole.lower_bound if lower is None else lower,
        engine="dp", runtime_s=0.0, limit=limit, certified=proof,
        proof=whole.proof if proof else None,
        detail={"states": 2, "message": None, "certified_lower_bound": 1,
                "turns": [{"engine": "search", "seconds": 0.25, "turns": 1, "moved": 0}]},
    )  # fmt: skip


@pytest.fixture
def three():
    """SVF's schedule of four, three and two requests that arrive far apart."""
    rows = [*BURSTS[:4], *BURSTS[5:8], *((a + 200, s, o) for a, s, o in BURST[:2])]
    return simulate(make(7, rows), SVF())


def test_the_smallest_first_each_with_its_share_of_what_is_left(three, monkeypatch):
    now = itertools.count(step=2)
    clock = SimpleNamespace(monotonic=lambda: next(now))
    monkeypatch.setattr("kvproof.solver.parts.time", clock)
    asked, seen = [], []

    def solve(part, own, seconds, report):
        assert (own.starts == three.starts[part.members]).all()
        asked.append((part.instance.requests, seconds))
        report(7, 3)
        return solved(part)

    result = solve_parts([100, 200], three, solve, 14.0, 1.0, lambda *known: seen.append(known))
    assert asked == [(2, 12 / 3), (3, 10 / 2), (4, 8 / 1)]
    assert [upper for upper, _ in seen] == [three.total_latency] * 6
    assert [lower for _, lower in seen] == sorted(lower for _, lower in seen)
    assert seen[-1][1] == result.lower_bound
    assert result.detail["states"] == 6
    assert result.detail["turns"] == [{"engine": "search", "seconds": 0.75, "turns": 3, "moved": 0}]
    asked.clear()
    now = itertools.count(step=2)
    solve_parts([100, 200], three, solve, 14.0, 0.5, None)
    assert asked == [(2, 12 / 3), (3, 10 / 2), (4, 8 / 2)]


def test_what_ends_a_part_and_what_is_only_claimed(three):
    asked = []

    def interrupted(part, _, seconds, __):
        asked.append(seconds)
        return solved(part, Limit.INTERRUPT if len(asked) == 2 else None, lower=5)

    result = solve_parts([100, 200], three, interrupted, None, 1.0, None)
    assert asked == [None, None, 0.0]
    assert (result.lower_bound, result.limit) == (15, Limit.INTERRUPT)
    assert result.certificate().claim["kind"] == "schedule"

    def claimed(part, *_):
        return solved(part, proof=part.instance.requests != 3)

    result = solve_parts([100, 200], three, claimed, None, 1.0, None)
    assert (result.certified, result.proof) == (False, None)
    assert result.detail["certified_lower_bound"] == 3


@pytest.mark.parametrize("after", [3, 4])  # the bursts, which are the largest parts
def test_ctrl_c_before_a_part_has_bounds_keeps_the_others(after, monkeypatch):
    plain, asked = stages._first, []

    def first(*given):
        asked.append(given)
        if len(asked) == 1 + after:  # the first one is of all requests
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(stages, "_first", first)
    instance = make(7, BURSTS)
    result = solver.solve(instance)
    opt = 2 * brute_force(make(7, BURST))[0] + 2 + 3
    assert result.limit == Limit.INTERRUPT
    assert instance.total(instance.output) <= result.lower_bound <= opt <= result.total_latency
    assert verdict(result.certificate().to_json()).verdict == "verified"


def test_ctrl_c_while_parts_are_put_together_keeps_their_bounds(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kvproof.solver.parts._together", interrupted)
    instance = make(7, BURSTS)
    result = solver.solve(instance)
    assert result.limit == Limit.INTERRUPT
    assert result.lower_bound == 2 * brute_force(make(7, BURST))[0] + 2 + 3
    assert verdict(_bound(result)).verdict == "verified"


@pytest.mark.parametrize("idle", [True, False])
def test_ctrl_c_before_there_are_parts_leaves_what_was_known(idle, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    if not idle:  # cut where nobody waits alone
        monkeypatch.setattr(stages, "idle_cuts", lambda *_: [])

    monkeypatch.setattr("kvproof.solver.parts._solve_all", interrupted)
    monkeypatch.setattr("kvproof.solver.stages.in_turns", None)  # does not come to that
    instance = make(7, BURSTS)
    result = solver.solve(instance)
    assert result.limit == Limit.INTERRUPT
    assert instance.total(instance.output) < result.lower_bound <= result.total_latency
    assert verdict(result.certificate().to_json()).verdict == "verified"


def test_parts_for_which_there_is_no_time_are_not_searched(monkeypatch):
    plain, searched = stages._solve, []

    def slow(instance, *more, **options):
        time.sleep(0.1)
        searched.append(instance)
        return plain(instance, *more, **options)

    monkeypatch.setattr(stages, "_solve", slow)
    instance = make(7, [(a + 100 * k, s, o) for k in range(40) for a, s, o in BURST])
    result = solver.solve(instance, time_limit=0.3)
    assert len(searched) < 20
    assert result.limit == Limit.TIME
    assert result.lower_bound > instance.total(instance.output)
    assert verdict(result.certificate().to_json()).verdict == "verified"
    assert result.runtime_s >= 0.1 * len(searched)


def test_none_is_larger_than_it_may_be(three):
    def solve(part, *_):
        return solved(part)

    assert solve_parts([100], three, solve, None, 0.5, None) is None  # of 4 and 5
    assert solve_parts([100], three, solve, None, 5 / 9, None) is not None
    assert solve_parts([200], three, solve, None, 0.7, None) is None  # of 7 and 2


def clashing(part, own, *_):
    """What solves a part of four or more so that one of them ends in the next part."""
    found = solved(part)
    if part.instance.requests < 4:
        return found
    starts = found.schedule.starts.copy()
    starts[1] = 99
    late = Schedule(instance=part.instance, starts=starts)
    return Result(**{**vars(found), "schedule": late})


def test_parts_that_clash_become_one(three):
    asked = []

    def solve(part, own, *given):
        asked.append(part.instance.requests)
        return clashing(part, own) if len(part.members) == 4 else solved(part)

    worst = Schedule(instance=three.instance, starts=three.starts + 10)
    result = solve_parts([100, 200], worst, solve, None, 1.0, None)
    assert asked == [2, 3, 4, 7]
    assert result.proof.until == (100, 200)  # their bound is as high
    assert result.total_latency == three.total_latency
    # where that would be too large, what fits is kept, and the bound of the parts that clash
    result = solve_parts([100, 200], worst, solve, None, 0.6, None)
    assert result.proof.until == (100, 200)
    assert result.schedule.starts[1] == 99
    assert (result.schedule.starts[4:7] == worst.starts[4:7]).all()
    assert (result.schedule.starts[7:] == three.starts[7:]).all()
    assert result.lower_bound == sum(
        solver.solve(part.instance).lower_bound for part in parts_of(three.instance, [100, 200])
    )


@pytest.mark.parametrize(
    ("clash", "kept"),
    [
        ([False, False], [10, 20]),
        ([True, False], [20]),
        ([True, True], [20]),
        ([False, True, True, True, False, True], [10, 30, 50]),
    ],
)
def test_no_part_is_in_two_pairs_that_become_one(clash, kept):
    until = [10 * x for x in range(1, len(clash) + 1)]
    assert _paired(until, clash) == kept


def test_a_higher_bound_of_smaller_parts_is_kept(three):
    """Those that clash are solved together, and that ends earlier."""

    def solve(part, own, *_):
        if len(part.members) == 7:
            return solved(part, Limit.TIME, lower=0)
        return clashing(part, own) if len(part.members) == 4 else solved(part)

    result = solve_parts([100, 200], three, solve, None, 1.0, None)
    assert result.proof.until == (100, 200)
    assert result.limit == Limit.TIME
    assert result.lower_bound > solver.solve(make(7, [*BURST[:2]])).lower_bound
    assert verdict(_bound(result)).verdict == "verified"


def _bound(result):
    """The certificate of a result's lower bound."""
    bound = LowerBound(value=Fraction(result.lower_bound), proof=result.proof)
    return lower_bound_certificate(result.schedule.instance, bound).to_json()


@pytest.mark.parametrize("seed", range(8))
def test_what_falls_apart_where_nobody_waits(seed):
    """More requests than are searched at once: as few steps apart as they are, parts overlap."""
    rng = np.random.default_rng(seed)
    prompt, output = rng.integers(1, 8, 40), rng.integers(1, 12, 40)
    arrival = np.sort(rng.integers(0, 130, 40))
    rows = list(zip(arrival.tolist(), prompt.tolist(), output.tolist(), strict=True))
    instance = make(40, rows)
    result = solver.solve(instance, time_limit=20)
    whole = solver.solve(instance, engine="dp", time_limit=60)
    assert result.gap == whole.gap == 0
    assert result.total_latency == whole.total_latency
    assert verdict(certificate(result)).verdict == "verified"


def test_a_part_leaves_its_memory_to_the_next():
    """Each search of five takes most of what the checker may take."""
    burst = [(0, s, o) for s, o in ((1, 7), (0, 9), (3, 5), (2, 8), (0, 4), (1, 6), (2, 3))]
    one = solver.solve(make(18, burst)).certificate().to_bytes()
    rows = [(a + 100 * i, s, o) for i in range(12) for a, s, o in burst]
    result = solver.solve(make(18, rows), time_limit=60)
    assert len(result.proof.parts) == 12
    limits = (Limits(memory_bytes=size << 18) for size in itertools.count(1))
    most = next(some for some in limits if check(one, limits=some).verdict == "verified")
    thrice = Limits(memory_bytes=3 * most.memory_bytes)
    checked = check(result.certificate().to_bytes(), limits=thrice)
    assert checked.verdict == "verified", checked.reason


def test_bounds_of_open_parts_prove_a_factor(three):
    def half_open(part, own, *_):
        made = best_bound(part.instance)
        return replace(solved(part), schedule=own, lower_bound=own.total_latency - 1, proof=None,
                       kept=(made.value, made.proof))  # fmt: skip

    result = solve_parts([100, 200], three, half_open, None, 1.0, None)
    assert (result.gap > 0, result.proof) == (True, None)
    value, proof = result.kept
    bounds = [best_bound(part.instance).value for part in parts_of(three.instance, [100, 200])]
    assert value == sum(ceil(bound) for bound in bounds)
    assert proof.until == (100, 200)
    made = result.certificate().to_json()
    assert made["claim"]["kind"] == "within-factor"
    assert Fraction(made["claim"]["factor"]) == result.total_latency / value
    assert verdict(made).verdict == "verified"


def test_the_certificate_of_an_open_interval_proves_a_factor():
    rng = random.Random(5)
    rows = [(0, rng.randint(0, 9), rng.randint(1, 19)) for _ in range(40)]
    result = solver.solve(make(100, rows), time_limit=0.01)
    assert result.gap > 0
    made = result.certificate().to_json()
    assert made["claim"]["kind"] == "within-factor"
    bound = result.total_latency / Fraction(made["claim"]["factor"])
    assert result.lower_bound - 1 < bound <= result.lower_bound
    assert verdict(made).verdict == "verified"
