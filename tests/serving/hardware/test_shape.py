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
        assert model.shape.parameters > 10**9
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
        ({"sliding_window": 128}, "a sliding window of 128 tokens"),
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


def test_a_window_that_is_off_is_none():
    config = {**LLAMA, "sliding_window": 131072, "use_sliding_window": False}
    assert shape_of(config, where="t") == shape_of(LLAMA, where="t")


def test_names():
    assert find_model("meta-llama/Llama-3.1-8B-Instruct").name == "llama-3.1-8b"
    with pytest.raises(InputError, match="near it: qwen3-8b"):
        find_model("qwen3-8")
    with pytest.raises(InputError, match="kvproof memory"):
        find_model("zzz")
