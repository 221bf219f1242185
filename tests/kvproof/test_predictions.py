import csv
import json
from fractions import Fraction

import pytest
from rich.console import Console

from kvproof.__main__ import run
from kvproof.certificates.checker import check
from tests.conftest import ROOT
from tests.kvproof.common import assert_decimals_are_true, run_json

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BASE = ["verify", EXAMPLE, "--memory", "60000", "--backlog", "--limit", "300"]
TRACE = "timestamp,input_length,output_length,guess\n9,3,2,5\n1,9,0,1\n4,4,2,2.5\n7,2,3,0\n"


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TRACE)
    return str(path)


def test_the_true_lengths_as_predictions_change_nothing(capsys):
    _, plain = run_json(capsys, *BASE, "--policy", "svf,fcfs")
    code, data = run_json(capsys, *BASE, "--policy", "svf,fcfs", "--predicted", "GeneratedTokens")
    assert code == 0
    for before, after in zip(plain["policies"], data["policies"], strict=True):
        assert after["total_latency"] == before["total_latency"] == after["total_latency_known"]
        assert after["price"] == "1/1"
        assert after["preemptions"] == after["recomputed_tokens"] == 0
        assert after["statistics"] == before["statistics"]


def test_the_json_of_predictions_says_what_was_read_as_ever(capsys):
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--policy", "svf", "--step", "0.1"]
    arguments += ["--sample", "90", "--seed", "3"]
    _, plain = run_json(capsys, *arguments)
    _, data = run_json(capsys, *arguments, "--noise", "factor:2")
    for name in ("source", "format", "step", "notes", "sample", "rule"):
        assert data[name] == plain[name]
    for name in ("requests", "memory", "digest", "backlog", "eps", "load"):
        assert data[name] == plain[name]


def test_noise_has_a_price_that_is_proved(capsys):
    arguments = [*BASE, "--noise", "lognormal:1", "--seed", "3"]
    _, data = run_json(capsys, *arguments)
    assert [row["policy"] for row in data["policies"]] == ["svf", "svf-1bit", "sjf", "fcfs"]
    assert (data["noise"], data["seed"], data["underprediction"]) == ("lognormal:1", 3, "preempt")
    assert any(row["preemptions"] for row in data["policies"])
    for row in data["policies"]:
        assert Fraction(row["factor"]) == row["total_latency"] / Fraction(row["lower_bound"])
        assert Fraction(row["price"]) == Fraction(row["total_latency"], row["total_latency_known"])
    assert_decimals_are_true(data)
    _, again = run_json(capsys, *arguments)
    assert again == data
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    for row in data["policies"]:
        assert f"{row['factor_decimal']:.4f}" in shown
        assert f"{row['price_decimal']:.4f}" in shown
    _, other = run_json(capsys, *arguments[:-1], "4")
    assert other["policies"] != data["policies"]
    _, avoided = run_json(capsys, *arguments, "--underprediction", "avoid")
    assert not any(row["preemptions"] for row in avoided["policies"])


def test_a_wider_margin_stops_fewer(capsys):
    arguments = [*BASE, "--noise", "lognormal:1", "--policy", "sjf", "--margin"]
    stopped = []
    for margin in ("1", "3"):
        _, data = run_json(capsys, *arguments, margin)
        assert data["margin"] == margin
        stopped.append(data["policies"][0]["preemptions"])
    assert stopped[0] > stopped[1]


@pytest.mark.parametrize(
    ("more", "kind"),
    [([], "preemptive-lower-bound"), (["--underprediction", "avoid"], "within-factor")],
)
def test_what_can_be_checked_of_a_run_is_written(capsys, tmp_path, more, kind):
    path = tmp_path / "c.json"
    arguments = [*BASE, "--noise", "lognormal:1", "--policy", "sjf", "--certificate", str(path)]
    _, data = run_json(capsys, *arguments, *more)
    claim = json.loads(path.read_text())["claim"]
    assert (data["certificate"], claim["kind"]) == (str(path), kind)
    assert check(path).verdict == "verified"
    (row,) = data["policies"]
    if kind == "within-factor":
        assert claim["factor"] == row["factor"]
    else:
        assert claim["bound"] == row["lower_bound"]
        assert row["preemptions"]
    assert run([*arguments, *more]) == 0
    assert f"{path}: verified:" in capsys.readouterr().out


def test_what_the_certificate_calls_otherwise_is_said(capsys, tmp_path):
    path = tmp_path / "c.json"
    arguments = ["verify", str(EXAMPLE), "--memory", "60000", "--limit", "50", "--policy", "svf"]
    arguments += ["--noise", "factor:1.1", "--certificate", str(path)]
    said = "the certificate is by the price bound, which says at least as much"
    for kind in (["own length"], ["outputs", "--bound", "outputs"]):
        _, data = run_json(capsys, *arguments, *kind[1:])
        (row,) = data["policies"]
        assert (row["lower_bound_kind"], data["notes"][-1]) == (kind[0], said)
        assert json.loads(path.read_text())["claim"]["factor"] == row["factor"]
        assert run([*arguments, *kind[1:]]) == 0
        assert f"  note: {said}\n" in capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80])
