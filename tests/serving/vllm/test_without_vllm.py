"""Everything but the schedulers does without vLLM, and says so where it is asked for."""

import sys
from types import ModuleType

import pytest

from kvproof.__main__ import run
from kvproof.scheduling.errors import InputError
from kvproof.serving import vllm as room
from kvproof.serving.vllm.engine import EngineSettings, load_vllm
from kvproof.serving.vllm.policies import ENGINE_POLICIES, find_engine_policy
from kvproof.serving.vllm.versions import cannot_be_used, is_tried
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")


@pytest.fixture
def no_vllm(monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)


@pytest.mark.usefixtures("no_vllm")
def test_the_command_says_what_is_missing_and_how_to_get_it(capsys):
    assert run(["vllm", EXAMPLE, "--blocks", "4000", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("kvproof: vLLM cannot be imported (")
    assert "pip install vllm" in line


@pytest.mark.usefixtures("no_vllm")
def test_a_missing_vllm_is_an_input_error():
    with pytest.raises(InputError, match="vLLM cannot be imported"):
        load_vllm()


@pytest.fixture
def other_vllm(monkeypatch):
    """A vLLM of another time: there, but without the scheduler where it is looked for."""
    other = ModuleType("vllm")
    other.__version__ = "0.4.2"
    monkeypatch.setitem(sys.modules, "vllm", other)
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    for name in list(sys.modules):
        if name.startswith(("vllm.", "kvproof.serving.vllm.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(room, "scheduler", raising=False)


@pytest.mark.usefixtures("other_vllm")
def test_a_vllm_without_the_parts_that_are_needed_is_named(capsys):
    assert run(["vllm", EXAMPLE, "--blocks", "4000"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kvproof: this vLLM (0.4.2) builds its scheduler in another way (")
    assert "tried: 0.21.0, 0.26.0, 0.32.0: install one of these" in line


@pytest.mark.usefixtures("other_vllm")
def test_such_a_vllm_is_told_so_when_it_asks_for_a_scheduler():
    with pytest.raises(ImportError, match=r"kvproof: this vLLM \(0\.4\.2\) builds .* tried: "):
        room.SVFScheduler  # noqa: B018


def test_a_package_that_vllm_lacks_is_not_taken_for_another_vllm():
    lacking = ModuleNotFoundError("No module named 'gguf'", name="gguf")
    assert "lacks a package that it needs (No module named 'gguf')" in cannot_be_used("1", lacking)
    moved = ModuleNotFoundError("No module named 'vllm.v1'", name="vllm.v1")
    assert "in another way" in cannot_be_used("1", moved)


@pytest.mark.parametrize("version", ["0.32.0", "0.32.0+cpu", "0.21.0"])
def test_versions_that_were_tried(version):
    assert is_tried(version)
    assert not is_tried(f"1{version}")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--policy", "fifo"], "policy 'fifo' is unknown; known: fcfs, priority"),
        (["--policy", "fcfs", "--aging", "3"], "--aging has no effect here"),
        (["--max-num-seqs", "9000"], "must not be below max_num_seqs"),
        (["--block-size", "1000000000"], "of KV cache are more than"),
    ],
)
def test_wrong_usage_is_refused_before_vllm_is_looked_for(capsys, arguments, complaint):
    assert run(["vllm", EXAMPLE, "--blocks", "4000", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_settings_are_checked():
    assert EngineSettings(blocks=10, block_size=4).memory == 40
    with pytest.raises(InputError, match="blocks must be at least 1"):
        EngineSettings(blocks=0)


def test_every_policy_names_a_scheduler_that_there_is():
    for policy in ENGINE_POLICIES.values():
        assert policy.scheduler is None or policy.scheduler in room.__all__
        assert find_engine_policy(policy.name) is policy
    with pytest.raises(AttributeError, match="no attribute 'NoScheduler'"):
        room.NoScheduler  # noqa: B018
