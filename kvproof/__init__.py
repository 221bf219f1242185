"""kvproof: proofs about LLM-serving schedulers.

    import kvproof as kv

    instance = kv.read_instance(path)
    verdict = kv.verify(instance, kv.SVF())
    verdict.factor  # the schedule costs at most this times OPT

The names below are loaded when they are first used, so that nothing heavy is imported early.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bounds.svf import svf_backlog_bound as svf_backlog_bound
    from bounds.verify import Verdict as Verdict
    from bounds.verify import verify as verify
    from certificates.lower_bounds import LowerBound as LowerBound
    from certificates.lower_bounds import best_bound as best_bound
    from certificates.lower_bounds import centroid_bound as centroid_bound
    from certificates.lower_bounds import volume_bound as volume_bound
    from scheduling.errors import InputError as InputError
    from scheduling.errors import KvproofError as KvproofError
    from scheduling.errors import LimitError as LimitError
    from scheduling.errors import RejectedError as RejectedError
    from scheduling.feasibility import check_schedule as check_schedule
    from scheduling.instance import Instance as Instance
    from scheduling.instance_file import read_instance as read_instance
    from scheduling.one_bit import OneBitSVF as OneBitSVF
    from scheduling.policies import FCFS as FCFS
    from scheduling.policies import SJF as SJF
    from scheduling.policies import SVF as SVF
    from scheduling.schedule import Schedule as Schedule
    from scheduling.simulate import simulate as simulate
    from scheduling.sorted_f import SortedF as SortedF
    from scheduling.traces import TraceFormat as TraceFormat
    from scheduling.traces import read_trace as read_trace

_HOME = {
    "FCFS": "scheduling.policies",
    "InputError": "scheduling.errors",
    "Instance": "scheduling.instance",
    "KvproofError": "scheduling.errors",
    "LimitError": "scheduling.errors",
    "LowerBound": "certificates.lower_bounds",
    "OneBitSVF": "scheduling.one_bit",
    "RejectedError": "scheduling.errors",
    "SJF": "scheduling.policies",
    "SVF": "scheduling.policies",
    "Schedule": "scheduling.schedule",
    "SortedF": "scheduling.sorted_f",
    "TraceFormat": "scheduling.traces",
    "Verdict": "bounds.verify",
    "best_bound": "certificates.lower_bounds",
    "centroid_bound": "certificates.lower_bounds",
    "check_schedule": "scheduling.feasibility",
    "read_instance": "scheduling.instance_file",
    "read_trace": "scheduling.traces",
    "simulate": "scheduling.simulate",
    "svf_backlog_bound": "bounds.svf",
    "verify": "bounds.verify",
    "volume_bound": "certificates.lower_bounds",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
