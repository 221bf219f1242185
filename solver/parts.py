"""Requests that fall apart at idle steps: each part is solved by itself.

A schedule without some of its requests is feasible, so OPT is at least the OPT of all parts, added
up (the kind ``parts`` of docs/certificates.md). Where the parts' schedules fit beside each other,
they are one that costs just that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from kvproof.certificates.proofs import PartsProof
from kvproof.scheduling.errors import RejectedError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule
from kvproof.solver.interval import IntervalProgress
from kvproof.solver.model import Model, model_of
from kvproof.solver.result import Limit, Result

# Seconds for a part that is begun after the time is over: its bounds without search.
_LEAST = 0.001


class Part(NamedTuple):
    """Some requests by themselves: `members` are their places in the whole instance."""

    instance: Instance
    model: Model
    members: Column


#: Solves a part within so many seconds, or None: without a limit.
Solve = Callable[[Part, float | None, IntervalProgress], Result]


def idle_cuts(model: Model, starts: Column) -> list[int]:
    """Return the arrivals at which all that came before has ended, in a schedule.

    Starts are listed class by class. No cut is made between two parts in which nobody waits: they
    are proved as easily together.
    """
    if not model.arrival.any():
        return []
    arrival = np.repeat(model.arrival, model.count)
    order = np.argsort(arrival, kind="stable")
    arrival, ends = arrival[order], (starts + np.repeat(model.output, model.count))[order]
    first = np.flatnonzero(np.maximum.accumulate(ends)[:-1] <= arrival[1:]) + 1
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
    parts: list[Part],
    first: Schedule,
    solve: Solve,
    begun: float,
    limit: float | None,
    progress: IntervalProgress | None,
) -> Result:
    """Solve the parts one by one, the smallest first, and put their schedules together.

    Of the time that is left each part has an equal share. Where not all schedules fit beside each
    other, those are kept that fit beside what `first` does with the other parts.
    """
    lowers = [part.instance.total(part.instance.output) for part in parts]
    results: dict[int, Result] = {}
    for i in sorted(range(len(parts)), key=lambda i: parts[i].instance.requests):

        def report(_: int | None, lower: int | None, i: int = i) -> None:
            lowers[i] = max(lowers[i], lower or 0)
            if progress:
                progress(first.total_latency, sum(lowers))

        left = None
        if limit is not None:
            left = (begun + limit - time.monotonic()) / (len(parts) - len(results))
        if any(result.limit is Limit.INTERRUPT for result in results.values()):
            left = 0.0
        results[i] = solve(parts[i], None if left is None else max(left, _LEAST), report)
        report(None, results[i].lower_bound)
    solved = [results[i] for i in range(len(parts))]
    proofs = [result.proof for result in solved if result.proof is not None]
    until = tuple(int(part.instance.arrival.min()) for part in parts[1:])
    schedule = _together(first, parts, solved)
    lower = sum(result.lower_bound for result in solved)
    limits = [result.limit for result in solved if result.limit is not None]
    told = [result.detail["message"] for result in solved if result.detail["message"]]
    interrupted = Limit.INTERRUPT in limits
    return Result(
        schedule=schedule,
        lower_bound=lower,
        engine="parts",
        runtime_s=time.monotonic() - begun,
        certified=all(result.certified for result in solved),
        proof=PartsProof(until=until, parts=tuple(proofs)) if len(proofs) == len(parts) else None,
        limit=Limit.INTERRUPT if interrupted else limits[0] if limits else None,
        detail={
            "states": sum(result.detail["states"] for result in solved),
            "message": told[0] if told else None,
            "certified_lower_bound": sum(
                result.detail["certified_lower_bound"] for result in solved
            ),
            "turns": _added(turn for result in solved for turn in result.detail["turns"]),
        },
    )


def _added(turns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what each engine ran in all parts, as one part reports it."""
    added: dict[str, dict[str, Any]] = {}
    for turn in turns:
        before = added.setdefault(turn["engine"], {"engine": turn["engine"]})
        for name, value in turn.items():
            if name != "engine":
                before[name] = round(before.get(name, 0) + value, 3)
    return list(added.values())


def _together(first: Schedule, parts: list[Part], solved: list[Result]) -> Schedule:
    """Return all the parts' schedules in one, or in `first` those that fit, one by one."""
    starts = first.starts.copy()
    best = first
    every = list(zip(parts, solved, strict=True))
    for some in (every, *([one] for one in every)):
        trial = starts.copy()
        for part, result in some:
            trial[part.members] = result.schedule.starts
        made = Schedule(instance=first.instance, starts=trial)
        try:
            check_schedule(made)
        except RejectedError:
            continue
        starts, best = trial, made
        if some is every:
            break
    return best
