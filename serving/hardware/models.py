"""Open models by name, with the fields of their published ``config.json`` that matter here.

Each entry names the repository on huggingface.co whose ``config.json`` has these fields. Base and
instruction-tuned variants share them.
"""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from kvproof.scheduling.errors import InputError
from kvproof.serving.hardware.shape import ModelShape, shape_of


@dataclass(frozen=True, kw_only=True)
class Model:
    """A published model.

    Parameters
    ----------
    name
        How it is called here.
    source
        The repository on huggingface.co whose ``config.json`` the fields are of.
    config
        The fields, of a model with parts those of its language model.
    parameters
        In all, of a model with parts; else None, and they follow from the fields.
    """

    name: str
    source: str
    config: dict[str, Any]
    parameters: int | None = None

    @property
    def shape(self) -> ModelShape:
        """The shape that the fields give."""
        shape = shape_of(self.config, where=self.name)
        return shape if self.parameters is None else replace(shape, parameters=self.parameters)


def _model(
    name: str, source: str, kind: str, layers: int, hidden: int, heads: int, kv_heads: int,
    inner: int, vocabulary: int, *, parameters: int | None = None, **more: Any,
) -> Model:  # fmt: skip
    config = {
        "model_type": kind,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": inner,
        "vocab_size": vocabulary,
        **more,
    }
    return Model(name=name, source=source, config=config, parameters=parameters)


_DEEPSEEK = {
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
}
_EXPERTS_V3 = {
    **_DEEPSEEK,
    "q_lora_rank": 1536,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "moe_intermediate_size": 2048,
    "first_k_dense_replace": 3,
}

