"""What is to be scheduled: requests with arrival, prompt and output length, and a memory."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.arguments import as_fraction, as_integer, shown_argument
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import CHUNK, Column, exact_sum
from kvproof.scheduling.machine import refuse_beyond_memory
from kvproof.scheduling.request_columns import column_of, volumes, within
from kvproof.scheduling.shown import Shown

# Rows from which on neither volumes nor their order are kept, for their size.
_MANY = 1 << 24
# Bounds that keep every volume and every point of time inside int64, and far above real use.
MAX_MEMORY = 2**31 - 1
MAX_ARRIVAL = 2**48
MAX_REQUESTS = 2**31 - 1
_CHUNK = 1 << 20

FORMAT = "kvproof-instance"
#: Of certificates, which are given for instances and traces at times.
CERTIFICATE = "kvproof-certificate"
VERSION = 1


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Instance(Shown):
    """Requests and the memory that they share (docs/theory.md, The problem).

    Parameters
    ----------
    memory
        KV-cache capacity M in tokens, 1 to 2^31 - 1.
    arrival, prompt, output
        Columns of shape (rows,), kept as read-only int64: arrival step (0 to 2^48), prompt
        length (>= 0) and output length (>= 1) in tokens, with prompt + output <= memory.
    count
        How many consecutive equal requests each row stands for (>= 1), or None: one each.
        The order of requests matters, for ties between requests go by index.

    Raises
    ------
    InputError
        A column has the wrong type or length, or a value is out of its range.
    """

    memory: int
    arrival: Column
    prompt: Column
    output: Column
    count: Column | None = None

    def __post_init__(self) -> None:
        memory = as_integer("instance: memory", self.memory, 1, MAX_MEMORY)
        object.__setattr__(self, "memory", memory)
        for name in ("arrival", "prompt", "output", "count"):
            values = getattr(self, name)
            if values is not None or name != "count":
                object.__setattr__(self, name, column_of(name, values))
        rows = len(self.arrival)
        for name in ("prompt", "output", "count"):
            values = getattr(self, name)
            if values is not None and len(values) != rows:
                raise InputError(
                    f"instance: column {name} has {len(values):,} rows and column arrival has "
                    f"{rows:,}"
                )
        if not rows:
            raise InputError("instance: there is no request; give at least one")
        within("arrival", self.arrival, 0, MAX_ARRIVAL)
        within("prompt", self.prompt, 0, self.memory)
        within("output", self.output, 1, self.memory)
        if self.count is not None:
            within("count", self.count, 1, MAX_REQUESTS)
            if exact_sum(self.count) > MAX_REQUESTS:
                raise InputError(f"instance: more than {MAX_REQUESTS:,} requests in all")
        peak = self.prompt + self.output
        worst = int(peak.argmax())
        if peak[worst] > self.memory:
            raise InputError(
                f"instance: request {worst} needs prompt + output = {peak[worst]:,} tokens, "
                f"more than memory {self.memory:,}"
            )

    # ---- size and shape -------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Number of rows (classes, where counts are given)."""
        return len(self.arrival)

    @cached_property
    def requests(self) -> int:
        """Number n of requests."""
        return self.rows if self.count is None else exact_sum(self.count)

    @property
    def volume(self) -> Column:
        """Volume v = prompt * output + output * (output + 1) / 2 of each row, in token-steps.

        Of very many rows it is computed anew each time.
        """
        return self._volume if self.rows < _MANY else volumes(self.prompt, self.output)

    @cached_property
    def _volume(self) -> Column:
        return volumes(self.prompt, self.output)

    def keeps_volume(self, column: npt.NDArray[Any]) -> bool:
        """Whether this is the very column of :attr:`volume`, where one is kept."""
        return column is self.__dict__.get("_volume")

    @property
    def by_volume(self) -> Column:
        """The rows in order of volume, then index; of very many they are not kept."""
        return self._by_volume if self.rows < _MANY else self._sorted_by_volume()

    @cached_property
    def _by_volume(self) -> Column:
        return self._sorted_by_volume()

    def _sorted_by_volume(self) -> Column:
        from kvproof.scheduling.sorting import stable_order  # compiled, unlike what is here

        return stable_order(self.volume)

    def lengths(self, order: Column | slice) -> tuple[Column, Column]:
        """Return prompt and output lengths in an order; in :attr:`by_volume` they are kept too."""
        if order is self.__dict__.get("_by_volume"):
            return self._lengths_by_volume
        return self.prompt[order], self.output[order]

    @cached_property
    def _lengths_by_volume(self) -> tuple[Column, Column]:
        return self.prompt[self._by_volume], self.output[self._by_volume]

    @cached_property
    def total_volume(self) -> int:
        """Sum of the volumes of all requests, in token-steps."""
        return self.total(self.volume)

    @cached_property
    def max_peak(self) -> int:
        """Largest prompt + output, in tokens."""
        parts = (slice(i, i + CHUNK) for i in range(0, self.rows, CHUNK))
        return max(int((self.prompt[some] + self.output[some]).max()) for some in parts)

    @property
    def eps(self) -> Fraction:
        """Largest share of the memory that one request ever holds, max (s + o) / M."""
        return Fraction(self.max_peak, self.memory)

    @cached_property
    def is_backlog(self) -> bool:
        """Whether every request is there at step 0."""
        return not self.arrival.any()

    @property
    def load(self) -> Fraction | None:
        """Total volume over memory times arrival span; None where the span is 0."""
        span = int(self.arrival.max() - self.arrival.min())
        return Fraction(self.total_volume, self.memory * span) if span else None

    @property
    def horizon(self) -> int:
        """About the last step of a good schedule, all volume served at full memory, and some room.

        No promise: the best schedule may take longer.
        """
        work = -(-self.total_volume // self.memory)
        return int(self.arrival.max()) + work + 2 * int(self.output.max())

    def total(self, per_row: Column) -> int:
        """Sum a per-row quantity over all requests, exactly."""
        if self.count is None:
            return exact_sum(per_row)
        return sum(int(c) * int(v) for c, v in zip(self.count, per_row, strict=True))

    # ---- forms ----------------------------------------------------------------------------

    def expanded(self) -> "Instance":
        """Return the same requests, one row each; LimitError where there is no memory for them."""
        if self.count is None:
            return self
        refuse_beyond_memory(self.requests)
        columns = (np.repeat(c, self.count) for c in (self.arrival, self.prompt, self.output))
        arrival, prompt, output = columns
        return Instance(memory=self.memory, arrival=arrival, prompt=prompt, output=output)

    def merged(self) -> "Instance":
        """Return the canonical form: runs of equal consecutive requests as one row with a count."""
        first = self._firsts()
        arrival, prompt, output = (
            column[first] for column in (self.arrival, self.prompt, self.output)
        )
        return Instance(
            memory=self.memory, arrival=arrival, prompt=prompt, output=output,
            count=self._counts(first),
        )  # fmt: skip

    def _firsts(self) -> Column:
        """Return the rows that differ from the one before."""
        change = np.zeros(self.rows, dtype=bool)
        change[0] = True
        for column in (self.arrival, self.prompt, self.output):
            change[1:] |= column[1:] != column[:-1]
        return np.flatnonzero(change)

    def _counts(self, first: Column) -> Column:
        """Return how many requests each run of rows that begins there stands for."""
        if self.count is None:
            return np.diff(first, append=self.rows)
        count: Column = np.add.reduceat(self.count, first)
        return count

    def backlog(self) -> "Instance":
        """Return the same requests with every arrival at 0."""
        return Instance(
            memory=self.memory,
            arrival=np.zeros_like(self.arrival),
            prompt=self.prompt,
            output=self.output,
            count=self.count,
        )

    def at_rate(self, scale: Fraction | float | str) -> "Instance":
        """Return the same requests, coming `scale` times as fast: ``floor(arrival / scale)``.

        A float is taken as it is written.

        Raises
        ------
        InputError
            The scale is no number above 0, or an arrival is beyond 2^48.
        """
        times_as_fast = as_fraction("instance: a rate", scale)
        if times_as_fast <= 0:
            raise InputError(f"instance: a rate must be above 0, got {shown_argument(scale)}")
        up, down = times_as_fast.denominator, times_as_fast.numerator
        times, inverse = np.unique(self.arrival, return_inverse=True)
        # Python integers: the scale may have more digits than int64
        scaled = [time * up // down for time in times.tolist()]
        if scaled[-1] > MAX_ARRIVAL:
            raise InputError(
                f"the last request arrives after step {MAX_ARRIVAL:,} at this rate; take a higher "
                "one"
            )
        return Instance(
            memory=self.memory,
            arrival=np.array(scaled, dtype=np.int64)[inverse],
            prompt=self.prompt,
            output=self.output,
            count=self.count,
        )

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of the canonical form, which an instance and its expansion share.

        The bytes are ``kvproof-instance/1``, a line feed, then little-endian int64: memory,
        number of rows, and the columns arrival, prompt, output, count of :meth:`merged`.
        """
        first = self._firsts()
        hasher = hashlib.sha256(f"{FORMAT}/{VERSION}\n".encode())
        hasher.update(np.array([self.memory, len(first)], dtype="<i8").tobytes())
        for column in (self.arrival, self.prompt, self.output):
            for begin in range(0, len(first), _CHUNK):  # in passes: no second instance is made
                some = column[first[begin : begin + _CHUNK]]
                hasher.update(np.ascontiguousarray(some, dtype="<i8").data)
        for begin in range(0, len(first), _CHUNK):
            counts = self._counts(first[begin : begin + _CHUNK + 1])[:_CHUNK]
            hasher.update(np.ascontiguousarray(counts, dtype="<i8").data)
        return hasher.hexdigest()

    def facts(self) -> dict[str, str]:
        """Return requests, memory, traffic and eps."""
        last = f"arrivals over {int(self.arrival.max() - self.arrival.min()):,} steps"
        return {
            "requests": f"{self.requests:,}",
            "memory": f"{self.memory:,}",
            "traffic": "backlog" if self.is_backlog else last,
            "eps": f"{float(self.eps):.3f}",
        }

    def to_json(self) -> dict[str, Any]:
        """Return the instance as the JSON object that :meth:`from_json` reads."""
        data: dict[str, Any] = {"format": FORMAT, "version": VERSION, "memory": self.memory}
        for name in ("arrival", "prompt", "output", "count"):
            values = getattr(self, name)
            if values is not None:
                data[name] = values.tolist()
        return data

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        memory: int,
        arrival: str | None = "arrival",
        prompt: str = "prompt",
        output: str = "output",
    ) -> Self:
        """Take the columns of a data frame, in the frame's order.

        Parameters
        ----------
        frame
            Of pandas or Polars, or whatever gives a column for ``frame[name]``.
        memory
            KV-cache capacity in tokens.
        arrival, prompt, output
            Names of the columns, of integers: steps and tokens. `arrival` None: a backlog.

        Raises
        ------
        InputError
            A column is missing, is not of integers, or holds a value out of range.
        """
        columns: list[Column] = []
        for name in (prompt, output, *([] if arrival is None else [arrival])):
            try:
                columns.append(np.asarray(frame[name]))
            except Exception as error:  # each library has an error of its own
                raise InputError(f"data frame: there is no column {name!r}") from error
        prompts, outputs = columns[:2]
        return cls(
            memory=memory,
            arrival=columns[2] if arrival is not None else np.zeros(len(prompts), dtype=np.int64),
            prompt=prompts,
            output=outputs,
        )

    @classmethod
    def from_json(cls, data: object, *, memory: int | None = None) -> Self:
        """Build an instance from a parsed JSON object; `memory` replaces the object's own.

        Raises
        ------
        InputError
            The object is not of this format, or a field is missing, unknown or out of range.
        """
        given = data.get("format") if isinstance(data, dict) else None
        if given == CERTIFICATE:
            raise InputError("is a certificate, and no instance or trace; use kvproof check")
        if not isinstance(data, dict) or given != FORMAT:
            raise InputError(f'not an instance: expected an object with "format": "{FORMAT}"')
        if type(data.get("version")) is not int or data["version"] != VERSION:
            raise InputError(f"instance version {data.get('version')!r} is unknown; 1 is known")
        known = {"format", "version", "memory", "arrival", "prompt", "output", "count"}
        if unknown := sorted(set(data) - known):
            raise InputError(f"instance: unknown field {unknown[0]!r}")
        if missing := sorted(known - {"count"} - set(data)):
            raise InputError(f"instance: field {missing[0]!r} is missing")
        for name in ("arrival", "prompt", "output", "count"):
            if name in data and not isinstance(data[name], list):
                raise InputError(f"instance: field {name!r} must be a list of integers")
        return cls(
            memory=data["memory"] if memory is None else memory,
            arrival=data["arrival"],
            prompt=data["prompt"],
            output=data["output"],
            count=data.get("count"),
        )


def as_instance(instance: object) -> Instance:
    """Return what must be an instance.

    Raises
    ------
    InputError
        It is something else.
    """
    if not isinstance(instance, Instance):
        kind = type(instance).__name__
        raise InputError(f"expected an Instance, got {kind}; of a trace: to_instance(...)[0]")
    return instance
