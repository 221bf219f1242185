"""Predicted output lengths where a trace has none: the true ones, made wrong in a known way."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

_LONGEST = 2**31 - 1


class NoiseKind(StrEnum):
    """How lengths are made wrong."""

    LOGNORMAL = "lognormal"
    FACTOR = "factor"
    BITS = "bits"


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A way to make lengths wrong.

    Parameters
    ----------
    kind
        LOGNORMAL: times exp(amount x a standard normal number). FACTOR: times `amount` to a power
        that is uniform between -1 and 1, so that no prediction is off by more than that factor.
        BITS: all that is known is which of ``2**amount`` classes of about equally many requests,
        by length, a request is in; predicted is the class's mean.
    amount
        At least 0; at least 1 for FACTOR; a whole number, at most 20, for BITS.

    Raises
    ------
    InputError
        The amount is out of range.
    """

    kind: NoiseKind
    amount: Fraction

    def __post_init__(self) -> None:
        least = 1 if self.kind is NoiseKind.FACTOR else 0
        most = 20 if self.kind is NoiseKind.BITS else 100
        whole = self.kind is NoiseKind.BITS and self.amount.denominator > 1
        if not least <= self.amount <= most or whole:
            what = "a whole number" if self.kind is NoiseKind.BITS else "a number"
            raise InputError(
                f"noise {self}: {self.kind} takes {what} from {least} to {most}, such as "
                f"{self.kind}:{1 if self.kind is NoiseKind.BITS else 2}"
            )

    def __str__(self) -> str:
        return f"{self.kind}:{float(self.amount):g}"

    def predict(self, instance: Instance, rng: np.random.Generator) -> Column:
        """Return a prediction for each request, whole numbers of at least 1, shape (requests,)."""
        output = instance.expanded().output
        amount = float(self.amount)
        if self.kind is NoiseKind.BITS:
            return _class_means(output, 2 ** int(self.amount))
        if self.kind is NoiseKind.LOGNORMAL:
            wrong = np.exp(amount * rng.standard_normal(len(output)))
            return np.clip(np.rint(output * wrong), 1, _LONGEST).astype(np.int64)
        wrong = amount ** rng.uniform(-1.0, 1.0, len(output))
        return np.clip(np.rint(output * wrong), *_within(output, self.amount)).astype(np.int64)


def parse_noise(text: str) -> Noise:
    """Read ``lognormal:0.5``, ``factor:2`` or ``bits:1``.

    Raises
    ------
    InputError
        The text is of no such form, or the amount is out of range.
    """
    match = re.fullmatch(r"([a-z]+):(\d{1,9}(?:\.\d{1,9})?)", text)
    if match is None or match[1] not in list(NoiseKind):
        raise InputError(
            f"noise {text!r}: expected lognormal:SIGMA (0 to 100), factor:K (1 to 100) or bits:B "
            "(0 to 20), the number in plain digits, as 0.5"
        )
    return Noise(kind=NoiseKind(match[1]), amount=Fraction(match[2]))


def _within(output: Column, factor: Fraction) -> tuple[Column, Column]:
    """Return the least and the largest whole number within a factor of each output, exactly."""
    lengths, which = np.unique(output, return_inverse=True)
    least = [ceil(length / factor) for length in lengths.tolist()]
    largest = [min(floor(length * factor), _LONGEST) for length in lengths.tolist()]
    return np.array(least, np.int64)[which], np.array(largest, np.int64)[which]


def _class_means(output: Column, classes: int) -> Column:
    """Return the mean, rounded, of each request's class; equal lengths are in one class."""
    ordered = np.sort(output)
    bounds = ordered[[(len(output) * c) // classes for c in range(1, classes)]]
    member = np.searchsorted(np.unique(bounds), output, side="right")
    sums = np.bincount(member, weights=output)
    counts = np.bincount(member)
    means = np.rint(sums / np.maximum(counts, 1)).astype(np.int64)
    return np.maximum(means, 1)[member]
