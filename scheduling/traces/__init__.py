"""Traces of real requests: read strictly, kept exactly, turned into instances.

A *source* (CSV, JSON lines, Parquet) says how cells are reached, a *format* says which columns
mean what; every format can come from every source, and both are recognised from the content.
"""

from kvproof.scheduling.traces.formats import BUILTIN, GROUP, TraceFormat
from kvproof.scheduling.traces.reader import read_trace
from kvproof.scheduling.traces.trace import DEFAULT_STEP, Notes, Trace

__all__ = ["BUILTIN", "DEFAULT_STEP", "GROUP", "Notes", "Trace", "TraceFormat", "read_trace"]
