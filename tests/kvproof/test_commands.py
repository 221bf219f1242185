"""The command line as a user runs it, in this process for speed; see test_process.py."""

import csv
import gzip
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from pyarrow import parquet
from rich.console import Console

from kvproof.__main__ import run
from kvproof.bounds import verify
from kvproof.bounds.catalogue import SVF_BACKLOG
from kvproof.bounds.policy_bound import PolicyBound
from kvproof.output import exact_and_decimal
from kvproof.scheduling.instance import Instance
from tests.conftest import ROOT
from tests.kvproof.common import refused, run_json

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
POLICIES = ["svf", "svf-1bit", "sjf", "fcfs", "sorted-f"]


@pytest.fixture
def instance_file(tmp_path):
    instance = Instance(
        memory=20, arrival=[0, 0, 3], prompt=[3, 0, 8], output=[4, 9, 2], count=[2, 1, 3]
    )
    path = tmp_path / "instance.json"
    path.write_text(json.dumps(instance.to_json()))
    return str(path)


def test_verify_json_is_exact_and_says_where_it_comes_from(capsys):
    code, data = run_json(capsys, "verify", EXAMPLE, "--memory", "60000", "--backlog")
    assert code == 0
    assert (data["requests"], data["memory"], data["rule"]) == (1000, 60_000, "strict")
    assert [p["policy"] for p in data["policies"]] == POLICIES
    for row in data["policies"]:
        bound, factor = Fraction(row["lower_bound"]), Fraction(row["factor"])
        assert factor == row["total_latency"] / bound
        # what is rounded is rounded to the side that stays true
        assert Fraction(str(row["lower_bound_decimal"])) <= bound
        assert factor <= Fraction(str(row["factor_decimal"])) < factor + Fraction(1, 10_000)
        assert row["lower_bound_kind"] == "discrete-centroid"
        assert row["violation"] is False
        assert (row["theorem_bound"] is None) == (row["policy"] != "svf")
    svf = data["policies"][0]
    assert svf["total_latency"] <= svf["theorem_bound"]


def test_verify_table_shows_the_same(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["verify", EXAMPLE, "--memory", "60000", "--backlog", "--policy", "svf,fcfs"]) == 0
    shown = capsys.readouterr().out
    _, data = run_json(capsys, "verify", EXAMPLE, "--memory", "60000", "--backlog")
    for row in data["policies"]:
        listed = row["policy"] in ("svf", "fcfs")
        assert (f"{row['total_latency']:,}" in shown) == listed
        assert (f"{row['factor_decimal']:.4f}" in shown) == listed
    assert f"{data['policies'][0]['theorem_bound']:,} kept" in shown


def test_arrivals_have_no_theorem_bound(capsys):
    _, data = run_json(capsys, "verify", EXAMPLE, "--memory", "60000")
    assert not data["backlog"]
    assert Fraction(data["load"]) > 0
    assert all(row["theorem_bound"] is None for row in data["policies"])


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_a_width_that_is_no_number_is_passed_over(capsys, monkeypatch, name):
    monkeypatch.setenv(name, "²")
    assert run(["verify", EXAMPLE, "--memory", "60000", "--policy", "svf"]) == 0
    assert "svf" in capsys.readouterr().out


