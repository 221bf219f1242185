import pytest

from kvproof.scheduling.errors import InputError
from kvproof.serving.hardware.models import MODELS, find_model
from kvproof.serving.hardware.shape import shape_of

# as the tensors of the published weights add up (safetensors headers); DeepSeek-V3 without the
# layer that predicts a second token
PUBLISHED = {
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "mixtral-8x7b": 46_702_792_704,
    "mistral-7b-v0.1": 7_241_732_096,
    "phi-3-mini-4k": 3_821_079_552,
    "phi-3-medium-4k": 13_960_238_080,
    "gemma-2-2b": 2_614_341_888,
    "gemma-2-9b": 9_241_705_984,
    "gemma-2-27b": 27_227_128_320,
    "gemma-3-1b": 999_885_952,
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "qwen2.5-7b": 7_615_616_512,
    "qwen2.5-32b": 32_763_876_352,
    "qwen2.5-72b": 72_706_203_648,
    "qwen3-30b-a3b": 30_532_122_624,
    "deepseek-v3": 671_026_419_200,
    "deepseek-r1": 671_026_419_200,
}
LLAMA = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 16, "vocab_size": 10,
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_those_that_are_published(name):
    assert find_model(name).shape.parameters == PUBLISHED[name]


def test_every_model_has_a_shape_and_a_source():
    assert len({model.name for model in MODELS}) == len(MODELS) >= 20
    for model in MODELS:
        assert model.shape.parameters > 9 * 10**8
        assert model.source.count("/") == 1


def test_a_small_shape_by_hand():
    # embeddings 2 * 10 * 8; a layer: q and o 8 * 8, k and v 8 * 4 each, three 8 * 16, norms 16
    shape = shape_of(LLAMA, where="t")
    assert shape.parameters == 160 + 2 * (64 + 64 + 64 + 384 + 16) + 8
    assert shape.head_dim == 2
    tied = shape_of({**LLAMA, "tie_word_embeddings": True}, where="t")
    assert shape.parameters - tied.parameters == 80
    biased = shape_of({**LLAMA, "model_type": "qwen2"}, where="t")
    assert biased.parameters - shape.parameters == 2 * 16
    normed = shape_of({**LLAMA, "model_type": "qwen3"}, where="t")
    assert normed.parameters - shape.parameters == 2 * 2 * 2


def test_key_value_heads_are_spread_then_copied():
    shape = shape_of(LLAMA, where="t")
    assert [shape.cache_numbers(gpus) for gpus in (1, 2, 4)] == [16, 8, 8]
    # with 4 GPUs two more heads of key and value projection, 8 * 2 numbers each, in each layer
    assert [shape.copied(gpus) for gpus in (1, 2, 4)] == [0, 0, 2 * 2 * 8 * 2 * 2]


def test_a_latent_is_kept_by_every_gpu():
    shape = find_model("deepseek-v3").shape
    assert [shape.cache_numbers(gpus) for gpus in (1, 8)] == [61 * (512 + 64)] * 2
    down = 7168 * 576 + 512 + 7168 * 1536 + 1536
    assert shape.copied(8) == 7 * 61 * down
    direct = shape_of({**find_model("deepseek-v2").config, "q_lora_rank": None}, where="t")
    assert direct.replicated == 60 * (5120 * 576 + 512)


def test_a_language_model_inside_a_larger_config():
    inner = shape_of({"model_type": "outer", "text_config": LLAMA}, where="t")
    assert inner == shape_of(LLAMA, where="t")


