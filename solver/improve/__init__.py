"""The best schedule that can be found offline, at any size: a start, then local search."""

from kvproof.solver.improve.result import Improvement, Stage
from kvproof.solver.improve.run import improve

__all__ = ["Improvement", "Stage", "improve"]
