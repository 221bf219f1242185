"""Terminals of 80, 60 and down to 20 columns: no name and no number is broken."""

import io
import json
import re
import sys
from fractions import Fraction

import click
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Column, Table

from kvproof.__main__ import run
from kvproof.certificates.engine import EngineBound
from kvproof.cli import Context, cli
from kvproof.commands import vllm
from kvproof.output import print_table
from kvproof.scheduling.instance import Instance
from kvproof.serving.run import EngineRun, Timeline
from kvproof.serving.vllm.engine import EngineSettings
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


SHORT = ("--limit", "40", "--policy", "svf,svf-bucket")
NARROW = [
    ("memory",),
    ("simulate", *TRACE),
    ("verify", EXAMPLE, *SHORT, "--memory", "60000", "--backlog", "--latency", "steps"),
    ("verify", EXAMPLE, *SHORT, "--sweep", "memory=60000,70000"),
    ("verify", EXAMPLE, *SHORT, "--memory", "60000", "--noise", "lognormal:0.5"),
]


@pytest.mark.parametrize("arguments", NARROW, ids=" ".join)
def test_a_table_becomes_paragraphs(monkeypatch, folder, arguments):
    wide = words(shown(monkeypatch, folder, 2000, arguments))
    lines = shown(monkeypatch, folder, 20, arguments)
    assert words(lines) <= wide
    assert not any("─" in line for line in lines)
    for width in (40, 30):
        assert "…" not in "".join(shown(monkeypatch, folder, width, arguments))


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


def help_of(command, above, width):
    """Return the help of a command and of those below it, and what they are called."""
    context = Context(
        command, info_name=command.name if above else "kvproof", parent=above, terminal_width=width
    )
    with context:
        yield context.command_path, command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                yield from help_of(command.get_command(context, name), context, width)


def test_help_breaks_no_name():
    wide = dict(help_of(cli, None, 2000))
    assert len(wide) >= 27
    for width in (80, 60):
        for name, text in help_of(cli, None, width):
            assert max(map(len, text.splitlines())) <= width, name
            assert words(text.splitlines()) <= words(wide[name].splitlines()), name
            assert name == "kvproof" or "Example:\n" in text


def test_a_pipe_is_80_columns_unless_told_otherwise(monkeypatch, capsys):
    for arguments in (("theorems",), ("verify", *TRACE), ("memory",)):
        monkeypatch.setenv("COLUMNS", "200")
        assert run(list(arguments)) == 0
        wide = capsys.readouterr().out
        assert max(len(line) for line in wide.splitlines() if "─" in line or "━" in line) > 76
        said = set()
        for columns in ("0", "wide", "80", None):
            if columns is None:
                monkeypatch.delenv("COLUMNS")
            else:
                monkeypatch.setenv("COLUMNS", columns)
            assert run(list(arguments)) == 0
            said.add(capsys.readouterr().out)
        assert len(said) == 1
        lines = said.pop().splitlines()
        if arguments[0] == "verify":
            row = next(line for line in lines if line.startswith("svf-1bit"))
            assert len(row) <= 80
        else:
            assert words(lines) - {"eps", "<=", "0.0%–"} <= words(wide.splitlines())


ENGINE = EngineSettings(
    blocks=1_234_567, block_size=16, max_num_seqs=256, max_num_batched_tokens=8192,
    prefix_caching=False, asynchronous=False,
)  # fmt: skip


def engine_runs():
    """Return made-up runs of vLLM's scheduler, with long names and numbers."""
    instance = Instance(
        memory=ENGINE.memory, arrival=[0, 5, 5], prompt=[10, 20, 30], output=[900_000] * 3
    )
    bound = EngineBound(kind="discrete-centroid", value=Fraction(3_000_000_001, 2))
    course = np.arange(1, 4, dtype=np.int64)
    timeline = Timeline(step=course, blocks=course * 1000, running=course, waiting=course * 999)
    for name in ("fcfs", "fcfs-future", "svf-bucket"):
        run = EngineRun(
            instance=instance,
            first=np.array([5, 1_000_000, 2_000_000_000]),
            completion=np.array([10**9, 2 * 10**9, 3 * 10**9]),
            preemptions=np.array([0, 7, 12_345_678]),
            tokens=9_999_999_999,
            timeline=timeline,
        )
        yield name, run, bound


def test_the_table_of_vllm(monkeypatch):
    """Drawn without vLLM, from runs that are made up."""
    text = {}
    for width in (2000, 80, 60):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "stdout", Terminal())
        vllm._print("trace.csv", Fraction(1, 20), ["a note"], ENGINE, list(engine_runs()))
        text[width] = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stdout.getvalue()).splitlines()
    for width in (80, 60):
        assert words(text[width]) <= words(text[2000])
        assert {"fcfs-future", "svf-bucket", "12,345,685"} <= words(text[width])
        assert max(map(len, map(str.rstrip, text[width]))) <= width


@pytest.mark.parametrize("name", ["solve", "search", "frontier"])
def test_quiet_shows_results_alone(monkeypatch, folder, capsys, name):
    """And progress, where it is shown, is on standard error, of searches too."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    for quiet in ([], ["--quiet"]):
        arguments, said = {
            "solve": ([str(folder / "i.json")], "optimal"),
            "search": ([*SEARCH[1:], "--out", str(folder / f"quiet{len(quiet)}")], "Certified"),
            "frontier": ([*COMMANDS[-1][1:-1], str(folder / "frontier")], "Theorems tested"),
        }[name]
        assert run([name, *arguments, *quiet]) == 0
        assert bool(sys.stderr.getvalue()) != bool(quiet)
        sys.stderr.truncate(0)
        out = capsys.readouterr().out
        assert said in out
        assert "evaluations" not in out