def test_an_unknown_family_has_a_cache_and_no_count():
    shape = shape_of({**LLAMA, "model_type": "new"}, where="t")
    assert (shape.cache_numbers(1), shape.parameters) == (16, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_hidden_layers": None}, "num_hidden_layers is missing"),
        ({"hidden_size": 0}, "hidden_size must be a whole number"),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number"),
        ({"hidden_size": True}, "hidden_size must be a whole number"),
        ({"hidden_size": 9}, "no multiple of 4 heads"),
        ({"num_key_value_heads": 3}, "do not share 3 key-value heads"),
        ({"layer_types": ["sliding_attention"] * 2}, "sliding_window is missing"),
        ({"layer_types": ["full_attention"]}, "1 entries for 2 layers"),
        ({"layer_types": "full_attention"}, "layer_types must be a list"),
        ({"sliding_window": "128"}, "sliding_window must be a whole number"),
        ({"sliding_window": 4, "sliding_window_pattern": "LLG"}, "sliding_window_pattern must be"),
        ({"sliding_window": 4, "swa_head_dim": 8}, "(swa_head_dim)"),
        ({"num_global_key_value_heads": 1}, "(num_global_key_value_heads)"),
        ({"num_local_experts": 4, "n_shared_experts": "1"}, "n_shared_experts must be a whole"),
        ({"num_local_experts": 4, "mlp_only_layers": 3}, "mlp_only_layers must be a list"),
        ({"layer_types": ["full_attention", "linear_attention"]}, "(linear_attention)"),
        ({"mamba_d_state": 16}, "mamba_d_state"),
        ({"num_local_experts": 4, "decoder_sparse_step": 2}, "one layer of 2"),
    ],
)
def test_what_is_refused(change, said):
    with pytest.raises(InputError) as refused:
        shape_of({**LLAMA, **change}, where="file")
    assert str(refused.value).startswith("file: ")
    assert said in str(refused.value)


def test_a_window_that_is_off_or_never_outgrown_is_none():
    off = {"sliding_window": 131072, "use_sliding_window": False}
    wide = {"sliding_window": 262144, "max_position_embeddings": 131072}
    for config in (off, wide):
        assert shape_of({**LLAMA, **config}, where="t") == shape_of(LLAMA, where="t")


@pytest.mark.parametrize(
    ("change", "windowed", "window"),
    [
        ({"sliding_window": 128}, 12, 128),  # as Mistral-7B-v0.1
        ({"sliding_window": 128, "sliding_window_pattern": 6}, 10, 128),
        ({"sliding_window": 128, "model_type": "gemma2"}, 6, 128),
        ({"sliding_window": 128, "model_type": "gpt_oss"}, 6, 128),
        ({"sliding_window": 128, "model_type": "gemma3_text"}, 10, 128),
        ({"sliding_window": 128, "model_type": "gemma3_text", "sliding_window_pattern": 4}, 9, 128),
        ({"sliding_window": 128, "model_type": "qwen2", "max_window_layers": 9}, 3, 128),
        ({"sliding_window": 128, "layer_types": ["full_attention"] * 12}, 0, None),
        ({"sliding_window": 128,
          "layer_types": ["sliding_attention"] * 4 + ["full_attention"] * 8}, 4, 128),
        ({"attention_chunk_size": 64,
          "layer_types": ["chunked_attention", "full_attention"] * 6}, 6, 64),
    ],
)  # fmt: skip
def test_which_layers_have_a_window(change, windowed, window):
    shape = shape_of({**LLAMA, "num_hidden_layers": 12, **change}, where="t")
    assert (shape.windowed, shape.window) == (windowed, window)
    assert shape.lasting_numbers(1) * 12 == shape.cache_numbers(1) * (12 - windowed)


def test_a_model_that_sees_counts_what_it_sees_with():
    """Gemma 3: the language model, a vision tower of 27 layers, and what joins them."""
    layer = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 2 * 2 * 1152
    tower = 27 * layer + 3 * 14 * 14 * 1152 + 1152 + 64 * 64 * 1152 + 2 * 1152
    for name in ("gemma-3-4b", "gemma-3-12b", "gemma-3-27b"):
        model = find_model(name)
        text = shape_of(model.config, where="t")
        assert model.shape.parameters == text.parameters + tower + 1152 * text.hidden + 1152
    whole = {"model_type": "gemma3", "text_config": model.config, "vision_config": {}}
    assert shape_of(whole, where="t").parameters is None


def test_what_a_family_leaves_out():
    """The published ``config.json`` of Gemma 3 4B names little of its language model."""
    text = {
        "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
        "num_hidden_layers": 34, "sliding_window": 1024,
    }  # fmt: skip
    assert shape_of({"text_config": text}, where="t") == shape_of(
        find_model("gemma-3-4b").config, where="t"
    )


def test_names():
    assert find_model("meta-llama/Llama-3.1-8B-Instruct").name == "llama-3.1-8b"
    assert find_model("mistralai/Mistral-7B-Instruct-v0.3").name == "mistral-7b-v0.3"
    assert find_model("google/gemma-3-27b-it").name == "gemma-3-27b"
    with pytest.raises(InputError, match="near it: qwen3-8b"):
        find_model("qwen3-8")
    with pytest.raises(InputError, match="kvproof memory"):
        find_model("zzz")
