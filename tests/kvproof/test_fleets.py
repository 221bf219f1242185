import json
from fractions import Fraction
from math import floor

import pytest
from rich.console import Console

from kvproof.__main__ import run
from kvproof.bounds import verify
from kvproof.bounds.catalogue import SVF_BACKLOG
from kvproof.bounds.policy_bound import PolicyBound
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.instance import Instance
from tests.conftest import ROOT
from tests.kvproof.common import assert_decimals_are_true, run_json

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BASE = ["verify", EXAMPLE, "--memory", "30000", "--policy", "svf,fcfs"]
FLEET = [*BASE, "--replicas", "3"]


@pytest.mark.parametrize("more", [[], ["--backlog"], ["--skip"], ["--compact", "--backlog"]])
@pytest.mark.parametrize("router", ["round-robin", "least-loaded"])
def test_json_is_exact_and_adds_up(capsys, router, more):
    code, data = run_json(capsys, *FLEET, "--router", router, *more)
    assert code == 0
    assert (data["replicas"], data["router"], data["requests"]) == (3, router, 1000)
    assert [part["replica"] for part in data["parts"]] == [0, 1, 2]
    assert sum(part["requests"] for part in data["parts"]) == 1000
    least = Fraction(data["lower_bound"])
    assert least == sum(Fraction(part["lower_bound"]) for part in data["parts"])
    any_routing = Fraction(data["lower_bound_any_routing"])
    assert any_routing <= least
    for position, row in enumerate(data["policies"]):
        rows = [part["policies"][position] for part in data["parts"]]
        assert row["total_latency"] == sum(one["total_latency"] for one in rows)
        assert Fraction(row["factor"]) == row["total_latency"] / least
        assert Fraction(row["factor_any_routing"]) == row["total_latency"] / any_routing
        assert row["max_latency"] == max(
            one["statistics"]["latency"]["steps"]["max"] for one in rows
        )
    assert data["violation"] is False
    assert_decimals_are_true(data)


def test_the_bound_over_all_routings_is_that_of_the_pooled_memory(capsys):
    _, data = run_json(capsys, *FLEET)
    _, pooled = run_json(capsys, "verify", EXAMPLE, "--memory", "90000", "--policy", "svf")
    assert data["lower_bound_any_routing"] == pooled["policies"][0]["lower_bound"]
    assert data["load"] == pooled["load"]


def test_one_replica_is_verify(capsys):
    _, fleet = run_json(capsys, *BASE, "--replicas", "1", "--router", "least-loaded")
    _, plain = run_json(capsys, *BASE)
    for ours, theirs in zip(fleet["policies"], plain["policies"], strict=True):
        for key in ("policy", "total_latency", "mean_latency", "factor", "statistics"):
            assert ours[key] == theirs[key]


def test_processes_change_nothing(capsys):
    asked = [*FLEET, "--router", "least-loaded"]
    assert run_json(capsys, *asked) == run_json(capsys, *asked, "--workers", "2")


def test_what_is_shown_is_what_json_says(capsys):
    assert run(FLEET) == 0
    shown = capsys.readouterr().out
    _, data = run_json(capsys, *FLEET)
    for row in data["policies"]:
        assert f"{row['total_latency']:,}" in shown
        assert f"{row['factor_decimal']:.4f}" in shown
        assert f"{row['factor_any_routing_decimal']:.4f}" in shown
    assert "3 replicas, 30,000 tokens each, round-robin, load of the fleet 0." in shown
    assert "say nothing of other routings" in shown
    assert "Order matters on 2 of 3 replicas" in shown


def test_bounds_are_shown_rounded_down(capsys):
    assert run([*FLEET, "--backlog"]) == 0
    shown = capsys.readouterr().out
    _, data = run_json(capsys, *FLEET, "--backlog")
    for part in data["parts"]:
        bound = Fraction(part["lower_bound"])
        assert bound.denominator > 1
        assert f" {floor(bound):,} " in shown
    for name, said in (
        ("lower_bound", "no schedules of the replicas come to less than {} steps"),
        ("lower_bound_any_routing", "whatever is known, it is at least {}:"),
    ):
        bound = decimal(Fraction(data[name]), 2, up=False, commas=True)
        assert bound != decimal(Fraction(data[name]), 2, up=True, commas=True)
        assert said.format(bound) in shown


