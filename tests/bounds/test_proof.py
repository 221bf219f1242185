"""The checker of steps: true steps pass, wrong ones are rejected with a point, never passed."""

from fractions import Fraction

import pytest
import sympy as sp

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.proof.check import check_step, worst
from kvproof.bounds.proof.ranges import parse, parse_range
from kvproof.bounds.proof.steps import (
    Argument,
    Computation,
    Identity,
    Inequality,
    StepResult,
    StepVerdict,
)

STEPS = [(theorem.name, step) for theorem in THEOREMS for step in theorem.steps()]
INEQUALITIES = [(name, step) for name, step in STEPS if isinstance(step, Inequality)]
IDENTITIES = [(name, step) for name, step in STEPS if isinstance(step, Identity)]

FLIP = {">=": "<", "<=": ">", ">": "<=", "<": ">="}


def flipped(step: Inequality) -> Inequality:
    for sign in (">=", "<=", ">", "<"):
        if sign in step.claim:
            return Inequality(step.claim.replace(sign, FLIP[sign], 1), step.over, step.why)
    raise AssertionError(step)


def assert_false_at_its_point(step: Inequality, result: StepResult) -> None:
    """Check a counterexample from outside: inside the domain, and false, exactly."""
    assert result.counterexample is not None
    symbols: dict[str, sp.Symbol] = {}
    ranges = [parse_range(text, symbols) for text in step.over]
    larger, smaller, strict = step.sides
    left, right = parse(larger, symbols), parse(smaller, symbols)
    point = {symbols[n]: sp.sympify(v) for n, v in result.counterexample.items() if n in symbols}
    assert all(one.holds(point) for one in ranges)
    a, b = left.subs(point), right.subs(point)
    assert a.is_number
    assert bool(a <= b) if strict else bool(a < b)


@pytest.mark.parametrize(("name", "step"), INEQUALITIES)
def test_a_flipped_inequality_is_rejected_with_a_point(name: str, step: Inequality) -> None:
    wrong = flipped(step)
    result = check_step(wrong)
    assert result.verdict is StepVerdict.REJECTED
    assert_false_at_its_point(wrong, result)


@pytest.mark.parametrize(("name", "step"), IDENTITIES)
def test_an_identity_that_is_off_by_one_is_rejected(name: str, step: Identity) -> None:
    left, right = step.sides
    wrong = Identity(f"{left} == ({right}) + 1", step.why, step.positive, step.integers)
    result = check_step(wrong)
    assert result.verdict is StepVerdict.REJECTED
    assert result.counterexample is not None


WRONG = [
    # the block lemma without m >= u - t: domain too wide
    Inequality("d*m - d*(d - 1)/2 >= d*(m + 1)/2", ("1 <= d", "0 <= m"), "", integers="d m"),
    # a factor of 2 is missing
    Inequality("P/(1 - e) >= S", ("0 <= e < 1", "0 <= S", "(1 - e)*S/2 <= P"), ""),
    # the ratio theorem beyond eps = 1/3
    Inequality("(2*x/(1 - e) + 1)/(x + 1/3) <= 1 + 4/(3*(1 - e))", ("0 <= e < 1", "2/3 <= x"), ""),
    # and its other half below eps = 1/3
    Inequality("(2*x/(1 - e) + 1)/(x + 1/3) <= 2/(1 - e)", ("0 <= e < 1", "2/3 <= x"), ""),
    # 1/2 in place of 1/3 in the shape term
    Inequality(
        "1/2 + o - (o + 1)*(3*s + 2*o + 1)/(3*(2*s + o + 1)) >= o/2 + 1/6",
        ("1 <= o", "0 <= s"),
        "",
    ),
    # true for reals near 0 only
    Inequality("x**3 - 3*x + 2 > 0", ("0 <= x",), ""),
    # strict where there is equality at an end
    Inequality("x > 0", ("0 <= x <= 1",), ""),
    Inequality("1 - x > 0", ("0 <= x <= 1",), ""),
    Inequality("x**2/2 - 1 >= 0", ("14/10 <= x",), ""),
    Inequality("x*y >= x + y", ("1 <= x", "1 <= y"), ""),
]


@pytest.mark.parametrize("step", WRONG, ids=lambda step: step.claim)
def test_planted_wrong_inequalities_are_rejected(step: Inequality) -> None:
    result = check_step(step)
    assert result.verdict is StepVerdict.REJECTED
    assert_false_at_its_point(step, result)


@pytest.mark.parametrize(
    ("claim", "over", "method"),
    [
        ("x*y + x + 1 > 0", ("0 <= x", "0 <= y"), "coefficients >= 0"),
        ("x**2/2 - 1 > 0", ("sqrt(2) < x",), "coefficients >= 0"),
        ("(x + 1)/(x + 2) <= 1", ("0 <= x <= 3",), "coefficients >= 0, evaluation"),
        ("3/2 >= 1", ("0 <= x",), "evaluation"),
    ],
)
def test_what_the_method_proves(claim: str, over: tuple[str, ...], method: str) -> None:
    result = check_step(Inequality(claim, over, ""))
    assert (result.verdict, result.method) == (StepVerdict.PASSED, method)


@pytest.mark.parametrize(
    "claim",
    [
        "x**2 - x + 1 > 0",
        "x**2 + y**2 >= 2*x*y",
        "x**4*y**2 + x**2*y**4 + 1 - 3*x**2*y**2 >= 0",  # Motzkin's
        "(x - 1)*(x - 101/100) >= 0",  # false, in a short interval only
    ],
)
def test_what_it_does_not_decide_is_undecided(claim: str) -> None:
    result = check_step(Inequality(claim, ("0 <= x", "0 <= y"), ""))
    assert result.verdict is StepVerdict.UNDECIDED


