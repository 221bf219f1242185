"""Bounds that a user writes, such as ``1 + 2/(1 - eps)``: parsed, never run, exact.

Known are whole and decimal numbers, ``+ - * /``, powers with a whole exponent from -64 to 64,
``min`` and ``max``, and the parameters of an instance (`PARAMETERS`).
"""

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance

MOST_CHARACTERS, MOST_EXPONENT, MOST_BITS = 400, 64, 100_000

PARAMETERS: dict[str, Callable[[Instance], Fraction | int]] = {
    "eps": lambda instance: instance.eps,
    "n": lambda instance: instance.requests,
    "M": lambda instance: instance.memory,
    "max_o": lambda instance: int(instance.output.max()),
    "min_o": lambda instance: int(instance.output.min()),
    "max_s": lambda instance: int(instance.prompt.max()),
    "min_s": lambda instance: int(instance.prompt.min()),
    "max_v": lambda instance: int(instance.volume.max()),
    "min_v": lambda instance: int(instance.volume.min()),
    "sum_o": lambda instance: instance.total(instance.output),
    "sum_v": lambda instance: instance.total_volume,
}

_BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: _power(a, b),
}


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A parsed bound on policy / OPT.

    Parameters
    ----------
    text
        As it was written.
    tree
        Its syntax, of known nodes only.
    """

    text: str
    tree: ast.expr

    def value(self, instance: Instance) -> Fraction | None:
        """Return its value on an instance; None where it divides by 0 and so claims nothing."""
        values = {name: Fraction(take(instance)) for name, take in PARAMETERS.items()}
        try:
            return _value(self.tree, values)
        except ZeroDivisionError:
            return None


def parse(text: str) -> Expression:
    """Return the expression that a text is.

    Raises
    ------
    InputError
        It is not one: with what is not understood.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"bound: more than {MOST_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of 1or 2, which is refused below
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"bound {text!r} is not an expression such as 1 + 2/(1 - eps)") from None
    _check(tree, text)
    return Expression(text=text, tree=tree)


def _check(node: ast.expr, text: str) -> None:
    """Refuse every node that is not on the list."""
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            source = ast.get_source_segment(text.strip(), node) or ""
            if not all(c in "0123456789." for c in source) or len(source) > 40:
                raise InputError(f"bound {text!r}: write numbers as 3 or 0.25, not {source!r}")
            # the digits as written: 0.1 is a tenth here, not the float next to it
            node.value = source  # type: ignore[unreachable,unused-ignore]
        case ast.Name(id=name):
            if name not in PARAMETERS:
                raise InputError(
                    f"bound {text!r}: {name!r} is neither a theorem nor a parameter; parameters: "
                    f"{', '.join(PARAMETERS)}"
                )
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, text)
            _check(right, text)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[_, *_] as arguments, keywords=[]):
            for argument in arguments:
                _check(argument, text)
        case _:
            raise InputError(
                f"bound {text!r}: {ast.unparse(node)!r} is not understood; known are numbers, "
                "+ - * / **, min, max and the instance's parameters"
            )


def _value(node: ast.expr, values: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Constant(value=digits):
            return Fraction(str(digits))
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            return -_value(operand, values) if isinstance(op, ast.USub) else _value(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            found = _BINARY[type(op)](_value(left, values), _value(right, values))
            if max(found.numerator.bit_length(), found.denominator.bit_length()) > MOST_BITS:
                raise InputError("bound: a number in it grows too long")
            return found
        case ast.Call(func=ast.Name(id=name), args=arguments):
            pick = min if name == "min" else max
            return pick(_value(argument, values) for argument in arguments)
    raise InputError(f"bound: {ast.unparse(node)!r} is not understood")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > MOST_EXPONENT:
        raise InputError(f"bound: exponents must be whole and within {MOST_EXPONENT}")
    return Fraction(base ** int(exponent))
