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

    Nothing is preempted where the lengths are exact and each prompt is computed in one step; one
    that takes several, for the budget of tokens, ends later than is reckoned here. A hint too short
    only brings back vLLM's own preemption, one too long only delays.
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
        if sum(-(-most // size) for _, _, most in spans) <= self._usable:
            return True  # even with all at their ends at once
        # what is held only falls where a request has left
        for end in sorted({stays for stays, _, _ in spans}):
            tokens = (min(held + end - 1, most) for stays, held, most in spans if stays >= end)
            if sum(-(-count // size) for count in tokens) > self._usable:
                return False
        return True

    def _span(self, request: Any) -> tuple[int, int, int]:
        """Return for how many steps a request will hold blocks, and tokens at first and at most.

        Under asynchronous scheduling a step is made up before the one before it has ended: who
        ends in that one still holds its blocks in this, and computes a token in vain where the
        engine could not foresee the end.
        """
        late = int(self.scheduler_config.async_scheduling)  # type: ignore[attr-defined]
        made = request.num_output_tokens + request.num_output_placeholders
        expected = self.output_of(request)
        if request.num_output_tokens >= expected:  # how much longer than expected is not known
            expected = request.max_tokens
        prompt = request.num_prompt_tokens
        most = prompt + min(expected + late, request.max_tokens) - 1
        return max(expected - made + late, 1), prompt + made, most

    def output_of(self, request: Any) -> int:
        """Return the expected output length; an order by volume brings its own."""
        below = getattr(super(), "output_of", None)
        return int(request.max_tokens if below is None else below(request))