def test_a_fleet_that_never_waits_is_told_so(capsys):
    at = FLEET.index("--replicas") + 1
    assert run([*FLEET[:at], "300", *FLEET[at + 1 :]]) == 0
    assert "Order matters nowhere" in capsys.readouterr().out


def test_latency_is_that_of_the_whole_fleet(capsys):
    assert run([*FLEET, "--latency", "seconds"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    _, data = run_json(capsys, *FLEET)
    for row in data["policies"]:
        felt = row["statistics"]["latency"]
        assert felt["steps"]["p50"] < felt["steps"]["p99"] <= felt["steps"]["max"]
        shown = next(line for line in lines if line[:2] == [row["policy"], "latency"])
        seconds = felt["seconds"]
        assert shown[2:] == [f"{seconds[name]:.2f}" for name in
                             ("mean", "p50", "p90", "p95", "p99", "max")]  # fmt: skip


def test_an_instance_has_no_seconds(capsys, tmp_path):
    instance = Instance(memory=9, arrival=[0, 0], prompt=[4, 4], output=[3, 3])
    path = tmp_path / "i.json"
    path.write_text(json.dumps(instance.to_json()))
    assert run(["verify", str(path), "--replicas", "2", "--latency", "seconds"]) == 2
    assert "--latency steps" in capsys.readouterr().err


def test_many_replicas_are_summed_up_and_idle_ones_counted(capsys):
    asked = [*BASE, "--limit", "40", "--replicas", "50"]
    assert run(asked) == 0
    shown = capsys.readouterr().out
    assert "Of 40 replicas each was sent 1 to 1 requests; --json lists them." in shown
    assert "Replicas that were sent no request: 10." in shown
    code, data = run_json(capsys, *asked)
    _, alone = run_json(capsys, *asked[: asked.index("--replicas")])
    assert code == 0
    assert Fraction(data["load"]) == Fraction(alone["load"]) / 50


@pytest.mark.parametrize("width", [60, 80])
def test_a_fleet_fits_a_narrow_terminal(capsys, monkeypatch, width):
    monkeypatch.setattr(
        "kvproof.output.console",
        lambda *, stderr=False: Console(stderr=stderr, width=width, highlight=False, markup=False),
    )
    assert run(FLEET) == 0
    assert "…" not in capsys.readouterr().out


def test_an_instance_file_is_each_replicas(capsys, tmp_path):
    instance = Instance(memory=9, arrival=[0, 0], prompt=[4, 4], output=[3, 3])
    path = tmp_path / "i.json"
    path.write_text(json.dumps(instance.to_json()))
    _, alone = run_json(capsys, "verify", str(path), "--policy", "svf")
    _, two = run_json(capsys, "verify", str(path), "--policy", "svf", "--replicas", "2")
    assert alone["policies"][0]["total_latency"] > two["policies"][0]["total_latency"] == 6
    assert two["load"] is None


@pytest.mark.parametrize(
    "more", [["--memory", "30000", "--replicas", "2"], ["--sweep", "memory=30000"]]
)
def test_a_violation_on_any_instance_is_exit_code_5(capsys, monkeypatch, more):
    # a deliberately false theorem
    false = PolicyBound(theorem=SVF_BACKLOG, total=1)
    monkeypatch.setattr(verify, "policy_bound", lambda instance, policy, rule: false)
    assert run(["verify", EXAMPLE, "--policy", "svf,fcfs", "--backlog", *more]) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--replicas", "0"], "'--replicas': 0 is not in the range"),
        (["--replicas", "-2"], "'--replicas': -2 is not in the range"),
        (["--replicas", "two"], "'two' is not a valid integer"),
        (["--router", "least-loaded"], "--router has no effect here: it goes with --replicas"),
        (["--replicas", "2", "--router", "best"], "'best' is not one of"),
        (["--replicas", "2", "--latency", "steps", "--json"], "--latency has no effect"),
        (["--replicas", "2", "--report", "no/folder.html"], "no/folder.html"),
        (["--replicas", "2", "--report", EXAMPLE], "would replace"),
        (["--replicas", "2", "--plot", "x.svg"], "--plot has no effect"),
        (["--replicas", "2", "--sweep", "load=1"], "--replicas has no effect"),
        (["--replicas", "2", "--noise", "factor:2"], "--replicas has no effect"),
        (["--replicas", "2", "--memory", "100"], "need more than the memory of 100 tokens"),
    ],
)
def test_what_is_refused(capsys, arguments, said):
    assert run([*BASE, *arguments]) == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert said in streams.err
