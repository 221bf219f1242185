"""Options that several commands share."""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from kvproof.scheduling.arguments import EXPONENT_DIGITS

if TYPE_CHECKING:
    from kvproof.scheduling.policies import Policy


#: What a decorator of click takes and returns.
Decorated = Callable[..., Any]


_SHORT = re.compile(
    rf"(\d{{1,18}}(?:\.\d{{1,18}})?(?:[eE][+-]?\d{{1,{EXPONENT_DIGITS}}})?)(?:/(0*[1-9]\d{{0,17}}))?"
)
#: Numbers of any length, of which :class:`Rational` reads the short ones.
_LONG = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?(/0*[1-9]\d*)?")


class Rational(click.ParamType[Fraction]):
    """A number written as ``0.05``, ``5e-2`` or ``1/20``, kept exact.

    Parameters
    ----------
    zero
        Whether it may be 0; it is never below.
    most
        What it may be at most, or None.
    """

    name = "number"

    def __init__(self, *, zero: bool = False, most: int | None = None) -> None:
        self.zero = zero
        self.most = most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Parse the text; digits are limited, so that no exponent or length can stall us."""
        if isinstance(value, Fraction):
            return value
        match = _SHORT.fullmatch(str(value))
        number = Fraction(match[1]) / int(match[2] or 1) if match else Fraction(-1)
        if not match and _LONG.fullmatch(str(value)):
            what = "has too many digits: 18 are read on each side of a point"
            what += f", {EXPONENT_DIGITS} in an exponent; write it shorter, as 0.05 or 1/20"
            self.fail(f"{value!r} {what}", param, ctx)
        low = number < 0 or (number == 0 and not self.zero)
        if low or (self.most is not None and number > self.most):
            bound = "of at least 0" if self.zero else "above 0"
            bound += "" if self.most is None else f" and at most {self.most}"
            self.fail(f"{value!r} is not a number {bound}, such as 0.05 or 1/20", param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A time above 0, in seconds."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse the text."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = nan
        if not 0 < seconds < inf:
            self.fail(f"{value!r} is not a number of seconds above 0, such as 30", param, ctx)
        return seconds


#: Where a command's context notes the file that a model was read from.
_CONFIG = "kvproof.config"


def files_of_options() -> list[Path]:
    """Return the files that options of the command that runs were read from."""
    context = click.get_current_context(silent=True)
    config = None if context is None else context.meta.get(_CONFIG)
    return [] if config is None else [config]


class Tokens(click.ParamType[int]):
    """Tokens of KV cache: a number, or ``MODEL@SIZE``; its arithmetic is said, unless --quiet.

    Parameters
    ----------
    least, most
        What it may be at least and at most.
    """

    name = "tokens"

    def __init__(self, *, least: int = 1, most: int = 2**31 - 1) -> None:
        self.least = least
        self.most = most

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Name both ways in the help."""
        return "TOKENS|MODEL@SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of tokens."""
        if isinstance(value, int):
            return value
        if "@" in value:
            from kvproof.scheduling import notices
            from kvproof.scheduling.errors import InputError
            from kvproof.serving.hardware.cache import config_file, parse_deployment

            try:
                deployment = parse_deployment(value)
                tokens = deployment.tokens
            except InputError as error:
                self.fail(str(error), param, ctx)
            if ctx is not None:
                ctx.meta[_CONFIG] = config_file(deployment.name)
            if ctx is None or QUIET not in ctx.meta:
                notices.tell(f"memory {tokens:,} tokens: {deployment.in_short()}")
        elif re.fullmatch(r"\d{1,4000}", value):  # int() takes no more
            tokens = int(value)
        else:
            what = "is neither a number of tokens, in digits, nor MODEL@SIZE, as llama-3.1-8b@80GiB"
            self.fail(f"{value!r} {what}", param, ctx)
        if not self.least <= tokens <= self.most:
            allowed = f"{self.least:,} to {self.most:,}"
            self.fail(f"{tokens:,} tokens are not in the range {allowed}", param, ctx)
        return tokens


def refuse_idle(option: str, why: str) -> None:
    """Refuse an option, by its parameter's name, that was given and would change nothing.

    Raises
    ------
    click.UsageError
        It stands on the command line of the command that runs.
    """
    context = click.get_current_context()
    if context.get_parameter_source(option) is ParameterSource.COMMANDLINE:
        given = next(p.opts[0] for p in context.command.params if p.name == option)
        raise click.UsageError(f"{given} has no effect here: {why}")


