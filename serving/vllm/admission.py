"""Admission by full future need: a request starts if it and all running ones fit to their ends.

vLLM admits a request as soon as its prompt fits, and preempts when the outputs have grown too
large. The model admits by what will be held (docs/theory.md); so does this, where the output
lengths are known or hinted at. One hook: the KV-cache manager's ``allocate_slots``, which the
scheduler asks before it lets a waiting request run, and which says None where it does not fit.
"""

from typing import Any

from vllm.v1.request import RequestStatus

_NOT_RUNNING = (RequestStatus.WAITING, RequestStatus.PREEMPTED)


class FutureAdmission:
    """Admits by full future need; to be named before a scheduler among the bases.

    A hint too short only brings back vLLM's own preemption, one too long only delays.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        manager = self.kv_cache_manager  # type: ignore[attr-defined]
        self._allocate = manager.allocate_slots
        self._usable: int = manager.block_pool.get_num_free_blocks()
        manager.allocate_slots = self._admit

    def _admit(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Ask whether a request fits to its end before it is given blocks."""
        running = self.running  # type: ignore[attr-defined]
        # one that runs already asks for its next block
        starts = request.status in _NOT_RUNNING
        if starts and running and not self._fits([*running, request]):
            return None
        return self._allocate(request, *args, **kwargs)

    def _fits(self, requests: list[Any]) -> bool:
        """Whether these requests, run from now on, stay within the blocks in every step."""
        size: int = self.block_size  # type: ignore[attr-defined]
        spans = [self._span(request) for request in requests]
        if sum(-(-(held + left - 1) // size) for left, held in spans) <= self._usable:
            return True  # even with all at their ends at once
        # what is held only falls where a request ends
        for end in sorted({left for left, _ in spans}):
            blocks = sum(-(-(held + end - 1) // size) for left, held in spans if left >= end)
            if blocks > self._usable:
                return False
        return True

    def _span(self, request: Any) -> tuple[int, int]:
        """Return how many steps a request will run, and the tokens that it holds in the first."""
        made = request.num_output_tokens + request.num_output_placeholders
        expected = self.output_of(request)
        if made >= expected:  # longer than was expected: how much longer is not known
            expected = request.max_tokens
        return max(expected - made, 1), request.num_prompt_tokens + made

    def output_of(self, request: Any) -> int:
        """Return the expected output length; an order by volume brings its own."""
        below = getattr(super(), "output_of", None)
        return int(request.max_tokens if below is None else below(request))
