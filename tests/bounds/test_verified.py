"""The checker extracted from Coq: it accepts what the checker in use accepts, and no more."""

import json
import random
import shutil
import subprocess
from collections import Counter
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kvproof import solver
from kvproof.bounds.formal.verified import Uncovered, accepts, build, main, verify
from kvproof.certificates.checker import Verdict, check
from kvproof.certificates.checker.core.feasibility import total_latency
from kvproof.certificates.checker.core.model import read_instance
from kvproof.certificates.checker.limits import DEFAULT, Meter
from kvproof.certificates.checker.policies.rules import read_policy, simulate
from kvproof.scheduling.instance import Instance

CORPUS = Path(__file__).parents[1] / "certificates"


def _has_zarith() -> bool:
    if shutil.which("ocamlfind") is None or shutil.which("coqc") is None:
        return False
    return subprocess.run(["ocamlfind", "query", "zarith"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _has_zarith(), reason="Coq, OCaml or Zarith is not installed")


@pytest.fixture(scope="module")
def program(formal_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verified") / "formal"
    shutil.copytree(formal_build, folder)
    return build(folder)


def _accepts(certificate: dict[str, Any], program: Path) -> bool | None:
    """None where there is no verdict: a tree that breaks off."""
    try:
        return accepts(certificate, CORPUS / "valid", program)
    except Uncovered:
        return None


def _certificates() -> list[Path]:
    """All but what is not covered: ``profiles``, followed classes (test_uncovered.py)."""
    found = sorted((CORPUS / "valid").glob("*.json"))
    return [path for path in found if not path.stem.startswith(("profiles", "search-followed"))]


def test_the_corpus(program: Path) -> None:
    verified = 0
    for path in _certificates():
        assert verify(path, program).verdict is Verdict.VERIFIED, path.name
        verified += 1
    assert verified >= 33


def test_the_rejected_corpus(program: Path) -> None:
    """The extracted program alone, without the checker in use before it."""
    rejected = 0
    for path in sorted((CORPUS / "rejected").glob("*.json")):
        if "digest" in (check(path).reason or ""):  # what is read is not the program's business
            continue
        certificate = json.loads(path.read_text(encoding="utf-8"))
        assert _accepts(certificate, program) is not True, path.name
        rejected += 1
    assert rejected >= 60


def _numbers(value: Any) -> list[tuple[Any, Any]]:
    """Every integer inside, by its container and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, Any]] = []
    for key, one in items:
        if isinstance(one, int):
            found.append((value, key))
        elif isinstance(one, list | dict):
            found += _numbers(one)
    return found


def test_it_agrees_with_the_checker_in_use_on_mutants(program: Path) -> None:
    rng = random.Random(20_261_127)
    verdicts: Counter[tuple[Verdict, bool]] = Counter()
    sources = [
        certificate
        for path in _certificates()
        if "inline" in (certificate := json.loads(path.read_text(encoding="utf-8")))["instance"]
        and path.stem != "edge-of-ranges"
        and _numbers(certificate["proof"])
    ]
    for _ in range(600):
        mutant = deepcopy(rng.choice(sources))
        for _ in range(rng.choice((1, 1, 2))):
            where, key = rng.choice(_numbers(mutant["proof"]) + _numbers(mutant["claim"]))
            where[key] = max(0, where[key] + rng.choice((-2, -1, 1, 2)))
        result = check(json.dumps(mutant).encode())
        if result.verdict in (Verdict.VERIFIED, Verdict.REJECTED):
            mine = _accepts(mutant, program)
            # without a verdict only where the checker in use rejects before it reads on
            expected = {True} if result.verdict is Verdict.VERIFIED else {False, None}
            assert mine in expected, mutant
            verdicts[result.verdict, bool(mine)] += mine is not None
    assert verdicts[Verdict.VERIFIED, True] >= 40
    assert verdicts[Verdict.REJECTED, False] >= 150


def _searched(rng: random.Random) -> dict[str, Any] | None:
    """A fresh certificate that a schedule is optimal, if it takes a search to prove that."""
    memory = rng.randint(8, 24)
    latest = rng.choice((0, 0, 6))
    kinds = [
        (rng.randint(0, latest), rng.randint(0, memory // 3), rng.randint(1, memory // 3))
        for _ in range(rng.randint(3, 6))
    ]
    arrival, prompt, output = zip(*sorted(kinds + rng.choices(kinds, k=2)), strict=True)
    instance = Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)
    made = solver.solve(instance, engine="dp").certificate().to_json()
    return made if made["proof"].get("lower_bound", {}).get("layers") else None


def test_fresh_searches(program: Path, tmp_path: Path) -> None:
    """As they are, and spoiled: whatever the multipliers, both checkers find the same bound."""
    rng = random.Random(20_261_128)
    verdicts: Counter[tuple[str, Verdict]] = Counter()
    while verdicts["as it is", Verdict.VERIFIED] < 12:
        if (made := _searched(rng)) is None:
            continue
        assert accepts(made, tmp_path, program)
        verdicts["as it is", Verdict.VERIFIED] += 1
        opt = made["claim"]["total_latency"]
        for spoiled in ("nothing", "vectors", "layers", "both", "prices", "target"):
            bound = deepcopy(made["proof"]["lower_bound"])
            if spoiled in ("layers", "both"):  # fewer steps
                layers = [v["vectors"] for v in bound["layers"] for _ in range(v["length"])]
                kept = layers[: rng.randint(1, len(layers) - 1)]
                bound["layers"] = [{"length": 1, "vectors": places} for places in kept]
            if spoiled in ("vectors", "both"):
                vector = rng.choice(bound["vectors"])
                for codes in (vector["start"], vector["end"]):
                    codes[:] = [max(0, code + rng.choice((-40, 0, 0, 40))) for code in codes]
            elif spoiled == "prices":
                bound["vectors"], bound["layers"] = bound["vectors"][:1], []
                bound["prices"] = [[n, y * rng.randint(0, 3)] for n, y in bound["prices"]]
            elif spoiled == "target":
                bound["target"] += rng.choice((-1, 1))
            for claimed in (opt - 1, opt, opt + 1):
                claim = {"kind": "opt-lower-bound", "bound": f"{claimed}/1"}
                spoilt = made | {"claim": claim, "proof": {"lower_bound": bound}}
                verdict = check(json.dumps(spoilt).encode(), plain=True).verdict
                if verdict in (Verdict.VERIFIED, Verdict.REJECTED):
                    assert accepts(spoilt, tmp_path, program) is (verdict is Verdict.VERIFIED)
                    verdicts[spoiled, verdict] += 1
                    assert verdict is Verdict.REJECTED or claimed <= opt
    assert verdicts["nothing", Verdict.VERIFIED] == 2 * verdicts["nothing", Verdict.REJECTED] == 24
    assert verdicts["vectors", Verdict.VERIFIED] >= 3
    for spoiled in ("layers", "both"):
        assert verdicts[spoiled, Verdict.VERIFIED] >= 3
        assert verdicts[spoiled, Verdict.REJECTED] >= 15


def _certificate(
    memory: int, rows: list[tuple[int, ...]], claim: dict[str, Any], proof: dict[str, Any]
) -> dict[str, Any]:
    """Each row is a count, an arrival, a prompt and an output."""
    names = ("count", "arrival", "prompt", "output")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {
        "version": 2,
        "instance": {"inline": {"memory": memory, **{k: list(v) for k, v in columns.items()}}},
        "claim": claim,
        "proof": proof,
    }


POLICIES = [
    {"name": name, "rule": rule, **one_bit}
    for rule in ("strict", "skip")
    for name, one_bit in (
        ("svf", {}),
        ("sjf", {}),
        ("fcfs", {}),
        ("svf-1bit", {"theta": "7/2", "admission": "true"}),
        ("svf-1bit", {"theta": "3/1", "admission": "reserve"}),
    )
]


@pytest.mark.parametrize("named", POLICIES, ids=lambda named: "-".join(named.values()))
def test_what_a_policy_costs(program: Path, tmp_path: Path, named: dict[str, str]) -> None:
    """The extracted program simulates as the checker in use does, at any time of arrival."""
    rng = random.Random("-".join(named.values()))
    budget = Meter(DEFAULT)
    policy = read_policy(named, "policy", budget)
    blocked = 0
    for _ in range(40):
        memory, rows = rng.choice((12, 30)), []
        for _ in range(rng.randint(1, 12)):
            output = rng.randint(1, 6)
            rows.append((1, rng.choice((0, 0, 3, 40)), rng.randint(0, memory // 2 - 5), output))
        made = _certificate(memory, rows, {"kind": "ratio-at-least", "policy": named}, {})
        given = {"format": "kvproof-instance", "version": 1, **made["instance"]["inline"]}
        instance = read_instance(given, "instance", budget)
        starts = simulate(policy, instance, budget)
        total = total_latency(starts, "starts", instance, budget)
        made["proof"]["witness"] = {"starts": starts}
        blocked += any(p > a for p, (_, a, _, _) in zip(starts, rows, strict=True))
        for wrong in (0, 1, -1):
            ratio = Fraction(total + wrong, total)
            made["claim"]["policy_total"] = total + wrong
            made["claim"]["feasible_total"] = total
            made["claim"]["ratio"] = f"{ratio.numerator}/{ratio.denominator}"
            assert accepts(made, tmp_path, program) is (wrong == 0), made
    assert blocked >= 10


def test_a_policy_on_many_requests(program: Path, tmp_path: Path) -> None:
    """Event by event: steps without one cost nothing."""
    many, output = 3_000, 10**6
    named = {"name": "svf", "rule": "strict"}
    total = sum(output * (k + 1) for k in range(many))
    claim = {
        "kind": "ratio-at-least", "policy": named, "policy_total": total, "feasible_total": total,
        "ratio": "1/1",
    }  # fmt: skip
    starts = [output * k for k in range(many)]
    made = _certificate(output, [(many, 0, 0, output)], claim, {"witness": {"starts": starts}})
    assert accepts(made, tmp_path, program)
    claim["policy_total"] = claim["feasible_total"] = total + 1
    assert not accepts(made, tmp_path, program)


def test_numbers_beyond_a_machine_word(program: Path, tmp_path: Path) -> None:
    huge = 10**30
    for total, accepted in ((huge + 5, True), (huge + 4, False)):
        claim = {"kind": "schedule", "total_latency": total}
        made = _certificate(huge, [(1, 0, huge - 5, 5)], claim, {"schedule": {"starts": [huge]}})
        assert accepts(made, tmp_path, program) is accepted
    # the price of a token in step 1 is 1: it is paid, and once a token of memory is taken off
    for bound, accepted in (("1/1", True), (f"{huge + 1}/{huge}", False)):
        prices = {"kind": "price", "denominator": huge, "prices": [[1, huge]]}
        claim = {"kind": "opt-lower-bound", "bound": bound}
        made = _certificate(1, [(1, 0, 0, 1)], claim, {"lower_bound": prices})
        assert accepts(made, tmp_path, program) is accepted


def test_many_requests(program: Path, tmp_path: Path) -> None:
    """Its recursion is as deep as the schedule is long; one step early is too many tokens."""
    many = 300_000
    starts = [2 * i for i in range(many)]
    claim = {"kind": "schedule", "total_latency": sum(p + 2 for p in starts)}
    made = _certificate(3, [(many, 0, 1, 2)], claim, {"schedule": {"starts": starts}})
    assert accepts(made, tmp_path, program)
    starts[-1] -= 1
    claim["total_latency"] -= 1
    assert not accepts(made, tmp_path, program)


def test_counts_that_do_not_add_up(program: Path, tmp_path: Path) -> None:
    claim = {"kind": "schedule", "total_latency": 2}
    for counts, accepted in (([2], True), ([1], False), ([3], False)):
        schedule = {"starts": [0], "count": counts}
        made = _certificate(2, [(2, 0, 0, 1)], claim, {"schedule": schedule})
        assert accepts(made, tmp_path, program) is accepted


def test_files_that_are_not_verified(
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    good = CORPUS / "valid" / "branch.json"
    assert main([str(good)]) == 2
    assert "make verified-checker" in capsys.readouterr().err
    (tmp_path / "build").mkdir()
    shutil.copytree(program.parent, tmp_path / "build" / "formal")
    assert main([str(good)]) == 0
    assert "by the extracted checker too" in capsys.readouterr().out
    assert main([]) == 2
    assert main([str(CORPUS / "valid" / "search.json")]) == 0
    capsys.readouterr()
    priced = json.loads((CORPUS / "valid" / "search.json").read_text(encoding="utf-8"))
    priced["proof"]["lower_bound"]["prices"].append([10**6, 0])
    (tmp_path / "priced.json").write_text(json.dumps(priced), encoding="utf-8")
    assert main(["priced.json"]) == 2
    assert "searches over 1,000,010 priced steps are not covered" in capsys.readouterr().out
    rejected = next((CORPUS / "rejected").glob("branch*.json"))
    assert main([str(good), str(rejected)]) == 1
    assert "rejected:" in capsys.readouterr().out
