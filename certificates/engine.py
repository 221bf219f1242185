"""Lower bounds on what a real engine's run can cost, and which of them hold for which run.

An engine gives a request one token in each of ``o`` steps, in the step of token j holds at least
``prompt + j`` tokens for it, and at most M for all (theorem ``engine-any-run``). It may start a
prompt in pieces, stop a request and compute it again later, and waste memory: each only costs
steps. Not every bound on OPT survives that:

===========  ===========================================  =====================================
bound        rests on                                     holds where
===========  ===========================================  =====================================
outputs      a token a step, a budget of tokens a step    always (prompts count unless shared)
seats        so many requests in a step                   always
compute      the budget, every token computed once        no shared prefixes
volume       what is held in the steps that give tokens   no shared prefixes
centroids    the same, and t_j <= C - (o - j)             no shared prefixes
price        the same; prices in order of time            no shared prefixes; where a request was
                                                          preempted only prices that never rise
===========  ===========================================  =====================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from kvproof.certificates.build import (
    Certificate,
    preemptive_bound_certificate,
    within_factor_certificate,
)
from kvproof.certificates.fluid import serve
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.prices import Prices, best_prices, closed_form_prices, price_bound
from kvproof.certificates.proofs import BoundKind, PriceProof
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule


class StepBound(StrEnum):
    """Bounds by what an engine does in a step, whatever its memory."""

    LENGTH = "own length"
    SEATS = "seats"
    COMPUTE = "compute"


@dataclass(frozen=True, kw_only=True)
class EngineRules:
    """What an engine may do, as far as it decides which bounds hold.

    Parameters
    ----------
    seats
        Requests that get a token in one step at most, below 2^31, or None where that is not known.
    budget
        Tokens computed in one step at most, below 2^31, or None.
    preempts
        Whether requests were preempted and computed again, in this run. If not, bounds may be about
        runs without preemption alone (:attr:`EngineBound.unpreempted`).
    shares
        Whether equal beginnings of prompts are held once.

    Raises
    ------
    InputError
        A number is out of its range.
    """

    seats: int | None = None
    budget: int | None = None
    preempts: bool = True
    shares: bool = False

    def __post_init__(self) -> None:
        for name in ("seats", "budget"):
            value = getattr(self, name)
            if value is not None and not 1 <= value < 2**31:
                raise InputError(f"engine: {name} must be 1 to {2**31 - 1:,}, got {value}")


@dataclass(frozen=True, kw_only=True)
class EngineBound:
    """The total latency of every run of such an engine, or of each without preemption, is no less.

    Parameters
    ----------
    kind
        Why, in one word or two.
    value
        In steps.
    proof
        The bound on OPT that it is, where it is one; certificates carry that.
    unpreempted
        Whether it is about runs without preemption alone.
    """

    kind: str
    value: Fraction
    proof: LowerBound | None = None
    unpreempted: bool = False


def engine_bound(
    instance: Instance,
    rules: EngineRules,
    kind: BoundKind | None = None,
    *,
    incumbent: int | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> EngineBound:
    """Return the best lower bound on the total latency of any run under these rules.

    Parameters
    ----------
    instance
        The requests as the engine holds them (:class:`kvproof.serving.run.EngineRun`).
    rules
        What the engine may do.
    kind
        None: the best that needs no search. PRICE: prices are searched for, and the best of all
        is returned. Another kind: that one.
    incumbent, progress
        For the search, see :func:`kvproof.certificates.lower_bounds.find_bound`.

    Raises
    ------
    InputError
        The kind that is asked for does not hold under these rules.
    """
    refuse_kind(rules, kind)
    if kind is None or kind is BoundKind.PRICE:
        found = simple_bounds(instance, rules)
        if kind is BoundKind.PRICE:
            found.append(_by_prices(instance, rules, incumbent, progress))
        return max(found, key=lambda bound: bound.value)
    return _by_memory(find_bound(instance, kind), rules)


def refuse_kind(rules: EngineRules, kind: BoundKind | None) -> None:
    """Refuse a kind of bound that does not hold under these rules.

    Raises
    ------
    InputError
        It counts what is shared, or rests on nobody being preempted.
    """
    if rules.shares and kind not in (None, BoundKind.OUTPUTS):
        raise InputError(
            f"the {kind} bound counts every prompt's tokens, and shared prefixes are held once: it "
            "does not hold with prefix caching; take --bound best or outputs"
        )
    if rules.preempts and kind is BoundKind.STAGGERED:
        raise InputError(
            "the staggered bound is about runs without preemption, and this engine may preempt; "
            "take --bound best or tail-centroid"
        )


def simple_bounds(
    instance: Instance, rules: EngineRules, *, whole_steps: bool = True
) -> list[EngineBound]:
    """Return the bounds that need no search, as far as they hold under these rules.

    `whole_steps` says that all tokens come at whole steps of one clock, as in an engine's own
    steps; without it they may come at any time, a unit apart for one request.
    """
    found = _by_steps(instance, rules)
    if not rules.shares:
        kinds = [BoundKind.VOLUME, BoundKind.CENTROID]
        if whole_steps:
            kinds[1:] = [BoundKind.DISCRETE_CENTROID, BoundKind.TAIL_CENTROID]
        found += [_by_memory(find_bound(instance, kind), rules) for kind in kinds]
    return found


def run_certificate(
    instance: Instance, completion: Column, bound: EngineBound, *, preempts: bool
) -> Certificate:
    """Return what can be checked of a run: its factor, or where it preempts a bound on all runs.

    A run without preemption is a schedule, of starts ``completion - output``: the certificate
    holds it. Of one that preempts, only the bound can be proved; what it came to is measured.

    Parameters
    ----------
    instance
        The requests as the engine holds them.
    completion
        The step of each request's last token, shape (n,).
    bound
        As :func:`engine_bound` gives it; where it has no proof, the tail centroid takes its place.
    preempts
        Whether requests were preempted in this run.
    """
    proof = bound.proof or find_bound(instance, BoundKind.TAIL_CENTROID)
    if preempts:
        return preemptive_bound_certificate(instance, proof)
    requests = instance.expanded()
    schedule = Schedule(instance=instance, starts=completion - requests.output)
    return within_factor_certificate(schedule, proof)


def _by_memory(bound: LowerBound, rules: EngineRules) -> EngineBound:
    # where nobody was preempted prices may rise, and then others could preempt and be faster
    narrow = not rules.preempts and bound.kind in (BoundKind.PRICE, BoundKind.STAGGERED)
    return EngineBound(kind=bound.kind, value=bound.value, proof=bound, unpreempted=narrow)


def _by_prices(
    instance: Instance,
    rules: EngineRules,
    incumbent: int | None,
    progress: Callable[[int, float], None] | None,
) -> EngineBound:
    """Search for prices; where requests are preempted, keep them from rising."""
    found = best_prices(instance, incumbent=incumbent, progress=progress)
    bounds = [LowerBound(value=found.bound, proof=PriceProof(prices=found.prices))]
    if rules.preempts:
        # those of the fluid schedule never rise on a backlog
        kept = (falling(found.prices), falling(closed_form_prices(instance)))
        bounds = [
            LowerBound(value=price_bound(instance, prices), proof=PriceProof(prices=prices))
            for prices in kept
        ]
    return _by_memory(max(bounds, key=lambda bound: bound.value), rules)


def falling(prices: Prices) -> Prices:
    """Return the largest prices that are at most these and never rise from step to step."""
    lowest = np.minimum.accumulate(prices.numerators).tolist() if prices.runs else []
    lengths = [length for length, _ in prices.runs]
    return Prices.merge(prices.denominator, zip(lengths, lowest, strict=True))


def _by_steps(instance: Instance, rules: EngineRules) -> list[EngineBound]:
    requests = instance.expanded()
    value = _length_bound(requests, rules)
    outputs = find_bound(instance, BoundKind.OUTPUTS)
    proof = outputs if outputs.value == value else None  # else prompts take steps of their own
    found = [EngineBound(kind=StepBound.LENGTH, value=value, proof=proof)]
    if rules.seats is not None:
        found.append(
            EngineBound(
                kind=StepBound.SEATS, value=_fluid_latency(requests, requests.output, rules.seats)
            )
        )
    if rules.budget is not None and not rules.shares:
        work = requests.prompt + requests.output
        found.append(
            EngineBound(kind=StepBound.COMPUTE, value=_fluid_latency(requests, work, rules.budget))
        )
    return found


def _length_bound(requests: Instance, rules: EngineRules) -> Fraction:
    """No latency is below the steps that the prompt takes alone and one for each further token."""
    steps = requests.output
    if rules.budget is not None and not rules.shares:
        steps = steps + requests.prompt // rules.budget  # ceil((prompt + 1) / budget) - 1
    return Fraction(exact_sum(steps))


def _fluid_latency(requests: Instance, work: Column, rate: int) -> Fraction:
    """Total latency where `rate` units of work are served a step, least remaining work first."""
    finish = serve(requests, by_remaining=True, work=work, rate=rate).finish
    return Fraction(finish, rate) - exact_sum(requests.arrival)
