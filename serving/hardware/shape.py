"""A model's shape, as its published ``config.json`` gives it: cache per token, parameters.

Grouped-query attention keeps ``2 * kv_heads * head_dim`` numbers for each token and layer.
Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1.3) keeps the compressed
latent and the shared rotary key, ``kv_lora_rank + qk_rope_head_dim``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kvproof.scheduling.errors import InputError

#: Families whose parameters follow from the shape. Those with a bias on query, key and value,
#: and those with a norm on query and key.
_BIASED = {"qwen2", "glm4_moe"}
_NORMED = {"qwen3", "qwen3_moe"}
_PLAIN = {"llama", "mistral", "ministral3", "phi3", "mixtral"}
_LATENT = {"deepseek_v2", "deepseek_v3", "kimi_k2"}
COUNTED = _BIASED | _NORMED | _PLAIN | _LATENT

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
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    latent: int | None
    parameters: int | None
    replicated: int

    def cache_numbers(self, gpus: int) -> int:
        """Return the numbers that one GPU of a group keeps for a token.

        Key and value heads are spread; where there are more GPUs than heads each holds a whole
        one. A latent has no heads: each GPU keeps all of it.
        """
        if self.latent is not None:
            return self.layers * self.latent
        return self.layers * 2 * -(-self.kv_heads // gpus) * self.head_dim

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
        A field is missing or no number, or not every layer keeps all tokens.
    """
    inner = config.get("text_config")
    fields = inner if isinstance(inner, Mapping) else config
    _refuse_partial(fields, where)
    layers = _field(fields, "num_hidden_layers", where)
    hidden = _field(fields, "hidden_size", where)
    heads = _field(fields, "num_attention_heads", where)
    latent = None
    if fields.get("kv_lora_rank") is not None:
        latent = _field(fields, "kv_lora_rank", where) + _field(fields, "qk_rope_head_dim", where)
    kv_heads = _field(fields, "num_key_value_heads", where, heads)
    given = fields.get("head_dim") is not None or latent is not None
    if not given and hidden % heads:
        raise InputError(f"{where}: hidden_size {hidden} is no multiple of {heads} heads")
    if latent is None and heads % kv_heads:
        raise InputError(f"{where}: {heads} heads do not share {kv_heads} key-value heads evenly")
    head_dim = _field(fields, "head_dim", where, max(1, hidden // heads))
    parameters, replicated = None, 0
    if fields.get("model_type") in COUNTED:
        attention, replicated = _attention(fields, where, hidden, heads, kv_heads, head_dim, latent)
        parameters = _parameters(fields, where, layers, hidden, attention)
    return ModelShape(
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        latent=latent,
        parameters=parameters,
        replicated=layers * replicated,
    )


def _refuse_partial(fields: Mapping[str, Any], where: str) -> None:
    """Refuse models whose cache does not grow by the same for every token."""
    kinds = fields.get("layer_types")
    other = sorted({str(kind) for kind in kinds} - {"full_attention"}) if kinds else []
    window = fields.get("sliding_window") and fields.get("use_sliding_window", True)
    state = [name for name in ("linear_num_key_heads", "mamba_d_state", "ssm_cfg")
             if fields.get(name)]  # fmt: skip
    if other or window or state:
        what = ", ".join(other or state) or f"a sliding window of {fields['sliding_window']} tokens"
        raise InputError(
            f"{where}: not every layer keeps every token ({what}), so the cache is no number of "
            "tokens; give the tokens that your engine reports as --memory"
        )


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
        shared = int(fields.get("n_shared_experts") or 0)
        only = fields.get("mlp_only_layers") or ()
        every = int(fields.get("decoder_sparse_step") or fields.get("moe_layer_freq") or 1)
        first = int(fields.get("first_k_dense_replace") or 0)
        if every != 1:
            raise InputError(
                f"{where}: parameters with experts in one layer of {every} are not counted"
            )
        dense = min(layers, first + len(only))
        routed = (experts + shared) * 3 * hidden * width + hidden * experts
        if fields["model_type"] in ("deepseek_v3", "kimi_k2", "glm4_moe"):
            routed += experts  # the bias that balances them
    tied = bool(fields.get("tie_word_embeddings"))
    return (
        vocabulary * hidden * (1 if tied else 2)
        + layers * (attention + 2 * hidden)
        + dense * 3 * hidden * inner
        + (layers - dense) * routed
        + hidden
    )


def _field(fields: Mapping[str, Any], name: str, where: str, default: int | None = None) -> int:
    value = fields.get(name)
    value = default if value is None else value
    if value is None:
        raise InputError(f"{where}: {name} is missing; is this a model's config.json?")
    if type(value) is not int or not 1 <= value < _MOST:
        raise InputError(f"{where}: {name} must be a whole number, at least 1, got {value!r}")
    return value
