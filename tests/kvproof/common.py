"""What tests of several commands share."""

import json
from fractions import Fraction

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


def assert_decimals_are_true(data):
    """Look at each "p/q" with its decimal: bounds from below and what can surely be cut are below.

    Whatever else is rounded is rounded up.
    """
    if isinstance(data, dict):
        for name, value in data.items():
            if name.endswith("_decimal") and value is not None:
                exact, shown = Fraction(data[name.removesuffix("_decimal")]), Fraction(value)
                down = name.startswith(("lower_bound", "cut_at_least"))
                assert shown <= exact if down else shown >= exact, name
    for each in data.values() if isinstance(data, dict) else data:
        if isinstance(each, dict | list):
            assert_decimals_are_true(each)