def test_a_theorem_on_arrivals_has_its_column(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "i.json"
    instance = Instance(memory=20, arrival=[0, 1, 5], prompt=[2, 2, 2], output=[3, 3, 3])
    path.write_text(json.dumps(instance.to_json()))
    _, data = run_json(capsys, "verify", str(path), "--policy", "svf-paced,svf")
    paced, svf = data["policies"]
    assert (paced["theorem"], svf["theorem"]) == ("pacing-arrivals", None)
    assert run(["verify", str(path), "--policy", "svf-paced,svf"]) == 0
    shown = capsys.readouterr().out
    assert "theorem bound" in shown
    assert f"{paced['theorem_bound']} kept" in shown


def test_skip_has_no_theorem_bound(capsys):
    _, data = run_json(
        capsys, "verify", EXAMPLE, "--memory", "60000", "--backlog", "--skip", "--limit", "200"
    )
    assert data["requests"] == 200
    assert all(row["rule"] == "skip" and row["theorem_bound"] is None for row in data["policies"])


def test_violation_is_flagged_and_exits_with_5(capsys, monkeypatch):
    # a deliberately false theorem: no schedule is within it
    false = PolicyBound(theorem=SVF_BACKLOG, total=1)
    monkeypatch.setattr(verify, "policy_bound", lambda instance, policy, rule: false)
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--backlog", "--policy", "svf"]
    assert run(arguments) == 5
    assert (
        "VIOLATION: svf costs 155,390, more than the 1 that the theorem svf-backlog"
        in capsys.readouterr().out
    )
    code, data = run_json(capsys, *arguments)
    assert code == 5
    assert data["policies"][0]["violation"] is True


def test_an_instance_file_has_its_own_memory(capsys, instance_file):
    _, data = run_json(capsys, "verify", instance_file)
    assert (data["memory"], data["requests"], data["format"]) == (20, 6, "instance")
    _, data = run_json(capsys, "verify", instance_file, "--memory", "11", "--backlog")
    assert (data["memory"], data["backlog"]) == (11, True)
    _, data = run_json(capsys, "verify", instance_file, "--memory", "9", "--oversize", "drop")
    assert data["requests"] == 3
    assert data["notes"] == ["requests larger than the memory, dropped: 3"]
    _, data = run_json(capsys, "verify", instance_file, "--limit", "2")
    assert data["requests"] == 2


@pytest.mark.parametrize("end", ["", "\n" * 10**6])
def test_a_trace_in_gzip(capsys, tmp_path, monkeypatch, end):
    from kvproof.scheduling import instance_file

    monkeypatch.setattr(instance_file, "_contents", lambda path: 1 / 0)  # not looked at as a whole
    trace = tmp_path / "t.csv.gz"
    trace.write_bytes(gzip.compress(f"prompt,output\n3,4\n{end}".encode()))
    _, data = run_json(capsys, "verify", str(trace), "--memory", "9", "--backlog")
    assert data["requests"] == 1
    trace.write_bytes(trace.read_bytes()[:-9])
    refused(capsys, ["verify", trace, "--memory", "9"], f"{trace}: is damaged gzip (")


def test_instance_files_of_every_form(capsys, tmp_path):
    # fields in any order, however far apart; and compressed, as certify writes them
    many = Instance(memory=9, arrival=[0] * 30_000, prompt=[1] * 30_000, output=[2] * 30_000)
    data = many.to_json()
    names = ("arrival", "prompt", "format", "version", "memory", "output")
    text = json.dumps({name: data[name] for name in names})
    (tmp_path / "i.json").write_text(text)
    (tmp_path / "i.json.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("i.json", "i.json.gz"):
        arguments = ["verify", str(tmp_path / name), "--policy", "svf", "--limit", "7"]
        code, said = run_json(capsys, *arguments)
        assert (code, said["requests"]) == (0, 7)


def test_first_requests_of_huge_classes(capsys, tmp_path):
    path = tmp_path / "i.json"
    huge = Instance(
        memory=9, arrival=[3, 0, 5], prompt=[1, 2, 3], output=[2, 2, 2], count=[10**9, 2, 10**9]
    )
    path.write_text(json.dumps(huge.to_json()))
    _, data = run_json(capsys, "simulate", str(path), "--limit", "5", "--policy", "fcfs")
    assert data["starts"][3:] == [0, 0]  # the order of the instance is kept
    assert data["requests"] == 5


@pytest.mark.parametrize("value", [Fraction(84000234000163, 42), Fraction(10**15 + 1, 3)])
def test_decimals_of_large_numbers_stay_on_their_side(value):
    for up in (False, True):
        shown = exact_and_decimal("x", value, 4, up=up)["x_decimal"]
        assert Fraction(shown) >= value if up else Fraction(shown) <= value


def test_names_that_look_like_markup(capsys, tmp_path):
    path = tmp_path / "b[red]:cat:.csv"
    path.write_text((ROOT / "examples" / "azure_code_1000.csv").read_text())
    assert run(["verify", str(path), "--memory", "60000", "--policy", "svf"]) == 0
    assert "b[red]:cat:.csv" in capsys.readouterr().out


def test_simulate_writes_the_schedule(capsys, tmp_path, instance_file):
    out = tmp_path / "schedule.json"
    assert run(["simulate", instance_file, "--policy", "sjf", "--out", str(out)]) == 0
    assert "total latency" in capsys.readouterr().out
    written = json.loads(out.read_text())
    _, printed = run_json(capsys, "simulate", instance_file, "--policy", "sjf")
    assert written == printed
    assert written["format"] == "kvproof-schedule"
    assert len(written["starts"]) == 6
    arrival = [0, 0, 0, 3, 3, 3]
    output = [4, 4, 9, 2, 2, 2]
    ends = zip(written["starts"], output, arrival, strict=True)
    assert written["total_latency"] == sum(p + o - a for p, o, a in ends)


SHUFFLED = "prompt,output,timestamp\n3,2,9\n1,0,1\n4,2,5\n2,3,7\n"


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_simulate_writes_columns_that_join_on_the_source(capsys, tmp_path, suffix):
    trace, out = tmp_path / "t.csv", tmp_path / f"s.{suffix}"
    trace.write_text(SHUFFLED.replace("prompt,output", "input_length,output_length"))
    assert run(["simulate", str(trace), "--memory", "9", "--step", "0.001", "--out", str(out)]) == 0
    assert "first token, seconds" in capsys.readouterr().out
    if suffix == "parquet":
        columns = parquet.read_table(out).to_pydict()
    else:
        data = out.read_bytes()
        text = (gzip.decompress(data) if suffix.endswith("gz") else data).decode()
        rows = list(csv.DictReader(text.splitlines()))
        columns = {name: [int(row[name]) for row in rows] for name in rows[0]}
    assert columns["row"] == [2, 3, 0]  # in order of time; row 1 failed
    assert columns["prompt"] == [4, 2, 3]
    assert columns["arrival"] == [0, 2, 4]
    for name, parts in (("completion", ("start", "output")), ("start", ("waiting", "arrival"))):
        a, b = (columns[part] for part in parts)
        assert columns[name] == [x + y for x, y in zip(a, b, strict=True)]


def test_rows_of_an_instance_file_are_its_own(capsys, tmp_path, instance_file):
    out = tmp_path / "s.csv"
    arguments = ["simulate", instance_file, "--memory", "9", "--oversize", "drop"]
    assert run([*arguments, "--out", str(out)]) == 0
    capsys.readouterr()
    assert [line.split(",")[0] for line in out.read_text().splitlines()] == ["row", "0", "0", "1"]


def test_statistics_are_those_of_the_schedule(capsys):
    _, data = run_json(capsys, "simulate", EXAMPLE, "--memory", "60000", "--policy", "fcfs")
    latency = data["statistics"]["latency"]
    assert Fraction(latency["steps"]["mean"]) == Fraction(data["total_latency"], data["requests"])
    assert latency["seconds"]["p99"] == latency["steps"]["p99"] * 0.05
    waited = data["statistics"]["waiting"]["steps"]["max"]
    assert data["statistics"]["first_token"]["steps"]["max"] == waited + 1
    _, verified = run_json(capsys, "verify", EXAMPLE, "--memory", "60000")
    row = verified["policies"][POLICIES.index("fcfs")]
    assert row["statistics"] == data["statistics"]


def test_the_cut_lies_between_the_best_schedule_and_the_bound(capsys):
    _, data = run_json(capsys, "verify", EXAMPLE, "--memory", "60000", "--backlog")
    best = min(row["total_latency"] for row in data["policies"])
    for row in data["policies"]:
        least, most = Fraction(row["cut_at_least"]), Fraction(row["cut_at_most"])
        assert least == 1 - Fraction(best, row["total_latency"])
        assert most == 1 - 1 / Fraction(row["factor"])
        assert Fraction(str(row["cut_at_least_decimal"])) <= least
        assert most <= Fraction(str(row["cut_at_most_decimal"]))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_number_is_broken_at_any_width(capsys, monkeypatch, width):
    monkeypatch.setattr("kvproof.verdicts.console", lambda: Console(width=width, highlight=False))
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--backlog"]
    assert run([*arguments, "--latency", "seconds"]) == 0
    shown = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= width
    _, data = run_json(capsys, *arguments)
    for row in data["policies"]:
        assert f"{row['total_latency']:,}" in shown
        assert f"{row['factor_decimal']:.4f}" in shown
        assert f"{row['statistics']['latency']['seconds']['max']:,.2f}"[:5] in shown
    assert f"{data['policies'][0]['theorem_bound']:,}" in shown


def test_latency_in_seconds_needs_a_step(capsys, instance_file):
    assert run(["verify", instance_file, "--latency", "seconds"]) == 2
    assert "--latency steps" in capsys.readouterr().err
    assert run(["verify", instance_file, "--latency", "steps"]) == 0
    assert "first token" in capsys.readouterr().out


def test_one_is_one(capsys, tmp_path):
    """Nothing says "1 requests"."""
    path = tmp_path / "i.json"
    path.write_text(json.dumps(Instance(memory=9, arrival=[0], prompt=[1], output=[2]).to_json()))
    name, out = str(path), str(tmp_path / "out.svg")
    things = "request|token|kind|instance|multiset|step|trial"
    for arguments in (
        ["verify", name],
        ["simulate", name],
        ["improve", name, "--trials", "1"],
        ["solve", name],
        ["draw", name, "--out", out],
        ["exhaust", "--memory", "1", "--requests", "1"],
    ):
        assert run(arguments) == 0
        said = capsys.readouterr().out
        if arguments[0] == "draw":
            said = Path(out).read_text()
        assert re.findall(rf"(?<![\d,.])1 (?:{things})s\b", said) == []
    assert run(["verify", name, "--memory", "2"]) == 2
    assert "1 of 1 row needs more than" in capsys.readouterr().err


def test_one_bit_options_are_named_in_the_output(capsys):
    arguments = ["verify", EXAMPLE, "--memory", "60000", "--policy", "svf-1bit"]
    _, true = run_json(capsys, *arguments, "--theta", "7/2")
    _, reserve = run_json(capsys, *arguments, "--theta", "3.5", "--admission", "reserve")
    assert true["policies"][0]["admission"] == "true"
    assert reserve["policies"][0]["admission"] == "reserve"
    assert true["policies"][0]["total_latency"] <= reserve["policies"][0]["total_latency"]


GOOD = ["--memory", "60000"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", EXAMPLE], "give --memory TOKENS"),
        (["verify", EXAMPLE, "--memory", "0"], "--memory"),
        (["verify", EXAMPLE, "--memory", "many"], "--memory"),
        (["verify", EXAMPLE, "--memory", "9" * 20], "are not in the range 1 to 2,147,483,647"),
        (["verify", EXAMPLE, "--memory", "100"], "need more than the memory of 100 tokens"),
        (["verify", EXAMPLE, *GOOD, "--policy", "svg"], "policy 'svg' is unknown; known: svf"),
        (["verify", EXAMPLE, *GOOD, "--policy", ""], "policy '' is unknown"),
        (["verify", EXAMPLE, *GOOD, "--policy", "a.b:C"], "policy 'a.b:C' cannot be loaded"),
        (["verify", EXAMPLE, *GOOD, "--step", "0"], "--step"),
        (["verify", EXAMPLE, *GOOD, "--step", "1e999999999"], "--step"),
        (["verify", EXAMPLE, *GOOD, "--step", "1/0"], "--step"),
        (["verify", EXAMPLE, *GOOD, "--theta", "-1"], "--theta"),
        (["verify", EXAMPLE, *GOOD, "--limit", "0"], "--limit"),
        (["verify", EXAMPLE, *GOOD, "--oversize", "keep"], "--oversize"),
        (["verify", EXAMPLE, *GOOD, "--frobnicate"], "No such option"),
        (["verify", "no/such/file.csv", *GOOD], "no/such/file.csv"),
        (["verify", ".", *GOOD], "."),
        (["verify", "no[/such].csv", *GOOD], "no[/such].csv"),
        (["simulate", EXAMPLE, *GOOD, "--out", "no/such/folder/x.json"], "there is no folder"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["verfy", EXAMPLE], "'verify'?) (kvproof --help)"),
        (["verify"], "Missing argument 'TRACE'. (kvproof verify --help)"),
        (["certify", EXAMPLE, *GOOD], "Missing option '--out'. (kvproof certify --help)"),
        (["verify", EXAMPLE, "--memory", "60,000"], "neither a number of tokens, in digits, nor"),
        (["headroom", EXAMPLE, *GOOD, "--time-limit", "ten"], "'ten' is not a number of seconds"),
        (["headroom", EXAMPLE, *GOOD, "--time-limit", "0"], "'0' is not a number of seconds"),
        (["verify", EXAMPLE, *GOOD, "--noise", "gauss:1"], "noise 'gauss:1': expected"),
        (["theorems", "show", "svf-rato"], "near it: svf-ratio"),
        (["search", "--bound", "svf-rato"], "theorems near it: svf-ratio"),
        (["taxonomy", "--graph", "x.gif"], "x.gif: name a file that ends in .svg"),
        (["memory", "phi-4@80GiB,reserve=1"], "'1' is no size"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(capsys, arguments, said):
    assert run(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("kvproof: ")
    assert streams.err.count("\n") == 1
    assert said in streams.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": "kvproof-instance"', "not JSON"),
        ('{"memory": 9, "arrival": [0], "prompt": [4]}', 'an object with "format": "kvproof-'),
        ('{"format": "kvproof-instance", "version": 1}', "field 'arrival' is missing"),
        ('{"format": "kvproof-instance", "version": 1.0}', "version 1.0 is unknown"),
        ('{"format": "kvproof-instance", "format": 1}', "field 'format' is given twice"),
        ('{"format": "kvproof-instance", "memory": NaN}', "NaN is not a number"),
        ('{"format": "kvproof-instance", "memory": ' + "9" * 5000 + "}", "too large"),
        ('{"format": "kvproof-instance", "memory": ' + "[" * 100_000, "too large"),
    ],
)
def test_bad_instance_files(capsys, tmp_path, text, said):
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert run(["verify", str(path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"kvproof: {path}: ")
    assert said in message
    assert len(message) < len(str(path)) + 200


def test_compact_delays_nobody_and_is_certified(capsys, tmp_path):
    arguments = [EXAMPLE, "--memory", "60000", "--limit", "300", "--backlog"]
    _, plain = run_json(capsys, "verify", *arguments)
    _, data = run_json(capsys, "verify", *arguments, "--compact")
    gained = 0
    for before, after in zip(plain["policies"], data["policies"], strict=True):
        assert (before["compact"], after["compact"]) == (False, True)
        assert after["total_latency"] <= before["total_latency"]
        gained += before["total_latency"] - after["total_latency"]
    assert gained > 0
    assert data["policies"][0]["theorem_bound"] == plain["policies"][0]["theorem_bound"]
    _, schedule = run_json(capsys, "simulate", *arguments, "--policy", "fcfs", "--compact")
    fcfs = data["policies"][POLICIES.index("fcfs")]
    assert schedule["total_latency"] == fcfs["total_latency"]
    out = str(tmp_path / "c.json")
    _, written = run_json(
        capsys, "certify", *arguments, "--policy", "fcfs", "--compact", "--out", out
    )
    assert written["claim"]["total_latency"] == fcfs["total_latency"]
    for claim in ("opt-lower-bound", "ratio-at-least", "svf-blocking-chain"):
        assert run(["certify", *arguments, "--compact", "--claim", claim, "--out", out]) == 2
        assert "--compact has no effect here" in capsys.readouterr().err
