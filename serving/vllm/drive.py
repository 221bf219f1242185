"""vLLM's real scheduler and KV-cache manager, run over a trace without a model.

Time is engine steps. A request that arrives in step a is added when a steps have been executed,
so that step a + 1 is the first that can run it; where nothing is there to be run, the clock goes on
to the next arrival. Which token the model would choose decides nothing here: every step that
computes the last known token of a request gives it one more.
"""

import gc
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kvproof.scheduling.errors import KvproofError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.serving.run import EngineRun, Timeline
from kvproof.serving.vllm.engine import EngineSettings, build_scheduler, load_vllm
from kvproof.serving.vllm.policies import EnginePolicy
from kvproof.serving.vllm.settings import HINT

#: Called after each executed step with its number, the scheduler, and the requests given a token.
Observer = Callable[[int, Any, list[int]], None]
Progress = Callable[[int], None]

_TOKEN = 7
#: What a step samples for a request: one token, or none amid its prompt. vLLM only reads them.
_SAMPLED, _NONE = [_TOKEN], list[int]()
#: New objects before a collection: a step leaves one or two in a cycle, and many that live on.
_COLLECT = 100_000


def drive(
    instance: Instance,
    engine: EngineSettings,
    policy: EnginePolicy,
    *,
    waiting: Mapping[str, Any] | None = None,
    priority: Column | None = None,
    prompts: list[list[int]] | None = None,
    observe: Observer | None = None,
    progress: Progress | None = None,
) -> EngineRun:
    """Run vLLM's scheduler over the requests and return what it did.

    Parameters
    ----------
    instance
        The requests as vLLM holds them: their prompt is one token less than the user's. Counts are
        expanded. The memory is the engine's.
    engine, policy
        Its settings, and how it orders its queue.
    waiting
        What waiting is worth to kvproof's schedulers: their settings ``aging`` (in token-steps a
        step) and ``patience`` (in steps).
    priority
        What the client sends, in place of the policy's.
    prompts
        The prompts' tokens; by default no two requests begin alike.
    observe, progress
        Called after every step, and with the number of requests completed.

    Raises
    ------
    InputError
        vLLM is missing, or refuses the settings.
    """
    requests = instance.expanded()
    assert requests.memory == engine.memory, "the instance's memory is the engine's"
    vllm = load_vllm()
    scheduler = build_scheduler(
        policy.scheduler_class(vllm, asynchronous=engine.asynchronous),
        engine,
        longest=int((requests.prompt + requests.output).max()) + 1,
        queue=policy.queue,
        kvproof={**policy.settings(requests), **(waiting or {})},
    )
    if priority is None and policy.priority is not None:
        priority = policy.priority(requests)
    one = _Drive(vllm, scheduler, requests, engine, priority, prompts, observe, progress)
    usual = gc.get_threshold()
    gc.freeze()  # as vLLM's engine does: no collection walks through all of vLLM and torch again
    gc.set_threshold(_COLLECT, *usual[1:])
    try:
        return one.run()
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Drive:
    """One run: feeds the scheduler as vLLM's engine core does."""

    def __init__(
        self,
        vllm: Any,
        scheduler: Any,
        requests: Instance,
        engine: EngineSettings,
        priority: Column | None,
        prompts: list[list[int]] | None,
        observe: Observer | None,
        progress: Progress | None,
    ) -> None:
        self.vllm, self.scheduler, self.requests, self.engine = vllm, scheduler, requests, engine
        self.priority, self.prompts = priority, prompts
        self.observe, self.progress = observe, progress
        self.pool = scheduler.kv_cache_manager.block_pool
        self.usable: int = self.pool.get_num_free_blocks()
        # equal priority and arrival: vLLM compares the requests' names, as text
        self.width = len(str(requests.rows))
        self.first = np.full(requests.rows, -1, dtype=np.int64)
        self.completion = np.full(requests.rows, -1, dtype=np.int64)
        self.preemptions = np.zeros(requests.rows, dtype=np.int64)
        self.rows: list[tuple[int, int, int, int]] = []
        self.tokens = self.clock = self.done = 0
        self.tokenless: set[str] = set()  # of those that were added
        self.hasher = None
        if engine.prefix_caching:
            blocks = vllm.kv_cache_utils
            blocks.init_none_hash(vllm.sha256)
            self.hasher = blocks.get_request_block_hasher(engine.block_size, vllm.sha256)
        self._count_preemptions()

    def run(self) -> EngineRun:
        """Run to the end of the last request."""
        requests, scheduler = self.requests, self.scheduler
        order = np.argsort(requests.arrival, kind="stable").tolist()
        arrival = requests.arrival.tolist()
        depth = 2 if self.engine.asynchronous else 1
        flying: deque[tuple[int, Any, Any]] = deque()  # steps whose outputs are not in yet
        coming = empty = 0
        while self.done < requests.rows:
            working = any(plan.total_num_scheduled_tokens for _, plan, _ in flying)
            if not working and not scheduler.has_unfinished_requests():
                self.clock = max(self.clock, arrival[order[coming]])
            while coming < len(order) and arrival[order[coming]] <= self.clock:
                self._add(order[coming])
                coming += 1
            planned = scheduler.schedule()
            # a plan may be empty: all that could run is in flight, or has just been preempted
            executed = planned.total_num_scheduled_tokens > 0
            self.clock += executed
            self.tokens += planned.total_num_scheduled_tokens
            flying.append((self.clock, planned, self._outputs(planned)))
            if len(flying) == depth or not executed:
                self._deliver(*flying.popleft())
            empty = 0 if executed else empty + 1
            if empty > depth + 1:
                raise KvproofError("vLLM schedules nothing, though requests wait and none runs")
        columns = np.array(self.rows, dtype=np.int64).reshape(-1, 4).T
        step, blocks, running, waiting = columns
        return EngineRun(
            instance=requests,
            first=self.first,
            completion=self.completion,
            preemptions=self.preemptions,
            tokens=self.tokens,
            timeline=Timeline(step=step, blocks=blocks, running=running, waiting=waiting),
        )

    def _add(self, i: int) -> None:
        requests = self.requests
        prompt, output = int(requests.prompt[i]) + 1, int(requests.output[i])
        # a token of its own first: nothing is shared
        tokens = self.prompts[i] if self.prompts else [i, *[_TOKEN] * (prompt - 1)]
        name = str(i).zfill(self.width)
        self.tokenless.add(name)
        self.scheduler.add_request(
            self.vllm.Request(
                request_id=name,
                prompt_token_ids=tokens,
                sampling_params=self.vllm.SamplingParams(
                    max_tokens=output, ignore_eos=True, extra_args={HINT: output}
                ),
                pooling_params=None,
                arrival_time=float(requests.arrival[i]),
                priority=0 if self.priority is None else int(self.priority[i]),
                block_hasher=self.hasher,
            )
        )

    def _outputs(self, planned: Any) -> Any:
        """Return what the model would: a token for each request that is not amid its prompt."""
        names = list(planned.num_scheduled_tokens)
        known = self.scheduler.requests
        sampled = [_NONE if known[name].is_prefill_chunk else _SAMPLED for name in names]
        if names:
            for name in self.tokenless & planned.num_scheduled_tokens.keys():
                if not known[name].is_prefill_chunk:
                    self.first[int(name)] = self.clock
                    self.tokenless.remove(name)
            self.rows.append(
                (
                    self.clock,
                    self.usable - self.pool.get_num_free_blocks(),
                    len(names),
                    len(known) - len(names),
                )
            )
            if self.observe is not None:
                given = [int(name) for name, token in zip(names, sampled, strict=True) if token]
                self.observe(self.clock, self.scheduler, given)
        return self.vllm.ModelRunnerOutput(
            req_ids=names,
            req_id_to_index=dict(zip(names, range(len(names)), strict=True)),
            sampled_token_ids=sampled,
            logprobs=None,
            prompt_logprobs_dict={},
            pooler_output=[],
        )

    def _deliver(self, step: int, planned: Any, outputs: Any) -> None:
        for told in self.scheduler.update_from_output(planned, outputs).values():
            # once a token: those that finished are few
            done = [o.request_id for o in told.outputs if o.finish_reason is not None]
            if done:
                self.completion[[int(name) for name in done]] = step
                self.done += len(done)
                if self.progress is not None:
                    self.progress(self.done)

    def _count_preemptions(self) -> None:
        preempt = self.scheduler._preempt_request

        def counted(request: Any, *args: Any, **kwargs: Any) -> Any:
            self.preemptions[int(request.request_id)] += 1
            return preempt(request, *args, **kwargs)

        self.scheduler._preempt_request = counted
