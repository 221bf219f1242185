import json
from fractions import Fraction

import pytest

from kvproof.__main__ import run
from kvproof.scheduling.errors import InputError
from kvproof.serving.hardware.cache import parse_deployment
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")


def test_tokens_by_hand():
    found = parse_deployment("llama-3.1-8b@80GiB")
    usable = 80 * 2**30 * 9 // 10
    assert found.tokens == (usable - 2 * 8_030_261_248) // (32 * 2 * 8 * 128 * 2) == 467_291


def test_every_setting_counts():
    text = "llama-3.1-70b@4x80GB,dtype=fp8,kv=fp8,utilisation=0.95,reserve=1.5GiB,parameters=70B"
    found = parse_deployment(text)
    assert (found.gpus, found.size, found.reserve) == (4, 80 * 10**9, 3 * 2**29)
    assert found.utilisation == Fraction(19, 20)
    assert found.weights == 70 * 10**9 // 4
    assert found.per_token == 80 * 2 * 2 * 128
    assert found.left == 76 * 10**9 - found.weights - found.reserve
    assert found.tokens == found.left // found.per_token


def test_weights_are_rounded_up_and_tokens_down():
    found = parse_deployment("llama-3.1-8b@2x24GiB,dtype=fp4,parameters=7")
    assert found.weights == 2  # 28 bits over 2 GPUs
    assert found.tokens == (found.usable - 2) // found.per_token


def test_parts_of_bytes_are_lost_on_the_safe_side():
    found = parse_deployment("llama-3.1-8b@24.0000009KB,reserve=1.0005KB,parameters=1")
    assert (found.size, found.reserve) == (24_000, 1_001)


def test_the_arithmetic_ends_with_the_tokens():
    found = parse_deployment("deepseek-v3@8x141GB,dtype=fp8")
    *_, a_token, tokens = found.arithmetic()
    assert "61 layers x 576 (latent and rotary key), bf16 = 70,272 bytes on each GPU" in a_token
    assert tokens.endswith(f"= {found.tokens:,}")


def test_windows_by_hand():
    # Gemma 3 1B: 22 of 26 layers keep 512 tokens; 2 x 1 head x 256 numbers of 2 bytes a layer
    found = parse_deployment("gemma-3-1b@8GiB")
    left = 8 * 2**30 * 9 // 10 - 2 * 999_885_952
    assert found.tokens == left // (26 * 1024) == 215_263
    assert found.lasting_tokens == left // (4 * 1024) == 1_399_211
    said = "\n".join(found.arithmetic())
    assert "22 of 26 layers keep only the last 512 tokens" in said
    assert "215,263 is exact for requests of up to 512 tokens" in said
    assert "take 1,399,211, the room in the 4 layers without a window" in said
    assert "22 of 26 layers keep a window of 512 tokens" in found.in_short()
    # so many requests of 600 tokens are there room for: as many as the first number allows and
    # more, yet none beyond what the second allows
    room = left // (22 * 512 * 1024 + 4 * 600 * 1024)
    assert found.tokens < room * 600 < found.lasting_tokens


def test_a_window_in_every_layer_leaves_no_number_for_bounds():
    found = parse_deployment("mistral-7b-v0.1@24GiB")
    left = 24 * 2**30 * 9 // 10 - 2 * 7_241_732_096
    assert found.tokens == left // (32 * 2 * 8 * 128 * 2)
    assert found.lasting_tokens is None
    assert "no number of tokens" in found.arithmetic()[-1]
    assert parse_deployment("llama-3.1-8b@80GiB").lasting_tokens == 467_291


def test_a_config_of_ones_own(tmp_path):
    config = {
        "model_type": "mine", "num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 4,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    for name in (path, tmp_path):
        found = parse_deployment(f"{name}@1MiB,utilisation=1,parameters=1000")
        assert found.tokens == (2**20 - 2000) // (2 * 2 * 4 * 2 * 2)
    with pytest.raises(InputError, match=r"add ,parameters=7\.6B"):
        parse_deployment(f"{path}@1MiB")
    path.write_text("[]")
    with pytest.raises(InputError, match="expected a JSON object"):
        parse_deployment(f"{path}@1MiB")
    path.write_text("{")
    with pytest.raises(InputError, match="is no JSON"):
        parse_deployment(f"{path}@1MiB")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("llama-3.1-8b", "expected MODEL@SIZE"),
        ("@80GiB", "expected MODEL@SIZE"),
        ("llama-3.1-8b@80", "'80' is no size"),
        ("llama-3.1-8b@80GiB,fast", "'fast' is no setting"),
        ("llama-3.1-8b@80GiB,kv=fp8,kv=fp8", "kv is given twice"),
        ("llama-3.1-8b@80GiB,dtype=fp9", "dtype must be one of"),
        ("llama-3.1-8b@80GiB,utilisation=1.1", "at most 1"),
        ("llama-3.1-8b@80GiB,utilisation=0", "above 0"),
        ("llama-3.1-8b@80GiB,reserve=2x1GiB", "'2x1GiB' is no size"),
        ("llama-3.1-8b@80GiB,parameters=many", "parameters must be a number"),
        ("llama-3.1-8b@80GiB,parameters=0", "at least 1"),
        ("llama-3.1-8b@3x80GiB", "cannot be shared by 3 GPUs"),
        ("phi-4@4x80GiB", "10 key-value heads cannot be shared by 4 GPUs"),
        ("llama-3.1-8b@0x80GiB", "cannot be shared by 0 GPUs"),
        ("llama-3.1-70b@80GiB", "does not fit 1 x 80.0 GiB: the weights take 131.4 GiB"),
        ("llama-3.2-1b@900000TiB", "tokens are more than"),
        ("none/config.json@80GiB", "cannot be read"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(InputError) as refused:
        _ = parse_deployment(text).tokens
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_memory_of_a_model_is_memory_in_tokens(capsys):
    arguments = ["simulate", EXAMPLE, "--policy", "fcfs", "--json", "--memory"]
    assert run([*arguments, "llama-3.1-8b@24GiB"]) == 0
    by_model = json.loads(capsys.readouterr().out)
    assert by_model["memory"] == parse_deployment("llama-3.1-8b@24GiB").tokens
    assert run([*arguments, str(by_model["memory"])]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == by_model["digest"]
    assert run([*arguments, "llama-3.1-70b@24GiB"]) == 2
    streams = capsys.readouterr()
    assert "'--memory': llama-3.1-70b does not fit" in streams.err
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert run(["search", "--memory", "llama-3.2-1b@50TiB"]) == 2
    assert "are not in the range 1 to 1,073,741,824" in capsys.readouterr().err


def test_the_command(capsys):
    assert run(["memory", "phi-4@2x80GiB", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["tokens"] == data["left"] // data["bytes_per_token"]
    assert run(["memory", "phi-4@2x80GiB"]) == 0
    assert f"= {data['tokens']:,}" in capsys.readouterr().out
    assert run(["memory", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert run(["memory"]) == 0
    shown = capsys.readouterr().out
    assert all(model["model"] in shown for model in models)
    assert run(["memory", "phi"]) == 2
