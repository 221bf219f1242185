"""``kvproof solve`` as a user runs it."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from kvproof.certificates.checker import check
from kvproof.commands.solve import command
from tests.solver.common import make


@pytest.fixture
def backlog(tmp_path):
    path = tmp_path / "backlog.json"
    rows = [(0, 3, 4), (0, 1, 6), (0, 5, 2), (2, 0, 7), (2, 4, 4)]
    path.write_text(json.dumps(make(12, rows).to_json()))
    return path


def run(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments], standalone_mode=False)


def test_json_certificate_and_svg(backlog, tmp_path):
    proof, picture = tmp_path / "opt.json", tmp_path / "opt.svg"
    done = run(backlog, "--json", "--certificate", proof, "--svg", picture)
    assert done.exception is None, done.exception
    assert done.return_value == 0
    data = json.loads(done.stdout)
    assert data["status"] == "optimal"
    assert data["gap"] == 0
    assert data["total_latency"] == data["lower_bound"]
    assert len(data["starts"]) == 5
    assert data["claim"] == "optimal"
    assert check(proof).verdict == "verified"
    assert picture.read_text().startswith("<svg")


def test_page_and_certificate_are_checked_once(backlog, tmp_path, monkeypatch):
    checked = []
    monkeypatch.setattr(
        "kvproof.certificates.checker.check", lambda data: checked.append(data) or check(data)
    )
    page, proof = tmp_path / "page.html", tmp_path / "opt.json"
    done = run(backlog, "--report", page, "--certificate", proof)
    assert done.return_value == 0
    assert checked == [proof.read_bytes()]
    assert "solve.json.gz" in page.read_text()


def test_a_page_without_the_certificate_that_ctrl_c_left_unchecked(backlog, tmp_path, monkeypatch):
    def interrupted(data):
        raise KeyboardInterrupt

    monkeypatch.setattr("kvproof.certificates.checker.check", interrupted)
    page = tmp_path / "page.html"
    done = run(backlog, "--report", page)
    assert done.return_value == 130
    assert done.stdout.startswith("optimal: total latency")
    assert "optimum" in page.read_text()
    assert "solve.json.gz" not in page.read_text()


def test_words_and_gantt(backlog):
    done = run(backlog, "--gantt", "--engine", "dp")
    assert done.return_value == 0
    assert done.stdout.startswith("optimal: total latency")
    assert "mem" in done.stdout


def test_a_backends_word_is_called_a_claim(tmp_path):
    path = tmp_path / "repeat.json"
    path.write_text(json.dumps(make(60, [(0, 0, 12)] * 24).to_json()))
    done = run(path, "--engine", "milp", "--certificate", tmp_path / "c.json")
    assert done.return_value == 0
    assert "claimed" in done.stdout
    assert "certificate (within-factor)" in done.stdout


@pytest.fixture
def hard(tmp_path):
    rng = random.Random(1)
    rows = [(0, rng.randint(1, 20), rng.randint(1, 20)) for _ in range(30)]
    path = tmp_path / "hard.json"
    path.write_text(json.dumps(make(100, rows).to_json()))
    return path


def test_limit_is_exit_code_3(hard):
    done = run(hard, "--time-limit", 2)
    assert done.return_value == 3
    assert done.stdout.startswith("feasible: OPT in [")
    assert "(stopped: time limit)" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal and SIGINT")
def test_ctrl_c_gives_the_interval_so_far(hard):
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "kvproof", "solve", str(hard), "--json"],
        stdout=subprocess.PIPE, stderr=theirs, text=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
        # a background job of a shell ignores the signal, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    os.close(theirs)
    watch = threading.Timer(300, child.kill)  # reading from a terminal has no limit of its own
    watch.start()
    shown = b""
    while not re.search(rb"OPT in \[\d", shown):  # a bound is known, the search under way
        shown += os.read(ours, 4096)
    child.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the end of a terminal
        while os.read(ours, 4096):
            pass
    out, _ = child.communicate(timeout=120)
    watch.cancel()
    os.close(ours)
    assert child.returncode == 130
    data = json.loads(out)
    assert data["status"] == "feasible"
    assert data["limit"] == "interrupt"
    assert 0 < data["lower_bound"] < data["total_latency"]
