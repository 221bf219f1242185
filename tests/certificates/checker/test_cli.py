"""The command line as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest

from kvproof.certificates.checker import Verdict, check, main
from kvproof.certificates.checker.claims import CLAIMS

CORPORA = Path(__file__).resolve().parents[1]
GOOD = str(CORPORA / "valid" / "schedule.json")
WRONG = str(CORPORA / "rejected" / "cost-lower.json")
BROKEN = str(CORPORA / "malformed" / "trailing.json")


def test_it_says_what_it_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([GOOD]) == 0
    said = capsys.readouterr().out
    digest = json.loads(Path(GOOD).read_text(encoding="utf-8"))["instance"]["digest"]
    assert said == (
        f"{GOOD}: verified: a feasible schedule has total latency 38, so OPT <= 38; "
        f"instance: 5 requests at memory 12 (digest {digest})\n"
    )


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([GOOD], 0),
        ([GOOD, WRONG, GOOD], 1),
        ([BROKEN, WRONG], 2),
        (["no such file"], 2),
        ([GOOD, str(CORPORA)], 2),
    ],
)
def test_exit_codes(files: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(files) == code
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == len(files)
    assert "Traceback" not in said.out + said.err
    assert main([GOOD, "--time-limit", "0"]) == 3


def test_verified_is_never_said_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    for corpus in ("rejected", "malformed"):
        main([str(path) for path in (CORPORA / corpus).glob("*.json*")])
        assert ": verified" not in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", GOOD, WRONG]) == 1
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["exit_code", "files"]
    assert said["exit_code"] == 1
    good, wrong = said["files"]
    assert list(good) == ["file", "verdict", "exit_code", "claim", "reason"]
    assert (good["verdict"], good["exit_code"], good["reason"]) == ("verified", 0, None)
    assert "OPT <= 38" in good["claim"]
    assert (wrong["verdict"], wrong["exit_code"], wrong["claim"]) == ("rejected", 1, None)
    assert wrong["reason"] == "claim.total_latency: 37 is claimed, and it is 38"


@pytest.mark.parametrize("arguments", [[], ["--limits", GOOD], ["--time-limit", "soon", GOOD]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_binding_to_the_callers_instance(tmp_path: Path) -> None:
    made = json.loads(Path(GOOD).read_text(encoding="utf-8"))
    own, other = tmp_path / "own.json", tmp_path / "other.json"
    own.write_text(json.dumps(made["instance"]["inline"]))
    changed = dict(made["instance"]["inline"], memory=13)
    other.write_text(json.dumps(changed))
    assert main([GOOD, "--instance", str(own)]) == 0
    assert main([GOOD, "--instance", str(other)]) == 1
    assert main([GOOD, "--instance", str(tmp_path / "none")]) == 2
    assert main([GOOD, "--instance", GOOD]) == 2
    # a reference by name needs no file where the caller brings the instance
    made["instance"] = {"digest": made["instance"]["digest"], "file": "own.json"}
    data = json.dumps(made).encode()
    assert check(data, instance=own).verdict is Verdict.VERIFIED
    assert check(data, instance=str(other)).verdict is Verdict.REJECTED
    assert check(data).verdict is Verdict.MALFORMED
    named = tmp_path / "named.json"
    named.write_bytes(data)
    assert check(named).verdict is Verdict.VERIFIED
    shutil.copy(other, own)
    assert check(str(named)).verdict is Verdict.REJECTED


def test_limits_as_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([GOOD, "--max-requests", "4"]) == 3
    assert main([GOOD, "--max-file-bytes", "50"]) == 3
    assert main([GOOD, "--max-depth", "2"]) == 3
    assert "over a limit: nesting deeper than 2" in capsys.readouterr().out


def test_a_fault_of_the_checker_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> str:
        raise KeyError("x")

    monkeypatch.setitem(
        CLAIMS,
        "schedule",
        fault,
    )
    result = check(GOOD)
    assert result.verdict is Verdict.INTERNAL_ERROR
    assert result.verdict.exit_code == 4
    assert result.reason == "KeyError in the checker"


def test_an_odd_file_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(tmp_path / "a\nb\x1b[31m.json")
    assert main([name]) == 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "\x1b" not in said