def test_the_table_fits(capsys, monkeypatch, width):
    monkeypatch.setattr(
        "kvproof.output.console",
        lambda *, stderr=False: Console(stderr=stderr, width=width, highlight=False, markup=False),
    )
    assert run([*BASE, "--noise", "factor:2", "--margin", "1.5", "--latency", "steps"]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    words = " ".join(shown.split())
    assert "they order and times 1.5 admit, and what outgrows the memory is preempted" in words
    assert "No run, whatever it knows, has a total latency below" in words
    assert "first token" in shown


def test_predictions_of_a_column_follow_their_rows(capsys, tmp_path, trace):
    out = tmp_path / "r.csv"
    arguments = ["simulate", trace, "--memory", "30", "--step", "0.001", "--predicted", "guess"]
    assert run([*arguments, "--out", str(out)]) == 0
    assert "lengths predicted by column guess" in capsys.readouterr().out
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [(row["row"], row["output"], row["predicted"]) for row in rows] == [
        ("2", "2", "3"), ("3", "3", "1"), ("0", "2", "5"),
    ]  # fmt: skip
    for row in rows:
        assert int(row["latency"]) == int(row["completion"]) - int(row["arrival"])
    _, data = run_json(capsys, *arguments, "--oversize", "drop", "--memory", "5")
    assert (data["format"], data["predicted"]) == ("kvproof-run", [1, 5])
    assert "starts" not in data


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--noise", "x"], "expected lognormal:SIGMA"),
        (["--noise", "bits:1", "--predicted", "a"], "give one of them"),
        (["--predicted", "a"], "there is no column 'a'; the columns are 'TIMESTAMP"),
        (["--predicted", "TIMESTAMP"], "expected a predicted length"),
        (["--noise", "bits:1", "--certificate", "c.json"], "name one --policy"),
        (["--certificate", "c.json"], "--certificate has no effect"),
        (["--seed", "3"], "--seed has no effect"),
        (["--margin", "2"], "--margin has no effect"),
        (["--underprediction", "avoid"], "--underprediction has no effect"),
        (["--predicted", "GeneratedTokens", "--seed", "1"], "--seed has no effect"),
        (["--noise", "bits:1", "--underprediction", "avoid", "--margin", "2"], "--margin has no"),
        (["--noise", "bits:1", "--skip"], "--skip has no effect"),
        (["--noise", "bits:1", "--compact"], "--compact has no effect"),
        (["--noise", "bits:1", "--sweep", "load=1"], "--sweep has no effect"),
        (["--noise", "bits:1", "--plot", "x.svg"], "--plot has no effect"),
        (["--noise", "bits:1", "--workers", "2"], "--workers has no effect"),
        (["--noise", "bits:1", "--policy", "sorted-f"], "predictions are for policies"),
        (["--noise", "bits:1", "--bound", "staggered"], "preempt"),
    ],
)
def test_what_is_refused(capsys, arguments, said):
    assert run([*BASE, *arguments]) == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert said in streams.err


def test_an_instance_file_has_no_columns(capsys, tmp_path):
    path = tmp_path / "i.json"
    path.write_text(
        '{"format": "kvproof-instance", "version": 1, "memory": 9, "arrival": [0, 0], '
        '"prompt": [1, 2], "output": [3, 4]}'
    )
    assert run(["verify", str(path), "--predicted", "a"]) == 2
    assert "take --noise" in capsys.readouterr().err
    assert run(["verify", str(path), "--noise", "factor:2"]) == 0


def test_a_bound_on_runs_without_preemption_says_so(capsys, tmp_path):
    """Runs that preempt are faster here: 94 for each block, where the price bound is above 95."""
    block = {"prompt": [1, 33, 14], "output": [24, 38, 21]}
    columns = {name: column * 4 for name, column in block.items()}
    arrival = [400 * (i // 3) for i in range(12)]
    instance = {"format": "kvproof-instance", "version": 1, "memory": 78, "arrival": arrival}
    path = tmp_path / "blocks.json"
    path.write_text(json.dumps(instance | columns))
    arguments = ["verify", str(path), "--noise", "factor:1", "--policy", "svf"]
    assert run([*arguments, "--bound", "price"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "No run without preemption, whatever it knows, has a total latency below 383" in words
    _, found = run_json(capsys, *arguments, "--bound", "price")
    assert found["policies"][0]["lower_bound_unpreempted"]
    _, found = run_json(capsys, *arguments)
    assert not found["policies"][0]["lower_bound_unpreempted"]
    assert Fraction(found["policies"][0]["lower_bound"]) <= 376
