"""The graph of cases: closure, inconsistencies, commands."""

import json
import math
import sys
from dataclasses import replace
from fractions import Fraction
from types import ModuleType

import networkx as nx
import pytest
from click.testing import CliRunner

from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.bounds.domain import Domain, Information, Rule, Traffic
from kvproof.bounds.proof.steps import Inequality
from kvproof.bounds.taxonomy.cases import BEST, CASES, Case
from kvproof.bounds.taxonomy.graph import CAPS, Taxonomy
from kvproof.bounds.taxonomy.summary import summaries
from kvproof.bounds.taxonomy.text import SHOWN, UNKNOWN, span
from kvproof.bounds.theorem import Kind, Status, Theorem
from kvproof.commands.taxonomy import command

TAXONOMY = Taxonomy()


def at(traffic: Traffic, policy: str, rule: Rule | None) -> Case:
    return next(c for c in CASES if (c.traffic, c.policy, c.rule) == (traffic, policy, rule))


def test_the_graph_has_no_cycle_and_every_case() -> None:
    assert nx.is_directed_acyclic_graph(TAXONOMY.graph)
    assert len(CASES) == 56
    assert set(TAXONOMY.graph.nodes) == set(CASES)


@pytest.mark.parametrize("cap", CAPS, ids=str)
def test_bounds_flow_along_every_edge(cap: Fraction) -> None:
    known = {case: TAXONOMY.known(case, cap) for case in CASES}
    for special, general in TAXONOMY.graph.edges:
        assert known[special].lower.value <= known[general].lower.value
        assert known[special].upper.value <= known[general].upper.value
    assert all(one.consistent for one in known.values())


def test_known_cases() -> None:
    strict = at(Traffic.BACKLOG, "svf", Rule.STRICT)
    known = TAXONOMY.known(strict, Fraction(0))
    assert (known.lower.value, known.upper.value) == (2, Fraction(7, 3))
    online = TAXONOMY.known(at(Traffic.ARRIVALS, "sjf", Rule.SKIP), Fraction(1, 64))
    assert online.lower.value == math.inf
    assert [case.traffic for case in online.lower.path] == [Traffic.BACKLOG, Traffic.ARRIVALS]
    best = TAXONOMY.known(at(Traffic.BACKLOG, "gsa", Rule.OWN), Fraction(1, 2))
    assert (best.lower.value, float(best.upper.value)) == (1, 61.92)


def test_what_is_known_of_the_best_policies() -> None:
    def best(traffic: Traffic, information: Information) -> Case:
        return next(
            c for c in CASES if (c.traffic, c.information, c.policy) == (traffic, information, BEST)
        )

    for cap in CAPS:
        # everything is known at 0
        known = TAXONOMY.known(best(Traffic.BACKLOG, Information.EXACT), cap)
        assert known.lower.value == known.upper.value == 1
        for information in Information:
            light = TAXONOMY.known(best(Traffic.LIGHT, information), cap)
            assert light.upper.value == 1
            if information is not Information.EXACT:
                one = TAXONOMY.known(best(Traffic.BACKLOG, information), cap)
                assert one.lower.theorem is find("one-bit-any-unbounded")


def test_nothing_flows_from_policies_that_know_or_do_more() -> None:
    for special, general in TAXONOMY.graph.edges:
        assert "gba" not in (special.policy, general.policy)
        assert "gsa" not in (special.policy, general.policy)
        if special.policy == BEST != general.policy:
            assert general.policy not in ("svf-1bit", "fcfs")


@pytest.mark.parametrize(("policy", "rule"), [("fcfs", Rule.SKIP), ("svf-1bit", Rule.STRICT)])
def test_a_policy_is_cited_by_its_own_theorem(policy: str, rule: Rule) -> None:
    theorem = TAXONOMY.known(at(Traffic.ARRIVALS, policy, rule), Fraction(1, 2)).lower.theorem
    assert theorem is not None
    assert theorem.domain.policy == policy


def test_no_conjecture_enters() -> None:
    used = {t.name for theorems in TAXONOMY.attached.values() for t in theorems}
    assert not used & {t.name for t in THEOREMS if t.status in (Status.CONJECTURE, Status.REFUTED)}


def fake(kind: Kind, traffic: Traffic, value: Fraction, policy: str = "svf") -> Theorem:
    return replace(
        find("svf-ratio"),
        name="fake",
        kind=kind,
        domain=Domain(traffic=traffic, policy=policy, rule=Rule.STRICT),
        constant=lambda cap: value,
    )


def test_a_planted_inconsistency_is_reported_with_its_path() -> None:
    # a constant for any arrivals is refuted by a family of backlogs: the path has an edge
    planted = fake(Kind.RATIO_AT_MOST, Traffic.ARRIVALS, Fraction(48), "sjf")
    found = Taxonomy((*THEOREMS, planted)).inconsistencies()
    backlog = at(Traffic.BACKLOG, "sjf", Rule.STRICT)
    one = next(i for i in found if i.case == backlog)
    text = str(one)
    assert "sjf-unbounded" in text
    assert "fake" in text
    assert "backlog: sjf strict -> any arrivals: sjf strict" in text


