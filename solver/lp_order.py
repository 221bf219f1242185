"""Requests in the order in which the time-indexed linear programme starts them.

The LP-guided peer of Sorted-F (2508.06133). The paper's text was not at hand, so the definition is
ours: a request is due when the programme has started half of it (of the j-th of equal ones:
j - 1/2), and requests run in that order.
"""

import numpy as np

from kvproof.certificates.opt.time_indexed import solve_time_indexed
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.solver.improve.guide import guide_of

#: Non-zeros of the programme, which coarser buckets of time keep: about a second.
ENTRIES = 1_000_000
#: Due steps are compared in parts of a step, so that the last digits of floats decide nothing.
_PARTS = 1024


class LPOrder:
    """By due step, then volume. On backlogs only.

    Up to 64 different requests are ordered by the programme itself, solved by HiGHS; more by the
    fluid schedule that approximates it: due at the middle of their service less the mean age of
    their tokens.
    """

    name = "sorted-f-lp"

    def key(self, instance: Instance) -> Column:
        """Return ranks by due step, then volume; equal ones share a rank.

        Raises
        ------
        InputError
            Requests arrive over time.
        """
        if instance.arrival.min() < instance.arrival.max():
            raise InputError(
                f"policy {self.name} is for backlogs, as its programme knows all requests "
                "beforehand; add --backlog"
            )
        backlog = instance.backlog()
        solution = solve_time_indexed(backlog, entries=ENTRIES)
        due = guide_of(backlog).due(1.0, 1.0) if solution is None else solution.due(backlog)
        parts = np.rint(due * _PARTS).astype(np.int64)
        rank: Column = np.unique(
            np.stack((parts, instance.expanded().volume)), axis=1, return_inverse=True
        )[1]
        return rank.ravel()
