import json
import re
from fractions import Fraction

import pytest
from rich.console import Console

from kvproof.__main__ import run
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.sweeps import parse_sweep
from tests.conftest import ROOT
from tests.kvproof.common import assert_decimals_are_true, run_json

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BASE = ["verify", EXAMPLE, "--memory", "60000", "--policy", "svf,fcfs"]
SHUFFLED = "timestamp,input_length,output_length\n0,3,2\n1000,4,2\n2500,2,3\n"


def test_a_rate_divides_the_exact_times(capsys, tmp_path):
    trace, out = tmp_path / "t.csv", tmp_path / "s.csv"
    trace.write_text(SHUFFLED)
    arguments = ["simulate", str(trace), "--memory", "99", "--step", "1", "--out", str(out)]
    assert run([*arguments, "--rate-scale", "5/4"]) == 0
    assert "arrivals at 1.25 times the rate" in capsys.readouterr().out
    arrivals = [int(line.split(",")[1]) for line in out.read_text().splitlines()[1:]]
    assert arrivals == [0, 0, 2]  # 0.8 and 2.0 seconds
    assert run([*arguments, "--rate-scale", "0.4"]) == 0
    assert out.read_text().splitlines()[2].split(",")[1] == "2"


def test_a_sweep_over_rates_is_verify_at_each(capsys):
    code, data = run_json(capsys, *BASE, "--sweep", "rate=1:3:1")
    assert code == 0
    assert [point["value"] for point in data["points"]] == ["1/1", "2/1", "3/1"]
    _, twice = run_json(capsys, *BASE, "--rate-scale", "2")
    assert_decimals_are_true(data)
    point = data["points"][1]
    assert point["lower_bound"] == twice["policies"][0]["lower_bound"]
    for row, verdict in zip(point["policies"], twice["policies"], strict=True):
        assert (row["total_latency"], row["factor"]) == (
            verdict["total_latency"],
            verdict["factor"],
        )


def test_the_json_of_a_sweep_says_what_was_read_as_ever(capsys):
    arguments = [*BASE, "--policy", "svf", "--sample", "90", "--seed", "3", "--step", "0.1"]
    _, plain = run_json(capsys, *arguments)
    _, data = run_json(capsys, *arguments, "--sweep", "rate=1")
    for name in ("source", "format", "step", "notes", "sample", "rule"):
        assert data[name] == plain[name]


def test_a_sweep_over_loads_and_over_memory(capsys):
    _, data = run_json(capsys, *BASE, "--sweep", "load=0.5,1", "--workers", "2")
    for point, load in zip(data["points"], (0.5, 1), strict=True):
        assert float(Fraction(point["load"])) == pytest.approx(load, rel=0.01)
    arguments = ["verify", EXAMPLE, "--backlog", "--sweep", "memory=40000:60000:10000"]
    _, data = run_json(capsys, *arguments, "--policy", "svf")
    assert [point["memory"] for point in data["points"]] == [40_000, 50_000, 60_000]
    assert all(Fraction(point["lower_bound"]).denominator > 1 for point in data["points"])
    assert_decimals_are_true(data)
    assert run([*arguments, "--policy", "svf"]) == 0
    assert "memory 40,000 to 60,000 tokens, backlog\n" in capsys.readouterr().out


def test_where_order_matters_is_said(capsys):
    sweep = ["verify", EXAMPLE, "--policy", "svf", "--sweep"]
    for values, said in (
        ("90000,110000,120000", "Order does not matter at memory 110,000, 120,000: every request"),
        ("110000", "Order matters at no point: every request can start when it arrives"),
        ("90000", "Order matters at every point: some request waits in every schedule."),
    ):
        assert run([*sweep, f"memory={values}"]) == 0
        assert said in capsys.readouterr().out


def test_values_are_in_order_each_once_and_not_too_many():
    assert parse_sweep("rate=2,0.5,1/2,1").values == (Fraction(1, 2), 1, 2)
    assert len(parse_sweep("rate=1:1000:1").values) == 1_000
    with pytest.raises(InputError, match="more than 1,000 points"):
        parse_sweep("rate=1:1001:1")