# fmt: off
MODELS = (
    _model("llama-3.1-8b", "meta-llama/Llama-3.1-8B", "llama", 32, 4096, 32, 8, 14336, 128256),
    _model("llama-3.1-70b", "meta-llama/Llama-3.1-70B", "llama", 80, 8192, 64, 8, 28672, 128256),
    _model("llama-3.1-405b", "meta-llama/Llama-3.1-405B", "llama", 126, 16384, 128, 8, 53248,
           128256),
    _model("llama-3.2-1b", "meta-llama/Llama-3.2-1B", "llama", 16, 2048, 32, 8, 8192, 128256,
           head_dim=64, tie_word_embeddings=True),
    _model("llama-3.2-3b", "meta-llama/Llama-3.2-3B", "llama", 28, 3072, 24, 8, 8192, 128256,
           head_dim=128, tie_word_embeddings=True),
    _model("llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct", "llama", 80, 8192, 64, 8, 28672,
           128256),
    _model("mistral-7b-v0.1", "mistralai/Mistral-7B-v0.1", "mistral", 32, 4096, 32, 8, 14336, 32000,
           sliding_window=4096, max_position_embeddings=32768),
    _model("mistral-7b-v0.3", "mistralai/Mistral-7B-Instruct-v0.3", "mistral", 32, 4096, 32, 8,
           14336, 32768),
    _model("devstral-2-123b", "mistralai/Devstral-2-123B-Instruct-2512", "ministral3", 88, 12288,
           96, 8, 28672, 131072, head_dim=128),
    _model("mixtral-8x7b", "mistralai/Mixtral-8x7B-v0.1", "mixtral", 32, 4096, 32, 8, 14336, 32000,
           num_local_experts=8),
    _model("qwen2.5-7b", "Qwen/Qwen2.5-7B-Instruct", "qwen2", 28, 3584, 28, 4, 18944, 152064),
    _model("qwen2.5-32b", "Qwen/Qwen2.5-32B-Instruct", "qwen2", 64, 5120, 40, 8, 27648, 152064),
    _model("qwen2.5-72b", "Qwen/Qwen2.5-72B-Instruct", "qwen2", 80, 8192, 64, 8, 29568, 152064),
    _model("qwen3-8b", "Qwen/Qwen3-8B", "qwen3", 36, 4096, 32, 8, 12288, 151936, head_dim=128),
    _model("qwen3-32b", "Qwen/Qwen3-32B", "qwen3", 64, 5120, 64, 8, 25600, 151936, head_dim=128),
    _model("qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B", "qwen3_moe", 48, 2048, 32, 4, 6144, 151936,
           head_dim=128, num_experts=128, moe_intermediate_size=768),
    _model("qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B", "qwen3_moe", 94, 4096, 64, 4, 12288, 151936,
           head_dim=128, num_experts=128, moe_intermediate_size=1536),
    _model("phi-3-mini-4k", "microsoft/Phi-3-mini-4k-instruct", "phi3", 32, 3072, 32, 32, 8192,
           32064, sliding_window=2047, max_position_embeddings=4096),
    _model("phi-3-medium-4k", "microsoft/Phi-3-medium-4k-instruct", "phi3", 40, 5120, 40, 10, 17920,
           32064, sliding_window=2047, max_position_embeddings=4096),
    _model("phi-4", "microsoft/phi-4", "phi3", 40, 5120, 40, 10, 17920, 100352),
    _model("gemma-2-2b", "google/gemma-2-2b-it", "gemma2", 26, 2304, 8, 4, 9216, 256000,
           sliding_window=4096, max_position_embeddings=8192),
    _model("gemma-2-9b", "google/gemma-2-9b-it", "gemma2", 42, 3584, 16, 8, 14336, 256000,
           sliding_window=4096, max_position_embeddings=8192),
    _model("gemma-2-27b", "google/gemma-2-27b-it", "gemma2", 46, 4608, 32, 16, 36864, 256000,
           head_dim=128, sliding_window=4096, max_position_embeddings=8192),
    _model("gemma-3-1b", "google/gemma-3-1b-it", "gemma3_text", 26, 1152, 4, 1, 6912, 262144,
           sliding_window=512, max_position_embeddings=32768),
    _model("gemma-3-4b", "google/gemma-3-4b-it", "gemma3_text", 34, 2560, 8, 4, 10240, 262208,
           sliding_window=1024, max_position_embeddings=131072, parameters=4_300_079_472),
    _model("gemma-3-12b", "google/gemma-3-12b-it", "gemma3_text", 48, 3840, 16, 8, 15360, 262208,
           sliding_window=1024, max_position_embeddings=131072, parameters=12_187_325_040),
    _model("gemma-3-27b", "google/gemma-3-27b-it", "gemma3_text", 62, 5376, 32, 16, 21504, 262208,
           head_dim=128, sliding_window=1024, max_position_embeddings=131072,
           parameters=27_432_406_640),
    _model("gpt-oss-20b", "openai/gpt-oss-20b", "gpt_oss", 24, 2880, 64, 8, 2880, 201088,
           num_local_experts=32, sliding_window=128, max_position_embeddings=131072),
    _model("gpt-oss-120b", "openai/gpt-oss-120b", "gpt_oss", 36, 2880, 64, 8, 2880, 201088,
           num_local_experts=128, sliding_window=128, max_position_embeddings=131072),
    _model("deepseek-v2", "deepseek-ai/DeepSeek-V2", "deepseek_v2", 60, 5120, 128, 128, 12288,
           102400, **_DEEPSEEK, q_lora_rank=1536, n_routed_experts=160, n_shared_experts=2,
           moe_intermediate_size=1536, first_k_dense_replace=1),
    _model("deepseek-v3", "deepseek-ai/DeepSeek-V3", "deepseek_v3", 61, 7168, 128, 128, 18432,
           129280, **_EXPERTS_V3),
    _model("deepseek-r1", "deepseek-ai/DeepSeek-R1", "deepseek_v3", 61, 7168, 128, 128, 18432,
           129280, **_EXPERTS_V3),
    _model("kimi-k2", "moonshotai/Kimi-K2-Instruct", "kimi_k2", 61, 7168, 64, 64, 18432, 163840,
           **_DEEPSEEK, q_lora_rank=1536, n_routed_experts=384, n_shared_experts=1,
           moe_intermediate_size=2048, first_k_dense_replace=1),
)
# fmt: on

_VARIANTS = ("-chat", "-base", "-hf", "-it", "-pt")


def find_model(name: str) -> Model:
    """Return the model of this name; an owner before it and a variant after it do not matter.

    Raises
    ------
    InputError
        It is not in the table; the nearest names are given.
    """
    wanted = name.rpartition("/")[2].lower().replace("-instruct", "")
    for variant in _VARIANTS:
        wanted = wanted.removesuffix(variant)
    known = {model.name: model for model in MODELS}
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted, known, n=3, cutoff=0.5)
    hint = f"near it: {', '.join(near)}" if near else "'kvproof memory' lists those that are known"
    raise InputError(
        f"model {name!r} is unknown; {hint}; or give the path of its config.json in its place"
    )
