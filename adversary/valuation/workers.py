"""Evaluates batches in this process, in processes beside it, or on a Dask cluster.

An evaluation is a pure function and batches do not depend on who evaluates them, so the result
of a search is the same with any number of workers.
"""

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np

from kvproof.adversary.genomes.space import Floats, Genomes
from kvproof.adversary.valuation.objective import Objective, Scores
from kvproof.scheduling.cluster import connect
from kvproof.scheduling.interruption import blocked


class Workers(Protocol):
    """Evaluates batches; a context manager."""

    def scores(self, objective: Objective, genomes: Genomes, at_least: Floats) -> Scores:
        """Return the scores of a batch."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


class InProcess:
    """Evaluates in this process."""

    def scores(self, objective: Objective, genomes: Genomes, at_least: Floats) -> Scores:
        """Evaluate in one go."""
        return objective.scores(genomes, at_least)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class _Parts(ABC):
    """Evaluates a batch in as many parts as there are workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @abstractmethod
    def _map(self, function: Callable[..., Any], *columns: list[Any]) -> list[Any]:
        """Apply the function to the columns' entries, wherever the workers are."""

    def scores(self, objective: Objective, genomes: Genomes, at_least: Floats) -> Scores:
        """Evaluate the parts and put them together in order."""
        parts = max(1, min(self._workers, len(genomes)))
        columns = np.array_split(genomes, parts), np.array_split(at_least, parts)
        found = self._map(_scores, [objective] * parts, list(columns[0]), list(columns[1]))
        return Scores(
            values=np.concatenate([part.values for part in found]),
            estimates=np.concatenate([part.estimates for part in found]),
        )


class Processes(_Parts):
    """Evaluates in processes on this machine."""

    def __enter__(self) -> Self:
        self._pool = process_pool(self._workers)
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(wait=True)

    def _map(self, function: Callable[..., Any], *columns: list[Any]) -> list[Any]:
        return list(self._pool.map(function, *columns))


class DaskCluster(_Parts):
    """Evaluates on a Dask cluster, by the address of its scheduler."""

    def __init__(self, address: str, *, workers: int) -> None:
        super().__init__(workers)
        self._address = address

    def __enter__(self) -> Self:
        self._connection = connect(self._address)
        self._cluster = self._connection.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.__exit__(None, None, None)

    def _map(self, function: Callable[..., Any], *columns: list[Any]) -> list[Any]:
        return list(self._cluster.map(function, *columns))


def make_workers(number: int, dask: str | None = None) -> Workers:
    """Return who evaluates: `number` processes, or a Dask cluster's `number` parts at a time."""
    if dask is not None:
        return DaskCluster(dask, workers=number)
    return InProcess() if number == 1 else Processes(number)


def _scores(objective: Objective, genomes: Genomes, at_least: Floats) -> Scores:
    return objective.scores(genomes, at_least)


def process_pool(workers: int) -> Any:
    """Return joblib's pool of so many processes; Ctrl-C is left to the process that asks."""
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(max_workers=workers, timeout=None, initializer=_ignore_interrupts)
    with blocked():
        pool.submit(_ignore_interrupts)  # with the first call all processes are started
    return pool


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
