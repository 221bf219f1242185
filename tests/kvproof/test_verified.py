"""Certificates are checked before they are written, and nothing is called verified that is not."""

import json
from functools import partial

import pytest

from kvproof.__main__ import run
from kvproof.certificates.checker import Limits, check
from kvproof.files import Output
from kvproof.scheduling.errors import InputError, KvproofError, LimitError, RejectedError
from tests.conftest import ROOT


def test_solve_checks_what_it_writes(capsys, monkeypatch, tmp_path, instance):
    out = tmp_path / "c.json"
    assert run(["solve", str(instance), "--certificate", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "verified"
    assert run(["check", str(out)]) == 0
    out.write_text("old")
    from kvproof.certificates.build import Certificate
    from kvproof.solver import Result

    def wrong(result):  # claims a total that its schedule does not have
        claim = {"kind": "schedule", "total_latency": result.total_latency - 1}
        proof = {"schedule": {"starts": result.schedule.starts.tolist()}}
        return Certificate(instance=result.schedule.instance, claim=claim, proof=proof)

    monkeypatch.setattr(Result, "certificate", wrong)
    capsys.readouterr()
    assert run(["solve", str(instance), "--certificate", str(out)]) == 1
    streams = capsys.readouterr()
    assert "optimal" in streams.out
    assert "not written" in streams.err
    assert out.read_text() == "old"


@pytest.mark.parametrize("more", [["--json"], []])
def test_certify_calls_nothing_verified_that_was_not_written(
    capsys, monkeypatch, tmp_path, instance, more
):
    def full(*_: object) -> None:
        raise InputError("c.json: cannot be written: No space left on device")

    monkeypatch.setattr(Output, "write", full)
    assert run(["certify", str(instance), "--out", str(tmp_path / "c.json"), *more]) == 2
    streams = capsys.readouterr()
    assert streams.err.endswith("No space left on device\n")
    if more:
        said = json.loads(streams.out)
        assert (said["file"], said["exit_code"], said["verdict"]) == (None, 2, "verified")
    else:
        assert "verified" not in streams.out


@pytest.mark.parametrize("more", [["--json"], []])
def test_certify_writes_what_the_checker_could_not_finish(
    capsys, monkeypatch, tmp_path, instance, more
):
    limited = partial(check, limits=Limits(seconds=0.0))
    monkeypatch.setattr("kvproof.certificates.checker.check", limited)
    out, beside = tmp_path / "c.json", tmp_path / "instance.json"
    arguments = ["--out", str(out), "--instance-out", str(beside)]
    assert run(["certify", str(instance), *arguments, *more]) == 3
    streams = capsys.readouterr()
    assert "c.json: written, but not verified: over a limit" in streams.err
    if more:
        said = json.loads(streams.out)
        assert (said["file"], said["exit_code"], said["words"]) == (str(out), 3, None)
    else:
        assert "verified" not in streams.out
    assert beside.exists()
    monkeypatch.undo()
    assert run(["check", str(out)]) == 0


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_check_that_ends_at_a_limit_is_not_called_wrong(tmp_path, seconds):
    data = (ROOT / "tests" / "certificates" / "rejected").glob("*.json")
    checked = check(next(iter(sorted(data))).read_bytes(), limits=Limits(seconds=seconds))
    file = tmp_path / "c.json"
    error, said = (RejectedError, "not written") if seconds else (LimitError, "written, but not")
    with pytest.raises(error, match=said):
        Output(str(file)).write_verified(b"{}", checked)
    assert file.exists() == (not seconds)  # what took long to find is not lost: others may check it


def test_a_certificate_of_ours_that_cannot_be_read_is_our_fault(tmp_path):
    file = tmp_path / "c.json"
    with pytest.raises(KvproofError, match="not written: malformed") as caught:
        Output(str(file)).write_verified(b"{}", check(b"{}"))
    assert not isinstance(caught.value, InputError | LimitError | RejectedError)
    assert not file.exists()
