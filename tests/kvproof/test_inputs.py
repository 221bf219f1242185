"""What commands read as a trace: a folder, a pattern, a sample."""

import csv
import gzip
import json

import pytest

from kvproof.__main__ import run
from kvproof.scheduling import notices
from tests.conftest import ROOT
from tests.kvproof.common import refused, run_json

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")


def test_a_folder_of_files_is_the_trace_that_they_make(capsys, tmp_path):
    lines = (ROOT / "examples/azure_code_1000.csv").read_text().splitlines()
    folder = tmp_path / "days"
    folder.mkdir()
    for name, rows in (("a.csv", lines[1:400]), ("b.csv", lines[400:])):
        (folder / name).write_text("\n".join([lines[0], *rows]))
    arguments = ["--memory", "60000", "--policy", "svf"]
    _, whole = run_json(capsys, "verify", EXAMPLE, *arguments)
    _, parts = run_json(capsys, "verify", f"{folder}/*.csv", *arguments)
    assert parts["digest"] == whole["digest"]
    out = tmp_path / "svf.csv"
    assert run(["simulate", str(folder), *arguments, "--out", str(out)]) == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert (rows[398]["file"], rows[398]["row"]) == ("a.csv", "398")
    assert (rows[399]["file"], rows[399]["row"]) == ("b.csv", "0")
    capsys.readouterr()
    assert run(["verify", str(folder), "--memory", "600"]) == 2
    assert "a.csv, line 2: " in capsys.readouterr().err


def test_a_certificate_is_told_to_be_one(capsys, tmp_path, witness):
    whole = json.loads(witness.read_text())
    (split := tmp_path / "split.json").write_text(
        json.dumps({**whole, "instance": {"digest": whole["instance"]["digest"], "file": "i.json"}})
    )
    (packed := tmp_path / "w.json.gz").write_bytes(gzip.compress(split.read_bytes()))
    (folder := tmp_path / "folder").mkdir()
    (folder / "w.json").write_bytes(witness.read_bytes())
    for trace in (witness, split, packed, folder):
        for command in ("verify", "simulate", "solve"):
            memory = ["--memory", "9"] if trace == folder else []  # asked for before any is read
            refused(capsys, [command, trace, *memory], "is a certificate, and no ", "kvproof check")
    refused(capsys, ["certify-run", witness, "--memory", "9", "--step", "1"], "is a certificate")


def test_a_rate_is_said_as_a_decimal_and_not_of_a_backlog(capsys, instance):
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--policy", "svf", "--rate-scale", "1.256"]
    _, data = run_json(capsys, *arguments)
    assert data["notes"] == ["arrivals at 1.256 times the rate of the source"]
    instance.write_text(instance.read_text().replace("[0, 0, 1]", "[0, 0, 0]"))
    arguments = ["verify", instance, "--rate-scale", "2"]
    refused(capsys, arguments, "--rate-scale changes nothing on a backlog; leave it out")


def test_a_policy_that_is_named_twice_is_run_once(capsys, instance):
    for more in ([], ["--sweep", "memory=9"], ["--noise", "factor:2"], ["--replicas", "1"]):
        _, data = run_json(capsys, "verify", str(instance), "--policy", "sjf, svf,sjf", *more)
        rows = data["points"][0]["policies"] if "points" in data else data["policies"]
        assert [row["policy"] for row in rows] == ["sjf", "svf"]


@pytest.mark.parametrize("command", ["verify", "simulate", "vllm"])
def test_a_pattern_that_a_shell_has_expanded(capsys, command):
    for names, said in (
        (("a.csv", "b.csv"), "one trace is read; left over: 'b.csv'; quote a pattern of files"),
        (("a.csv", "b.csv", "c.csv", "d.csv"), "left over: 'b.csv' and 2 more; quote a pattern"),
    ):
        assert run([command, *names]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_a_sample_is_said(capsys):
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--policy", "svf", "--sample", "100"]
    _, data = run_json(capsys, *arguments, "--seed", "4")
    assert data["sample"] == {"requests": 100, "of": 1000, "seed": 4}
    assert data["requests"] == 100
    assert data["notes"] == ["a sample of 100 of 1,000 requests, seed 4"]
    assert run([*arguments[:-1], "1001"]) == 2
    assert "a sample of 1,001, and there are 1,000; take fewer" in capsys.readouterr().err
    assert run([*arguments, "--report", "page.html"]) == 2
    assert run(["verify", EXAMPLE, "--memory", "60000", "--seed", "4"]) == 2
    assert "--seed has no effect here" in capsys.readouterr().err


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_the_arithmetic_of_a_memory_is_said_unless_quiet(monkeypatch, quiet):
    heard = []
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "_listeners", [heard.append])
    asked = ["verify", EXAMPLE, "--memory", "llama-3.1-8b@80GiB", "--limit", "5"]
    assert run([*asked, "--policy", "svf", *quiet]) == 0
    said = [notice for notice in heard if notice.startswith("memory 467,291 tokens: ")]
    assert bool(said) != bool(quiet)
