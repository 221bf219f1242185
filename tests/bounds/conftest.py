"""Exact optima of tiny instances, by plain enumeration; the Coq development, compiled."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kvproof.bounds.formal.prove import prove
from kvproof.bounds.formal.statements import statements
from kvproof.scheduling.instance import Instance


def optimum(instance: Instance) -> int:
    """Least total latency, by a forward search over (started, future memory) states."""
    rows = list(
        zip(
            instance.arrival.tolist(),
            instance.prompt.tolist(),
            instance.output.tolist(),
            strict=True,
        )
    )
    memory, everything = instance.memory, (1 << len(rows)) - 1
    states: dict[tuple[int, tuple[int, ...]], int] = {(0, ()): 0}
    best, now = 10**9, 0
    while states:
        following: dict[tuple[int, tuple[int, ...]], int] = {}

        def place(
            at: int,
            started: int,
            held: tuple[int, ...],
            cost: int,
            following: dict[tuple[int, tuple[int, ...]], int] = following,
            now: int = now,
        ) -> None:
            nonlocal best
            if at == len(rows):
                if started == everything:
                    best = min(best, cost)
                    return
                rest = sum(
                    max(now + 1, a) + o - a
                    for i, (a, _, o) in enumerate(rows)
                    if not started >> i & 1
                )
                if cost + rest < best:
                    key = (started, held[1:])
                    following[key] = min(cost, following.get(key, cost))
                return
            place(at + 1, started, held, cost)
            arrival, prompt, output = rows[at]
            if started >> at & 1 or arrival > now:
                return
            grown = list(held) + [0] * max(0, output - len(held))
            for step in range(output):
                grown[step] += prompt + step + 1
            if max(grown) <= memory:
                place(at + 1, started | 1 << at, tuple(grown), cost + now + output - arrival)

        for (started, held), cost in states.items():
            place(0, started, held, cost)
        states, now = following, now + 1
    return best


@pytest.fixture(scope="session")
def opt() -> Callable[[Instance], int]:
    return optimum


@pytest.fixture(scope="session")
def formal_build() -> Path:
    """The build folder of `make prove`, brought up to date."""
    folder = Path(__file__).parents[2] / "build" / "formal"
    assert prove(folder, fresh=False) == tuple(statements())
    return folder
