"""Lower bounds from what whole steps can serve: the centroids in whole steps (docs/theory.md)."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from kvproof.certificates.fluid import IN_ORDER, mean_steps, order_of
from kvproof.certificates.sums import grouped_chunks
from kvproof.scheduling.exact import CHUNK, Column, Integers, by_parts, exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.request_columns import volumes


def discrete_centroid_bound(instance: Instance) -> Fraction:
    """Centroid certificate in whole steps: never below the fluid one, with any arrivals.

    A step's tokens are served within that step, M of them: the mean middles of the steps in which
    the smallest volumes can be served, plus the distance that each shape fixes.
    """
    requests = instance.expanded()
    prompt, output, order = requests.prompt, requests.output, None
    if requests.is_backlog:  # then whoever is next is served next, and equal terms come together
        prompt, output = requests.lengths(requests.by_volume)
        order = IN_ORDER
    work = volumes(prompt, output)  # a column of its own, to be overwritten
    weight = mean_steps(requests.arrival, work, requests.memory, order)
    halves = 2 * (exact_sum(requests.output) - exact_sum(requests.arrival)) + requests.rows
    kind = object if _wide(requests) or weight.dtype == object else np.int64

    def terms() -> Iterator[tuple[Column, Column]]:
        # the term over 2 is added apart, as it may leave int64; it counts among the denominators
        yield np.array([2], dtype=kind), np.array([0], dtype=kind)
        for i in range(0, requests.rows, CHUNK):
            some = slice(i, i + CHUNK)
            s, o = prompt[some], output[some]
            volume = volumes(s, o).astype(kind, copy=False)
            s, o = s.astype(kind, copy=False), o.astype(kind, copy=False)
            yield 3 * (2 * s + o + 1), -(o + 1) * (3 * s + 2 * o + 1)
            yield 2 * volume, weight[some].astype(kind, copy=False)

    return Fraction(halves, 2) + grouped_chunks(terms, 2 * requests.rows + 1)


def tail_centroid_bound(instance: Instance, cuts: Integers) -> Fraction:
    """Bound the tokens of each request after its cut likewise; cuts of 0 give the centroid.

    They are not held before step ``a + cut + 1``, so they are served later than whole requests
    would be, and less volume is in the way of each.

    Parameters
    ----------
    instance
        The requests.
    cuts
        Tokens of each request that are left out, 0 to output - 1; shape (requests,).
    """
    requests = instance.expanded()
    release = requests.arrival + cuts
    order = order_of(release) if release.any() else None  # before more of that size is needed
    work = tail_volume(requests.prompt, requests.output, cuts)
    weight = mean_steps(release, work, requests.memory, order)
    del release, order
    kind = object if _wide(requests) or weight.dtype == object else np.int64
    apart = exact_sum(requests.output) - exact_sum(requests.arrival)

    def terms() -> Iterator[tuple[Column, Column]]:
        yield np.array([1], dtype=kind), np.array([0], dtype=kind)
        for i in range(0, requests.rows, CHUNK):
            some = slice(i, i + CHUNK)
            columns = (requests.prompt[some], requests.output[some], cuts[some])
            after = tail_volume(*columns).astype(kind, copy=False)
            s, o, c = (column.astype(kind, copy=False) for column in columns)
            moments = _moment(s, o) - _moment(s, c)
            yield 2 * after, weight[some].astype(kind, copy=False) - moments

    return apart + grouped_chunks(terms, requests.rows + 1)


def tail_volume(prompt: Column, output: Column, cuts: Integers) -> Column:
    """Token-steps of each request after its cut."""

    def volume(s: Column, o: Column, narrow: Integers) -> Column:
        c = narrow.astype(np.int64, copy=False)
        after: Column = s * (o - c) + (o * (o + 1) - c * (c + 1)) // 2
        return after

    return by_parts(volume, prompt, output, cuts)


def _moment(s: Column, j: Column) -> Column:
    """Sum of ``(2 i - 1)(s + i)`` over the tokens i = 1, ..., j."""
    moment: Column = s * j * j + j * (j + 1) * (4 * j - 1) // 6
    return moment


def _wide(requests: Instance) -> bool:
    """Whether a request's moment may leave int64."""
    return 8 * requests.max_peak * int(requests.output.max()) ** 2 >= 2**62
