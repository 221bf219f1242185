"""docs/theory.md is what the theorem objects say, and the commands show the same."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.document import document
from kvproof.bounds.frontier import bounds_at, witnesses
from kvproof.bounds.prose import SECTIONS
from kvproof.bounds.runs import merged
from kvproof.bounds.taxonomy.cases import CASES
from kvproof.commands.theorems import command

PAGE = Path(__file__).parents[2] / "docs" / "theory.md"


@pytest.fixture(scope="module")
def page() -> str:
    return document()


def test_the_page_is_up_to_date(page: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == page, (
        "run: python -m kvproof.bounds.document docs/theory.md"
    )


def test_every_theorem_is_on_the_page_once() -> None:
    listed = [name for section in SECTIONS for name in section.theorems]
    assert sorted(listed) == sorted(theorem.name for theorem in THEOREMS)


def test_links_to_a_theorem_lead_to_it(page: str) -> None:
    """As a forge, and Sphinx, name the headings."""
    headings = [line.lstrip("# ").lower() for line in page.splitlines() if line.startswith("#")]
    anchors = {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}
    named = 0
    for file in PAGE.parent.rglob("*.md"):
        text = file.read_text(encoding="utf-8")
        for words, anchor in re.findall(r"\[([^][]*)\]\((?:\.\./)?theory\.md(?:#([^)]*))?\)", text):
            assert not anchor or anchor in anchors, f"{file.name}: {anchor}"
            if words.startswith("`"):
                assert anchor.endswith(words.strip("`")), f"{file.name}: {words}"
                named += 1
    assert named > 40


def test_no_sentence_is_said_twice(page: str) -> None:
    text = "\n".join(line for line in page.splitlines() if not line.startswith("|"))
    sentences = re.split(r"(?<=[.:;])\s+|\n|<br>", re.sub(r"^\d+\. ", "", text, flags=re.M))
    long = Counter(one for one in sentences if len(one.split()) > 12 and one[0] not in "`*$")
    assert len(long) > 200
    assert {one: count for one, count in long.items() if count > 1} == {}


def test_a_case_of_which_nothing_is_known_takes_no_row(page: str) -> None:
    cases = page.split("## All cases")[1]
    assert "[1, ∞] | [1, ∞] | [1, ∞]" not in cases
    rows = [line for line in cases.splitlines() if line.startswith("| ")]
    assert len(rows) < 10
    for case in CASES:
        assert case.policy in cases


def test_several_runs_in_one_line() -> None:
    claims = [f"k = {k}, N = 8, {how}: ratio >= 2" for k in (1, 8) for how in ("strict", "skip")]
    assert merged(claims) == ["k = 1 or 8, N = 8, strict or skip: ratio >= 2"]
    apart = ["k = 1, q = 8: ratio >= 1", "k = 2, q = 9: ratio >= 1", "k = 2, q = 8: ratio >= 3"]
    assert merged(apart) == apart
    assert merged(["(2, 3), a = 1: x", "(2, 3), a = 2: x", "(2, 3), a = mean: x"]) == [
        "(2, 3), a = 1, 2 or mean: x"
    ]
    assert merged(["a = 1: x", "b = 1: x"]) == ["a = 1: x", "b = 1: x"]


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
        assert [step["verdict"] for step in data["steps"]].count("passed") == 1
