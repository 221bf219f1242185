"""kvproof: proofs about LLM-serving schedulers.

    import kvproof as kv

    trace = kv.read_trace("trace.csv")
    instance, notes = trace.to_instance(memory=60_000, step=0.05)
    verdict = kv.verify(instance, "svf")
    verdict.factor  # the schedule costs at most this times OPT

The names below are loaded when they are first used, so that nothing heavy is imported early.
"""

import importlib

TYPE_CHECKING = False  # not typing's, which takes time before Ctrl-C can be answered
if TYPE_CHECKING:
    from typing import Any

    from kvproof.adversary.campaign.campaign import CampaignResult as CampaignResult
    from kvproof.api import Picture as Picture
    from kvproof.api import cache_tokens as cache_tokens
    from kvproof.api import certify as certify
    from kvproof.api import check as check
    from kvproof.api import draw as draw
    from kvproof.api import headroom as headroom
    from kvproof.api import lower_bound as lower_bound
    from kvproof.api import search as search
    from kvproof.api import simulate as simulate
    from kvproof.api import verify as verify
    from kvproof.api import verify_predicted as verify_predicted
    from kvproof.bounds.predicted import PredictedVerdict as PredictedVerdict
    from kvproof.bounds.verify import Verdict as Verdict
    from kvproof.certificates.build import Certificate as Certificate
    from kvproof.certificates.headroom import Headroom as Headroom
    from kvproof.certificates.lower_bounds import LowerBound as LowerBound
    from kvproof.scheduling.errors import InputError as InputError
    from kvproof.scheduling.errors import KvproofError as KvproofError
    from kvproof.scheduling.errors import LimitError as LimitError
    from kvproof.scheduling.errors import RejectedError as RejectedError
    from kvproof.scheduling.feasibility import check_schedule as check_schedule
    from kvproof.scheduling.instance import Instance as Instance
    from kvproof.scheduling.instance_file import read_instance as read_instance
    from kvproof.scheduling.latency import LatencyStatistics as LatencyStatistics
    from kvproof.scheduling.one_bit import OneBitSVF as OneBitSVF
    from kvproof.scheduling.policies import FCFS as FCFS
    from kvproof.scheduling.policies import SJF as SJF
    from kvproof.scheduling.policies import SVF as SVF
    from kvproof.scheduling.registry import find_policy as find_policy
    from kvproof.scheduling.schedule import Schedule as Schedule
    from kvproof.scheduling.sorted_f import SortedF as SortedF
    from kvproof.scheduling.traces import Trace as Trace
    from kvproof.scheduling.traces import TraceFormat as TraceFormat
    from kvproof.scheduling.traces import read_trace as read_trace
    from kvproof.solver.improve import Improvement as Improvement
    from kvproof.solver.improve import improve as improve
    from kvproof.solver.result import Result as Result
    from kvproof.solver.stages import solve as solve

_HOME = {
    "CampaignResult": "kvproof.adversary.campaign.campaign",
    "Certificate": "kvproof.certificates.build",
    "FCFS": "kvproof.scheduling.policies",
    "Headroom": "kvproof.certificates.headroom",
    "Improvement": "kvproof.solver.improve",
    "InputError": "kvproof.scheduling.errors",
    "Instance": "kvproof.scheduling.instance",
    "KvproofError": "kvproof.scheduling.errors",
    "LimitError": "kvproof.scheduling.errors",
    "LatencyStatistics": "kvproof.scheduling.latency",
    "LowerBound": "kvproof.certificates.lower_bounds",
    "OneBitSVF": "kvproof.scheduling.one_bit",
    "PredictedVerdict": "kvproof.bounds.predicted",
    "RejectedError": "kvproof.scheduling.errors",
    "Result": "kvproof.solver.result",
    "SJF": "kvproof.scheduling.policies",
    "SVF": "kvproof.scheduling.policies",
    "Schedule": "kvproof.scheduling.schedule",
    "SortedF": "kvproof.scheduling.sorted_f",
    "Trace": "kvproof.scheduling.traces",
    "TraceFormat": "kvproof.scheduling.traces",
    "Verdict": "kvproof.bounds.verify",
    "cache_tokens": "kvproof.api",
    "Picture": "kvproof.api",
    "certify": "kvproof.api",
    "draw": "kvproof.api",
    "check": "kvproof.api",
    "check_schedule": "kvproof.scheduling.feasibility",
    "find_policy": "kvproof.scheduling.registry",
    "headroom": "kvproof.api",
    "improve": "kvproof.solver.improve",
    "lower_bound": "kvproof.api",
    "read_instance": "kvproof.scheduling.instance_file",
    "read_trace": "kvproof.scheduling.traces",
    "search": "kvproof.api",
    "simulate": "kvproof.api",
    "solve": "kvproof.solver.stages",
    "verify": "kvproof.api",
    "verify_predicted": "kvproof.api",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
