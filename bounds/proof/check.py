"""The checker of proof steps: every step gets a verdict, and only a decided one passes."""

import re
from typing import Any

import sympy as sp

from kvproof.bounds.proof import counterexample
from kvproof.bounds.proof.ranges import Range, cases, denominators, parse, parse_range
from kvproof.bounds.proof.sign import proves
from kvproof.bounds.proof.steps import (
    Argument,
    Computation,
    Identity,
    Inequality,
    Step,
    StepResult,
    StepVerdict,
)

_DIGITS = 60  # of an evaluation that shows two expressions to differ


def check_step(step: Step) -> StepResult:
    """Check one step by exact methods."""
    match step:
        case Identity():
            return _identity(step)
        case Inequality():
            return _inequality(step)
        case Computation():
            holds, found = step.run()
            return StepResult(
                verdict=StepVerdict.PASSED if holds else StepVerdict.REJECTED,
                method=f"computed: {found}",
                counterexample=None if holds else {"found": found},
            )
        case Argument():
            return StepResult(verdict=StepVerdict.ARGUED, method="words")


def check_proof(steps: tuple[Step, ...]) -> tuple[StepResult, ...]:
    """Check all steps."""
    return tuple(check_step(step) for step in steps)


def worst(results: tuple[StepResult, ...]) -> StepVerdict:
    """Return the verdict of a proof: that of its weakest step; without steps, argued."""
    order = list(StepVerdict)
    return max((r.verdict for r in results), key=order.index, default=StepVerdict.ARGUED)


def _identity(step: Identity) -> StepResult:
    symbols: dict[str, Any] = {
        name: sp.Symbol(name, positive=True) for name in step.positive.split()
    }
    symbols |= {
        name: sp.Symbol(name, positive=True, integer=True) for name in step.integers.split()
    }
    left, right = (parse(side, symbols) for side in step.sides)
    if not left.has(sp.Integral, sp.Sum, sp.Limit, sp.Derivative):
        difference = sp.cancel(sp.together(left - right))
        if difference == 0:
            return StepResult(verdict=StepVerdict.PASSED, method="cancels to 0")
    difference = sp.simplify((left - right).doit())
    if difference == 0:
        return StepResult(verdict=StepVerdict.PASSED, method="simplifies to 0")
    if sp.simplify(sp.expand(difference)) == 0:
        return StepResult(verdict=StepVerdict.PASSED, method="expands to 0")
    free = sorted(difference.free_symbols, key=str)
    for first in range(1, 6):
        point = {s: sp.Integer(first + 2 * i) for i, s in enumerate(free)}
        value = difference.subs(point)
        # rational values are compared exactly, others to 60 digits with a controlled error
        if value.is_number and value.is_finite and not value.has(sp.Integral, sp.Sum):
            distinct = (
                value != 0
                if value.is_Rational
                else abs(value.evalf(_DIGITS)) > sp.Rational(1, 10**30)
            )
            if distinct:
                return StepResult(
                    verdict=StepVerdict.REJECTED,
                    method="the sides differ",
                    counterexample={**_as_text(point), "left - right": str(value)},
                )
    return StepResult(verdict=StepVerdict.UNDECIDED, method="does not simplify to 0")


def _inequality(step: Inequality) -> StepResult:
    symbols: dict[str, Any] = {}
    larger, smaller, strict = step.sides
    ranges = [parse_range(text, symbols) for text in step.over]
    if len({one.symbol for one in ranges}) < len(ranges):
        return StepResult(verdict=StepVerdict.UNDECIDED, method="a symbol has two ranges")
    difference = parse(larger, symbols) - parse(smaller, symbols)
    unbound = difference.free_symbols - {one.symbol for one in ranges}
    if unbound:
        names = ", ".join(sorted(map(str, unbound)))
        return StepResult(verdict=StepVerdict.UNDECIDED, method=f"no range for {names}")
    divisors = [parse(text, symbols) for side in (larger, smaller) for text in denominators(side)]
    doubt = _doubt(ranges, [difference, *divisors])
    if doubt is not None:
        return StepResult(verdict=StepVerdict.UNDECIDED, method=doubt)
    undefined = next((d for d in divisors if not _never_zero(d, ranges)), None)
    methods = []
    for case in cases(ranges) if undefined is None else ():
        method = proves(case.apply(difference), case.parameters, case.positive, strict=strict)
        if method is None:
            break
        if method not in methods:
            methods.append(method)
    else:
        if undefined is None:
            return StepResult(verdict=StepVerdict.PASSED, method=", ".join(methods))
    integers = {symbols[n] for n in re.findall(r"\w+", step.integers) if n in symbols}
    point = counterexample.find(difference, ranges, integers, strict=strict)
    if point is not None:
        found = {**_as_text(point), "difference": str(difference.subs(point))}
        return StepResult(
            verdict=StepVerdict.REJECTED, method="false at a point", counterexample=found
        )
    if undefined is not None:
        method = f"a denominator may vanish: {undefined}"
        return StepResult(verdict=StepVerdict.UNDECIDED, method=method)
    return StepResult(verdict=StepVerdict.UNDECIDED, method="no exact method decides it")


def _doubt(ranges: list[Range], expressions: list[Any]) -> str | None:
    """Return why the exact methods do not apply, or None: all is rational and well-founded."""
    known: list[Range] = []
    for one in ranges:
        ends = [one.low, *([] if one.high is None else [one.high])]
        names = {r.symbol for r in known}
        if any(part.free_symbols - names for part in (*ends, *one.divides_by)):
            return f"the range of {one.symbol} uses a symbol that has no range before it"
        if not all(_rational(part, known) for part in (*ends, *one.divides_by)):
            return f"the range of {one.symbol} has an end that is not rational"
        if not all(_never_zero(part, known) for part in one.divides_by):
            return f"the range of {one.symbol} divides by what may vanish"
        if one.high is not None and not _holds(
            one.high - one.low, known, strict=one.low_open or one.high_open
        ):
            return f"the range of {one.symbol} may be empty"
        known.append(one)
    if not all(_rational(part, ranges) for part in expressions):
        return "not a rational function"
    return None


def _rational(expression: Any, ranges: list[Range]) -> bool:
    """Whether it is a finite rational function of the symbols, with real constants."""
    if expression.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.I):
        return False
    names = [one.symbol for one in ranges]
    return bool(expression.is_rational_function(*names)) if names else True


def _holds(expression: Any, ranges: list[Range], *, strict: bool) -> bool:
    return all(
        proves(case.apply(expression), case.parameters, case.positive, strict=strict) is not None
        for case in cases(ranges)
    )


def _never_zero(expression: Any, ranges: list[Range]) -> bool:
    """Whether it is > 0, or < 0, on the whole domain."""
    return any(_holds(sign * expression, ranges, strict=True) for sign in (1, -1))


def _as_text(point: dict[Any, Any]) -> dict[str, str]:
    return {str(symbol): str(value) for symbol, value in point.items()}
