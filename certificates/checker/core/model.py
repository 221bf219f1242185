"""The instance that a claim is about, its digest, and schedules of it."""

import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain, groupby, islice, repeat
from typing import Any

from .budget import Budget
from .reader import fields, integer, integers, text
from .verdict import Malformed, OverLimit


@dataclass(frozen=True)
class Instance:
    """Requests in order (counts expanded) and the memory that they share.

    Parameters
    ----------
    memory
        KV-cache capacity M, tokens.
    arrival, prompt, output
        One entry per request: steps, tokens, tokens.
    digest
        The 64 hexadecimal digits that name this instance.
    """

    memory: int
    arrival: list[int]
    prompt: list[int]
    output: list[int]
    digest: str

    @property
    def size(self) -> int:
        """Number of requests n."""
        return len(self.arrival)

    @cached_property
    def volume(self) -> list[int]:
        """Token-steps of each request, ``s o + o (o + 1) / 2``."""
        return [s * o + o * (o + 1) // 2 for s, o in zip(self.prompt, self.output)]

    def kinds(self, budget: Budget) -> Counter[tuple[int, int, int]]:
        """Count the distinct requests (arrival, prompt, output)."""
        found: Counter[tuple[int, int, int]] = Counter()
        requests = zip(self.arrival, self.prompt, self.output)
        while some := list(islice(requests, 1024)):
            before = len(found)
            found.update(some)
            budget.take(250 * (len(found) - before))
            budget.tick(1024)
        return found

    def classes(self, budget: Budget) -> list[tuple[int, int, int, int]]:
        """Distinct requests: arrival after the first one's, prompt, output; and how many.

        Largest volume first, then largest output, then earliest arrival.
        """
        origin, count = min(self.arrival), self.kinds(budget)
        budget.take(120 * len(count))
        rows = [(a - origin, s, o, number) for (a, s, o), number in count.items()]
        return sorted(rows, key=lambda r: (-(r[1] * r[2] + r[2] * (r[2] + 1) // 2), -r[2], r[0]))


def read_instance(value: object, where: str, budget: Budget) -> Instance:
    """Read a ``kvproof-instance`` object, version 1."""
    found = fields(value, where, "format version memory arrival prompt output", "count")
    text(found["format"], f"{where}.format", "kvproof-instance")
    integer(found["version"], f"{where}.version", 1, 1)
    memory = integer(found["memory"], f"{where}.memory", 1, 2**31 - 1)
    arrival = integers(found["arrival"], f"{where}.arrival", 0, 2**48)
    prompt = integers(found["prompt"], f"{where}.prompt", 0, memory)
    output = integers(found["output"], f"{where}.output", 1, memory)
    count = [1] * len(arrival)
    if "count" in found:
        count = integers(found["count"], f"{where}.count", 1)
    if not arrival:
        raise Malformed(f"{where}: no requests")
    for name, column in (("prompt", prompt), ("output", output), ("count", count)):
        if len(column) != len(arrival):
            raise Malformed(f"{where}: {len(arrival)} arrivals but {len(column)} of {name}")
    if sum(count) > budget.requests:
        raise OverLimit(f"{where}: more than {budget.requests:,} requests")
    # the digest's columns, the columns expanded, and volumes
    budget.take(60 * len(count) + 64 * sum(count))
    for row, (s, o) in enumerate(budget.each(zip(prompt, output))):
        if s + o > memory:
            raise Malformed(f"{where}: row {row} needs {s} + {o} tokens of {memory}")
    digest = _digest(memory, zip(arrival, prompt, output, count), budget)
    if "count" in found:
        arrival, prompt, output = (expand(column, count) for column in (arrival, prompt, output))
    return Instance(memory=memory, arrival=arrival, prompt=prompt, output=output, digest=digest)


def _digest(memory: int, rows: Iterable[tuple[int, int, int, int]], budget: Budget) -> str:
    """Hash the canonical rows: runs of equal neighbours merged, so counts do not matter."""
    columns: list[list[int]] = [[], [], [], []]
    for request, run in groupby(rows, lambda row: row[:3]):
        counts = [row[3] for row in run]
        budget.tick(1 + len(counts))
        for column, entry in zip(columns, (*request, sum(counts))):
            column.append(entry)
    hashed = sha256(b"kvproof-instance/1\n")
    for column in ([memory, len(columns[0])], *columns):
        hashed.update(struct.pack(f"<{len(column)}q", *column))
    return hashed.hexdigest()


def expand(values: list[int], count: list[int]) -> list[int]:
    """Repeat each value as often as its count says."""
    return list(chain.from_iterable(map(repeat, values, count)))


def read_schedule(value: object, where: str, instance: Instance) -> list[int]:
    """Read ``{"starts": [...]}``, optionally with ``"count"``: one start per request."""
    return read_column(fields(value, where, "starts", "count"), "starts", where, instance)


def read_column(found: dict[str, Any], name: str, where: str, instance: Instance) -> list[int]:
    """Return the field `name`, one entry per request; where there is ``"count"``, repeated so."""
    column = integers(found[name], f"{where}.{name}")
    count = integers(found["count"], f"{where}.count", 1) if "count" in found else None
    if count is not None and len(count) != len(column):
        raise Malformed(f"{where}: {len(column)} {name} but {len(count)} of count")
    # looks before it expands: a count can be 2^62
    if (len(column) if count is None else sum(count)) != instance.size:
        raise Malformed(f"{where}: not one of {name} for each of {instance.size:,} requests")
    return column if count is None else expand(column, count)