def test_a_planted_constant_below_two_is_caught_at_its_own_case() -> None:
    planted = fake(Kind.RATIO_AT_MOST, Traffic.BACKLOG, Fraction(199, 100))
    found = Taxonomy((*THEOREMS, planted)).inconsistencies()
    assert {i.case for i in found} >= {at(Traffic.BACKLOG, "svf", Rule.STRICT)}
    assert {i.cap for i in found} >= {Fraction(0)}


def test_summaries_say_of_every_case_what_is_known() -> None:
    for summary in summaries(TAXONOMY):
        told = " ".join([*(row.who for row in summary.rows), *summary.sentences])
        for case in CASES:
            if case.traffic is summary.traffic is not Traffic.HEAVY:
                assert case.policy in told
        for row in summary.rows:
            for case in row.cases:
                known = [TAXONOMY.known(case, cap) for cap, _ in SHOWN]
                assert row.spans == tuple(map(span, known))
                assert set(row.spans) != {UNKNOWN}
    heavy = next(one for one in summaries(TAXONOMY) if one.traffic is Traffic.HEAVY)
    assert heavy.rows == ()
    assert heavy.sentences[0] == "No bound on the ratio is known of any policy."
    assert "fcfs strict (pollaczek-khinchine)" in heavy.sentences[1]


def test_a_case_settled_otherwise_than_on_backlogs_is_not_said_to_be_as_there() -> None:
    arrivals = summaries(TAXONOMY)[-1]
    assert arrivals.traffic is Traffic.ARRIVALS
    inherited = arrivals.sentences[-1]
    assert inherited.startswith("As on a backlog, by the same theorems: ")
    assert "sjf strict or skip" in inherited
    assert "svf strict" not in inherited
    assert "svf strict or skip (svf-online-prompts)" in arrivals.sentences[0]


def test_table_and_json() -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert "svf strict" in result.output
    assert "only claimed" in result.output
    assert "light-traffic, by hand" in " ".join(result.output.split())
    data = json.loads(CliRunner().invoke(command, ["--json"]).output)
    assert len(data["cases"]) == 56
    assert data["inconsistencies"] == []


def test_check_gives_one_verdict_per_case() -> None:
    data = json.loads(CliRunner().invoke(command, ["--check", "--json"]).output)
    verdicts = [case["check"]["verdict"] for case in data["cases"]]
    assert len(verdicts) == 56
    assert not {"REJECTED", "INCONSISTENT", "undecided"} & set(verdicts)
    said = {(c["traffic"], c["policy"], c["rule"]): c["check"]["verdict"] for c in data["cases"]}
    assert said["Poisson, heavy", "svf", "strict"].startswith("fluid value only: passed")
    assert said["Poisson, heavy", "svf", "skip"] == "nothing is claimed"
    assert said["backlog", "svf", "skip"].startswith("passed, ")
    assert said["backlog", "svf", "skip"].endswith(" in words")
    assert all(run["agrees"] == run["expected"] for run in data["runs"])
    assert {run["theorem"] for run in data["runs"]} == {
        "pollaczek-khinchine", "cobham", "shortest-job-first", "one-bit-backlog",
    }  # fmt: skip


def test_a_contradiction_exits_with_5(monkeypatch, capsys) -> None:
    planted = fake(Kind.RATIO_AT_MOST, Traffic.ARRIVALS, Fraction(48), "sjf")
    wrong = Taxonomy((*THEOREMS, planted))
    monkeypatch.setattr("kvproof.bounds.taxonomy.graph.Taxonomy", lambda: wrong)
    assert command.main([], standalone_mode=False) == 5
    assert "INCONSISTENT: backlog: sjf strict" in capsys.readouterr().out


def test_a_rejected_step_exits_with_1(monkeypatch, capsys) -> None:
    wrong = replace(find("svf-ratio"), proof="bounds_planted:wrong")
    theorems = tuple(wrong if t.name == wrong.name else t for t in THEOREMS)
    module = ModuleType("bounds_planted")
    module.wrong = lambda: (Inequality("x >= 1", ("0 <= x",), "planted"),)
    monkeypatch.setitem(sys.modules, "bounds_planted", module)
    taxonomy = Taxonomy(theorems)
    monkeypatch.setattr("kvproof.bounds.taxonomy.graph.Taxonomy", lambda: taxonomy)
    assert command.main(["--check"], standalone_mode=False) == 1
    assert "REJECTED" in capsys.readouterr().out


def test_graph_is_written(tmp_path) -> None:
    file = tmp_path / "graph.svg"
    result = CliRunner().invoke(command, ["--graph", str(file)])
    assert result.exit_code == 0
    text = file.read_text()
    assert text.count("svf-1bit strict") == 4
    assert "no constant" in text
