"""States of the layered search and their packed memory profiles.

A state before the starts at step t: which requests have started (a key: a mixed-radix number over
classes, or a hash where that has too many bits), their latencies so far, the tokens that they will
hold in steps t + 1, t + 2, ... (one lane of 8, 16 or 32 bits per step, so that a whole profile is
compared in a few machine words), their starts, and the best lower bound known through it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import LimitError
from kvproof.solver.model import INSTEAD, Model

Words = npt.NDArray[np.uint64]

# Bits of a key.
_BITS = 63


class Packing(NamedTuple):
    """How keys and profiles of a model are packed into 64-bit words; kernels take it as it is.

    Parameters
    ----------
    bits
        Width of a lane; its top bit is a guard, so memory stays below ``2 ** (bits - 1)``.
    words
        Words per profile.
    radix
        Key weight of one started request of each class.
    exact
        Whether no two sets of started requests share a key. If not, rows of a key are compared.
    shape
        Packed profile of a request of each class at its start, (classes, words).
    guard, full
        All guard bits; memory in every lane.
    """

    bits: int
    words: int
    radix: Words
    exact: bool
    shape: Words
    guard: np.uint64
    full: np.uint64


@lru_cache(maxsize=4)
def packing_of(model: Model) -> Packing:
    """Choose lanes for the memory and a mixed radix for the classes.

    Where there are too many sets of started requests for a key, weights are drawn, so that sets
    rarely share one.

    Raises
    ------
    LimitError
        Memory beyond 2^31.
    """
    bits = next((b for b in (8, 16, 32) if model.memory < 1 << (b - 1)), 0)
    weight = 1
    radix = []
    for count in model.count.tolist():
        radix.append(weight)
        weight *= count + 1
    if not bits:
        raise LimitError(
            f"exact search: a memory of {model.memory:,} tokens is too large; {INSTEAD}"
        )
    exact = weight < 1 << _BITS
    if not exact:
        draw = random.Random(0)
        radix = [draw.getrandbits(_BITS) for _ in range(model.classes)]
    lanes = 64 // bits
    words = -(-int(model.output.max()) // lanes)
    shape = np.zeros((model.classes, words), dtype=np.uint64)
    for c in range(model.classes):
        for j in range(int(model.output[c])):
            held = int(model.prompt[c]) + j + 1
            shape[c, j // lanes] |= np.uint64(held << (bits * (j % lanes)))
    return Packing(
        bits=bits,
        words=words,
        radix=np.array(radix, dtype=np.uint64),
        exact=exact,
        shape=shape,
        guard=np.uint64(sum(1 << (bits * j + bits - 1) for j in range(lanes))),
        full=np.uint64(sum(model.memory << (bits * j) for j in range(lanes))),
    )


class Columns(NamedTuple):
    """The columns of :class:`States`, as kernels take them."""

    key: Words
    latency: npt.NDArray[np.int64]
    profile: Words
    starts: npt.NDArray[np.int16]
    low: npt.NDArray[np.int64]
    vector: npt.NDArray[np.int16]


@dataclass(kw_only=True, eq=False)
class States:
    """A batch of states in columns; all of one layer."""

    key: Words
    latency: npt.NDArray[np.int64]
    profile: Words
    starts: npt.NDArray[np.int16]
    low: npt.NDArray[np.int64]
    vector: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def empty(cls, rows: int, packing: Packing, requests: int) -> Self:
        """Return uninitialised columns of `rows` states."""
        return cls(
            key=np.empty(rows, np.uint64),
            latency=np.empty(rows, np.int64),
            profile=np.empty((rows, packing.words), np.uint64),
            starts=np.empty((rows, requests), np.int16),
            low=np.empty(rows, np.int64),
            vector=np.empty(rows, np.int16),
        )

    @classmethod
    def root(cls, packing: Packing, requests: int) -> Self:
        """Return the one state in which nothing has started."""
        state = cls.empty(1, packing, requests)
        state.key[0] = 0
        state.latency[0] = 0
        state.profile[:] = 0
        state.starts[:] = -1
        state.low[0] = -(2**60)
        state.vector[0] = 0
        return state

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the states of all parts, in order."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in ("key", "latency", "profile", "starts", "low", "vector")
            }
        )

    @property
    def columns(self) -> Columns:
        """The columns themselves, for kernels to read and to write."""
        return Columns(self.key, self.latency, self.profile, self.starts, self.low, self.vector)

    def order(self) -> npt.NDArray[np.int64]:
        """Return the rows by key, those of one key the cheapest first."""
        return np.lexsort((self.latency, self.key))

    def take(self, rows: Any) -> Self:
        """Return the selected states."""
        return type(self)(
            key=self.key[rows], latency=self.latency[rows], profile=self.profile[rows],
            starts=self.starts[rows], low=self.low[rows], vector=self.vector[rows],
        )  # fmt: skip

    def grown(self, rows: int, packing: Packing) -> Self:
        """Return columns of `rows` states that begin with these."""
        bigger = self.empty(rows, packing, self.starts.shape[1])
        for name in ("key", "latency", "profile", "starts", "low", "vector"):
            getattr(bigger, name)[: len(self)] = getattr(self, name)
        return bigger


def bytes_per_state(packing: Packing, requests: int) -> int:
    """Return the bytes that one state takes in its columns."""
    return 8 + 8 + 8 * packing.words + 2 * requests + 8 + 2