@pytest.mark.parametrize("width", [60, 80])
def test_a_sweep_fits_a_narrow_terminal(capsys, monkeypatch, tmp_path, width):
    monkeypatch.setattr(
        "kvproof.output.console",
        lambda *, stderr=False: Console(stderr=stderr, width=width, highlight=False, markup=False),
    )
    picture = tmp_path / "p.svg"
    assert run([*BASE, "--sweep", "rate=1,40", "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert "Order matters at every point" in shown
    assert picture.read_text().startswith("<?xml")


def test_whether_order_matters_is_said(capsys):
    assert run(BASE) == 0
    assert "Order matters here: with 103,271 tokens every request could start" in (
        capsys.readouterr().out
    )
    roomy = ["verify", EXAMPLE, "--memory", "110000", "--policy", "svf"]
    assert run(roomy) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "That holds down to 103,271 tokens, and no further; at " in shown
    _, data = run_json(capsys, *roomy)
    assert data["memory_without_waiting"] == 103_271
    free, waits = data["free_rate"], data["waiting_rate"]
    _, at_free = run_json(capsys, *roomy, "--rate-scale", free)
    _, at_waits = run_json(capsys, *roomy, "--rate-scale", waits)
    assert at_free["policies"][0]["statistics"]["waiting"]["steps"]["max"] == 0
    assert at_waits["policies"][0]["statistics"]["waiting"]["steps"]["max"] > 0


@pytest.mark.parametrize(
    ("memory", "arrival", "said"),
    [
        (5, [0, 2**30], r"down to 5 tokens, .* at 1048576 times .* not tried \(21 were\)"),
        (10, [0, 1], "down to 9 tokens, and no further; and it would if all came at once"),
        (9, [0, 1], r"and no further; at \S+ times .* at \S+ times some wait"),
        (8, [0, 1], "Order matters here: with 9 tokens every request could start"),
    ],
)
def test_whether_order_matters_is_said_of_a_handful(capsys, tmp_path, memory, arrival, said):
    instance = Instance(memory=memory, arrival=arrival, prompt=[2, 2], output=[3, 3])
    path = tmp_path / "i.json"
    path.write_text(json.dumps(instance.to_json()))
    assert run(["verify", str(path), "--policy", "svf"]) == 0
    assert re.search(said, " ".join(capsys.readouterr().out.split()))


def test_rates_are_not_tried_for_many_requests(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("kvproof.waiting.MOST_REQUESTS", 1)
    path = tmp_path / "i.json"
    instance = Instance(memory=10, arrival=[0, 1], prompt=[2, 2], output=[3, 3])
    path.write_text(json.dumps(instance.to_json()))
    assert run(["verify", str(path), "--policy", "svf"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "and no further; rates are not tried beyond 1 requests." in shown
    _, data = run_json(capsys, "verify", str(path), "--policy", "svf")
    assert (data["free_rate"], data["waiting_rate"], data["rates_tried"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sweep", "load"], "expected load=, rate= or memory="),
        (["--sweep", "speed=1"], "expected load=, rate= or memory="),
        (["--sweep", "load=1:2"], "expected FIRST:LAST:STEP"),
        (["--sweep", "load=2:1:0.1"], "FIRST at most LAST"),
        (["--sweep", "load=1:2:0"], "'0' is no number above 0 in plain digits"),
        (["--sweep", "load=a"], "'a' is no number above 0"),
        (["--sweep", "load=1:9999:0.1"], "more than 1,000 points"),
        (["--sweep", "memory=0.5"], "tokens are whole numbers"),
        (["--sweep", "load=1", "--backlog"], "sweep memory"),
        (["--sweep", "load=1", "--plot", "x.pdf"], "ends in .svg or .png"),
        (["--sweep", "load=1", "--latency", "steps"], "--latency has no effect"),
        (["--plot", "x.svg"], "--plot has no effect here: it goes with --sweep"),
        (["--workers", "2"], "--workers has no effect here"),
        (["--sweep", "memory=30000"], "--memory has no effect here: --sweep names the memories"),
        (["--rate-scale", "0"], "--rate-scale"),
        (["--rate-scale", "1e-30"], "take a higher rate or a longer --step"),
        (["--step", "1e-300"], "'1e-300' has too many digits"),
        (["--rate-scale", "0.1234567890123456789"], "write it shorter, as 0.05 or 1/20"),
        (["--rate-scale", "1/0"], "'1/0' is not a number above 0"),
        (["--rate-scale", "2", "--backlog"], "changes nothing on a --backlog"),
    ],
)
def test_what_is_refused(capsys, arguments, said):
    assert run([*BASE, *arguments]) == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert said in streams.err


def test_a_sweep_over_memory_that_is_too_small(capsys):
    assert run(["verify", EXAMPLE, "--sweep", "memory=100"]) == 2
    error = capsys.readouterr().err
    assert "need more than the memory of 100 tokens" in error
    assert "raise the memory to " in error


def test_an_instance_at_a_rate_or_memory_that_it_cannot_have(capsys, tmp_path):
    path = tmp_path / "i.json"
    path.write_text(json.dumps(Instance(memory=9, arrival=[0, 2], prompt=[1, 3], output=[2, 4])
                               .to_json()))  # fmt: skip
    for arguments, said in (
        (
            ["--rate-scale", "1e-30"],
            "arrives after step 281,474,976,710,656 at this rate; take a high",
        ),
        (["--memory", "2", "--oversize", "drop"], "no request fits a memory of 2; take more"),
        (["--sweep", "memory=6,8"], "raise the memory to 7 or choose --oversize drop"),
    ):
        assert run(["verify", str(path), *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"kvproof: {path}: ")
        assert said in error


@pytest.mark.parametrize(
    ("more", "said"),
    [([], "not matter here"), (["--sweep", "memory=20"], "at no point"), (["--replicas", "1"], "")],
)
def test_a_policy_that_reserves_may_wait_where_order_does_not_matter(capsys, tmp_path, more, said):
    path = tmp_path / "i.json"
    instance = Instance(memory=20, arrival=[0, 0, 0], prompt=[0, 0, 0], output=[4, 4, 10])
    path.write_text(json.dumps(instance.to_json()))
    reserve = ["--policy", "svf-1bit,svf", "--admission", "reserve", "--theta", "2"]
    assert run(["verify", str(path), *reserve, *more]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert said in shown
    assert (
        "every request can start when it arrives, and does under every policy that starts what fits"
    ) in shown


def test_points_of_different_requests_are_said_to_be(capsys, tmp_path):
    arguments = ["verify", EXAMPLE, "--backlog", "--limit", "100", "--oversize", "drop",
                 "--policy", "svf", "--sweep", "memory=500,3000,20000"]  # fmt: skip
    picture = tmp_path / "p.svg"
    assert run([*arguments, "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert "31 to 100 requests, memory 500 to 20,000 tokens" in shown
    assert "the points are not of the same requests" in shown
    assert "31 to 100 requests" in picture.read_text()
    _, data = run_json(capsys, *arguments)
    assert [point["requests"] for point in data["points"]] == [31, 71, 100]
    assert any("not of the same requests" in note for note in data["notes"])
    _, same = run_json(capsys, *arguments[:-1], "memory=20000,30000")
    assert not any("not of the same requests" in note for note in same["notes"])


def test_a_load_that_whole_steps_do_not_give_is_remarked_upon(capsys):
    few = [*BASE, "--limit", "60", "--step", "5", "--sweep"]
    assert run([*few, "load=5,10000"]) == 0
    shown = capsys.readouterr().out
    _, data = run_json(capsys, *few, "load=5,10000")
    load = float(Fraction(data["points"][0]["load"]))
    assert abs(load - 5) > 0.15
    assert f"another than asked for: {load - 0.0005:.3f} for 5, none for 10000" in shown
    _, data = run_json(capsys, *BASE, "--sweep", "load=0.5,1")
    assert data["notes"] == []


def test_a_sweep_says_how_policies_were_run(capsys, tmp_path):
    one_bit = ["verify", EXAMPLE, "--memory", "60000", "--limit", "60", "--policy", "svf-1bit",
               "--theta", "3", "--skip", "--compact", "--admission", "reserve"]  # fmt: skip
    for more in (["--sweep", "rate=1"], ["--replicas", "1"]):
        assert run([*one_bit, *more]) == 0
        assert (
            "rule: skip (backfilling), then compact; svf-1bit reserves" in capsys.readouterr().out
        )
        _, data = run_json(capsys, *one_bit, *more)
        assert (data["rule"], data["compact"], data["admission"]) == ("skip", True, "reserve")
        (one,) = data.get("points") or data["parts"]
        felt = one["policies"][0]["statistics"]["latency"]
        assert felt["seconds"]["max"] == pytest.approx(felt["steps"]["max"] / 20)
    picture = tmp_path / "p.svg"
    assert run([*one_bit, "--rate-scale", "2", "--sweep", "rate=1/2", "--plot", str(picture)]) == 0
    assert "times the rate asked for" in picture.read_text()
    assert "the rates of the sweep are multiples of that" in capsys.readouterr().out
