"""SVF with a triangle bucket: starts that would end together are spread over time.

Strict SVF in which each start costs ``c o (o + 1)/(2 M)`` steps of credit: the time that the
growing part of a request's volume takes at full memory. Credit comes at one step a step, from the
first arrival on, up to `cap` saved; while it is negative nothing starts. The prompts' part is left
to admission. It needs output lengths and nothing of the future, on backlogs and with arrivals.

What is there at the first moment starts free of cost where it is soon over: spreading pays once the
memory is full of requests of every age, and until then it stands empty.
"""

from fractions import Fraction

import numpy as np

from kvproof.scheduling.arguments import as_fraction, as_integer, shown_argument
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, exact_dot, exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF, Toll

#: A stock is short if its growing parts take less than so many times their mean output at full
#: memory, each output weighed by its growing part. Measured: below about 3 spreading does not pay.
SHORT = Fraction(7, 2)


def _is_short(triangle: Column, output: Column, memory: int) -> bool:
    total = exact_sum(triangle)
    return total * total < SHORT * memory * exact_dot(triangle, output)


class BucketSVF(SVF):
    """Strict SVF with a triangle bucket.

    Parameters
    ----------
    constant
        c >= 0: 0 is plain SVF, 1 spreads starts so that their outputs alone would fill the memory.
    cap
        Steps of credit that can be saved, >= 0; None: a tenth of the mean output, rounded down.

    Raises
    ------
    InputError
        A parameter is negative or no number, or `cap` is not whole.
    """

    name = "svf-bucket"

    def __init__(self, *, constant: Fraction = Fraction(1), cap: int | None = None) -> None:
        self.constant = as_fraction("svf-bucket: c", constant)
        if self.constant < 0:
            raise InputError(f"svf-bucket: c must be at least 0, got {shown_argument(constant)}")
        self.cap = None if cap is None else as_integer("svf-bucket: cap", cap, 0)

    def toll(self, instance: Instance) -> Toll:
        """Return what each start costs.

        Raises
        ------
        InputError
            c is so finely given that a cost is beyond 63 bits.
        """
        triangle: Column = instance.output * (instance.output + 1) // 2
        if int(triangle.max()) * self.constant.numerator >= 2**63:
            raise InputError(f"svf-bucket: a cost at c = {self.constant} is beyond 63 bits")
        cost = triangle * self.constant.numerator
        there = instance.arrival == instance.arrival.min()
        if _is_short(triangle[there], instance.output[there], instance.memory):
            cost = np.where(there, 0, cost)
        return Toll(
            cost=cost,
            unit=self.constant.denominator * instance.memory,
            cap=self._cap(instance),
        )

    def remark(self, instance: Instance) -> str:
        """Say what the parameters come to."""
        return f"c = {self.constant}, cap = {self._cap(instance)} steps"

    def _cap(self, instance: Instance) -> int:
        if self.cap is not None:
            return self.cap
        return exact_sum(instance.output) // (10 * instance.requests)
