"""vLLM's own schedulers with another order of the waiting queue.

Only the number that vLLM's priority queue sorts by is set, in ``add_request``; how a step is
made up, the KV-cache manager, preemption (of the running request that would go last) and the
model runner are vLLM's. The scheduler interface of vLLM is not public: ``docs/vllm.md`` lists the
versions that were tried.
"""

import logging
from typing import Any
from weakref import WeakKeyDictionary

from vllm import __version__
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.scheduler import Scheduler

from kvproof.serving.vllm.admission import FutureAdmission
from kvproof.serving.vllm.pacing import BucketAdmission
from kvproof.serving.vllm.priority import held_volume, proxy_output, read_hint, static_key
from kvproof.serving.vllm.settings import Settings
from kvproof.serving.vllm.versions import is_tried, tried

logger = logging.getLogger("vllm.kvproof")  # below "vllm": shares its handler and its level


class VolumeOrder:
    """Orders the waiting requests by volume; to be named before a scheduler among the bases."""

    def __init__(self, vllm_config: Any, *args: Any, **kwargs: Any) -> None:
        self.settings = Settings.from_config(vllm_config.additional_config)
        self._complained = False
        #: What was predicted for each request that there still is.
        self._predicted: WeakKeyDictionary[Any, int | None] = WeakKeyDictionary()
        vllm_config.scheduler_config.policy = "priority"  # the engine core's own copy
        super().__init__(vllm_config, *args, **kwargs)  # type: ignore[call-arg]
        logger.info("kvproof: %s orders the queue: %s", type(self).__name__, self.settings)
        if not is_tried(__version__):
            logger.warning(
                "kvproof: vLLM %s is none of the versions that it was tried with (%s); see that "
                "requests start in the order of their volumes (docs/vllm.md)", __version__, tried()
            )  # fmt: skip

    def add_request(self, request: Any) -> None:
        """Set the request's priority and hand it on; nothing that it holds can stop the engine."""
        if request.request_id not in self.requests:  # type: ignore[attr-defined]
            # else it is the next part of a streamed one, which keeps its place
            request.priority = static_key(
                operator=request.priority,
                volume=held_volume(request.num_prompt_tokens, self.output_of(request)),
                arrival=request.arrival_time,
                aging=self.settings.aging,
                patience=self.settings.patience,
            )
        super().add_request(request)  # type: ignore[misc]

    def output_of(self, request: Any) -> int:
        """Return the output length to reckon with: hint, else prediction, else ``max_tokens``.

        What is above ``max_tokens`` counts as that.
        """
        params = request.sampling_params  # None: nothing is generated
        extra = (params and params.extra_args) or {}
        expected = read_hint(extra.get(self.settings.hint))
        if expected is None and self.settings.predictor is not None:
            if request not in self._predicted:  # asked for once: admission reckons in every step
                self._predicted[request] = self._predict(request)
            expected = self._predicted[request]
        most: int = max(request.max_tokens, 1)
        return most if expected is None else min(expected, most)

    def _predict(self, request: Any) -> int | None:
        """Ask the user's predictor; what it raises costs the prediction and nothing else."""
        assert self.settings.predictor is not None
        try:
            return read_hint(self.settings.predictor(request))
        except (Exception, SystemExit):
            if not self._complained:  # once: every request may bring it about
                logger.exception("kvproof: the predictor fails; such requests go by max_tokens")
            self._complained = True
            return None


class OneBitOrder(VolumeOrder):
    """Orders by volume, knowing of each output only whether it is long."""

    def output_of(self, request: Any) -> int:
        """Return the mean output of the request's class."""
        bit = self.settings
        return proxy_output(
            super().output_of(request), threshold=bit.threshold, short=bit.short, long=bit.long
        )


class SVFScheduler(VolumeOrder, AsyncScheduler):  # type: ignore[misc]
    """Smallest volume first, for asynchronous scheduling (vLLM's default on GPUs)."""


class SVFSyncScheduler(VolumeOrder, Scheduler):  # type: ignore[misc]
    """Smallest volume first, for ``--no-async-scheduling``."""


class OneBitSVFScheduler(OneBitOrder, AsyncScheduler):  # type: ignore[misc]
    """One-bit SVF, for asynchronous scheduling (vLLM's default on GPUs)."""


class OneBitSVFSyncScheduler(OneBitOrder, Scheduler):  # type: ignore[misc]
    """One-bit SVF, for ``--no-async-scheduling``."""


class SVFFutureScheduler(FutureAdmission, VolumeOrder, AsyncScheduler):  # type: ignore[misc]
    """Smallest volume first, admitted by full future need."""


class SVFFutureSyncScheduler(FutureAdmission, VolumeOrder, Scheduler):  # type: ignore[misc]
    """The same for ``--no-async-scheduling``."""


class SVFBucketScheduler(BucketAdmission, VolumeOrder, AsyncScheduler):  # type: ignore[misc]
    """Smallest volume first with starts spread over time, admitted by full future need."""


class SVFBucketSyncScheduler(BucketAdmission, VolumeOrder, Scheduler):  # type: ignore[misc]
    """The same for ``--no-async-scheduling``."""


class FCFSFutureScheduler(FutureAdmission, AsyncScheduler):  # type: ignore[misc]
    """vLLM's own order, admitted by full future need; reckons with ``max_tokens``."""


class FCFSFutureSyncScheduler(FutureAdmission, Scheduler):  # type: ignore[misc]
    """The same for ``--no-async-scheduling``."""
