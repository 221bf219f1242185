"""A trace as it was read, exact, and the instance that is made of it."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.arguments import as_fraction, as_integer, shown_argument
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import MAX_ARRIVAL, MAX_MEMORY, Instance
from kvproof.scheduling.request_columns import given_away
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.traces.columns import Columns, Places
from kvproof.scheduling.traces.formats import VIDUR, TraceFormat
from kvproof.scheduling.words import counted

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
        the file counts them (of several files as one of them all), shape (kept,).
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
    exact = as_fraction(name, value, what)
    if exact <= 0:
        raise InputError(f"{name} must be > 0, got {shown_argument(value)}")
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
    columns
        Arrival times, lengths and rows, packed.
    origin
        The first arrival, in ticks; of date-times, from the calendar's beginning on.
    tick
        Seconds per tick.
    places
        Where the rows stand.
    failed
        Rows with an output of 0 tokens; they are in no column.
    resorted
        Whether the file was out of order.
    """

    source: str
    format: TraceFormat
    columns: Columns
    origin: int
    tick: Fraction
    places: Places
    failed: int
    resorted: bool

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def ticks(self) -> npt.NDArray[Any] | None:
        """Arrival times since the first, ascending, in ticks; None for a trace without times.

        Shape (requests,): int64, or Python integers in an array of objects beyond that.
        """
        ticks = self.columns.ticks
        return ticks if ticks is None or ticks.dtype == object else _wide(ticks)

    @property
    def row(self) -> Column:
        """Which row of its file each request is, from 0; int64 of shape (requests,)."""
        return _wide(self.places.rows_in_files(self.columns.row))

    @property
    def line(self) -> Column:
        """Where each request stands in its file, the line (or the row) from 1; likewise."""
        return self.places.lines(_wide(self.columns.row))

    @property
    def prompt(self) -> Column:
        """Prompt lengths in tokens, >= 0; likewise."""
        return _wide(self.columns.prompt)

    @property
    def output(self) -> Column:
        """Output lengths in tokens, >= 1; likewise."""
        return _wide(self.columns.output)

    @property
    def predicted(self) -> Column | None:
        """Predicted output lengths, >= 1, of the column that was asked for; else None."""
        return None if self.columns.predicted is None else _wide(self.columns.predicted)

    def sample(self, requests: int, *, seed: int) -> "Trace":
        """Return a uniform sample without replacement, in order; equal seeds give equal samples.

        Raises
        ------
        InputError
            There are fewer requests, or it would have none; the seed is no integer of at least 0.
        """
        requests, seed = as_integer("a sample", requests, 1), as_integer("seed", seed, 0)
        if requests > len(self):
            raise InputError(
                f"{self.source}: a sample of {requests:,}, and there are {len(self):,}; take fewer"
            )
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self), requests, replace=False, shuffle=False)
        which.sort()
        ticks = self.columns.ticks
        later = 0 if ticks is None else int(ticks[which[0]])
        columns = self.columns.taken(which)
        return replace(self, columns=columns, origin=self.origin + later)

    def facts(self) -> dict[str, str]:
        """Return the file, its format, and what is in it."""
        span = None
        if self.columns.ticks is not None and len(self):
            span = f"{float(int(self.columns.ticks[-1]) * self.tick):,.1f} s"
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
        """Return the trace as an instance of unit steps, and what became of its rows.

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
        memory = as_integer("instance: memory", memory)
        step = _positive(step, "step", "a number of seconds")
        rate = _positive(rate_scale, "rate_scale", "a number")
        if limit is not None:
            limit = as_integer("limit", limit, 1)
        if oversize not in ("error", "drop"):
            raise InputError(f"oversize must be error or drop, got {oversize!r}")
        if self.columns.ticks is None and not backlog:
            remedy = "--backlog lets every request arrive at 0"
            what = f"column {self.format.time!r}"
            if self.format.time is None:
                what = "a column of times"
                remedy += f", and seconds are read from a file with {', '.join(VIDUR.columns)}"
            raise InputError(
                f"{self.source}: {what} is missing from this {self.format.name} trace; {remedy}"
            )
        peak = self.prompt[:limit]
        peak += self.output[:limit]
        fits = peak <= memory
        if oversize == "error" and not fits.all():
            raise InputError(self._too_large(memory, peak))
        unread = len(self) - len(peak)
        del peak
        if fits.all():  # and nothing is copied
            kept, columns = len(fits), self.columns
            if unread:
                columns = columns.taken(slice(0, limit))
        else:
            kept = int(fits.sum())
            columns = self.columns.taken(np.flatnonzero(fits))
        notes = Notes(
            kept=kept,
            failed=self.failed,
            unread=unread,
            oversize=len(fits) - kept,
            resorted=self.resorted,
            rows=columns.row,
        )
        if not kept:
            raise InputError("; ".join((f"{self.source}: no request is left", *notes.lines())))
        arrival = np.zeros(kept, np.int64) if backlog else self._steps(columns, step, rate)
        instance = Instance(
            memory=memory,
            arrival=given_away(arrival),
            prompt=given_away(_wide(columns.prompt)),
            output=given_away(_wide(columns.output)),
        )
        return instance, notes

    def _steps(self, columns: Columns, step: Fraction, rate: Fraction) -> Column:
        """Return arrivals in units of `step`, from the first on, `rate` times as fast."""
        assert columns.ticks is not None  # to_instance has made sure
        per_tick = self.tick / (step * rate)
        up, down = per_tick.numerator, per_tick.denominator
        last = int(columns.ticks[-1])
        if last * up // down > MAX_ARRIVAL:
            remedy = f"take a {'higher rate or a ' if rate < 1 else ''}longer --step"
            raise InputError(
                f"{self.source}: {self.places.named(int(columns.row[-1]))}: arrives more than "
                f"{MAX_ARRIVAL:,} steps after the first request; {remedy}"
            )
        if max(last, 1) * up < 2**63 and down < 2**63:
            steps = _wide(columns.ticks)
            steps *= up
            steps //= down
            return steps
        # Python integers: a tick may be finer, and a sum larger, than int64 can tell
        return np.array([tick * up // down for tick in columns.ticks.tolist()], dtype=np.int64)

    def _too_large(self, memory: int, peak: Column) -> str:
        offenders = np.flatnonzero(peak > memory)
        first = ", ".join(
            f"{self.places.named(int(self.columns.row[i]))}: "
            f"{self.columns.prompt[i]:,} + {self.columns.output[i]:,}"
            for i in offenders[:OFFENDERS_SHOWN]
        )
        more = ", ..." if len(offenders) > OFFENDERS_SHOWN else ""
        needed = int(peak.max())
        raising = f"raise the memory to {needed:,} or " if needed <= MAX_MEMORY else ""
        return (
            f"{self.source}: {len(offenders):,} of {counted(len(peak), 'request')} "
            f"need{'s' if len(offenders) == 1 else ''} more than the memory "
            f"of {memory:,} tokens (prompt + output at {first}{more}); "
            f"{raising}choose --oversize drop"
        )


def _wide(column: npt.NDArray[Any]) -> Column:
    """Return a column of one's own to compute with."""
    return column.astype(np.int64)
