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
    from kvproof.bounds.verify import Verdict as Verdict
    from kvproof.bounds.verify import verify as verify
    from kvproof.certificates.lower_bounds import LowerBound as LowerBound
    from kvproof.certificates.lower_bounds import best_bound as best_bound
    from kvproof.certificates.lower_bounds import centroid_bound as centroid_bound
    from kvproof.certificates.lower_bounds import volume_bound as volume_bound
    from kvproof.scheduling.errors import InputError as InputError
    from kvproof.scheduling.errors import KvproofError as KvproofError
    from kvproof.scheduling.errors import LimitError as LimitError
    from kvproof.scheduling.errors import RejectedError as RejectedError
    from kvproof.scheduling.feasibility import check_schedule as check_schedule
    from kvproof.scheduling.instance import Instance as Instance
    from kvproof.scheduling.instance_file import read_instance as read_instance
    from kvproof.scheduling.one_bit import OneBitSVF as OneBitSVF
    from kvproof.scheduling.policies import FCFS as FCFS
    from kvproof.scheduling.policies import SJF as SJF
    from kvproof.scheduling.policies import SVF as SVF
    from kvproof.scheduling.schedule import Schedule as Schedule
    from kvproof.scheduling.simulate import simulate as simulate
    from kvproof.scheduling.sorted_f import SortedF as SortedF
    from kvproof.scheduling.traces import TraceFormat as TraceFormat
    from kvproof.scheduling.traces import read_trace as read_trace

_HOME = {
    "FCFS": "kvproof.scheduling.policies",
    "InputError": "kvproof.scheduling.errors",
    "Instance": "kvproof.scheduling.instance",
    "KvproofError": "kvproof.scheduling.errors",
    "LimitError": "kvproof.scheduling.errors",
    "LowerBound": "kvproof.certificates.lower_bounds",
    "OneBitSVF": "kvproof.scheduling.one_bit",
    "RejectedError": "kvproof.scheduling.errors",
    "SJF": "kvproof.scheduling.policies",
    "SVF": "kvproof.scheduling.policies",
    "Schedule": "kvproof.scheduling.schedule",
    "SortedF": "kvproof.scheduling.sorted_f",
    "TraceFormat": "kvproof.scheduling.traces",
    "Verdict": "kvproof.bounds.verify",
    "best_bound": "kvproof.certificates.lower_bounds",
    "centroid_bound": "kvproof.certificates.lower_bounds",
    "check_schedule": "kvproof.scheduling.feasibility",
    "read_instance": "kvproof.scheduling.instance_file",
    "read_trace": "kvproof.scheduling.traces",
    "simulate": "kvproof.scheduling.simulate",
    "verify": "kvproof.bounds.verify",
    "volume_bound": "kvproof.certificates.lower_bounds",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
