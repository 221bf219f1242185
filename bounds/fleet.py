"""A fleet of equal replicas behind a router: each policy on each replica, and what is proved.

With the routing given, replicas have nothing in common: the least total of the fleet is the sum of
theirs. Over all routings the fleet's total is at least OPT of the same requests in one memory as
large as all together (docs/theory.md, ``fleet-pooled``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from kvproof.bounds.sweep import Point, sweep
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.cluster import Cluster
from kvproof.scheduling.histogram import Histogram
from kvproof.scheduling.instance import MAX_MEMORY, Instance
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.routing import Router, parts, route


@dataclass(frozen=True, kw_only=True)
class Total:
    """What one policy comes to over all replicas.

    Parameters
    ----------
    policy
        Its name.
    total_latency
        Sum over all requests, in steps.
    latency
        How often each occurs among all requests, in steps.
    statistics
        Over all requests, in steps.
    factor
        Total latency over the bound for this routing.
    factor_any_routing
        Total latency over the bound for all routings.
    """

    policy: str
    total_latency: int
    latency: Histogram
    statistics: LatencyStatistics
    factor: Fraction
    factor_any_routing: Fraction


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What came of a fleet.

    Parameters
    ----------
    replicas, router
        How many there are, and who chose among them.
    parts
        A point for each replica that was sent a request; its value is the replica, from 0.
    pooled
        A lower bound on the total latency over all routings.
    """

    replicas: int
    router: Router
    parts: tuple[Point, ...]
    pooled: LowerBound

    @property
    def lower_bound(self) -> Fraction:
        """A lower bound on the total latency with this routing.

        The sum of the replicas' bounds; what no routing is below, this one is not either.
        """
        return max(sum((part.lower_bound for part in self.parts), Fraction(0)), self.pooled.value)

    @property
    def violation(self) -> bool:
        """Whether some schedule costs more than a theorem allows."""
        return any(row.violation for part in self.parts for row in part.rows)

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """One for each policy."""
        least = self.lower_bound
        totals = []
        for rows in zip(*(part.rows for part in self.parts), strict=True):
            total = sum(row.total_latency for row in rows)
            latency = Histogram.together([row.latency for row in rows])
            waiting = Histogram.together([row.waiting for row in rows])
            totals.append(
                Total(
                    policy=rows[0].policy,
                    total_latency=total,
                    latency=latency,
                    statistics=LatencyStatistics.of_histograms(latency=latency, waiting=waiting),
                    factor=total / least,
                    factor_any_routing=total / self.pooled.value,
                )
            )
        return tuple(totals)


def pooled_bound(instance: Instance, replicas: int, bound: BoundKind | None = None) -> LowerBound:
    """Return a lower bound on the total latency of a fleet, whatever the routing.

    It is one on OPT in the memory of all replicas together (theorem ``fleet-pooled``); where that
    is larger than instances have, the sum of the outputs.
    """
    memory = instance.memory * replicas
    if memory > MAX_MEMORY:
        return find_bound(instance, BoundKind.OUTPUTS)
    together = Instance(
        memory=memory, arrival=instance.arrival, prompt=instance.prompt, output=instance.output,
        count=instance.count,
    )  # fmt: skip
    return find_bound(together, bound)


def run_fleet(
    instance: Instance,
    policies: Sequence[Policy],
    *,
    replicas: int,
    router: Router,
    skip: bool = False,
    compact: bool = False,
    bound: BoundKind | None = None,
    workers: int = 1,
    cluster: Cluster | None = None,
    observe: Callable[[Point], None] | None = None,
) -> Fleet:
    """Route the requests, run each policy on each replica, and bound the fleet's total from below.

    Parameters
    ----------
    instance
        All requests; its memory is that of each replica.
    policies, skip, compact, bound, workers, cluster
        As for :func:`kvproof.bounds.sweep.sweep`.
    replicas, router
        As for :func:`kvproof.scheduling.routing.route`.
    observe
        Called with each replica's point.
    """
    used = [
        (Fraction(number), part)
        for number, part in enumerate(parts(instance, route(instance, replicas, router), replicas))
        if part is not None
    ]
    results = sweep(
        [number for number, _ in used],
        [part for _, part in used],
        policies,
        skip=skip, compact=compact, bound=bound, workers=workers, cluster=cluster,
    )  # fmt: skip
    pooled = pooled_bound(instance, replicas, bound)  # while others work
    points = []
    for point in results:
        points.append(point)
        if observe is not None:
            observe(point)
    return Fleet(replicas=replicas, router=router, parts=tuple(points), pooled=pooled)
