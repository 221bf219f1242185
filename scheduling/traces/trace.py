"""A trace as it was read, exact, and the instance that is made of it."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import MAX_ARRIVAL, MAX_MEMORY, Instance
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.traces.formats import TraceFormat

DEFAULT_STEP = Fraction(1, 20)
OFFENDERS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What became of the rows of a trace on their way into an instance.

    The rows read are the requests kept plus the failed, the unread and the oversize ones.

    Parameters
    ----------
    kept
        Requests of the instance.
    failed
        Rows with an output of 0 tokens, dropped.
    unread
        Requests beyond the limit, left out.
    oversize
        Requests that need more than the memory, dropped.
    resorted
        Whether rows were out of order and have been sorted by time.
    rows
        Which row of the file each request of the instance is, counted from 0 as a data frame of
        the file counts them, shape (kept,).
    """

    kept: int
    failed: int = 0
    unread: int = 0
    oversize: int = 0
    resorted: bool = False
    rows: Column = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64), compare=False, repr=False
    )

    def lines(self) -> tuple[str, ...]:
        """Say it in words, a line for each thing that a reader must know; often none."""
        said = (
            (self.failed, f"failed requests (output of 0 tokens), dropped: {self.failed:,}"),
            (self.resorted, "the rows were not in order of time: sorted, stably"),
            (self.unread, f"requests beyond the limit, left out: {self.unread:,}"),
            (self.oversize, f"requests larger than the memory, dropped: {self.oversize:,}"),
        )
        return tuple(line for counts, line in said if counts)


def _positive(value: Fraction | float | str, name: str, what: str) -> Fraction:
    try:
        exact = Fraction(str(value))  # 0.05 is one twentieth, as it is written
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} must be {what}, got {value!r}") from None
    if exact <= 0:
        raise InputError(f"{name} must be > 0, got {value}")
    return exact


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Trace(Shown):
    """Requests in order of time, with nothing rounded.

    Parameters
    ----------
    source
        The file, as named in messages.
    format
        What its columns were read as.
    ticks
        Arrival times, ascending, in units of `tick`; None for a trace without times.
    tick
        Seconds per unit of `ticks`.
    line, row, prompt, output
        int64 columns of shape (requests,): where the request stands in the file, the line from 1
        and the row of the table from 0, and its prompt (>= 0) and output (>= 1) length in tokens.
    failed
        Rows with an output of 0 tokens; they are in no column.
    resorted
        Whether the file was out of order.
    place
        What `line` counts: ``line`` of a text file, or ``row``.
    predicted
        Predicted output lengths, of the column that was asked for: int64 of shape (requests,), at
        least 1; else None.
    """

    source: str
    format: TraceFormat
    ticks: tuple[int, ...] | None
    tick: Fraction
    line: Column
    row: Column
    prompt: Column
    output: Column
    failed: int
    resorted: bool
    place: str
    predicted: Column | None = None

    def __post_init__(self) -> None:
        for column in (self.line, self.row, self.prompt, self.output):
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.line)

    def facts(self) -> dict[str, str]:
        """Return the file, its format, and what is in it."""
        span = None
        if self.ticks:
            span = f"{float((self.ticks[-1] - self.ticks[0]) * self.tick):,.1f} s"
        return {
            "file": self.source,
            "format": self.format.name,
            "requests": f"{len(self):,}",
            "arrivals": "none" if span is None else f"over {span}",
            "failed": f"{self.failed:,}",
        }

    def to_instance(
        self,
        *,
        memory: int,
        step: Fraction | float | str = DEFAULT_STEP,
        rate_scale: Fraction | float | str = 1,
        backlog: bool = False,
        limit: int | None = None,
        oversize: Literal["error", "drop"] = "error",
    ) -> tuple[Instance, Notes]:
        """Turn the trace into an instance of unit steps.

        A request arrives in step ``floor((t - t0) / (rate_scale * step))``, computed in integers,
        where t0 is the first arrival that is kept.

        Parameters
        ----------
        memory
            KV-cache capacity in tokens.
        step
            Seconds per decode step, > 0; a float is taken as the decimal that it shows as.
        rate_scale
            How many times as fast the requests come, > 0; exact as `step` is.
        backlog
            Let every request arrive at 0, in the same order.
        limit
            Keep the first so many requests only; applied before `oversize`.
        oversize
            What to do with requests whose prompt + output exceeds the memory.

        Raises
        ------
        InputError
            The trace has no times and is no backlog, a request is larger than the memory, no
            request is left, an arrival is beyond 2^48 steps, or an argument is out of range.
        """
        step = _positive(step, "step", "a number of seconds")
        rate = _positive(rate_scale, "rate_scale", "a number")
        if limit is not None and limit < 1:
            raise InputError(f"limit must be at least 1, got {limit}")
        if oversize not in ("error", "drop"):
            raise InputError(f"oversize must be error or drop, got {oversize!r}")
        if self.ticks is None and not backlog:
            what = f"column {self.format.time!r}" if self.format.time else "a column of times"
            raise InputError(
                f"{self.source}: {what} is missing from this {self.format.name} trace; "
                "--backlog lets every request arrive at 0"
            )
        peak = (self.prompt + self.output)[:limit]
        fits = peak <= memory
        if oversize == "error" and not fits.all():
            raise InputError(self._too_large(memory, peak))
        kept = np.flatnonzero(fits)
        notes = Notes(
            kept=len(kept),
            failed=self.failed,
            unread=len(self) - len(peak),
            oversize=len(peak) - len(kept),
            resorted=self.resorted,
            rows=self.row[kept],
        )
        if not len(kept):
            raise InputError("; ".join((f"{self.source}: no request is left", *notes.lines())))
        instance = Instance(
            memory=memory,
            arrival=np.zeros_like(kept) if backlog else self._steps(kept, step * rate),
            prompt=self.prompt[kept],
            output=self.output[kept],
        )
        return instance, notes

    def _steps(self, kept: Column, step: Fraction) -> Column:
        """Arrivals of the requests at these positions, in units of `step`, from the first on."""
        assert self.ticks is not None  # to_instance has made sure
        per_tick = self.tick / step
        up, down = per_tick.numerator, per_tick.denominator
        first, last = self.ticks[kept[0]], self.ticks[kept[-1]]
        if (last - first) * up // down > MAX_ARRIVAL:
            raise InputError(
                f"{self.source}: {self.place} {self.line[kept[-1]]}: arrives more than "
                f"{MAX_ARRIVAL} steps after the first request; take a longer --step"
            )
        # Python integers: a tick may be finer, and a sum larger, than int64 can tell
        return np.array(
            [(self.ticks[i] - first) * up // down for i in kept.tolist()], dtype=np.int64
        )

    def _too_large(self, memory: int, peak: Column) -> str:
        offenders = np.flatnonzero(peak > memory)
        first = ", ".join(
            f"{self.place} {self.line[i]}: {self.prompt[i]} + {self.output[i]}"
            for i in offenders[:OFFENDERS_SHOWN]
        )
        more = ", ..." if len(offenders) > OFFENDERS_SHOWN else ""
        needed = int(peak.max())
        raising = f"raise --memory to {needed} or " if needed <= MAX_MEMORY else ""
        return (
            f"{self.source}: {len(offenders)} of {len(peak)} requests need more than the memory "
            f"of {memory} tokens (prompt + output at {first}{more}); "
            f"{raising}choose --oversize drop"
        )
