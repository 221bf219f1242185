"""What only a process of its own shows: imports, streams, exit codes."""

import os
import subprocess
import sys

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


def test_a_closed_pipe_gives_no_traceback_and_hides_no_verdict(tmp_path):
    done = into_closed_pipe("verify", "examples/azure_code_1000.csv", "--memory", "60000")
    assert done.returncode in (0, 130)
    assert done.stderr == ""
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    done = into_closed_pipe("check", str(broken))
    assert done.returncode == 2
    assert done.stderr == ""
    names = sorted((ROOT / "tests" / "certificates" / "rejected").glob("*.json"))
    rejected = str(next(name for name in names if "digest" in name.name))
    assert into_closed_pipe("check", rejected).returncode == 1


def test_a_full_device_and_a_closed_stdout():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kvproof", "theorems"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    shell = f"{sys.executable} -m kvproof --version >&-"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert done.stderr == ""
