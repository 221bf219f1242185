"""Random inequalities: what passes is true wherever one looks, what is rejected is false."""

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.bounds.proof.check import check_step
from kvproof.bounds.proof.steps import Inequality, StepVerdict

_GRID = [Fraction(*pq) for pq in ((0, 1), (1, 7), (1, 3), (1, 2), (9, 10), (1, 1), (3, 2), (7, 1))]


@st.composite
def claims(draw: st.DrawFn) -> tuple[Inequality, dict[tuple[int, int], int], bool, bool]:
    terms = draw(
        st.dictionaries(
            st.tuples(st.integers(0, 2), st.integers(0, 2)),
            st.integers(-3, 4),
            min_size=1,
            max_size=4,
        )
    )
    strict, bounded = draw(st.booleans()), draw(st.booleans())
    text = " + ".join(f"({c})*x**{i}*y**{j}" for (i, j), c in terms.items())
    claim = f"{text} {'>' if strict else '>='} 0"
    over = ("0 <= x <= 1" if bounded else "0 <= x", "x <= y")
    return Inequality(claim, over, ""), terms, strict, bounded


@settings(max_examples=60, deadline=None)
@given(claims())
def test_verdicts_are_true(
    case: tuple[Inequality, dict[tuple[int, int], int], bool, bool],
) -> None:
    step, terms, strict, bounded = case

    def holds(x: Fraction, y: Fraction) -> bool:
        value = sum(c * x**i * y**j for (i, j), c in terms.items())
        return value > 0 if strict else value >= 0

    result = check_step(step)
    if result.verdict is StepVerdict.PASSED:
        for x, more in product(_GRID, _GRID):
            if not bounded or x <= 1:
                assert holds(x, x + more)
    elif result.verdict is StepVerdict.REJECTED:
        assert result.counterexample is not None
        x, y = (Fraction(result.counterexample[name]) for name in ("x", "y"))
        assert 0 <= x <= y
        assert x <= 1 or not bounded
        assert not holds(x, y)
