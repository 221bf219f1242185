"""The Coq development: what it states, that it is proved, and that its model is Python's."""

import json
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.formal.document import document
from kvproof.bounds.formal.prove import SOURCES, NotProved, coqc, files, prove
from kvproof.bounds.formal.statements import (
    MODULES,
    PARTS,
    SPEC,
    logical,
    statement_of,
    statements,
)
from kvproof.certificates.lower_bounds import volume_bound
from kvproof.commands.theorems import command
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.paced import releases, spaced
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate

ROOT = Path(__file__).parents[2]
VECTORS = Path(__file__).parents[1] / "vectors" / "small.json"
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")


def test_every_file_is_compiled() -> None:
    assert set(files()) == {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.v")}


def test_every_definition_of_a_statement_is_found() -> None:
    text = "".join((SOURCES / f"{m}.v").read_text(encoding="utf-8") for m in MODULES)
    defined = re.findall(r"^Definition (\w+) : Prop", text, flags=re.MULTILINE)
    assert list(statements()) == defined
    assert all(one.coq.count("Definition") == 1 for one in statements().values())


def test_the_spec_can_be_read_in_one_sitting() -> None:
    lines = {path.stem: len(path.read_text().splitlines()) for path in (SOURCES / "spec").iterdir()}
    assert lines["Model"] + lines["Statements"] < 250
    assert max(lines.values()) < 150
    assert set(lines) == set(SPEC)
    # it stands on itself: nothing is used before it is read, and the checker alone is named unread
    for place, name in enumerate(SPEC):
        text = (SOURCES / "spec" / f"{name}.v").read_text(encoding="utf-8")
        used = re.findall(r"From kvproof\.(\w+) Require(?: Import)? ([\w ]+)\.", text)
        assert {room for room, _ in used} <= (
            {"spec", "checker"} if name == "Checker" else {"spec"}
        )
        read = {word for room, words in used if room == "spec" for word in words.split()}
        assert read <= set(SPEC[:place])


@needs_coq
def test_a_theorem_that_is_not_proved_is_refused(
    formal_build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled = tmp_path / "sources"
    shutil.copytree(SOURCES, spoiled)
    theorems = spoiled / "proofs" / "Theorems.v"
    proved = theorems.read_text(encoding="utf-8")
    last = proved[proved.rindex("Proof.") :]
    copied = tmp_path / "build"
    shutil.copytree(formal_build, copied)
    monkeypatch.setattr("kvproof.bounds.formal.prove.SOURCES", spoiled)
    # an admitted proof, an axiom by another name, and no proof at all
    for instead, said in (
        ("Admitted.\n", "Admitted is not allowed"),
        ("Proof. exact open. Qed.\n", "rests on something unproved"),
        ("Proof. exact Qed. Qed.\n", "does not compile"),
    ):
        text = proved.replace(last, instead)
        if "open" in instead:
            name = re.findall(r"Theorem (\w+)", proved)[-1]
            module = statements()[name].module
            text = text.replace(
                f"Theorem {name}",
                f"Hypothesis open : {logical(module)}.{name}.\nTheorem {name}",
            )
        theorems.write_text(text, encoding="utf-8")
        with pytest.raises(NotProved, match=said):
            prove(copied, fresh=False)


def _requests(rows: list[tuple[int, int, int]]) -> str:
    return "[" + "; ".join(f"Request {a} {s} {o}" for a, s, o in rows) + "]"


@needs_coq
def test_the_simulator_and_the_bounds_agree_with_python(formal_build: Path) -> None:
    """Coq's own evaluation of the definitions in the spec, on every shared vector."""
    lines = [
        "From Coq Require Import List Arith QArith.",
        "Import ListNotations.",
        "From kvproof.spec Require Import Model Bounds.",
        "Open Scope nat_scope.",
        "Definition total (how : rule) M R := match simulate how M R with",
        "  Some s => total_latency s | None => 0 end.",
        "Definition centroid M R := (sum_P M R + sum volume R / (2 * M) + Qsum shape R)%Q.",
    ]
    expected, bounds = [], []
    for vector in json.loads(VECTORS.read_text(encoding="utf-8"))["instances"]:
        rows = list(zip(vector["arrival"], vector["prompt"], vector["output"], strict=True))
        memory = vector["memory"]
        keys = {
            "svf": lambda r: (r[1] * r[2] + r[2] * (r[2] + 1) // 2, r[0]),
            "sjf": lambda r: (r[2], r[0]),
            "fcfs": lambda r: r[0],
        }
        for policy, key in keys.items():
            listed = _requests(sorted(rows, key=key))
            for how, suffix in (("Strict", ""), ("Skip", "-skip")):
                lines.append(f"Eval vm_compute in total {how} {memory} {listed}.")
                expected.append(str(vector["total_latency"][policy + suffix]))
        if not any(vector["arrival"]):
            bound = vector["centroid_bound"].replace("/", " # ")
            listed = _requests(sorted(rows, key=keys["svf"]))
            bounds.append(f"Qeq_bool (centroid {memory} {listed}) ({bound})%Q")
        columns = {name: vector[name] for name in ("arrival", "prompt", "output")}
        instance = Instance(memory=memory, **columns)
        steps = max(vector["arrival"]) + instance.total_volume // memory + 1
        bound = str(volume_bound(instance)).replace("/", " # ")
        fluid = f"fluid_latency {memory} {_requests(rows)} {steps} / {memory}"
        bounds.append(f"Qeq_bool ({fluid}) ({bound})%Q")
    lines.append(f"Eval vm_compute in forallb (fun b => b) [{'; '.join(bounds)}].")
    (formal_build / "Agreement.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = re.findall(r"= (\w+)", coqc(formal_build, "Agreement.v"))
    assert said == [*expected, "true"]
    assert len(expected) >= 1_800
    assert len(bounds) >= 350


@needs_coq
def test_pacing_agrees_with_python(formal_build: Path) -> None:
    """Coq's starts of paced schedules: of backlogs, and of equal requests that arrive."""
    lines = [
        "From Coq Require Import List Arith.",
        "Import ListNotations.",
        "From kvproof.spec Require Import Model Pacing.",
    ]
    expected = []
    for vector in json.loads(VECTORS.read_text(encoding="utf-8"))["instances"][:60]:
        arrival, prompt, output = (vector[name] for name in ("arrival", "prompt", "output"))
        memory, rows = 2 * vector["memory"], len(arrival)  # above every peak
        alike = Instance(
            memory=memory, arrival=sorted(arrival), prompt=prompt[:1] * rows,
            output=output[:1] * rows,
        )  # fmt: skip
        backlog = Instance(memory=memory, arrival=[0] * rows, prompt=prompt, output=output)
        by_volume = sorted(
            zip(backlog.arrival, backlog.prompt, backlog.output, strict=True),
            key=lambda r: (r[1] * r[2] + r[2] * (r[2] + 1) // 2, r[2]),
        )
        listed = _requests(list(zip(alike.arrival, alike.prompt, alike.output, strict=True)))
        for schedule, starts in (
            (f"spaced {memory} {listed}", spaced(alike)),
            (f"paced 5 4 {memory} {_requests(by_volume)}", releases(backlog, Fraction(5, 4))),
        ):
            lines.append(f"Eval vm_compute in map snd ({schedule}).")
            expected.append(sorted(starts.tolist()))
    (formal_build / "Paced.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = re.findall(r"= \[([^]]*)\]", coqc(formal_build, "Paced.v"))
    assert [[int(word) for word in starts.split(";")] for starts in said] == expected


@needs_coq
def test_the_family_of_one_bit_agrees_with_python(formal_build: Path) -> None:
    """Coq's list is what the policy goes by, with the mean output and with a fixed threshold."""
    lines = [
        "From Coq Require Import List Arith.",
        "From kvproof.spec Require Import Model.",
        "From kvproof.proofs Require Import OneBits.",
    ]
    found = []
    for k, n, m in ((1, 2, 4), (2, 1, 3), (1, 3, 9)):
        h = k * m * m + 1
        outputs = [1] * (2 * k * m) + [m * m] * k + [m] * (k * n)
        instance = Instance(
            memory=k * (h + m * m), arrival=[0] * len(outputs), prompt=[h] * len(outputs),
            output=outputs,
        )  # fmt: skip
        totals = {
            simulate(instance, policy).total_latency
            for policy in (OneBitSVF(), OneBitSVF(theta=Fraction(0)), OneBitSVF(theta=Fraction(2)))
        }
        assert len(totals) == 1
        found.append(str(totals.pop()))
        assert int(found[-1]) >= k * n * m * m
        assert simulate(instance, SVF()).total_latency <= 10 * k * m * m
        lines.append(
            f"Eval vm_compute in match simulate Strict {instance.memory} (requests {k} {n} {m})"
            " with Some s => total_latency s | None => 0 end."
        )
    (formal_build / "OneBitFamily.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert re.findall(r"= (\w+)", coqc(formal_build, "OneBitFamily.v")) == found


def test_the_page_is_up_to_date() -> None:
    page = ROOT / "docs" / "proof.md"
    assert page.read_text(encoding="utf-8") == document(), "run: make theory"


def test_theorems_name_their_coq_statement() -> None:
    names = {theorem.name.replace("-", "_") for theorem in THEOREMS}
    proved = [one for theorem in THEOREMS if (one := statement_of(theorem.name))]
    assert {one.name for one in proved} == names & set(statements())
    assert len(proved) >= 30
    assert set(PARTS) <= {one.name for one in proved}
    shown = CliRunner().invoke(command, ["show", "svf-ratio"]).output
    assert "     argued in words\n" in shown
    assert "machine-checked" in shown
    assert "Definition svf_ratio : Prop" in shown
    data = json.loads(CliRunner().invoke(command, ["show", "opt-centroid", "--json"]).output)
    assert data["coq"]["name"] == "opt_centroid"
    assert data["coq"]["part"] == PARTS["opt_centroid"]
    data = json.loads(CliRunner().invoke(command, ["show", "cobham", "--json"]).output)
    assert data["coq"] is None
    assert data["load_below"] == "1"
    data = json.loads(CliRunner().invoke(command, ["show", "paced-svf-outputs", "--json"]).output)
    assert data["shape"] == "outputs nondecreasing in SVF order"


def test_make_prove_says_that_coq_is_missing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kvproof.bounds.formal"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "coqc not found: install Coq" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
