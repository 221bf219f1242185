"""What the columns of a trace mean: a table of known formats, open to users' own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import entry_points
from itertools import chain

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces.cells import listed

GROUP = "kvproof.trace_formats"


@dataclass(frozen=True, kw_only=True)
class TraceFormat:
    """Names of the columns that hold the time, the prompt length and the output length.

    Parameters
    ----------
    name
        How the format is called in messages.
    prompt, output
        Columns with the prompt and output lengths in tokens.
    time
        Column with the arrival times, as numbers or as date-times; None where the format has
        no times, so that its traces can only be run as a backlog.
    unit
        Seconds per unit of a numeric time. Date-times carry their own unit.
    """

    name: str
    prompt: str
    output: str
    time: str | None = None
    unit: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.unit <= 0:
            raise InputError(f"trace format {self.name}: unit must be > 0, got {self.unit}")
        if len({self.time, self.prompt, self.output}) < 3:
            raise InputError(f"trace format {self.name}: its columns must differ")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a complete trace, the time first."""
        return (*(() if self.time is None else (self.time,)), self.prompt, self.output)

    def missing(self, columns: Sequence[str]) -> list[str]:
        """List the format's columns that are not among `columns`."""
        return [column for column in self.columns if column not in columns]


VIDUR = TraceFormat(
    name="vidur", time="arrived_at", prompt="num_prefill_tokens", output="num_decode_tokens"
)

# Where each comes from: Azure/AzurePublicDataset, HPMLL/BurstGPT, kvcache-ai/Mooncake,
# microsoft/vidur (whose files derive from the Splitwise traces).
BUILTIN = (
    TraceFormat(name="azure", time="TIMESTAMP", prompt="ContextTokens", output="GeneratedTokens"),
    TraceFormat(
        name="burstgpt", time="Timestamp", prompt="Request tokens", output="Response tokens"
    ),
    TraceFormat(
        name="mooncake",
        time="timestamp",
        prompt="input_length",
        output="output_length",
        unit=Fraction(1, 1000),
    ),
    VIDUR,
    TraceFormat(name="lengths", prompt="prompt", output="output"),
)


def find_format(columns: Sequence[str], *, where: str) -> TraceFormat:
    """Return the format of a file with these columns.

    A format with times beats one without: built-in ones first, then those of the entry-point
    group ``kvproof.trace_formats``. Failing that, the first format whose lengths are there.

    Raises
    ------
    InputError
        No format has its length columns here, or a user's format does not load.
    """
    known: list[TraceFormat] = []
    for candidate in chain(BUILTIN, _plugged_in()):  # lazy: plug-ins load only when needed
        if candidate.time is not None and not candidate.missing(columns):
            return candidate
        known.append(candidate)
    for candidate in known:
        if set(candidate.missing(columns)) <= {candidate.time}:
            return candidate
    nearest = min(known, key=lambda known: len(known.missing(columns)) / len(known.columns))
    missing = nearest.missing(columns)
    if len(missing) < len(nearest.columns):
        names = ", ".join(map(repr, missing))
        raise InputError(f"{where}: column {names} is missing from this {nearest.name} trace")
    choices = "; ".join(f"{each.name} ({', '.join(each.columns)})" for each in known)
    raise InputError(
        f"{where}: columns {listed(columns)} are of no known trace format; known: {choices}"
    )


def _plugged_in() -> Iterator[TraceFormat]:
    for entry in entry_points(group=GROUP):
        try:
            loaded = entry.load()
        except Exception as error:  # someone else's code: whatever it raises, say whose it is
            raise InputError(
                f"trace format {entry.name!r} ({entry.value}) does not load: {error!r}"
            ) from error
        if not isinstance(loaded, TraceFormat):
            raise InputError(f"trace format {entry.name!r} ({entry.value}) is not a TraceFormat")
        yield loaded
