"""The orders that ``kvproof vllm`` can run, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF


@dataclass(frozen=True, kw_only=True)
class EnginePolicy:
    """How vLLM is made to order its queue.

    Parameters
    ----------
    name, title
        ``"svf"``, and what it is in a few words.
    scheduler
        Name of the scheduler: vLLM's own (``None``), or one of :mod:`kvproof.serving.vllm`.
    queue
        vLLM's ``scheduling_policy``.
    priority
        What the client sends as the requests' priorities, or None.
    settings
        Of kvproof's schedulers, from the requests.
    """

    name: str
    title: str
    scheduler: str | None = None
    queue: Literal["fcfs", "priority"] = "fcfs"
    priority: Callable[[Instance], Column] | None = None
    settings: Callable[[Instance], dict[str, Any]] = lambda _: {}

    @property
    def ages(self) -> bool:
        """Whether waiting can count for it: in an order that is kvproof's."""
        return self.scheduler is not None and self.scheduler != "FCFSFutureScheduler"

    def scheduler_class(self, vllm: SimpleNamespace, *, asynchronous: bool) -> type:
        """Return the class, of those parts of vLLM."""
        if self.scheduler is None:
            found: type = vllm.AsyncScheduler if asynchronous else vllm.Scheduler
        else:
            from kvproof.serving import vllm as schedulers

            kind = "Scheduler" if asynchronous else "SyncScheduler"
            found = getattr(schedulers, self.scheduler.replace("Scheduler", kind))
        return found


def _one_bit(requests: Instance) -> dict[str, Any]:
    """Return the threshold (the mean output) and the classes' means, in whole tokens."""
    policy = OneBitSVF()
    long = policy.is_long(requests)
    every = requests.output

    def mean(members: Column) -> int:
        return round(float((members if len(members) else every).mean()))

    return {
        "threshold": policy.threshold(requests).__floor__(),
        "short": mean(every[~long]),
        "long": mean(every[long]),
    }


ENGINE_POLICIES = {
    policy.name: policy
    for policy in (
        EnginePolicy(name="fcfs", title="vLLM's default: first come, first served"),
        EnginePolicy(
            name="priority",
            title="vLLM's priority queue; the client sends the volume as priority",
            queue="priority",
            priority=lambda requests: requests.volume,
        ),
        EnginePolicy(
            name="sjf",
            title="vLLM's priority queue; the client sends the output length as priority",
            queue="priority",
            priority=lambda requests: requests.output,
        ),
        EnginePolicy(name="svf", title="SVFScheduler", scheduler="SVFScheduler"),
        EnginePolicy(
            name="svf-1bit",
            title="OneBitSVFScheduler",
            scheduler="OneBitSVFScheduler",
            settings=_one_bit,
        ),
        EnginePolicy(
            name="fcfs-future",
            title="first come, first served, admitted by full future need",
            scheduler="FCFSFutureScheduler",
        ),
        EnginePolicy(
            name="svf-future",
            title="SVF, admitted by full future need",
            scheduler="SVFFutureScheduler",
        ),
        EnginePolicy(
            name="svf-bucket",
            title="SVF with its starts spread over time, admitted by full future need",
            scheduler="SVFBucketScheduler",
        ),
    )
}


def find_engine_policy(name: str) -> EnginePolicy:
    """Return the policy of this name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in ENGINE_POLICIES:
        raise InputError(f"policy {name!r} is unknown; known: {', '.join(ENGINE_POLICIES)}")
    return ENGINE_POLICIES[name]
