"""What tests of several commands share."""

import json

from kvproof.__main__ import run
from tests.conftest import ROOT

WITNESS = ROOT / "tests" / "certificates" / "valid" / "ratio-svf.json"


def run_json(capsys, *arguments):
    """Run a command with --json; return its exit code and what it says."""
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)