def same_options(*, but: tuple[str, ...]) -> list[str]:
    """Return the arguments and options of the command line that runs, but those of these names."""
    context = click.get_current_context()
    words = []
    for parameter in context.command.params:
        name, value = parameter.name, context.params.get(parameter.name or "")
        given = context.get_parameter_source(name or "") is ParameterSource.COMMANDLINE
        if name in but or value is None or not given:
            continue
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            words += [parameter.opts[0], str(value)]
    return words


def find_policies(
    names: list[str], *, theta: Fraction | None, admission: Literal["true", "reserve"]
) -> "list[Policy]":
    """Return the policies that are named; the options of svf-1bit are for it alone.

    Raises
    ------
    InputError
        A policy is unknown.
    click.UsageError
        An option of svf-1bit is given, and it is not among them.
    """
    from kvproof.scheduling.one_bit import OneBitSVF
    from kvproof.scheduling.registry import find_policy

    chosen = [find_policy(name, theta=theta, admission=admission) for name in names]
    if not any(isinstance(policy, OneBitSVF) for policy in chosen):
        for option in ("theta", "admission"):
            refuse_idle(option, "it is svf-1bit's")
    return chosen


def named_policies(names: str | None, default: Sequence[str]) -> list[str]:
    """Return the names that stand between commas, each once, or the default."""
    return list(default if names is None else dict.fromkeys(map(str.strip, names.split(","))))


def together(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Return what adds several options to a command; its help has them in this order."""

    def add(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def time_limit_option(help_: str) -> Callable[[Decorated], Decorated]:
    """Return the option of commands that search for as long as they may: 30 s unless given."""
    return click.option(
        "--time-limit",
        type=Seconds(),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help=help_,
    )


class OneTrace(click.Argument):
    """The name of a trace; where a shell made several of a pattern the remedy is said."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Refuse words that are left over."""
        if args and not ctx.resilient_parsing:
            more = len(args) - 1
            raise click.UsageError(
                f"one trace is read; left over: {args[0]!r}{f' and {more} more' if more else ''}; "
                "quote a pattern of files, as 'traces/*.csv', or name their folder",
                ctx,
            )
        return super().handle_parse_result(ctx, opts, args)


#: The argument of commands that read a trace: a file, a folder, a quoted pattern, or ``-``.
trace_argument = click.argument("trace", cls=OneTrace, type=click.Path(allow_dash=True))


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a trace or instance and says how it is made into an instance."""
    return trace_argument(
        click.option(
            "--memory",
            type=Tokens(),
            help="KV-cache capacity in tokens, or that of a model on GPUs (llama-3.1-8b@80GiB, see "
            "kvproof memory); an instance file has its own.",
        )(reading_options(command))
    )


#: What says how the rows of a trace become requests.
reading_options = together(
    click.option("--backlog", is_flag=True, help="Put all arrivals at step 0."),
    click.option(
        "--step",
        type=Rational(),
        help="Seconds per decode step, for traces [default: 0.05].",
    ),
    click.option(
        "--rate-scale",
        type=Rational(),
        help="Requests come so many times as fast: 2, 1.25 or 5/4 [default: 1].",
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


def witness_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a witness: a file, standard input, or one of a run's folder."""
    command = click.option(
        "--number", type=click.IntRange(min=1), help="With a folder: which of its list."
    )(command)
    return click.argument("witness", type=click.Path(allow_dash=True))(command)


#: What says how a policy is run.
rule_options = together(
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


class BoundChoice(click.ParamType[Any]):
    """A kind of lower bound on OPT, or ``best``: the best of those that need no search."""

    name = "bound"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the BoundKind, or None for ``best``."""
        from kvproof.certificates.proofs import BoundKind

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
    metavar="KIND",
    help="The lower bound on OPT: outputs, volume, centroid, discrete-centroid, tail-centroid, "
    "staggered; best is the best of these, which need no search; price searches.",
)

compact_option = click.option(
    "--compact",
    is_flag=True,
    help="Then move each start, in order, to the first step at which it fits (offline).",
)

dask_option = click.option(
    "--dask",
    metavar="ADDRESS",
    help="Work on a Dask cluster, by the address of its scheduler.",
)

report_option = click.option(
    "--report",
    type=click.Path(),
    metavar="FILE.html",
    help="Write the answer as a page: table, interactive pictures, certificates.",
)

#: Where a command's context notes that it was told to be quiet.
QUIET = "kvproof.quiet"


def _be_quiet(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        context.meta[QUIET] = True


quiet_option = click.option(
    "--quiet",
    is_flag=True,
    is_eager=True,  # before a memory whose arithmetic would be said
    expose_value=False,
    callback=_be_quiet,
    help="Show no progress; results and errors only.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
