"""docs/theory.md is what the theorem objects say, and the commands show the same."""

import json
from pathlib import Path

from click.testing import CliRunner

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.document import document
from kvproof.bounds.frontier import bounds_at, witnesses
from kvproof.bounds.prose import SECTIONS
from kvproof.commands.theorems import command

PAGE = Path(__file__).parents[2] / "docs" / "theory.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), (
        "run: python -m kvproof.bounds.document docs/theory.md"
    )


def test_every_theorem_is_on_the_page_once() -> None:
    listed = [name for section in SECTIONS for name in section.theorems]
    assert sorted(listed) == sorted(theorem.name for theorem in THEOREMS)


def test_witnesses_keep_the_proved_bounds() -> None:
    for point in witnesses():
        _, upper = bounds_at(point.eps)
        assert point.ratio <= upper
    best = {round(float(p.eps), 2): float(p.ratio) for p in witnesses()}
    assert best[0.06] >= 1.90
    assert best[0.9] >= 7


def test_theorems_command() -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert "svf-backlog" in result.output
    data = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert [t["name"] for t in data["theorems"]] == [t.name for t in THEOREMS]


def test_theorems_show() -> None:
    result = CliRunner().invoke(command, ["show", "svf-backlog"])
    assert result.exit_code == 0
    assert "passed" in result.output
    for arguments in (["show", "svf-ratio", "--json"], ["--json", "show", "svf-ratio"]):
        data = json.loads(CliRunner().invoke(command, arguments).output)
        assert data["name"] == "svf-ratio"
        assert [step["verdict"] for step in data["steps"]].count("passed") == 3
