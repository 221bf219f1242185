"""Requests that fall apart in time: each part is solved by itself.

A schedule without some of its requests is feasible, so OPT is at least the OPT of all parts, added
up (the kind ``parts`` of docs/certificates.md). Where the parts' schedules fit beside each other,
they are one that costs just that. Where they do not, two that clash become one part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.certificates.proofs import PartsProof, Proof
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule, memory_at_completions
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.interval import IntervalProgress
from kvproof.solver.model import Model, model_of
from kvproof.solver.result import Limit, Result

# Beyond every arrival.
_END = 2**62


class Part(NamedTuple):
    """Some requests by themselves: `members` are their places in the whole instance."""

    instance: Instance
    model: Model
    members: Column


#: A part by its first step, and that behind its last one.
Span = tuple[int, int]
#: Solves a part, from a schedule of it, within so many seconds, or None: without a limit; in none
#: it says what is known at once.
Solve = Callable[[Part, Schedule, float | None, IntervalProgress], Result]


def idle_cuts(model: Model, starts: Column) -> list[int]:
    """Return the arrivals at which all that came before has ended, in a schedule.

    Starts are listed class by class.
    """
    return _cuts(model, starts, np.repeat(model.output, model.count))


def quiet_cuts(model: Model, starts: Column) -> list[int]:
    """Return the arrivals at which all that came before has started, in a schedule."""
    return _cuts(model, starts, np.zeros_like(starts))


def _cuts(model: Model, starts: Column, stay: Column) -> list[int]:
    """Return the arrivals at which all that came before has stayed so long.

    No cut is made between two parts in which nobody waits: they are proved as easily together.
    """
    if not model.arrival.any():
        return []
    arrival = np.repeat(model.arrival, model.count)
    order = np.argsort(arrival, kind="stable")
    arrival, over = arrival[order], np.maximum.accumulate((starts + stay)[order])
    first = np.flatnonzero((over[:-1] <= arrival[1:]) & (arrival[:-1] < arrival[1:])) + 1
    if not len(first):
        return []
    waits = np.add.reduceat(starts[order] - arrival, np.append(0, first)) > 0
    first = first[waits[:-1] | waits[1:]]
    cuts: list[int] = (arrival[first] + model.origin).tolist()
    return cuts


def parts_of(instance: Instance, until: list[int]) -> list[Part]:
    """Return what arrives before the first of these steps, before the second, ..., and later."""
    full = instance.expanded()
    place = np.searchsorted(until, full.arrival, side="right")
    ends = np.cumsum(np.bincount(place, minlength=len(until) + 1))[:-1]
    parts = []
    for members in np.split(np.argsort(place, kind="stable"), ends):
        own = Instance(
            memory=full.memory, arrival=full.arrival[members], prompt=full.prompt[members],
            output=full.output[members],
        )  # fmt: skip
        parts.append(Part(own, model_of(own), members))
    return parts


def solve_parts(
    until: list[int],
    first: Schedule,
    solve: Solve,
    deadline: float | None,
    most: float,
    progress: IntervalProgress | None,
) -> Result | None:
    """Solve the parts one by one, the smallest first, and put their schedules together.

    Of the time that is left each part has an equal share. Two parts whose schedules clash become
    one; the highest bound on the way is returned. No part has more than `most` of all requests, nor
    of the time that is left: none is tried where one would have.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C came before all parts had a bound.
    """
    begun = time.monotonic()
    found = _Found(best=first)
    try:
        _solve_all(found, until, solve, deadline, most, progress)
    except KeyboardInterrupt:  # between two parts
        if not found.told:
            raise
        found.stopped = True
    return found.result(time.monotonic() - begun) if found.results else None


def _solve_all(
    found: _Found,
    until: list[int],
    solve: Solve,
    deadline: float | None,
    most: float,
    progress: IntervalProgress | None,
) -> None:
    """Solve all parts, and together those that clash, as long as there is time."""
    first = found.best
    while True:
        spans = list(pairwise([0, *until, _END]))
        parts = dict(zip(spans, parts_of(first.instance, until), strict=True))
        if max(len(part.members) for part in parts.values()) > most * len(first.starts):
            break
        found.spans = spans
        pending = [span for span in spans if span not in found.results]
        pending.sort(key=lambda span: len(parts[span].members))
        for span in pending:
            instance = parts[span].instance
            found.lowers[span] = instance.total(instance.output)
        for done, span in enumerate(pending):
            share = None
            if deadline is not None:
                left = deadline - time.monotonic()
                share = max(0.0, min(left / (len(pending) - done), most * left))
            share = 0.0 if found.interrupted() else share
            part = parts[span]
            own = Schedule(instance=part.instance, starts=found.best.starts[part.members])
            report = partial(found.report, progress, span)
            found.results[span] = solve(part, own, share, report)
            report(None, found.results[span].lower_bound)
        clash = found.put_together(list(parts.values()))
        late = deadline is not None and time.monotonic() >= deadline
        if late or found.interrupted() or len(parts) == 2 or not clash.any():
            break
        until = _paired(until, clash.tolist())


def _paired(until: list[int], clash: list[bool]) -> list[int]:
    """Return the cuts without those between two parts that clash, of which none is in two pairs.

    What one has with the next may be over once it has been solved with the one before.
    """
    kept, taken = [], False
    for step, one in zip(until, clash, strict=True):
        taken = one and not taken
        if not taken:
            kept.append(step)
    return kept


@dataclass(kw_only=True)
class _Found:
    """What is found of parts: those that `spans` are now, and those that were before."""

    best: Schedule
    spans: list[Span] = field(default_factory=list)
    lowers: dict[Span, int] = field(default_factory=dict)
    results: dict[Span, Result] = field(default_factory=dict)
    #: The highest bound, and the parts that it is of.
    lower: int = -1
    told: list[Span] = field(default_factory=list)
    #: Whether Ctrl-C came between two parts.
    stopped: bool = False

    def interrupted(self) -> bool:
        ended = (result.limit is Limit.INTERRUPT for result in self.results.values())
        return self.stopped or any(ended)

    def report(
        self, progress: IntervalProgress | None, span: Span, _: int | None, lower: int | None
    ) -> None:
        """Tell of the bound of one part, and of all together."""
        self.lowers[span] = max(self.lowers[span], lower or 0)
        if progress:
            known = sum(self.lowers[one] for one in self.spans)
            progress(self.best.total_latency, max(self.lower, known))

    def put_together(self, parts: list[Part]) -> npt.NDArray[np.bool_]:
        """Take what fits of the parts' schedules; return between which neighbours they clash."""
        solved = [self.results[span] for span in self.spans]
        lower = sum(result.lower_bound for result in solved)
        if lower > self.lower:
            self.told = self.spans  # the bound last: should Ctrl-C strike in between, it is proved
            self.lower = lower
        self.best, clash = _together(self.best, parts, solved)
        return clash

    def result(self, seconds: float) -> Result:
        """Return all that is found."""
        every, told = self.results.values(), [self.results[span] for span in self.told]
        last = [self.results[span] for span in self.spans if span in self.results]
        limits = [result.limit for result in last if result.limit is not None]
        messages = [result.detail["message"] for result in last if result.detail["message"]]
        until = [begin for begin, _ in self.told[1:]]
        return Result(
            schedule=self.best,
            lower_bound=self.lower,
            engine="parts",
            runtime_s=seconds,
            certified=all(result.certified for result in told),
            proof=_proof(until, [result.proof for result in told]),
            kept=_kept(until, [result.kept for result in told]),
            limit=Limit.INTERRUPT if self.interrupted() else limits[0] if limits else None,
            detail={
                "states": sum(result.detail["states"] for result in every),
                "message": messages[0] if messages else None,
                "certified_lower_bound": sum(
                    result.detail["certified_lower_bound"] for result in told
                ),
                "turns": _added(turn for result in every for turn in result.detail["turns"]),
            },
        )


