"""``kvproof certify`` and ``kvproof check`` as a user runs them."""

import json

import pytest

from kvproof.__main__ import run
from kvproof.bounds.formal import verified
from kvproof.certificates.proofs import BoundKind
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BACKLOG = ["--memory", "60000", "--backlog", "--limit", "150"]
CLAIMS = ["within-factor", "opt-lower-bound", "schedule", "svf-blocking-chain", "ratio-at-least"]
TWO = {
    "format": "kvproof-instance",
    "version": 1,
    "memory": 8,
    "arrival": [0, 0],
    "prompt": [5, 5],
    "output": [3, 3],
}


@pytest.mark.parametrize("name", ["c.json", "c.json.gz"])
@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_is_written_checked_and_checks_again(capsys, tmp_path, claim, name):
    out = str(tmp_path / name)
    assert run(["certify", EXAMPLE, *BACKLOG, "--claim", claim, "--out", out, "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["claim"]["kind"] == claim
    assert written["verdict"] == "verified"
    assert run(["check", out]) == 0
    assert f"{out}: verified: {written['words']}" in capsys.readouterr().out
    with open(out, "rb") as file:
        assert (file.read(2) == b"\x1f\x8b") == name.endswith(".gz")


@pytest.mark.parametrize("bound", ["best", *BoundKind])
def test_every_bound_can_be_certified(capsys, tmp_path, bound):
    out = str(tmp_path / "c.json")
    assert run(["certify", EXAMPLE, *BACKLOG, "--bound", bound, "--out", out]) == 0
    # what the format has no kind for is proved by another one
    written = {"best": "staggered", "outputs": "price", "centroid": "discrete-centroid"}
    said = capsys.readouterr().out
    assert f"by the {written.get(bound, bound)} bound" in said
    note = f"note: --bound {bound}: the proof is of kind {written.get(bound)}, which"
    assert (note in said) == (bound in ("outputs", "centroid"))


def test_a_printed_bound_is_the_certified_one(capsys, tmp_path):
    out = str(tmp_path / "c.json")
    for bound in ("best", "price"):
        options = [*BACKLOG, "--bound", bound, "--json"]
        assert run(["verify", EXAMPLE, *options, "--policy", "svf"]) == 0
        row = json.loads(capsys.readouterr().out)["policies"][0]
        assert run(["certify", EXAMPLE, *options, "--claim", "opt-lower-bound", "--out", out]) == 0
        claim = json.loads(capsys.readouterr().out)["claim"]
        assert claim["bound"] == row["lower_bound"]


def test_the_instance_in_a_file_of_its_own(capsys, tmp_path):
    out, instance = str(tmp_path / "c.json"), str(tmp_path / "i.json.gz")
    assert run(["certify", EXAMPLE, *BACKLOG, "--out", out, "--instance-out", instance]) == 0
    assert json.loads((tmp_path / "c.json").read_text())["instance"]["file"] == "i.json.gz"
    assert run(["check", "--instance", instance, out]) == 0
    (moved := tmp_path / "moved").mkdir()
    (alone := moved / "c.json").write_bytes((tmp_path / "c.json").read_bytes())
    capsys.readouterr()
    assert run(["check", str(alone)]) == 2
    said = "there is no file 'i.json.gz' beside the certificate; another place is named by --inst"
    assert said in capsys.readouterr().out
    elsewhere = str(tmp_path / "below" / "c.json")
    (tmp_path / "below").mkdir()
    capsys.readouterr()
    assert run(["certify", EXAMPLE, *BACKLOG, "--out", elsewhere, "--instance-out", instance]) == 2
    assert "must be in the folder of" in capsys.readouterr().err


def test_the_instance_lies_beside_the_name_of_a_link(capsys, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    out = tmp_path / "a" / "link.json"
    out.symlink_to(tmp_path / "b" / "real.json")
    there, here = tmp_path / "b" / "i.json", tmp_path / "a" / "i.json"
    options = [EXAMPLE, *BACKLOG, "--out", str(out), "--instance-out"]
    assert run(["certify", *options, str(there)]) == 2
    assert run(["certify", *options, str(here)]) == 0
    assert run(["check", str(out)]) == 0


def test_what_is_checked_is_what_check_will_read(capsys, tmp_path):
    many = {"format": "kvproof-instance", "version": 1, "memory": 1_000_000, "arrival": [0],
            "prompt": [0], "output": [1], "count": [2_000_000]}  # fmt: skip
    path, out = tmp_path / "i.json", str(tmp_path / "c.json")
    path.write_text(json.dumps(many))
    # with the instance beside it, read twice, this would be over the limit of memory
    options = ["--claim", "schedule", "--policy", "fcfs", "--out", out]
    assert run(["certify", str(path), *options]) == 0
    assert run(["check", out]) == 0


@pytest.mark.parametrize("name", ["my inst.json", ".inst.json", "é.json", "a" * 201])
def test_a_name_that_a_certificate_cannot_state(capsys, monkeypatch, tmp_path, name):
    monkeypatch.setattr("kvproof.inputs.load", lambda *_, **__: pytest.fail("it began to work"))
    out, instance = str(tmp_path / "c.json"), str(tmp_path / name)
    assert run(["certify", EXAMPLE, *BACKLOG, "--out", out, "--instance-out", instance]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert f"--instance-out {name!a}: a certificate cannot refer to it; take letters" in said.err


def test_a_witness_policy_can_be_named(capsys, tmp_path):
    out = str(tmp_path / "c.json")
    options = ["--claim", "ratio-at-least", "--policy", "fcfs", "--witness", "sjf", "--out", out]
    assert run(["certify", EXAMPLE, *BACKLOG, *options]) == 0
    assert "strict fcfs, simulated here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--claim", "svf-blocking-chain", "--policy", "fcfs"], "SVF order"),
        (["--claim", "optimal"], "does not prove a total latency of"),
        (["--claim", "best"], "--claim"),
        (["--claim", "ratio-at-least", "--witness", "fcfs"], "no ratio above 1"),
        (["--bound", "magic"], "not one of best, outputs"),
        (["--claim", "ratio-at-least", "--witness", "magic"], "policy 'magic' is unknown"),
    ],
)
def test_what_cannot_be_certified(capsys, tmp_path, options, said):
    assert run(["certify", EXAMPLE, *BACKLOG, *options, "--out", str(tmp_path / "c.json")]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_check_passes_on_the_checkers_verdicts(capsys, tmp_path):
    out = tmp_path / "c.json"
    assert run(["certify", EXAMPLE, *BACKLOG, "--claim", "schedule", "--out", str(out)]) == 0
    data = json.loads(out.read_text())
    data["claim"]["total_latency"] -= 1
    false = tmp_path / "false.json"
    false.write_text(json.dumps(data))
    assert run(["check", str(false)]) == 1
    assert run(["check", str(tmp_path / "absent.json")]) == 2
    assert run(["check", "--time-limit", "0", str(out)]) == 3
    assert run(["check", str(out), str(false)]) == 1
    capsys.readouterr()
    assert run(["check"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert run(["check", "--help"]) == 0
    assert "--verified" in capsys.readouterr().out


def test_the_extracted_checker_is_asked_wherever_the_option_stands(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(verified, "main", lambda files: asked.append(files) or 0)
    for arguments in (["--verified", "a", "b"], ["a", "--verified", "b"], ["a", "b", "--verified"]):
        assert run(["check", *arguments]) == 0
    assert asked == [["a", "b"]] * 3
    assert run(["check", "a", "--verified", "--json"]) == 2
    assert "leave out --json" in capsys.readouterr().err


def test_optimal_and_the_factor_of_a_rounded_bound(capsys, tmp_path):
    # price proves 9 here, which verify prints and certify must not fall short of
    instance, out = tmp_path / "i.json", str(tmp_path / "c.json")
    instance.write_text(json.dumps(TWO))
    options = [str(instance), "--bound", "price", "--json"]
    assert run(["verify", *options, "--policy", "svf"]) == 0
    row = json.loads(capsys.readouterr().out)["policies"][0]
    assert run(["certify", *options, "--out", out]) == 0
    assert json.loads(capsys.readouterr().out)["claim"]["factor"] == row["factor"]
    assert run(["certify", *options, "--claim", "optimal", "--out", out]) == 0
    assert "OPT = 9" in json.loads(capsys.readouterr().out)["words"]


def test_certify_says_what_was_left_out(capsys, tmp_path):
    assert run(["certify", EXAMPLE, *BACKLOG, "--out", str(tmp_path / "c.json")]) == 0
    assert "note: requests beyond the limit, left out: 850" in capsys.readouterr().out


def test_no_input_is_replaced(capsys, tmp_path):
    instance = tmp_path / "i.json"
    instance.write_text(json.dumps(TWO))
    name = str(instance)
    for arguments in (
        ["certify", name, "--out", name],
        ["certify", name, "--out", str(tmp_path / "c"), "--instance-out", name],
        ["certify", name, "--out", str(tmp_path / "c"), "--instance-out", str(tmp_path / "c")],
        ["simulate", name, "--out", name],
        ["simulate", name, "--out", ""],
        ["simulate", name, "--out", str(tmp_path)],
    ):
        assert run(arguments) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["i.json"]


def test_a_link_is_followed_and_a_device_written_to(tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    link.symlink_to(target)
    for out in (str(link), "/dev/null"):
        assert run(["certify", EXAMPLE, *BACKLOG, "--claim", "schedule", "--out", out]) == 0
    assert link.is_symlink()
    assert target.stat().st_size
