"""When requests should start: where the fluid schedule serves them, less their own centre of mass.

The time-indexed programme is all but attained by a schedule that holds the whole memory in every
step. The fluid schedule serves each request's volume about a middle ``x``, smallest first; a start
at ``x - q`` puts the request's tokens there, q being their mean age. Requests are whole and the
fluid is not, so the middles are stretched by a pace near 1 and a part of q is given up as slack.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kvproof.certificates.prices.closed_form import FluidPrices
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance

Floats = npt.NDArray[np.float64]

#: (pace, lead): too fast a pace or too long a lead blocks, and blocked requests come in waves.
FIRST = tuple((pace, lead) for lead in (0.0, 0.5, 1.0) for pace in (0.95, 1.0, 1.05))
#: How far apart the pairs are that are tried about the best one, ever closer.
STEPS = ((0.025, 0.25), (0.0125, 0.125), (0.00625, 0.0625))


@dataclass(frozen=True, kw_only=True, eq=False)
class Guide:
    """What due steps are made of.

    Parameters
    ----------
    middle
        Mean time of each request's service in the fluid schedule, in steps.
    age
        Mean age of each request's tokens, in steps.
    """

    middle: Floats
    age: Floats

    def due(self, pace: float, lead: float) -> Column:
        """Return when each request is due."""
        due: Column = np.maximum(0.0, pace * self.middle - lead * self.age).astype(np.int64)
        return due


def guide_of(instance: Instance) -> Guide:
    """Return the guide of the requests, one row each."""
    full = instance.expanded()
    output = full.output.astype(np.float64)
    moment = full.prompt * output * (output + 1) / 2 + output * (output + 1) * (2 * output + 1) / 6
    return Guide(middle=FluidPrices(full).middle, age=moment / full.volume)


def around(
    pace: float, lead: float, pace_step: float, lead_step: float
) -> list[tuple[float, float]]:
    """Return a pair and its neighbours, these steps away."""
    return [
        (pace + x * pace_step, max(0.0, lead + y * lead_step))
        for x in (0, -1, 1)
        for y in (0, -1, 1)
    ]
