"""Lower bounds from what whole steps can serve: the centroids in whole steps (docs/theory.md)."""

from fractions import Fraction

import numpy as np

from kvproof.certificates.fluid import mean_steps
from kvproof.certificates.sums import grouped_columns
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance


def discrete_centroid_bound(instance: Instance) -> Fraction:
    """Centroid certificate in whole steps: never below the fluid one, with any arrivals.

    A step's tokens are served within that step, M of them: the mean middles of the steps in which
    the smallest volumes can be served, plus the distance that each shape fixes.
    """
    requests = instance.expanded()
    s, o = requests.prompt, requests.output
    if _wide(requests):
        s, o = s.astype(object), o.astype(object)
    weight = mean_steps(requests.arrival, requests.volume, requests.memory)
    halves = 2 * (exact_sum(requests.output) - exact_sum(requests.arrival)) + requests.rows
    # the term over 2 is added apart, as it may leave int64; it counts among the denominators
    return Fraction(halves, 2) + grouped_columns(
        np.concatenate(([2], 3 * (2 * s + o + 1), 2 * requests.volume.astype(weight.dtype))),
        np.concatenate(([0], -(o + 1) * (3 * s + 2 * o + 1), weight)),
    )


def tail_centroid_bound(instance: Instance, cuts: Column) -> Fraction:
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
    s, o = requests.prompt, requests.output
    work = tail_volume(s, o, cuts)
    weight = mean_steps(requests.arrival + cuts, work, requests.memory)
    if _wide(requests):
        s, o, cuts = (column.astype(object) for column in (s, o, cuts))
    weight = weight - (_moment(s, o) - _moment(s, cuts))
    apart = exact_sum(requests.output) - exact_sum(requests.arrival)
    return apart + grouped_columns(
        np.append(1, 2 * work.astype(weight.dtype)), np.append(0, weight)
    )


def tail_volume(prompt: Column, output: Column, cuts: Column) -> Column:
    """Token-steps of each request after its cut."""
    volume: Column = prompt * (output - cuts) + (output * (output + 1) - cuts * (cuts + 1)) // 2
    return volume


def _moment(s: Column, j: Column) -> Column:
    """Sum of ``(2 i - 1)(s + i)`` over the tokens i = 1, ..., j."""
    moment: Column = s * j * j + j * (j + 1) * (4 * j - 1) // 6
    return moment


def _wide(requests: Instance) -> bool:
    """Whether a request's moment may leave int64."""
    return 8 * requests.max_peak * int(requests.output.max()) ** 2 >= 2**62
