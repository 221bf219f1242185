"""Ranges of symbols, and their parametrisation by nonnegative parameters.

``a <= x`` becomes ``x = a + y``, ``a <= x < b`` becomes ``x = (a + b y)/(1 + y)`` with y >= 0, and
a closed upper end is a case of its own, ``x = b``. The cases cover the domain by construction, so
an inequality that holds for all y >= 0 in every case holds on the domain.
"""

import ast
import re
from dataclasses import dataclass
from typing import Any

import sympy as sp

_FUNCTIONS = {
    name: getattr(sp, name)
    for name in ("sqrt", "exp", "log", "Integral", "Sum", "Limit", "Derivative", "oo", "Rational")
}


def parse(text: str, symbols: dict[str, Any]) -> Any:
    """Turn a claim's text into an expression; a name that is not a function is a symbol."""
    names = set(re.findall(r"[A-Za-z_]\w*", text)) - set(_FUNCTIONS)
    local = {name: symbols.setdefault(name, sp.Symbol(name, real=True)) for name in sorted(names)}
    return sp.sympify(text, locals={**_FUNCTIONS, **local}, rational=True)


def denominators(text: str) -> list[str]:
    """Return what `text` divides by, as written: sympy cancels x/x before one can look."""
    found = []
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        if not isinstance(node, ast.BinOp):
            continue
        if isinstance(node.op, ast.Div):
            found.append(ast.unparse(node.right))
        elif isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
            found.append(ast.unparse(node.left))  # the exponent may be negative
    return found


@dataclass(frozen=True, kw_only=True)
class Range:
    """``low (<|<=) symbol [(<|<=) high]``."""

    symbol: Any
    low: Any
    high: Any | None
    low_open: bool
    high_open: bool
    divides_by: tuple[Any, ...] = ()

    def holds(self, point: dict[Any, Any]) -> bool:
        """Whether the point is inside."""
        x = point[self.symbol]
        low = self.low.subs(point)
        if not (x > low if self.low_open else x >= low):
            return False
        if self.high is None:
            return True
        high = self.high.subs(point)
        return bool(x < high if self.high_open else x <= high)


def parse_range(text: str, symbols: dict[str, Any]) -> Range:
    """Read ``"0 <= e < 1"`` or ``"d <= m"``.

    Raises
    ------
    ValueError
        The text is not of this form, or it is a range between numbers that is empty.
    """
    parts = [part.strip() for part in re.split(r"(<=|<)", text)]
    if len(parts) not in (3, 5) or not re.fullmatch(r"[A-Za-z_]\w*", parts[2]):
        raise ValueError(f"not a range: {text!r}")
    ends = parts[::4]
    found = Range(
        symbol=parse(parts[2], symbols),
        low=parse(parts[0], symbols),
        high=parse(parts[4], symbols) if len(parts) == 5 else None,
        low_open=parts[1] == "<",
        high_open=len(parts) == 5 and parts[3] == "<",
        divides_by=tuple(parse(below, symbols) for end in ends for below in denominators(end)),
    )
    if found.high is not None:
        width = found.high - found.low
        if width.is_negative or (width.is_zero and (found.low_open or found.high_open)):
            raise ValueError(f"empty range: {text!r}")
    return found


@dataclass(frozen=True)
class Case:
    """One part of a domain: symbols as expressions in parameters that are >= 0 or > 0."""

    substitution: tuple[tuple[Any, Any], ...]
    parameters: tuple[Any, ...]
    positive: frozenset[Any]

    def apply(self, expression: Any) -> Any:
        """Write an expression in the parameters."""
        # last first: the ends of a range use the symbols before it
        for symbol, value in reversed(self.substitution):
            expression = expression.subs(symbol, value)
        return expression


def cases(ranges: list[Range]) -> list[Case]:
    """Return cases whose images together are the domain."""
    found = [Case((), (), frozenset())]
    for number, one in enumerate(ranges):
        y = sp.Symbol(f"y{number}", nonnegative=True)
        grown = []
        for case in found:
            inside = one.low + y if one.high is None else (one.low + one.high * y) / (1 + y)
            grown.append(
                Case(
                    (*case.substitution, (one.symbol, inside)),
                    (*case.parameters, y),
                    case.positive | ({y} if one.low_open else set()),
                )
            )
            if one.high is not None and not one.high_open:
                grown.append(
                    Case(
                        (*case.substitution, (one.symbol, one.high)),
                        case.parameters,
                        case.positive,
                    )
                )
        found = grown
    return found
