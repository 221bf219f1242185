"""The Poisson experiment: reproducible, honest, and through the command."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from kvproof.bounds.experiments.findings import findings
from kvproof.bounds.experiments.poisson import exponential, run
from kvproof.bounds.intervals import Interval, interval
from kvproof.commands.experiment import command
from kvproof.report.experiment import experiment_page
from kvproof.scheduling.errors import InputError

SMALL = ["poisson", "--requests", "300", "--runs", "3", "--loads", "0.6,1.1"]


def test_the_same_seed_gives_the_same_result() -> None:
    workload = exponential(mean=40, memory=2000)
    once, again, other = (
        run(workload, loads=[0.9], requests=300, runs=2, seed=seed) for seed in (5, 5, 6)
    )
    assert once == again
    assert once.cells != other.cells
    for cell in once.cells:
        assert cell.factor.mean >= 1
        assert cell.tail.mean >= cell.mean.mean


def test_findings_say_where_the_shape_is_not_reproduced() -> None:
    result = run(exponential(mean=40, memory=800), loads=[0.7, 1.3], requests=800, runs=4, seed=1)
    assert [finding.holds for finding in findings(result)] == [True, True, True]

    def move(policy: str, mean: float, excess: float) -> list[bool]:
        wide = {"half_width": 0.1, "runs": 4}
        cells = tuple(
            replace(c, mean=Interval(mean=mean, **wide), excess=Interval(mean=excess, **wide))
            if c.policy == policy
            else c
            for c in result.cells
        )
        return [finding.holds for finding in findings(replace(result, cells=cells))]

    assert not move("sjf", 1.0, -5.0)[0]
    assert not move("svf-1bit", 1e6, 1e6)[1]
    assert not move("fcfs", 50.0, 9.0)[2]
    single = replace(result, cells=tuple(cell for cell in result.cells if cell.load == 1.3))
    claims = [finding.claim for finding in findings(result)]
    assert [finding.claim for finding in findings(single)] == claims[:2]


def test_where_all_policies_do_alike_nothing_can_be_tested() -> None:
    result = run(exponential(mean=10**6, memory=1), loads=[100], requests=10, runs=2, seed=1)
    least, bit = findings(result)
    assert (least.holds, least.verdict) == (None, "could not be tested")
    assert least.detail.startswith("no policy is significantly better, nor worse")
    assert (bit.holds, bit.up_to, bit.verdict) == (None, None, "could not be tested")
    assert bit.detail == "SVF gains nothing significant over FCFS at these loads"
    answer = experiment_page([result]).answer
    assert answer.startswith("0 of 0 claims ")
    assert answer.endswith("; 2 could not be tested.")


def test_interval_is_student() -> None:
    found = interval([1.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.half_width == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert (found.low, found.high) == (2 - found.half_width, 2 + found.half_width)


def test_command(tmp_path) -> None:
    for name, begin in (("p.png", b"\x89PNG"), ("p.svg", b"<?xml")):
        picture = tmp_path / name
        result = CliRunner().invoke(command, [*SMALL, "--plot", str(picture)])
        assert result.exit_code == 0, result.output
        assert "reproduced" in result.output
        assert f"picture written to {picture}" in result.output
        assert picture.read_bytes().startswith(begin)
    data = json.loads(CliRunner().invoke(command, [*SMALL, "--json"]).output)
    assert [len(w["cells"]) for w in data["workloads"]] == [8] * len(data["workloads"])
    assert {f["holds"] for w in data["workloads"] for f in w["findings"]} <= {True, False, None}


@pytest.mark.parametrize("loads", ["", "a", "0.9,0.5", "0,1", "nan"])
def test_bad_loads(loads: str) -> None:
    result = CliRunner().invoke(command, ["poisson", "--loads", loads])
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize(
    ("mean", "half", "said"),
    [
        (116.84, 3.21, "116.8 ± 3.2"),
        (65.56, 150.2, "65.6 ± 150.2"),
        (12345.6, 77, "12,346 ± 77"),
        (0, 0, "0 ± 0"),
        (0.001234, 0.1, "0.0012 ± 0.1000"),
    ],
)
def test_an_interval_reads_as_numbers(mean: float, half: float, said: str) -> None:
    assert str(Interval(mean=mean, half_width=half, runs=2)) == said
