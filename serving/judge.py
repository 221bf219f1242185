"""How far from optimal an engine was, at most, by its log alone.

Time in a log is continuous, and steps of an engine are not all equally long. Let no step be
shorter than the unit of time. In the last unit of each step that gives a request its token j the
engine holds at least ``prompt + j`` tokens, so what theorem ``engine-any-run`` counts is held
within these units, at most M at any time; and as arrivals, rounded down to whole units, only come
sooner, the bound on the completions holds, and so does that on the latencies, less what was
rounded off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from kvproof.certificates.engine import EngineBound, EngineRules, StepBound, simple_bounds
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import decimal, in_full
from kvproof.scheduling.instance import MAX_ARRIVAL, Instance
from kvproof.serving.log import EngineLog

#: What a bound rests on that is not the memory.
_LARGER: Mapping[str, str] = MappingProxyType(
    {
        StepBound.SEATS: "--max-num-seqs",
        StepBound.COMPUTE: "--max-num-batched-tokens",
        StepBound.LENGTH: "--max-num-batched-tokens",
    }
)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A log's total latency, and the least that any run of such an engine can have.

    Parameters
    ----------
    instance
        The requests as the engine holds them; arrivals in whole steps.
    total_latency, least
        In units of the log.
    bound
        Why it cannot be less; its value is in steps, of rounded arrivals.
    crowded
        Whether the prompts of requests between their first and last token alone exceeded the
        memory at some time; None where the log does not tell.
    """

    instance: Instance
    total_latency: Fraction
    least: Fraction
    bound: EngineBound
    crowded: bool | None

    @property
    def factor(self) -> Fraction:
        """The run was within this factor of optimal."""
        return self.total_latency / self.least


def judge(log: EngineLog, *, memory: int, step: Fraction, rules: EngineRules) -> Judgement:
    """Bound how far from optimal the engine was.

    Parameters
    ----------
    log
        What it did.
    memory
        Tokens that its KV cache holds.
    step
        No step of the engine that gives tokens is shorter than this, in units of the log; with a
        budget no step at all, be it one that only computes part of a prompt.
    rules
        What it may do; preemption is always allowed for, as a log does not tell.

    Raises
    ------
    InputError
        A request needs more than the memory, had part of its prompt cached where prefixes are not
        shared, or came faster than one token a step, arrivals are more than 2^48 steps apart, or
        the total latency is below what any run of such an engine has.
    """
    peak = log.prompt - 1 + log.output
    if peak.max() > memory:
        i = int(peak.argmax())
        raise InputError(
            f"{log.at(i)}: {log.prompt[i]:,} + {log.output[i]:,} - 1 tokens do not fit a memory of "
            f"{memory:,}; the engine's is larger: --memory"
        )
    if log.cached is not None and not rules.shares:
        raise InputError(
            f"{log.at(log.cached)}: part of the prompt came from a cache, where shared prefixes "
            "are held once; give --prefix-caching, for the bounds by memory do not hold then"
        )
    _check_pace(log, step)
    begin = min(log.arrival)
    exact = [(a - begin) / step for a in log.arrival]
    whole = [a.__floor__() for a in exact]
    if max(whole) > MAX_ARRIVAL:
        raise InputError(f"{log.source}: arrivals are more than {MAX_ARRIVAL:,} steps apart")
    instance = Instance(
        memory=memory,
        arrival=np.array(whole, dtype=np.int64),
        prompt=log.prompt - 1,
        output=log.output,
    )
    rounded = sum(exact, Fraction(0)) - sum(whole)
    best = max(
        # a latency's own length does not ask when the request came
        ((b.value - (0 if b.kind == StepBound.LENGTH else rounded), b) for b in
         simple_bounds(instance, rules, whole_steps=False)),
        key=lambda pair: pair[0],
    )  # fmt: skip
    total = sum((c - a for a, c in zip(log.arrival, log.completion, strict=True)), Fraction(0))
    least = best[0] * step
    _check_total(log, total, least, best[1], rules)
    return Judgement(
        instance=instance,
        total_latency=total,
        least=least,
        bound=best[1],
        crowded=_crowded(log, memory),
    )


def _check_pace(log: EngineLog, step: Fraction) -> None:
    """Refuse a step that some request contradicts: it had more tokens than steps."""
    # the time of a first token would say more, but clients read it late
    paces = [
        (c - a) / o
        for a, c, o in zip(log.arrival, log.completion, log.output.tolist(), strict=True)
    ]
    fastest = min(paces)
    row = paces.index(fastest)
    if fastest < step:
        pace = decimal(fastest, 12, up=False).rstrip("0").rstrip(".")  # down: below the step
        raise InputError(
            f"{log.at(row)}: had a token every {pace} on average, faster than one in a step of "
            f"{in_full(step)}; the shortest step is shorter, or a step gives several tokens (then "
            "these bounds do not hold)"
        )


def _check_total(
    log: EngineLog, total: Fraction, least: Fraction, bound: EngineBound, rules: EngineRules
) -> None:
    """Refuse an engine that the log contradicts: no run of it is so short."""
    if total < least:
        larger = _LARGER.get(bound.kind, "--memory")
        # which would leave this bound out
        shared = not rules.shares and bound.kind != StepBound.SEATS
        caching = ", or prefixes are shared: --prefix-caching" if shared else ""
        raise InputError(
            f"{log.source}: a total latency of {decimal(total, 4, up=False)}, where no run of such "
            f"an engine has less than {decimal(least, 4, up=True)}, by the {bound.kind} bound; "
            f"the engine's {larger} is larger, or its --step shorter{caching}"
        )


def _crowded(log: EngineLog, memory: int) -> bool | None:
    if log.first is None:
        return None
    changes = [
        *((f, int(s)) for f, s in zip(log.first, log.prompt, strict=True)),
        *((c, -int(s)) for c, s in zip(log.completion, log.prompt, strict=True)),
    ]
    held = 0
    for _, change in sorted(changes):  # who leaves goes before who comes
        held += change
        if held > memory:
            return True
    return False
