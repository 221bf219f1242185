"""The best schedule that can be found offline, at any size: a start, then local search."""

from kvproof.solver.improve.run import Improvement, Stage, improve

__all__ = ["Improvement", "Stage", "improve"]
