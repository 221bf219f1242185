"""The command line as a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kvproof.certificates.checker import Result, Verdict, check, cli, main
from kvproof.certificates.checker import run as checker_run
from kvproof.certificates.checker.core.verdict import show

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: FILE"),
        (["--limits", GOOD], "unrecognized arguments: --limits"),
        (["--time-limit", "soon", GOOD], "expected a whole number of at least 0, got 'soon'"),
        (["--time-limit", "-1", GOOD], "expected a whole number of at least 0, got '-1'"),
        (["--fast", "--plain", GOOD], "not allowed with argument --fast"),
        (["--a\nb", GOOD], "--a b"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert said in streams.err
    assert streams.err.endswith("(check --help)\n")


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
    said = capsys.readouterr().out
    assert "over a limit: nesting deeper than 2 (options raise most limits: " in said


def test_a_fault_of_the_checker_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> str:
        raise KeyError("x")

    monkeypatch.setitem(
        checker_run.ALL_CLAIMS,
        "schedule",
        fault,
    )
    result = check(GOOD)
    assert result.verdict is Verdict.INTERNAL_ERROR
    assert result.verdict.exit_code == 4
    assert result.reason == "KeyError in the checker"


def run(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run it as a process of its own, in a room where only ASCII can be shown."""
    return subprocess.run(
        [sys.executable, "-m", "kvproof.certificates.checker", *arguments],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(CORPORA.parents[1])},
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("name", ["é.json", "\udcff.json", "a\x1b[31m.json", "漢/字", "", "."])
def test_a_file_that_cannot_be_read_or_shown(
    name: str, form: tuple[str, ...], tmp_path: Path
) -> None:
    ended = run(*form, name, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (2, "")
    assert "cannot read" in ended.stdout
    assert "\x1b" not in ended.stdout
    bound = run(*form, GOOD, "--instance", name, cwd=tmp_path)
    assert (bound.returncode, bound.stderr) == (2, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_that_nobody_writes_to_ends_with_the_time(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for silent in (str(pipe), "-"):
        with subprocess.Popen(["sleep", "1000"], stdout=subprocess.PIPE) as sleeper:
            ended = run("--time-limit", "1", silent, stdin=sleeper.stdout)
            sleeper.kill()
        assert (ended.returncode, ended.stderr) == (3, "")
        assert "time limit of 1 s" in ended.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_certificate_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(f"sleep 1; cat {GOOD} > {pipe}", shell=True):
        assert run(str(pipe)).returncode == 0
    with open(GOOD) as good:
        assert run("-", stdin=good).returncode == 0
    with subprocess.Popen(f"sleep 1; cat {WRONG}", shell=True, stdout=subprocess.PIPE) as late:
        assert run("-", stdin=late.stdout).returncode == 1


def test_what_the_limits_are_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--max-digits N digits of an integer, at most (default 4000)" in said
    assert "--time-limit N seconds for each file, at most (default 300)" in said


def test_huge_limits_are_limits_like_others() -> None:
    for option in ("file-bytes", "values", "containers", "depth", "digits", "requests"):
        assert main([GOOD, f"--max-{option}", str(2**63 - 1)]) == 0
        assert main([GOOD, f"--max-{option}", str(10**30)]) == 0
    assert run(GOOD, "--time-limit", str(10**30), "--max-memory-bytes", str(10**30)).returncode == 0
    for option in ("--max-depth", "--time-limit", "--max-memory-bytes"):
        assert main([GOOD, option, "0"]) == 3


def test_only_a_verdict_gives_0_or_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def raised(error: BaseException) -> Callable[..., Result]:
        def fail(*_: object, **__: object) -> Result:
            raise error

        return fail

    for error, code in (
        (ValueError("x"), 4), (MemoryError(), 4), (RecursionError(), 4), (OSError(5, "x"), 2),
        (UnicodeEncodeError("ascii", "é", 0, 1, "x"), 4), (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 130),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(cli, "_give_up_stdout", lambda: None)
            patch.setattr(cli, "check", raised(error))
            assert main([GOOD]) == code
            said = capsys.readouterr().err.splitlines()
            assert len(said) <= 1
            assert all(line.startswith("check: ") for line in said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_verdict_that_cannot_be_told_is_no_success() -> None:
    for file in (GOOD, WRONG):
        with open("/dev/full", "w") as full:
            ended = subprocess.run(
                [sys.executable, "-m", "kvproof.certificates.checker", file],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                cwd=CORPORA.parents[1],
            )  # fmt: skip
        assert ended.returncode == 2
        assert ended.stderr == "check: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("file", [GOOD, WRONG])
def test_a_closed_stdout_is_no_success(file: str) -> None:
    folder = str(CORPORA.parents[1] / "certificates" / "checker")
    for started in (["-m", "kvproof.certificates.checker"], [folder]):
        ended = subprocess.run(
            ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, *started, file],
            cwd=CORPORA.parents[1], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert ended.stderr == "check: cannot write: standard output is closed\n"


def test_numbers_keep_their_sign() -> None:
    assert show(-(10**40)) == "a negative number of 133 bits"
    assert show(10**40) == "a number of 133 bits"
    assert show(Fraction(-(10**40), 3)).startswith("a negative number")


@pytest.mark.skipif(sys.platform != "linux", reason="address-space limits are Linux's")
def test_the_walls_end_what_forgets_to_look() -> None:
    """A claim that never ticks, and one that takes memory without a word."""
    for body in ("while True: pass", "found = []\n    while True: found.append(bytes(10**7))"):
        code = (
            "import sys\nfrom kvproof.certificates.checker import main, run\n"
            f"def greedy(*_):\n    {body}\n"
            "run.ALL_CLAIMS['schedule'] = greedy\nsys.exit(main(sys.argv[1:]))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code, GOOD, "--time-limit", "5"],
            cwd=CORPORA.parents[1], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (3, "")
        expected = "MemoryError" if "found" in body else "time limit of 5 s"
        assert expected in ended.stdout


def test_an_odd_file_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(tmp_path / "a\nb\x1b[31m.json")
    assert main([name]) == 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "\x1b" not in said
