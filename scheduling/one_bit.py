"""SVF that knows of each output only whether it is long (2606.22327)."""

from fractions import Fraction
from typing import Literal

import numpy as np

from kvproof.scheduling.arguments import as_fraction, shown_argument
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance

Admission = Literal["true", "reserve"]


class OneBitSVF:
    """Order by the volume of a proxy output: the mean output of the request's class.

    Parameters
    ----------
    theta
        A request is long where ``output > theta``; None takes the instance's mean output.
    admission
        What the admission test may use: ``"true"`` lengths (the default, which isolates the
        effect of order), or ``"reserve"``: the longest output of the request's class is set
        aside while it runs.

    Raises
    ------
    InputError
        `theta` is negative or no number, or `admission` is neither of the two.
    """

    name = "svf-1bit"

    def __init__(
        self, *, theta: Fraction | int | None = None, admission: Admission = "true"
    ) -> None:
        self.theta = None if theta is None else as_fraction("svf-1bit: theta", theta)
        if self.theta is not None and self.theta < 0:
            raise InputError(f"svf-1bit: theta must be at least 0, got {shown_argument(theta)}")
        if admission not in ("true", "reserve"):
            raise InputError(f"svf-1bit: admission must be true or reserve, got {admission!r}")
        self.admission = admission

    def threshold(self, instance: Instance) -> Fraction:
        """Return theta, or the mean output where none was given."""
        if self.theta is not None:
            return self.theta
        return Fraction(exact_sum(instance.output), instance.rows)

    def is_long(self, instance: Instance) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return the bit of each request, exactly."""
        theta = self.threshold(instance)
        # for integers, output > theta is output > floor(theta)
        return instance.output > min(theta.__floor__(), instance.memory)

    def key(self, instance: Instance) -> Column:
        """Return the rank of each request's proxy volume ``s O + O (O + 1) / 2``; equal is equal.

        The proxies are rationals, so distinct (prompt, class) pairs are ranked in exact
        arithmetic and the requests take their pair's rank.
        """
        long = self.is_long(instance)
        proxy = [_mean(instance.output, long == bit) for bit in (False, True)]
        pairs, inverse = np.unique(instance.prompt * 2 + long, return_inverse=True)
        scale = 2 * (proxy[0].denominator * proxy[1].denominator) ** 2
        slope = [int(o * scale) for o in proxy]
        base = [int(o * (o + 1) / 2 * scale) for o in proxy]
        volumes = [(p >> 1) * slope[p & 1] + base[p & 1] for p in pairs.tolist()]
        rank = {volume: position for position, volume in enumerate(sorted(set(volumes)))}
        return np.array([rank[volume] for volume in volumes], dtype=np.int64)[inverse]

    def reserved(self, instance: Instance) -> Column | None:
        """Return the output length set aside for each request, or None for its true length.

        Raises
        ------
        InputError
            A reservation does not fit the memory, so that its request could never start.
        """
        if self.admission == "true":
            return None
        long = self.is_long(instance)
        reserved = instance.output.copy()
        for bit in (False, True):
            members = long == bit
            if members.any():
                reserved[members] = instance.output[members].max()
        over = instance.prompt + reserved > instance.memory
        if over.any():
            i = int(over.argmax())
            raise InputError(
                f"svf-1bit: request {i} reserves {instance.prompt[i]:,} + {reserved[i]:,} tokens, "
                f"more than memory {instance.memory:,}; use admission true or more memory"
            )
        return reserved


def _mean(output: Column, members: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Fraction:
    """Mean output of a class; an empty class takes the overall mean."""
    chosen = output[members] if members.any() else output
    return Fraction(exact_sum(chosen), len(chosen))
