"""A model's shape, as its published ``config.json`` gives it: cache per token, parameters.

Grouped-query attention keeps ``2 * kv_heads * head_dim`` numbers for each token and layer.
Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1.3) keeps the compressed
latent and the shared rotary key, ``kv_lora_rank + qk_rope_head_dim``. A layer with a sliding window
(Mistral-7B, arXiv 2310.06825, section 2) keeps the last so many tokens of each request alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kvproof.scheduling.errors import InputError

#: Families whose parameters follow from the shape. Those with a bias on query, key and value,
#: and those with a norm on query and key.
_BIASED = {"qwen2", "glm4_moe"}
_NORMED = {"qwen3", "qwen3_moe", "gemma3_text"}
_PLAIN = {"llama", "mistral", "ministral3", "phi3", "mixtral", "gemma2", "gpt_oss"}
_LATENT = {"deepseek_v2", "deepseek_v3", "kimi_k2"}
COUNTED = _BIASED | _NORMED | _PLAIN | _LATENT

#: What a family's ``config.json`` may leave out, for it is the default of ``transformers``.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "gemma2": {"head_dim": 256, "tie_word_embeddings": True, "sliding_window_pattern": 2},
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262_208,
        "tie_word_embeddings": True,
        "sliding_window_pattern": 6,
    },
    "gpt_oss": {"head_dim": 64, "attention_bias": True, "sliding_window_pattern": 2},
    "cohere2": {"tie_word_embeddings": True, "sliding_window_pattern": 4},
}
#: One layer of how many has experts.
_SPARSE = ("decoder_sparse_step", "moe_layer_freq")
#: Four norms in a layer, not two.
_TWICE_NORMED = {"gemma2", "gemma3_text"}

_MOST = 2**31


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """What of a model decides how much memory its cache and its weights take.

    Parameters
    ----------
    layers, hidden, heads
        Layers, width of the residual stream, query heads.
    kv_heads, head_dim
        Heads of key and value, and numbers in each.
    latent
        With multi-head latent attention the numbers kept for a token and layer, ``kv_lora_rank +
        qk_rope_head_dim``; else None.
    parameters
        In all, or None where the shape does not tell.
    replicated
        Parameters that every GPU of a tensor-parallel group holds in full beside its share.
    windowed, window
        How many of the layers keep only the last `window` tokens of a request; 0 and None where all
        keep every token.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    latent: int | None
    parameters: int | None
    replicated: int
    windowed: int
    window: int | None

    def cache_numbers(self, gpus: int) -> int:
        """Return the numbers that one GPU of a group keeps for a token that no layer has dropped.

        Key and value heads are spread; where there are more GPUs than heads each holds a whole
        one. A latent has no heads: each GPU keeps all of it.
        """
        return self.layers * self._layer_numbers(gpus)

    def lasting_numbers(self, gpus: int) -> int:
        """Return the part of them that is kept to a request's end, by the layers without window."""
        return (self.layers - self.windowed) * self._layer_numbers(gpus)

    def _layer_numbers(self, gpus: int) -> int:
        if self.latent is not None:
            return self.latent
        return 2 * -(-self.kv_heads // gpus) * self.head_dim

    def copied(self, gpus: int) -> int:
        """Return the parameters that a group holds beyond the model's own, for being copied."""
        if self.latent is not None:
            return self.replicated * (gpus - 1)
        heads = -(-self.kv_heads // gpus) * gpus - self.kv_heads
        return self.layers * 2 * self.hidden * self.head_dim * heads


def shape_of(config: Mapping[str, Any], *, where: str) -> ModelShape:
    """Read a shape from the fields of a ``config.json``.

    Parameters
    ----------
    config
        The parsed object; a model with parts may keep the language model's under ``text_config``.
    where
        What it is called in messages.

    Raises
    ------
    InputError
        A field is missing or no number, or layers differ in what they keep of a token.
    """
    inner = config.get("text_config")
    fields = inner if isinstance(inner, Mapping) else config
    given = {name: value for name, value in fields.items() if value is not None}
    fields = {**_DEFAULTS.get(str(given.get("model_type")), {}), **given}
    _refuse_uneven(fields, where)
    layers = _field(fields, "num_hidden_layers", where)
    hidden = _field(fields, "hidden_size", where)
    heads = _field(fields, "num_attention_heads", where)
    latent = None
    if fields.get("kv_lora_rank") is not None:
        latent = _field(fields, "kv_lora_rank", where) + _field(fields, "qk_rope_head_dim", where)
    kv_heads = _field(fields, "num_key_value_heads", where, heads)
    if fields.get("head_dim") is None and latent is None and hidden % heads:
        raise InputError(f"{where}: hidden_size {hidden} is no multiple of {heads} heads")
    if latent is None and heads % kv_heads:
        raise InputError(f"{where}: {heads} heads do not share {kv_heads} key-value heads evenly")
    head_dim = _field(fields, "head_dim", where, max(1, hidden // heads))
    parameters, replicated = None, 0
    # of a model that sees or hears this is a part only
    if fields.get("model_type") in COUNTED and not {"vision_config", "audio_config"} & {*config}:
        attention, replicated = _attention(fields, where, hidden, heads, kv_heads, head_dim, latent)
        parameters = _parameters(fields, where, layers, hidden, attention)
    windowed, window = _windows(fields, where, layers)
    return ModelShape(
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        latent=latent,
        parameters=parameters,
        replicated=layers * replicated,
        windowed=windowed,
        window=window,
    )


#: Kinds of layers, and the field that has what one keeps; None: everything.
_KEPT = {
    "full_attention": None,
    "sliding_attention": "sliding_window",
    "chunked_attention": "attention_chunk_size",
}
_STATE = ("linear_num_key_heads", "mamba_d_state", "ssm_cfg")
_UNEVEN = (
    "global_head_dim", "num_global_key_value_heads", "swa_head_dim", "swa_num_key_value_heads",
)  # fmt: skip


def _refuse_uneven(fields: Mapping[str, Any], where: str) -> None:
    """Refuse models whose layers do not all keep the same of a token."""
    kinds = fields.get("layer_types") or ()
    if not isinstance(kinds, Sequence) or isinstance(kinds, str):
        raise InputError(f"{where}: layer_types must be a list, got {kinds!r}")
    other = sorted({str(kind) for kind in kinds} - {*_KEPT})
    other += [name for name in (*_STATE, *_UNEVEN) if fields.get(name)]
    if other:
        raise InputError(
            f"{where}: layers differ in what they keep of a token ({', '.join(other)}), so the "
            "cache is no number of tokens; give the tokens that your engine reports as --memory"
        )


def _windows(fields: Mapping[str, Any], where: str, layers: int) -> tuple[int, int | None]:
    """Return how many layers keep a window of each request alone, and the longest window.

    Where ``layer_types`` is missing all layers have the window but each k-th
    (``sliding_window_pattern: k``), or those from ``max_window_layers`` on, or all of them. A
    window that a request cannot outgrow (``max_position_embeddings``) is none.
    """
    kinds = fields.get("layer_types")
    if not kinds:
        if not (fields.get("sliding_window") and fields.get("use_sliding_window", True)):
            return 0, None
        every = _field(fields, "sliding_window_pattern", where, _MOST - 1)
        qwen = str(fields.get("model_type")).startswith("qwen")
        first = _optional(fields, "max_window_layers", where) if qwen else 0
        kinds = [
            "full_attention" if i < first or (i + 1) % every == 0 else "sliding_attention"
            for i in range(layers)
        ]
    if len(kinds) != layers:
        raise InputError(f"{where}: layer_types has {len(kinds)} entries for {layers} layers")
    longest = _field(fields, "max_position_embeddings", where, _MOST - 1)
    windows = [_field(fields, name, where) for kind in kinds if (name := _KEPT[str(kind)])]
    windows = [window for window in windows if window < longest]
    return len(windows), max(windows, default=None)


def _attention(
    fields: Mapping[str, Any],
    where: str,
    hidden: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    latent: int | None,
) -> tuple[int, int]:
    """Return the parameters of one layer's attention, and those that each GPU holds in full."""
    if latent is not None:
        rank = _field(fields, "kv_lora_rank", where)
        rope = _field(fields, "qk_rope_head_dim", where)
        nope = _field(fields, "qk_nope_head_dim", where)
        value = _field(fields, "v_head_dim", where)
        down = hidden * (rank + rope) + rank
        up = rank * heads * (nope + value) + heads * value * hidden
        if fields.get("q_lora_rank") is not None:
            query = _field(fields, "q_lora_rank", where)
            down += hidden * query + query
            up += query * heads * (nope + rope)
        else:
            up += hidden * heads * (nope + rope)
        return down + up, down
    width = (heads + 2 * kv_heads) * head_dim
    count = hidden * width + heads * head_dim * hidden
    kind = fields["model_type"]
    if kind in _BIASED:
        count += width
    elif fields.get("attention_bias"):
        count += width + hidden
    if kind == "gpt_oss":
        count += heads  # what each head may attend to beside the tokens
    return count + (2 * head_dim if kind in _NORMED else 0), 0


def _parameters(
    fields: Mapping[str, Any], where: str, layers: int, hidden: int, attention: int
) -> int:
    """Return all parameters: embeddings, attention, gated feed-forward or experts, norms."""
    vocabulary = _field(fields, "vocab_size", where)
    inner = _field(fields, "intermediate_size", where)
    experts = next(
        (_field(fields, name, where) for name in
         ("n_routed_experts", "num_local_experts", "num_experts") if fields.get(name)), 0,
    )  # fmt: skip
    dense = layers
    routed = 0
    if experts:
        width = _field(fields, "moe_intermediate_size", where, inner)
        shared = _optional(fields, "n_shared_experts", where)
        only = fields.get("mlp_only_layers") or ()
        every = max(_optional(fields, name, where) for name in _SPARSE) or 1
        first = _optional(fields, "first_k_dense_replace", where)
        if not isinstance(only, Sequence):
            raise InputError(f"{where}: mlp_only_layers must be a list, got {only!r}")
        if every != 1:
            raise InputError(
                f"{where}: parameters with experts in one layer of {every} are not counted"
            )
        dense = min(layers, first + len(only))
        routed = (experts + shared) * 3 * hidden * width + hidden * experts
        if fields["model_type"] in ("deepseek_v3", "kimi_k2", "glm4_moe"):
            routed += experts  # the bias that balances them
        if fields["model_type"] == "gpt_oss":
            routed += experts * (2 * width + hidden + 1)  # biases, the router's too
    norms = 4 if fields["model_type"] in _TWICE_NORMED else 2
    tied = bool(fields.get("tie_word_embeddings"))
    return (
        vocabulary * hidden * (1 if tied else 2)
        + layers * (attention + norms * hidden)
        + dense * 3 * hidden * inner
        + (layers - dense) * routed
        + hidden
    )


def _optional(fields: Mapping[str, Any], name: str, where: str) -> int:
    """Return a field that may be missing or 0, and counts as 0 then."""
    return _field(fields, name, where) if fields.get(name) else 0


def _field(fields: Mapping[str, Any], name: str, where: str, default: int | None = None) -> int:
    value = fields.get(name)
    value = default if value is None else value
    if value is None:
        raise InputError(f"{where}: {name} is missing; is this a model's config.json?")
    if type(value) is not int or not 1 <= value < _MOST:
        raise InputError(f"{where}: {name} must be a whole number, at least 1, got {value!r}")
    return value
