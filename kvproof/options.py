"""Options that several commands share."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click


class Rational(click.ParamType[Fraction]):
    """A number written as ``0.05`` or ``1/20``, kept exact; positive, or also 0."""

    name = "number"

    def __init__(self, *, zero: bool = False) -> None:
        self.zero = zero

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Parse the text; digits are limited, so that no exponent or length can stall us."""
        if isinstance(value, Fraction):
            return value
        match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,18})?)(?:/(0*[1-9]\d{0,17}))?", str(value))
        number = Fraction(match[1]) / int(match[2] or 1) if match else Fraction(-1)
        if number < 0 or (number == 0 and not self.zero):
            bound = "of at least 0" if self.zero else "above 0"
            self.fail(f"{value!r} is not a number {bound}, such as 0.05 or 1/20", param, ctx)
        return number


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a trace or instance and says how it is made into an instance."""
    for option in reversed(
        (
            click.argument("trace", type=click.Path()),
            click.option(
                "--memory",
                type=click.IntRange(1, 2**31 - 1),
                help="KV-cache capacity in tokens; an instance file has its own.",
            ),
            click.option("--backlog", is_flag=True, help="Put all arrivals at step 0."),
            click.option(
                "--step",
                type=Rational(),
                default="0.05",
                show_default=True,
                help="Seconds per decode step (for traces).",
            ),
            click.option(
                "--limit",
                type=click.IntRange(min=1),
                help="Take only the first N requests in order of arrival.",
                metavar="N",
            ),
            click.option(
                "--oversize",
                type=click.Choice(["error", "drop"]),
                default="error",
                show_default=True,
                help="What to do about requests that cannot fit the memory.",
            ),
        )
    ):
        command = option(command)
    return command


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says how a policy is run."""
    for option in reversed(
        (
            click.option(
                "--skip",
                is_flag=True,
                help="Backfill: pass over a request that does not fit (default: strict).",
            ),
            click.option(
                "--theta",
                type=Rational(zero=True),
                help="Threshold of svf-1bit [default: the mean output].",
            ),
            click.option(
                "--admission",
                type=click.Choice(["true", "reserve"]),
                default="true",
                show_default=True,
                help="What svf-1bit admits by: true lengths, or its class's longest output.",
            ),
        )
    ):
        command = option(command)
    return command


class BoundChoice(click.ParamType[Any]):
    """A kind of lower bound on OPT, or ``best``: the best of those that need no search."""

    name = "bound"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the BoundKind, or None for ``best``."""
        from kvproof.certificates.lower_bounds import BoundKind

        if value is None or value == "best" or isinstance(value, BoundKind):
            return None if value == "best" else value
        if value not in list(BoundKind):
            self.fail(f"{value!r} is not one of best, {', '.join(BoundKind)}", param, ctx)
        return BoundKind(value)


bound_option = click.option(
    "--bound",
    type=BoundChoice(),
    default="best",
    show_default=True,
    metavar="[best|outputs|volume|centroid|price]",
    help="The lower bound on OPT; best is of the first three, price searches for a better one.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