def test_claims_without_a_clear_domain_are_undecided() -> None:
    missing = check_step(Inequality("x + y >= 0", ("0 <= x",), ""))
    assert (missing.verdict, missing.method) == (StepVerdict.UNDECIDED, "no range for y")
    twice = check_step(Inequality("x >= 0", ("0 <= x", "1 <= x"), ""))
    assert twice.verdict is StepVerdict.UNDECIDED


def test_other_steps() -> None:
    assert check_step(Argument("words")).verdict is StepVerdict.ARGUED
    good, bad = (Computation("c", "w", lambda v=v: (v, "found")) for v in (True, False))
    assert check_step(good).verdict is StepVerdict.PASSED
    assert check_step(bad).verdict is StepVerdict.REJECTED
    wrong = check_step(Identity("Integral(exp(-t), (t, 0, oo)) == 2", ""))
    assert wrong.verdict is StepVerdict.REJECTED
    assert worst((check_step(good), check_step(bad))) is StepVerdict.REJECTED
    assert worst(()) is StepVerdict.ARGUED


def test_ranges_cover_their_ends() -> None:
    # holds on [0, 1] with equality at both ends, and would fail just outside
    assert check_step(Inequality("x*(1 - x) >= 0", ("0 <= x <= 1",), "")).verdict == "passed"
    assert check_step(Inequality("x*(1 - x) > 0", ("0 < x < 1",), "")).verdict == "passed"
    assert check_step(Inequality("x*(1 - x) > 0", ("0 <= x < 1",), "")).verdict == "rejected"
    with pytest.raises(ValueError, match="not a range"):
        parse_range("x >= 0 >= y", {})


def test_integers_are_respected_by_counterexamples() -> None:
    # false only between 0 and 1, where there is no integer
    step = Inequality("x*(x - 1) >= 0", ("0 <= x",), "", integers="x")
    assert check_step(step).verdict is StepVerdict.UNDECIDED
    step = Inequality("x*(x - 3) >= 0", ("0 <= x",), "", integers="x")
    result = check_step(step)
    assert result.counterexample is not None
    assert Fraction(result.counterexample["x"]).denominator == 1


@pytest.mark.parametrize("text", ["2 <= x <= 1", "1 < x <= 1", "1 <= x < 1", "0 < x < -1/2"])
def test_an_empty_range_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="empty range"):
        check_step(Inequality("x >= 5", (text,), ""))


def test_a_range_that_may_be_empty_is_undecided() -> None:
    for claim in ("y >= 0", "y >= 5"):
        result = check_step(Inequality(claim, ("0 <= x", "x <= y <= 1"), ""))
        assert result.verdict is StepVerdict.UNDECIDED
        assert "may be empty" in result.method
    assert check_step(Inequality("y >= 0", ("0 <= x <= 1", "x <= y <= 1"), "")).verdict == "passed"
    # an open end needs room between the ends
    touching = check_step(Inequality("y >= 0", ("0 <= x <= 1", "x <= y < 1"), ""))
    assert touching.verdict is StepVerdict.UNDECIDED


@pytest.mark.parametrize(
    "claim",
    ["x/x >= 1", "x*x**(-1) >= 1", "x**2/x >= 0", "1 >= (x - 1)/(x - 1)", "1/(1/x) >= 0",
     "x**-1*x >= 1"],
)  # fmt: skip
def test_a_denominator_that_can_vanish_never_passes(claim: str) -> None:
    result = check_step(Inequality(claim, ("0 <= x",), ""))
    assert result.verdict is StepVerdict.UNDECIDED
    assert "may vanish" in result.method


def test_denominators_that_cannot_vanish_pass() -> None:
    for claim, over in (
        ("x/x >= 1", ("0 < x",)),
        ("(x - 1)/(x - 1) >= 1", ("0 <= x < 1",)),
        ("1/(1/x) > 0", ("0 < x",)),
        ("x/(1 + x) >= 0", ("0 <= x",)),
    ):
        assert check_step(Inequality(claim, over, "")).verdict is StepVerdict.PASSED
    # undefined at one point, and false at another
    assert check_step(Inequality("x/x >= 2", ("0 <= x",), "")).verdict is StepVerdict.REJECTED


@pytest.mark.parametrize(
    ("claim", "over"),
    [
        ("x >= 0", ("0 <= x <= y", "0 <= y")),  # an end uses a later symbol,
        ("x >= 0", ("0 <= x <= x + 1",)),  # its own,
        ("x >= 0", ("0 <= x <= z",)),  # or one without a range
        ("x >= 0", ("0 <= x < oo",)),
        ("x >= 0", ("-oo < x <= 1",)),
        ("x >= 0", ("0 <= e < 1", "1/e <= x")),
        ("x >= 0", ("1/0 <= x",)),
        ("x >= 0", ("0 <= e < 1", "0 <= x <= sqrt(e)")),
        ("x >= 0", ("0 <= e < 1", "exp(e) <= x")),
        ("exp(x) >= 1", ("0 <= x",)),
        ("sqrt(x) >= 0", ("0 <= x",)),
        ("1/sqrt(x) >= 0", ("0 < x",)),
        ("x**y >= 0", ("0 <= x", "0 <= y")),
        ("x/0 >= 0", ("0 <= x",)),
        ("sqrt(-1)*x >= 0", ("0 <= x",)),
    ],
)
def test_what_the_methods_are_not_made_for_is_undecided(claim: str, over: tuple[str, ...]) -> None:
    assert check_step(Inequality(claim, over, "")).verdict is StepVerdict.UNDECIDED
