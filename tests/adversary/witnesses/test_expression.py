import warnings
from fractions import Fraction

import pytest

from kvproof.adversary.witnesses.expression import parse
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance

INSTANCE = Instance(memory=20, arrival=[0, 0], prompt=[3, 0], output=[2, 5], count=[1, 2])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2/(1 - eps)", Fraction(11, 3)),
        ("0.1 + 0.2", Fraction(3, 10)),  # the decimals that were written, not floats
        ("max(1 + 4/(3*(1 - eps)), 2/(1 - eps))", Fraction(25, 9)),
        ("n + M + max_o + min_o + max_s + min_s", Fraction(3 + 20 + 5 + 2 + 3)),
        ("sum_o / n ** 2", Fraction(12, 9)),
        ("-min(sum_v, max_v, min_v) ** -1", Fraction(-1, 9)),
        ("+007", Fraction(7)),
        (" 2 ", Fraction(2)),
    ],
)
def test_values_are_exact(text, value):
    if text == "+007":  # Python has no such number, and neither have we
        with pytest.raises(InputError):
            parse(text)
        return
    assert parse(text).value(INSTANCE) == value


def test_division_by_zero_claims_nothing():
    full = Instance(memory=5, arrival=[0], prompt=[0], output=[5])
    assert parse("1 + 2/(1 - eps)").value(full) is None
    assert parse("0 ** -1").value(full) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "1 +", "eps.real", "__import__('os')", "[1]", "lambda: 1", "1 if eps else 2",
        "sqrt(2)", "min()", "min(1, key=2)", "min(*n)", "eps & 1", "1 // 2", "1 % 2", "n < 2",
        "f'{eps}'", "'a'", "True", "1j", "1e9", "1_000", "0x10", "(n := 3)", "n" * 500,
        "max", "min", "...", "None", "1\n2", "svf-ratios", "n[0]", "(" * 300 + "1" + ")" * 300,
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(InputError) as caught:
        parse(text).value(INSTANCE)
    assert "bound" in str(caught.value)


def test_python_warns_of_nothing():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(InputError, match="'1 or 2' is not understood"):
            parse("1or 2")
    assert not heard


@pytest.mark.parametrize("text", ["2 ** eps", "2 ** 65", "((9 ** 64) ** 64) ** 64"])
def test_powers_are_limited(text):
    with pytest.raises(InputError, match=r"exponent|too long"):
        parse(text).value(INSTANCE)
