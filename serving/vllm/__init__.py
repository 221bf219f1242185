"""Smallest Volume First inside vLLM: ``--scheduler-cls kvproof.serving.vllm.SVFScheduler``.

The schedulers need vLLM and are loaded when they are first named; the rest of this package does
without it. How to switch them on: ``docs/vllm.md``.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kvproof.serving.vllm.scheduler import FCFSFutureScheduler as FCFSFutureScheduler
    from kvproof.serving.vllm.scheduler import FCFSFutureSyncScheduler as FCFSFutureSyncScheduler
    from kvproof.serving.vllm.scheduler import OneBitSVFScheduler as OneBitSVFScheduler
    from kvproof.serving.vllm.scheduler import OneBitSVFSyncScheduler as OneBitSVFSyncScheduler
    from kvproof.serving.vllm.scheduler import SVFBucketScheduler as SVFBucketScheduler
    from kvproof.serving.vllm.scheduler import SVFBucketSyncScheduler as SVFBucketSyncScheduler
    from kvproof.serving.vllm.scheduler import SVFFutureScheduler as SVFFutureScheduler
    from kvproof.serving.vllm.scheduler import SVFFutureSyncScheduler as SVFFutureSyncScheduler
    from kvproof.serving.vllm.scheduler import SVFScheduler as SVFScheduler
    from kvproof.serving.vllm.scheduler import SVFSyncScheduler as SVFSyncScheduler

__all__ = [
    "FCFSFutureScheduler",
    "FCFSFutureSyncScheduler",
    "OneBitSVFScheduler",
    "OneBitSVFSyncScheduler",
    "SVFBucketScheduler",
    "SVFBucketSyncScheduler",
    "SVFFutureScheduler",
    "SVFFutureSyncScheduler",
    "SVFScheduler",
    "SVFSyncScheduler",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from kvproof.serving.vllm import scheduler
    except ImportError as error:
        from kvproof.serving.vllm.versions import cannot_be_used

        version = getattr(sys.modules.get("vllm"), "__version__", "not installed")
        raise ImportError(f"kvproof: {cannot_be_used(version, error)}") from error
    return getattr(scheduler, name)
