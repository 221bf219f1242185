"""Lower bounds on OPT that need no search: outputs, volume, centroids (docs/theory.md).

All are exact rationals, O(n log n). What is computed here is reproduced to the last digit by the
independent checker, which shares no code with it.
"""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from kvproof.certificates.fluid import Fluid, serve
from kvproof.certificates.opt.cuts import candidate_cuts
from kvproof.certificates.opt.staggered import (
    Group,
    choose_group,
    promising_groups,
    staggered_bound,
)
from kvproof.certificates.opt.steps import discrete_centroid_bound, tail_centroid_bound
from kvproof.certificates.prices import best_prices
from kvproof.certificates.proofs import (
    BoundKind,
    FormulaProof,
    PriceProof,
    Proof,
    StaggeredProof,
    TailProof,
)
from kvproof.certificates.sums import grouped_sum
from kvproof.scheduling.exact import Integers, decimal, exact_dot, exact_sum
from kvproof.scheduling.feasibility import most_held
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.request_columns import volumes
from kvproof.scheduling.shown import Shown
from kvproof.scheduling.sorting import count_pairs

#: Requests from which on bounds are computed side by side.
_LONG = 1 << 17


@dataclass(frozen=True, kw_only=True, repr=False)
class LowerBound(Shown):
    """OPT is at least `value`, and why.

    `instance` is the one that it is a bound for, where that is known: no other may take it over.
    """

    value: Fraction
    proof: Proof
    instance: Instance | None = field(default=None, compare=False)

    @property
    def kind(self) -> str:
        """What kind of proof it is."""
        return self.proof.kind

    def facts(self) -> dict[str, str]:
        """Return the value, rounded down, and the kind."""
        places = 0 if self.value.denominator == 1 else 4
        return {
            "OPT at least": decimal(self.value, places, up=False, commas=True),
            "kind": str(self.kind),
        }


def best_bound(instance: Instance, *, tails: bool = True, groups: bool = True) -> LowerBound:
    """Return the largest of those that need no search through schedules or prices.

    The fluid centroid is never above the discrete one; of equal ones the simplest is taken. Where
    few requests can all start as they arrive, their outputs are OPT, and no other is tried. Without
    `tails`, which take longest, for who solves the linear programme: what they say of a schedule
    holds of mixed ones too, so they never say more than its prices. Without `groups`, the staggered
    ones, for who has something better to do first.
    """
    requests = instance.expanded()
    outputs = find_bound(requests, BoundKind.OUTPUTS)
    if requests.rows < _LONG and most_held(requests, requests.arrival) <= requests.memory:
        return outputs
    # the longest first; while it sorts, what takes least memory
    wanted = {_tails: tails, _volume: True, _groups: groups, _centroid: True}
    parts = [part for part, asked in wanted.items() if asked]
    if requests.rows < _LONG:
        found = {part: part(requests) for part in parts}
    else:
        with ThreadPoolExecutor(max_workers=2) as pool:
            found = dict(zip(parts, pool.map(lambda part: part(requests), parts), strict=True))
    simplest_first = found[_centroid], found[_volume], [outputs], found.get(_groups, [])
    bounds = [bound for part in (*simplest_first, found.get(_tails, [])) for bound in part]
    return max(bounds, key=lambda bound: bound.value)


def _tails(requests: Instance) -> list[LowerBound]:
    return [_tail(requests, cuts) for cuts in candidate_cuts(requests)]


def _centroid(requests: Instance) -> list[LowerBound]:
    return [find_bound(requests, BoundKind.DISCRETE_CENTROID)]


def _volume(requests: Instance) -> list[LowerBound]:
    return [find_bound(requests, BoundKind.VOLUME)]


def _groups(requests: Instance) -> list[LowerBound]:
    return [_staggered(requests, group) for group in promising_groups(requests, hopeless=False)]


