"""What only a process of its own shows: imports, streams, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import kvproof
from tests.conftest import ROOT

HEAVY = {"numpy", "numba", "rich", "sympy", "networkx", "pulp", "pyarrow", "highspy", "matplotlib"}


def kvproof_process(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "kvproof", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        **options,
    )


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from kvproof.__main__ import run; code = run(['--help']); "
        "print(*sorted(m.partition('.')[0] for m in sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert "verify" in done.stdout
    assert not HEAVY & set(done.stderr.split())


def test_the_public_names_exist():
    for name in kvproof.__all__:
        assert getattr(kvproof, name).__name__ == name
    assert set(kvproof.__all__) <= set(dir(kvproof))


def test_streams_and_exit_codes():
    done = kvproof_process("verify", "examples/azure_code_1000.csv", "--memory", "60000")
    assert done.returncode == 0
    assert done.stderr == ""  # no progress bar where stderr is no terminal
    assert "proved factor" in done.stdout
    assert kvproof_process("verify").returncode == 2
    assert kvproof_process().returncode == 2
    assert kvproof_process("--version").stdout == f"kvproof, version {kvproof.__version__}\n"


def into_closed_pipe(*arguments):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        return subprocess.run(
            [sys.executable, "-m", "kvproof", *arguments],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )


VERIFY = ("verify", "examples/azure_code_1000.csv", "--memory", "60000")
CHECK = ("check", "tests/certificates/valid/centroid.json")
TRACE = "examples/azure_code_1000.csv"
POISSON = ("experiment", "poisson", "--loads", "0.5")
LITTLE = ("--memory", "60000", "--backlog", "--limit", "20")


@pytest.mark.parametrize(
    "arguments",
    [VERIFY, (*VERIFY, "--json"), CHECK, (*CHECK, "--json"), ("--help",), ("theorems", "--json")],
)
def test_what_nobody_was_told_is_no_success(arguments):
    done = into_closed_pipe(*arguments)
    assert (done.returncode, done.stderr) == (130, "")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kvproof", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("arguments", [VERIFY, (*VERIFY, "--json"), CHECK, ("--version",)])
def test_a_closed_stdout_is_no_success(arguments):
    shell = f"{sys.executable} -m kvproof {' '.join(arguments)} >&-"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == "kvproof: standard output is closed; let it go to /dev/null\n"


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("simulate", TRACE, *LITTLE), "--out"),
        (("improve", TRACE, *LITTLE, "--time-limit", "1"), "--out"),
        (("certify", TRACE, *LITTLE), "--out"),
        (("verify", TRACE, *LITTLE), "--report"),
        (("verify", TRACE, *LITTLE, "--replicas", "2"), "--report"),
        (("verify", TRACE, "--sweep", "memory=60000,70000"), "--plot"),
        (("headroom", TRACE, *LITTLE, "--policy", "fcfs", "--time-limit", "1"), "--report"),
        (("solve", TRACE, *LITTLE, "--time-limit", "1"), "--svg"),
        (("taxonomy",), "--graph"),
        (
            ("verify", TRACE, *LITTLE, "--noise", "lognormal:0.5", "--policy", "svf"),
            "--certificate",
        ),
        (("shrink", "tests/certificates/valid/ratio-svf.json", "--tries", "1"), "--out"),
        (("witness", "show", "tests/certificates/valid/ratio-svf.json"), "--out"),
        ((*POISSON, "--requests", "10", "--runs", "2"), "--report"),
        (("frontier", "--memory", "64", "--requests", "4", "--evaluations", "4"), "--report"),
    ],
)
def test_a_file_is_written_though_nobody_reads_the_result(arguments, option, tmp_path):
    ends = {"--report": "html", "--plot": "svg", "--svg": "svg", "--graph": "svg"}
    path = tmp_path / f"file.{ends.get(option, 'json')}"
    if arguments[0] == "frontier":
        arguments = (*arguments, "--out", str(tmp_path / "folder"))
    done = into_closed_pipe(*arguments, option, str(path))
    assert done.returncode == 130, done.stderr
    assert path.stat().st_size > 100


def test_a_closed_standard_error_changes_nothing():
    heard = kvproof_process(*VERIFY)
    unheard = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "kvproof", *VERIFY],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert (unheard.returncode, unheard.stdout) == (0, heard.stdout)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_a_full_standard_error_keeps_the_code():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kvproof", "verify", "nosuch.csv", "--memory", "5"],
            stderr=full, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_lacks_loses_no_result(encoding):
    done = kvproof_process(*VERIFY, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    assert "svf-1bit" in done.stdout


def test_an_error_that_nobody_hears_keeps_its_code():
    shell = f"{sys.executable} -m kvproof frobnicate 2>&-"
    assert subprocess.run(shell, shell=True, cwd=ROOT).returncode == 2


NOISE = """
import os, runpy, sys
from kvproof import cli

