"""What tests of several commands share."""

import json

from kvproof.__main__ import run
from tests.conftest import ROOT

WITNESS = ROOT / "tests" / "certificates" / "valid" / "ratio-svf.json"


def run_json(capsys, *arguments):
    """Run a command with --json; return its exit code and what it says."""
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def refused(capsys, arguments, *said):
    """Run a command that is refused in one line, which says all of this."""
    assert run([str(argument) for argument in arguments]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.count("\n") == 1
    for words in said:
        assert words in streams.err