def find_bound(
    instance: Instance,
    kind: BoundKind | None = None,
    *,
    incumbent: int | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> LowerBound:
    """Return the bound of one kind; None is the best of those that need no search.

    PRICE searches for prices, and falls back on that best one where it is better still.

    `incumbent`, the total latency of a known schedule, and `progress`, called with (evaluations,
    bound so far), are for the search for prices.
    """
    match kind:
        case None:
            return best_bound(instance)
        case BoundKind.PRICE:
            found = best_prices(instance, incumbent=incumbent, progress=progress)
            searched = LowerBound(value=found.bound, proof=PriceProof(prices=found.prices))
            return max(searched, best_bound(instance), key=lambda bound: bound.value)
        case BoundKind.CENTROID:
            return LowerBound(value=centroid_bound(instance), proof=FormulaProof(kind=kind))
        case BoundKind.DISCRETE_CENTROID:
            return LowerBound(
                value=discrete_centroid_bound(instance), proof=FormulaProof(kind=kind)
            )
        case BoundKind.TAIL_CENTROID:
            none = np.zeros(instance.requests, np.int64)
            tried = (_tail(instance, cuts) for cuts in (none, *candidate_cuts(instance)))
            return max(tried, key=lambda bound: bound.value)
        case BoundKind.STAGGERED:
            group, value = choose_group(instance)
            return LowerBound(value=value, proof=StaggeredProof(group=group))
        case BoundKind.VOLUME:
            return LowerBound(value=volume_bound(instance), proof=FormulaProof(kind=kind))
        case BoundKind.OUTPUTS:
            return LowerBound(value=outputs_bound(instance), proof=FormulaProof(kind=kind))


def _tail(instance: Instance, cuts: Integers) -> LowerBound:
    return LowerBound(value=tail_centroid_bound(instance, cuts), proof=TailProof(cuts=cuts))


def _staggered(instance: Instance, group: Group) -> LowerBound:
    return LowerBound(value=staggered_bound(instance, group), proof=StaggeredProof(group=group))


def outputs_bound(instance: Instance) -> Fraction:
    """OPT >= sum of outputs: no latency is below its output length."""
    return Fraction(instance.total(instance.output))


def volume_bound(instance: Instance) -> Fraction:
    """Volume certificate: total latency of the fluid schedule, least remaining volume first."""
    requests = instance.expanded()
    if requests.is_backlog:
        finish = sum_of_prefix_sums(requests) + requests.total_volume
    else:
        finish = serve(requests, by_remaining=True).finish
    return Fraction(finish, requests.memory) - exact_sum(requests.arrival)


def centroid_bound(instance: Instance) -> Fraction:
    """Centroid certificate: mean busy times of the fluid schedule plus what the shapes add.

    The completion of a request is the mean time of its tokens plus a distance that its shape
    fixes, ``1/2 + o - (o + 1)(3s + 2o + 1) / (3 (2s + o + 1))``. The mean times sum to at least
    the mean busy times of the fluid schedule that serves M token-steps per step, smallest
    original volume first, preempting at arrivals (Goemans et al. 2002).
    """
    requests = instance.expanded()
    if requests.is_backlog:
        finish = sum_of_prefix_sums(requests) + requests.total_volume
        fluid = Fluid(finish=finish, waits={})
    else:
        fluid = serve(requests, by_remaining=False)
    memory = requests.memory
    halves = 2 * (exact_sum(requests.output) - exact_sum(requests.arrival)) + requests.rows
    groups: defaultdict[int, int] = defaultdict(int)
    groups[2 * memory] += 2 * fluid.finish - requests.total_volume + memory * halves
    for width, numerator in _shape_terms(requests).items():
        groups[3 * width] -= numerator
    for volume, wait in fluid.waits.items():
        groups[memory * volume] -= wait
    return grouped_sum(groups)


def sum_of_prefix_sums(requests: Instance) -> int:
    """Sum over k of ``v_(1) + ... + v_(k-1)``, volumes ascending: M times the sum of P_k."""
    ascending = volumes(*requests.lengths(requests.by_volume))
    return exact_dot(ascending, np.arange(len(ascending) - 1, -1, -1, dtype=np.int64))


def _shape_terms(requests: Instance) -> dict[int, int]:
    """Sum ``(o + 1)(3s + 2o + 1)`` over the requests of each width ``2s + o + 1``.

    With D the width, the product is ``(o + 1)(3D + o - 1) / 2``, so the sums of ``o + 1`` and of
    ``o^2 - 1`` do; the latter fits int64 for one request and is added in two halves.
    """
    width, output, count = count_pairs(2 * requests.prompt + requests.output + 1, requests.output)
    first = np.flatnonzero(np.concatenate(([True], width[1:] != width[:-1])))
    square = output * output - 1
    low = np.add.reduceat((square & 0xFFFFFFFF) * count, first)
    high = np.add.reduceat((square >> 32) * count, first)
    linear = np.add.reduceat((output + 1) * count, first)
    columns = (column.tolist() for column in (width[first], linear, high, low))
    return {
        d: (3 * d * one + (hi << 32) + lo) // 2 for d, one, hi, lo in zip(*columns, strict=True)
    }
