"""No output replaces what a call reads, or another of its outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kvproof.__main__ import run
from kvproof.files import Outputs
from kvproof.inputs import witness_source
from tests.conftest import ROOT
from tests.kvproof.common import refused


@pytest.mark.parametrize(
    "arguments",
    [
        ["solve", "{i}", "--certificate", "{i}"],
        ["solve", "{i}", "--svg", "{i}"],
        ["solve", "{i}", "--svg", "{folder}/../{name}/i.json"],
        ["solve", "{i}", "--svg", "{folder}/link.json"],
        ["solve", "{i}", "--svg", "{folder}/hard.json"],
        ["solve", "{i}", "--svg", "{folder}/new", "--certificate", "{folder}/new"],
        ["simulate", "{i}", "--out", "{i}"],
        ["improve", "{i}", "--out", "{i}"],
        ["certify", "{i}", "--out", "{i}"],
        ["certify", "{i}", "--out", "{folder}/c.json", "--instance-out", "{i}"],
        ["certify", "{i}", "--out", "{folder}/c.json", "--instance-out", "{folder}/c.json"],
        ["shrink", "{w}", "--out", "{w}"],
        ["witness", "show", "{w}", "--out", "{w}"],
        ["experiment", "poisson", "--trace", "{i}", "--plot", "{i}"],
    ],
)
def test_nothing_of_the_call_is_replaced(capsys, tmp_path, instance, witness, arguments):
    (tmp_path / "link.json").symlink_to(instance)
    os.link(instance, tmp_path / "hard.json")
    before = instance.read_bytes(), witness.read_bytes()
    names = {"i": instance, "w": witness, "folder": tmp_path, "name": tmp_path.name}
    refused(capsys, [a.format(**names) for a in arguments], "would replace")
    assert (instance.read_bytes(), witness.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {
        "i.json", "w.json", "link.json", "hard.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("trace", "out"),
    [
        ("days", "days/a.csv"),
        ("days", "days/new.csv"),
        ("days", "beside.csv"),  # a link in the folder leads to it
        ("days", "link/a.csv"),
        ("days/*.csv", "days/a.csv"),
        ("days/*.csv", "days/new.csv"),
        ("link/*.csv", "days/new.csv"),
        ("*/a.csv", "days/a.csv"),
        ("l[i]nk/*.csv", "days/new.csv"),
    ],
)
def test_no_file_of_a_folder_or_pattern_is_replaced_or_added(
    capsys, monkeypatch, tmp_path, trace, out
):
    monkeypatch.chdir(tmp_path)
    Path("days").mkdir()
    text = "arrival,prompt,output\n0,5,3\n"
    for name in ("days/a.csv", "days/b.csv", "beside.csv"):
        Path(name).write_text(text)
    Path("days/c.csv").symlink_to(tmp_path / "beside.csv")
    Path("link").symlink_to("days")
    command = ["simulate", trace, "--memory", "60", "--out"]
    refused(capsys, [*command, out], "among the files of")
    assert {path.name for path in Path("days").iterdir()} == {"a.csv", "b.csv", "c.csv"}
    assert all(path.read_text() == text for path in Path("days").iterdir())
    Outputs(trace).file("other.csv")
    Outputs("days/*.csv").file("days/schedule.json")


def test_standard_input_is_not_replaced(tmp_path, instance):
    before = instance.read_bytes()
    command = [sys.executable, "-m", "kvproof", "simulate", "-", "--out"]
    for name, code in ((instance, 2), (tmp_path / "new.csv", 0)):
        with instance.open("rb") as file:
            done = subprocess.run([*command, name], stdin=file, capture_output=True, cwd=ROOT)
        assert done.returncode == code
        assert (b"would replace standard input" in done.stderr) == (code == 2)
        assert instance.read_bytes() == before


def test_no_page_is_among_the_files_that_a_call_writes(capsys, monkeypatch, tmp_path, instance):
    folder = tmp_path / "proofs"
    monkeypatch.setattr("kvproof.inputs.load", lambda *_, **__: pytest.fail("it began to work"))
    for _ in range(2):
        for command in (["headroom", instance, "--certificates"], ["search", "--out"]):
            page = folder / "at-most.json.gz"
            refused(capsys, [*command, folder, "--report", page], "would be among the files")
        folder.mkdir(exist_ok=True)


def test_names_of_outputs_are_no_patterns(tmp_path):
    outputs = Outputs()
    for name in ("x[1].json", "x1.json", "*", "other"):
        outputs.file(tmp_path / name)


def test_the_archive_of_a_run_is_not_replaced(capsys, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "archive.sqlite").write_text("a run")
    for command in ("shrink", "witness show"):
        arguments = [*command.split(), folder, "--out", folder / "archive.sqlite"]
        refused(capsys, arguments, "would replace")
    Outputs(witness_source(str(folder))).file(folder / "small.json")


def test_the_config_of_a_model_is_not_replaced(capsys, tmp_path, instance):
    config = tmp_path / "config.json"
    text = json.dumps({
        "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100,
    })  # fmt: skip
    config.write_text(text)
    for model in (config, tmp_path):
        arguments = ["simulate", instance, "--memory", f"{model}@1GiB", "--out", config]
        assert run([str(argument) for argument in arguments]) == 2
        assert "would replace" in capsys.readouterr().err
    assert config.read_text() == text
    assert run([*map(str, arguments[:-1]), str(tmp_path / "new.json")]) == 0
