"""Terminals of 60 and 80 columns: no name and no number is broken."""

import io
import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Column, Table

from kvproof.__main__ import run
from kvproof.output import print_table
from kvproof.scheduling.instance import Instance
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
TRACE = (EXAMPLE, "--memory", "60000", "--backlog", "--limit", "200")
BOX = ("--memory", "64", "--requests", "8")
SEARCH = ("search", *BOX, "--evaluations", "24", "--no-baselines")
COMMANDS = [
    ("theorems",),
    ("theorems", "show", "svf-ratio"),
    ("taxonomy",),
    ("solve", "../i.json"),
    (*SEARCH, "--out", "s"),
    ("witness", "list", "../found"),
    ("witness", "show", "../found"),
    ("replay", "../found/best.json"),
    ("shrink", "../found/best.json", "--out", "small.json", "--tries", "20"),
    ("exhaust", "--memory", "4", "--requests", "3"),
    ("experiment", "poisson", "--loads", "0.8", "--requests", "30", "--runs", "2"),
    ("improve", "../i.json", "--trials", "10"),
    ("simulate", *TRACE),
    ("certify", *TRACE, "--out", "c.json"),
    ("headroom", "../i.json", "--time-limit", "0.3"),
    ("memory",),
    ("memory", "llama-3.1-8b@80GiB"),
    ("doctor",),
    ("certify-run", "../run.csv", "--memory", "48", "--step", "1"),
    ("frontier", *BOX, "--evaluations", "4", "--out", "../frontier"),
]
#: What differs from run to run.
SECONDS = re.compile(r"^[(]?\d+(\.\d+)?$|^s[.)]?$")


class Terminal(io.StringIO):
    """Standard output of a person."""

    def isatty(self):
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("widths")
    instance = Instance(memory=20, arrival=[0, 0, 0, 2], prompt=[4, 0, 6, 1], output=[2, 3, 5, 4])
    (path / "i.json").write_text(json.dumps(instance.to_json()))
    rows = ["arrival,completion,prompt,output", "0,4,10,4", "0,9,10,5", "0,15,10,6", "0,22,10,7"]
    (path / "run.csv").write_text("\n".join(rows))
    assert run([*SEARCH, "--out", str(path / "found")]) == 0
    return path


def shown(monkeypatch, folder, width, arguments):
    """Return the lines that a terminal of this width shows."""
    (folder / str(width)).mkdir(exist_ok=True)
    monkeypatch.chdir(folder / str(width))
    for name, value in (("COLUMNS", str(width)), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert run(list(arguments)) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stdout.getvalue())
    return text.splitlines()


def words(lines):
    """Return the words, without the lines of tables and the colons of paragraphs."""
    return {word.rstrip(":") for line in lines for word in re.split(r"[\s─-╿|]+", line)}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_is_broken(monkeypatch, folder, arguments):
    wide = words(shown(monkeypatch, folder, 2000, arguments))
    for width in (80, 60):
        lines = shown(monkeypatch, folder, width, arguments)
        # a line that does not fit is one word, behind its indentation and the name of its cell
        for line in lines:
            last = re.sub(r"^\s*(\S+: )?", "", line.rstrip())
            assert len(line.rstrip()) <= width or " " not in last, line
        # a piece of a broken word is no word of the whole
        pieces = {word for word in words(lines) - wide if not SECONDS.match(word)}
        assert pieces == set()


WORDS = st.text(alphabet="abc1,.", min_size=1, max_size=9)
CELLS = st.lists(WORDS, max_size=6).map(" ".join)


@given(rows=st.lists(st.tuples(WORDS, CELLS, CELLS), min_size=1, max_size=4),
       width=st.integers(20, 90), whole=st.booleans())  # fmt: skip
def test_a_table_breaks_no_word(rows, width, whole):
    file = io.StringIO()
    out = Console(file=file, width=width, markup=False, highlight=False)
    table = Table("name", Column("first", no_wrap=whole), "second column")
    for row in rows:
        table.add_row(*row)
    print_table(out, table)
    said = words(file.getvalue().splitlines())
    assert {word for row in rows for cell in row for word in cell.split()} <= said
    assert max(map(len, file.getvalue().splitlines())) <= width or whole


def test_quiet_shows_results_alone(monkeypatch, folder, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    for quiet in ([], ["--quiet"]):
        assert run(["solve", str(folder / "i.json"), *quiet]) == 0
        assert bool(sys.stderr.getvalue()) != bool(quiet)
        sys.stderr.truncate(0)
        assert "optimal" in capsys.readouterr().out
