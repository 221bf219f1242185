"""Several instances, as of rates, memories or replicas; each policy on each, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kvproof.bounds.verify import cuts, verify
from kvproof.bounds.waiting import memory_without_waiting
from kvproof.certificates.headroom import Cut
from kvproof.certificates.lower_bounds import find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.scheduling.cluster import Cluster
from kvproof.scheduling.histogram import Histogram
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.interruption import blocked
from kvproof.scheduling.latency import LatencyStatistics
from kvproof.scheduling.policies import Policy


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one policy comes to at one point of a sweep.

    Parameters
    ----------
    policy
        Its name.
    total_latency, statistics
        Of its schedule, in steps.
    latency, waiting
        How often each occurs, in steps.
    factor
        Total latency over the lower bound.
    cut
        By which share the latency can be cut: the best policy of the point shows the lower half.
    violation
        Whether it costs more than a theorem allows.
    """

    policy: str
    total_latency: int
    statistics: LatencyStatistics
    latency: Histogram
    waiting: Histogram
    factor: Fraction
    cut: Cut
    violation: bool


@dataclass(frozen=True, kw_only=True)
class Point:
    """One instance of a sweep.

    Parameters
    ----------
    value
        What was asked for: a load, a multiple of the rate, or tokens.
    memory, requests, load
        Of the instance; load is None where all requests come at once.
    lower_bound, kind
        On OPT, in steps.
    waits
        Whether some request waits in every schedule: order matters.
    rows
        One for each policy.
    """

    value: Fraction
    memory: int
    requests: int
    load: Fraction | None
    lower_bound: Fraction
    kind: str
    waits: bool
    rows: tuple[Row, ...]


def sweep(
    values: Sequence[Fraction],
    instances: Sequence[Instance],
    policies: Sequence[Policy],
    *,
    skip: bool = False,
    compact: bool = False,
    bound: BoundKind | None = None,
    workers: int = 1,
    cluster: Cluster | None = None,
) -> Iterator[Point]:
    """Return the points in order, computed by so many processes, or on a cluster.

    Whoever is not this process begins at once. `values` name the `instances`; the rest is as for
    :func:`kvproof.bounds.verify.verify`. The result does not depend on who computes it.
    """
    from joblib import Parallel, delayed

    asked = policies, skip, compact, bound
    if cluster is not None:
        return cluster.over(_point, instances, values, *([one] * len(values) for one in asked))
    task = delayed(_point)
    with blocked():  # all processes are started here
        results: Iterator[Point] = Parallel(n_jobs=workers, return_as="generator")(
            task(instance, value, *asked) for value, instance in zip(values, instances, strict=True)
        )
    return results


def _point(
    instance: Instance,
    value: Fraction,
    policies: Sequence[Policy],
    skip: bool,
    compact: bool,
    bound: BoundKind | None,
) -> Point:
    lower = find_bound(instance, bound)
    verdicts = [
        verify(instance, policy, skip=skip, compact=compact, lower_bound=lower)
        for policy in policies
    ]
    return Point(
        value=value,
        memory=instance.memory,
        requests=instance.requests,
        load=instance.load,
        lower_bound=lower.value,
        kind=lower.kind,
        waits=memory_without_waiting(instance) > instance.memory,
        rows=tuple(
            Row(
                policy=verdict.policy,
                total_latency=verdict.schedule.total_latency,
                statistics=verdict.statistics,
                latency=Histogram.of(verdict.schedule.latency),
                waiting=Histogram.of(verdict.schedule.waiting),
                factor=verdict.factor,
                cut=cut,
                violation=verdict.violation,
            )
            for verdict, cut in zip(verdicts, cuts(verdicts), strict=True)
        ),
    )
