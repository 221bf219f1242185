"""An instance as the solvers see it: classes of equal requests, time from the first arrival."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

#: What an error says to do about an instance that is too large for an exact engine.
INSTEAD = "use kvproof improve, which finds an interval at any size"


class Kinds(NamedTuple):
    """The columns of a model, one row for each class, as kernels take them.

    Parameters
    ----------
    memory, arrival, prompt, output
        See :class:`Model`.
    copies
        Its `count`, a name that tuples have taken.
    offset
        Index of each class's first request when requests are listed class by class.
    """

    memory: int
    arrival: Column
    prompt: Column
    output: Column
    copies: Column
    offset: Column


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Classes of equal requests, largest volume first.

    Parameters
    ----------
    memory
        M in tokens.
    arrival, prompt, output, count
        int64 columns, one row per class; arrivals count from `origin`.
    origin
        The earliest arrival of the instance.
    members
        For each class the indices of its requests in ``instance.expanded()``, ascending.
    """

    memory: int
    arrival: Column
    prompt: Column
    output: Column
    count: Column
    origin: int
    members: tuple[Column, ...]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.count)

    @property
    def requests(self) -> int:
        """Number of requests."""
        return int(self.count.sum())

    @property
    def volume(self) -> Column:
        """Volume of one request of each class, in token-steps."""
        return self.prompt * self.output + self.output * (self.output + 1) // 2

    @property
    def steps(self) -> int:
        """About how many steps a good schedule takes."""
        return self.instance().horizon

    def part(self, classes: Column) -> Model:
        """Return the model of some classes alone."""
        return replace(
            self, arrival=self.arrival[classes], prompt=self.prompt[classes],
            output=self.output[classes], count=self.count[classes],
            members=tuple(self.members[c] for c in classes.tolist()),
        )  # fmt: skip

    def instance(self) -> Instance:
        """Return the instance in the model's time, a row for each class."""
        return Instance(
            memory=self.memory, arrival=self.arrival, prompt=self.prompt, output=self.output,
            count=self.count,
        )  # fmt: skip

    @property
    def offset(self) -> Column:
        """Index of each class's first request when requests are listed class by class."""
        return np.concatenate(([0], np.cumsum(self.count)[:-1]))

    @property
    def kinds(self) -> Kinds:
        """The columns, for kernels."""
        return Kinds(self.memory, self.arrival, self.prompt, self.output, self.count, self.offset)

    def starts_of_requests(self, listed: Column) -> list[int]:
        """Return starts in instance order from starts listed class by class.

        Within a class the starts are dealt out in index order, earliest first.
        """
        starts = [0] * self.requests
        for offset, count, members in zip(self.offset, self.count, self.members, strict=True):
            own = np.sort(listed[offset : offset + count])
            for request, start in zip(members.tolist(), own.tolist(), strict=True):
                starts[request] = start + self.origin
        return starts

    def total(self, listed: Column) -> int:
        """Return the total latency of starts that are listed class by class."""
        fixed = self.count * (self.output - self.arrival)
        return int(listed.sum() + fixed.sum())


def model_of(instance: Instance) -> Model:
    """Group the requests of an instance by (arrival, prompt, output)."""
    full = instance.expanded()
    origin = int(full.arrival.min())
    rows = np.stack((full.arrival - origin, full.prompt, full.output), axis=1)
    kinds, which = np.unique(rows, axis=0, return_inverse=True)
    which = which.reshape(-1)
    volume = kinds[:, 1] * kinds[:, 2] + kinds[:, 2] * (kinds[:, 2] + 1) // 2
    order = np.lexsort((kinds[:, 0], -kinds[:, 2], -volume))
    members = tuple(np.flatnonzero(which == kind) for kind in order)
    return Model(
        memory=instance.memory,
        arrival=kinds[order, 0].copy(),
        prompt=kinds[order, 1].copy(),
        output=kinds[order, 2].copy(),
        count=np.array([len(m) for m in members], dtype=np.int64),
        origin=origin,
        members=members,
    )