def _proof(until: list[int], proofs: list[Proof | None]) -> PartsProof | None:
    """Return the proof of parts, of which some may have parts themselves; None without one."""
    steps: list[int] = []
    parts: list[Proof] = []
    for step, proof in zip([*until, None], proofs, strict=True):
        if proof is None:
            return None
        if isinstance(proof, PartsProof):
            steps += proof.until
            parts += proof.parts
        else:
            parts.append(proof)
        steps += [] if step is None else [step]
    return PartsProof(until=tuple(steps), parts=tuple(parts))


def _kept(
    until: list[int], kept: list[tuple[Fraction, Proof] | None]
) -> tuple[Fraction, Proof] | None:
    """Return what proofs of parts prove together; None where a part has none."""
    every = [one for one in kept if one is not None]
    proof = _proof(until, [one[1] for one in every]) if len(every) == len(kept) else None
    return None if proof is None else (Fraction(sum(ceil(one[0]) for one in every)), proof)


def _added(turns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what each engine ran in all parts, as one part reports it."""
    added: dict[str, dict[str, Any]] = {}
    for turn in turns:
        before = added.setdefault(turn["engine"], {"engine": turn["engine"]})
        for name, value in turn.items():
            if name != "engine":
                before[name] = round(before.get(name, 0) + value, 3)
    return list(added.values())


def _together(
    first: Schedule, parts: list[Part], solved: list[Result]
) -> tuple[Schedule, npt.NDArray[np.bool_]]:
    """Return the parts' schedules in one; and between which neighbours they clash.

    Where any do, it is `first` with those that fit, one by one.
    """
    instance, every = first.instance, first.starts.copy()
    place = np.empty(len(every), np.int64)
    for x, (part, result) in enumerate(zip(parts, solved, strict=True)):
        every[part.members], place[part.members] = result.schedule.starts, x
    made = Schedule(instance=instance, starts=every)
    clash = np.zeros(len(parts) - 1, np.bool_)
    steps, held = memory_at_completions(made)
    for step in steps[held > instance.memory].tolist():
        running = place[(every < step) & (step <= made.completion)]
        clash[running.min() : running.max()] = True
    if not clash.any():
        return made, clash
    starts = first.starts.copy()
    for x in range(len(parts)):
        trial = np.where(place == x, every, starts)
        with suppress(RejectedError):
            check_schedule(Schedule(instance=instance, starts=trial))
            starts = trial
    return Schedule(instance=instance, starts=starts), clash
