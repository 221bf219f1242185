"""``kvproof improve`` as a user runs it."""

import json
from fractions import Fraction

import pytest

from kvproof.__main__ import run
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BACKLOG = ["--memory", "60000", "--backlog", "--limit", "150", "--trials", "2000"]


@pytest.mark.parametrize("bound", ["best", "price"])
def test_it_is_better_than_svf_and_certified(capsys, tmp_path, bound):
    out = str(tmp_path / "c.json")
    assert run(["improve", EXAMPLE, *BACKLOG, "--bound", bound, "--out", out, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["certificate"] == out
    assert data["lower_bound_kind"] == {"best": "staggered", "price": "price"}[bound]
    assert Fraction(data["factor"]) == data["total_latency"] / Fraction(data["lower_bound"])
    assert [s["stage"] for s in data["stages"]] == [
        "policies", "windows", "left shift", "guided", "local search",
    ]  # fmt: skip
    assert run(["verify", EXAMPLE, *BACKLOG[:-2], "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["policies"]:
        assert data["total_latency"] < row["total_latency"]
    assert run(["check", out]) == 0
    assert f"total latency {data['total_latency']:,}" in capsys.readouterr().out


def test_the_table(capsys):
    assert run(["improve", EXAMPLE, *BACKLOG]) == 0
    said = capsys.readouterr().out
    assert "local search" in said
    assert "OPT is at least" in said
    assert "2,000 trials" in said


def test_an_input_is_not_replaced(capsys, tmp_path):
    instance = tmp_path / "i.json"
    text = json.dumps(
        {"format": "kvproof-instance", "version": 1, "memory": 9,
         "arrival": [0, 0], "prompt": [1, 2], "output": [3, 4]}
    )  # fmt: skip
    instance.write_text(text)
    assert run(["improve", str(instance), "--trials", "9", "--out", str(instance)]) == 2
    assert "would replace" in capsys.readouterr().err
    assert instance.read_text() == text
    assert run(["improve", str(instance), "--trials", "9"]) == 0
