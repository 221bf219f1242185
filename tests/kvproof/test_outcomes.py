"""Whatever ends a command becomes an exit code and one line."""

import pytest

from kvproof.__main__ import run
from kvproof.bounds import verify
from tests.conftest import ROOT
from tests.kvproof.common import WITNESS

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
GOOD = ["--memory", "60000"]


def test_internal_error_and_interrupt(capsys, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(verify, "simulate", broken)
    assert run(["verify", EXAMPLE, *GOOD]) == 4
    assert "internal error: ZeroDivisionError: planted" in capsys.readouterr().err

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "simulate", interrupted)
    assert run(["verify", EXAMPLE, *GOOD]) == 130
    assert capsys.readouterr().err == "kvproof: interrupted\n"


@pytest.mark.parametrize(
    ("where", "arguments", "remedy"),
    [
        ("kvproof.bounds.verify.simulate", ("verify", EXAMPLE, *GOOD), " (--limit)"),
        ("kvproof.adversary.witnesses.replay.load", ("shrink", str(WITNESS), "--out", "x"), ""),
    ],
)
def test_a_lack_of_memory_names_no_option_that_is_not_there(
    capsys, monkeypatch, where, arguments, remedy
):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(where, fail)
    assert run(list(arguments)) == 3
    assert capsys.readouterr().err == f"kvproof: out of memory; take fewer requests{remedy}\n"


def test_what_the_system_does_not_let_us_read(capsys, monkeypatch):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied", "folder/a.csv")

    monkeypatch.setattr("kvproof.inputs.is_instance_file", closed)
    assert run(["verify", EXAMPLE, "--memory", "60000"]) == 2
    error = capsys.readouterr().err
    assert error == "kvproof: folder/a.csv: cannot be read or written: Permission denied\n"
