"""Exact OPT: a certified search, certified branching and a time-indexed programme, in one `solve`.

Imports floors 1 and 2 only. What a solver finds is never trusted: schedules are tested exactly
and lower bounds can be written as certificates that the independent checker re-derives.
"""

from kvproof.solver.result import Limit, Result, Status
from kvproof.solver.stages import solve

__all__ = ["Limit", "Result", "Status", "solve"]