plain = cli.Commands.get_command

def noisy(*arguments):
    os.write(1, b"Running HiGHS\\n")  # as HiGHS 1.16 does, past Python
    print("a library prints")
    return plain(*arguments)

cli.Commands.get_command = noisy
sys.argv = ["kvproof", *sys.argv[1:]]
runpy.run_module("kvproof", run_name="__main__")
"""
MEMORY = ("examples/azure_code_1000.csv", "--memory", "60000", "--limit", "12")
SMALL = ("--requests", "4", "--memory", "20", "--evaluations", "64")
WITNESS = "tests/certificates/valid/ratio-svf.json"


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", *MEMORY),
        ("simulate", *MEMORY),
        ("solve", *MEMORY),
        ("improve", *MEMORY, "--trials", "10"),
        ("certify", *MEMORY, "--out", os.devnull),
        ("check", WITNESS),
        ("search", *SMALL, "--out", "{folder}/run"),
        ("exhaust", "--memory", "4", "--requests", "2"),
        ("replay", WITNESS),
        ("shrink", WITNESS, "--tries", "1", "--out", os.devnull),
        ("witness", "show", WITNESS),
        ("theorems",),
        ("taxonomy",),
    ],
)
def test_json_is_alone_on_stdout_whatever_a_library_prints(arguments, tmp_path):
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-c", NOISE, *arguments, "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert "Running HiGHS" in done.stderr
    assert "a library prints" in done.stderr


def test_json_where_standard_error_is_closed():
    shell = f"{sys.executable} -m kvproof theorems --json 2>&-"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert json.loads(done.stdout)["command"] == "theorems"


def test_an_interrupt_before_anything_is_loaded(tmp_path):
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    done = kvproof_process("--help", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stderr) == (130, "kvproof: interrupted\n")


# a library that goes on where Ctrl-C strikes while it is imported, as numpy's compiled parts do
SWALLOWS = """
import importlib, os, signal, sys, time

try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)
except KeyboardInterrupt:
    pass
sys.path.remove(os.path.dirname(__file__))
del sys.modules["numpy"]
sys.modules["numpy"] = importlib.import_module("numpy")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_an_interrupt_that_a_library_would_swallow(tmp_path):
    (tmp_path / "numpy.py").write_text(SWALLOWS)
    # which has much to do, but for the interrupt
    arguments = ("exhaust", "--memory", "12", "--requests", "6")
    done = kvproof_process(
        *arguments,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=120,
        # a background job of a shell ignores the signal, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


_LONG = [
    ("improve", "examples/azure_code_1000.csv", "--memory", "60000", "--time-limit", "60"),
    ("search", "--evaluations", "10000000", "--out", "{folder}/run"),
    ("exhaust", "--memory", "12", "--requests", "6"),
    ("experiment", "poisson", "--runs", "1000"),
    ("frontier", "--out", "{folder}/frontier"),
]


def test_an_interrupt_ends_them_soon(tmp_path):
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "kvproof", *(part.format(folder=tmp_path) for part in one)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        for one in _LONG
    ]
    try:
        time.sleep(15)  # all are at work by then, though they share the cores
        for child in children:
            child.send_signal(signal.SIGINT)
        for arguments, child in zip(_LONG, children, strict=True):
            _, said = child.communicate(timeout=120)
            assert child.returncode == 130, arguments
            assert "Traceback" not in said, arguments
    finally:
        for child in children:
            child.kill()
