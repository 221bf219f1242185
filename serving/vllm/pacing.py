"""The bucket of svf-bucket: starts that would end together are spread over time.

As in :mod:`kvproof.scheduling.bucket` a start costs ``o (o + 1)/(2 M)`` steps of credit, the time
that the growing part of its volume takes at full memory; a step brings one step of credit, up to a
tenth of the mean expected output so far, and nothing starts while it is negative. What differs in
an engine: where nothing runs something starts, whatever the credit, as no step passes then; and
nothing is known of a stock to come, so none starts free of cost. A request that was preempted has
paid. This cannot be part of a static key: it says when a request starts, not before whom.
"""

from typing import Any

from vllm.v1.request import RequestStatus

from kvproof.serving.vllm.admission import FutureAdmission


class BucketAdmission(FutureAdmission):
    """Admits by full future need and by credit; to be named before a scheduler among the bases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Twice the memory: a step of credit, in units in which all is whole.
        self._step: int = 2 * self._usable * self.block_size  # type: ignore[attr-defined]
        self._credit = self._outputs = self._requests = 0

    def add_request(self, request: Any) -> None:
        """Count what is expected of the request, and hand it on."""
        self._outputs += self.output_of(request)
        self._requests += 1
        super().add_request(request)  # type: ignore[misc]

    def schedule(self, *args: Any, **kwargs: Any) -> Any:
        """Bring a step's credit, and let the engine make up its step."""
        most = self._outputs // (10 * max(self._requests, 1)) * self._step
        self._credit = min(self._credit + self._step, most)
        return super().schedule(*args, **kwargs)  # type: ignore[misc]

    def _admit(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        starts = request.status == RequestStatus.WAITING
        if starts and self._credit < 0 and self.running:  # type: ignore[attr-defined]
            return None
        blocks = super()._admit(request, *args, **kwargs)
        if starts and blocks is not None:
            output = self.output_of(request)
            self._credit -= output * (output + 1)
        return blocks
