"""``--dask``: the same answers from a cluster, and one line for whatever can go wrong with it."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import CancelledError
from types import SimpleNamespace

import pytest

from kvproof.__main__ import run
from kvproof.scheduling import cluster as clusters
from kvproof.scheduling import notices
from kvproof.scheduling.errors import LimitError
from tests.conftest import ROOT
from tests.kvproof.common import run_json

distributed = pytest.importorskip("distributed")

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
BASE = ["verify", EXAMPLE, "--memory", "30000"]


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize(
    "more",
    [
        ["--backlog"],
        ["--policy", "svf,svf-1bit,fcfs", "--skip"],
        ["--policy", "svf", "--compact", "--bound", "centroid"],
        ["--policy", "svf-1bit", "--theta", "30", "--admission", "reserve"],
        ["--policy", "svf,fcfs", "--sweep", "rate=1:3:1"],
        ["--policy", "svf", "--sweep", "memory=30000,40000", "--backlog"],
        ["--policy", "svf,fcfs", "--replicas", "3", "--router", "least-loaded"],
        ["--policy", "svf", "--replicas", "2", "--backlog", "--limit", "300"],
    ],
)
def test_a_cluster_gives_the_same(capsys, address, more):
    asked = [*(BASE[:2] if "memory=" in str(more) else BASE), *more]
    assert run_json(capsys, *asked, "--dask", address) == run_json(capsys, *asked)


def test_tables_and_reports_are_the_same(capsys, address, tmp_path):
    shown = []
    page = tmp_path / "page.html"
    for more in ([], ["--dask", address]):
        asked = [*BASE, "--policy", "svf", "--limit", "100", "--latency", "seconds"]
        assert run([*asked, "--report", str(page), *more]) == 0
        shown.append(capsys.readouterr().out)
        assert page.stat().st_size > 1_000_000
        page.unlink()
    assert shown[0] == shown[1]


def test_it_is_said_what_is_distributed(address, monkeypatch):
    said = []
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "_listeners", [said.append])
    assert run([*BASE, "--policy", "svf", "--replicas", "3", "--dask", address]) == 0
    (line,) = said
    assert line.startswith("3 tasks on 2 Dask workers; the schedule of one replica is one task")


def test_columns_travel_small_and_once(address, monkeypatch):
    import numpy as np

    from kvproof.scheduling.instance import Instance

    sent = []
    plain = distributed.Client.scatter

    def noted(self, data, **how):
        sent.extend(data)
        return plain(self, data, **how)

    monkeypatch.setattr(distributed.Client, "scatter", noted)
    made = [
        Instance(memory=memory, arrival=[0, 70_000], prompt=[300, 2], output=[1, 2], count=count)
        for memory in (400, 500)
        for count in (None, [7, 1])
    ]
    with clusters.connect(address) as cluster:
        digests = list(cluster.over(_digest, made, range(4)))
    assert digests == [(made[i].digest, i) for i in range(4)]
    assert [column.dtype for column in sent] == [np.uint32, np.uint16, np.uint8, np.uint8]


def _digest(instance, number):
    return instance.digest, number


def one_line(capsys, code, arguments, said):
    assert run(arguments) == code
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1), streams.err
    assert said in streams.err


def test_nobody_listens(capsys, monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    one_line(capsys, 2, [*BASE, "--dask", "tcp://127.0.0.1:9"], "no Dask scheduler answers at tcp")
    one_line(capsys, 2, [*BASE, "--dask", ""], "--dask needs the address of a scheduler")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "--dask nonsense: missing port number"),
        ("tcp://host", "missing port number"),
        ("host:port", "invalid literal for int"),
        ("host:99999", "Port out of range 0-65535"),
        ("::1:8786", "ipv6 needs brackets"),
        ("inproc://x", "not enough values"),
        ("nonsense://x", "unknown address scheme 'nonsense'"),
        ("tls://127.0.0.1:8786", "Dask's configuration has no certificates"),
    ],
)
def test_no_client_is_made_for_what_is_no_address(capsys, monkeypatch, address, said):
    monkeypatch.setattr(distributed, "Client", None)
    one_line(capsys, 2, [*BASE, "--dask", address], said)


def test_a_protocol_that_was_removed(capsys, monkeypatch):
    """As ucx:// was: the package warns, and raises the warning too."""

    def removed(address):
        warnings.warn("removed.\n", FutureWarning, stacklevel=1)
        raise FutureWarning("removed.\n")

    monkeypatch.setattr("distributed.comm.addressing.get_address_host", removed)
    monkeypatch.setattr(distributed, "Client", None)
    said = "--dask ucx://127.0.0.1:8786: removed; give the address of a scheduler"
    one_line(capsys, 2, [*BASE, "--dask", "ucx://127.0.0.1:8786"], said)


def test_no_worker(capsys, monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 1)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster:
        asked = [*BASE, "--dask", cluster.scheduler_address]
        one_line(capsys, 2, asked, "has no worker; start one: dask worker")


@pytest.mark.parametrize("name", ["kvproof", "Python", "NumPy"])
def test_another_version_on_a_worker(capsys, address, monkeypatch, name):
    here = clusters.versions()
    plain = distributed.Client.run

    def other(self, function, **how):
        return {w: {**v, name: "0.0.1"} for w, v in plain(self, function, **how).items()}

    monkeypatch.setattr(distributed.Client, "run", other)
    said = f"has {name} 0.0.1, and here it is {here[name]}; install the same"
    one_line(capsys, 2, [*BASE, "--dask", address], said)


def test_a_worker_without_the_package(capsys, address, monkeypatch):
    plain = distributed.Client.run

    def without(self, function, **how):
        return {w: ModuleNotFoundError("No module named 'kvproof'") for w in plain(self, function)}

    monkeypatch.setattr(distributed.Client, "run", without)
    said = "cannot import kvproof (No module named 'kvproof')"
    one_line(capsys, 2, [*BASE, "--dask", address], said)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (
            distributed.scheduler.KilledWorker("task", SimpleNamespace(address="tcp://w:1"), 3),
            "the last one tcp://w:1; it may have run out of memory",
        ),
        (CancelledError(), r"was lost before the answer \(CancelledError\)"),
        (ConnectionResetError(), r"was lost before the answer \(ConnectionResetError\)"),
    ],
)
def test_what_becomes_of_a_task_is_said_in_words(lost, said):
    with pytest.raises(LimitError, match=said), clusters._in_words():
        raise lost


def test_loggers_are_as_loud_afterwards_as_before(address, monkeypatch):
    logger = logging.getLogger("distributed")
    monkeypatch.setattr(logger, "level", logging.INFO)
    with clusters.connect(address):
        assert logger.level > logging.CRITICAL
    assert logger.level == logging.INFO


def test_a_policy_that_workers_lack(capsys, address, monkeypatch):
    def missing(*arguments, **options):
        raise ModuleNotFoundError("No module named 'mine'")

    monkeypatch.setattr("kvproof.bounds.verify.simulate", missing)
    one_line(capsys, 2, [*BASE, "--dask", address], "cannot run a task: No module named 'mine'")


def test_bad_input_on_a_worker_is_said_as_here(capsys, address):
    asked = [*BASE, "--policy", "svf-paced", "--skip"]
    for more in ([], ["--dask", address]):
        one_line(capsys, 2, [*asked, *more], "paces the strict rule")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "2"],
        ["--workers", "2", "--replicas", "2"],
        ["--workers", "2", "--sweep", "rate=1"],
    ],
)
def test_workers_are_the_clusters(capsys, address, arguments):
    one_line(capsys, 2, [*BASE, *arguments, "--dask", address], "the cluster has its own")


def test_predictions_stay_here(capsys, address):
    one_line(capsys, 2, [*BASE, "--noise", "factor:2", "--dask", address], "--dask has no effect")


@pytest.fixture
def busy(tmp_path):
    """Start a cluster of processes and a verify that keeps it busy; return the three by name."""
    slow = "class Slow:\n name = 'slow'\n def key(self, i):\n  import time; time.sleep(600)\n"
    (tmp_path / "slow.py").write_text(slow)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env=environment, cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            # which a background job ignores
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        started.append(process)
        return process

    file = tmp_path / "scheduler.json"
    scheduler = start("distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
          "--scheduler-file", str(file))  # fmt: skip
    while not file.exists() or not file.read_text():
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    worker = start("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
                   "--no-dashboard")  # fmt: skip
    asked = start("kvproof", *BASE, "--policy", "slow:Slow", "--dask", address)
    with distributed.Client(address, set_as_default=False) as client:
        while not any(client.processing().values()):
            assert asked.poll() is None, asked.communicate()
            time.sleep(0.2)
    try:
        yield {"asked": asked, "worker": worker, "scheduler": scheduler}
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.mark.parametrize("lost", ["worker", "scheduler"])
def test_what_is_lost_ends_it_with_one_line(busy, lost):
    asked = busy["asked"]
    busy[lost].kill()
    out, said = asked.communicate(timeout=120)
    assert (asked.returncode, out) == (3, "")
    lines = [line for line in said.splitlines() if "tasks on" not in line]
    assert [line for line in lines if "compiling for this machine" not in line] == lines[-1:]
    assert "before the answer" in lines[-1]


def test_ctrl_c_ends_it_with_one_line(busy):
    asked = busy["asked"]
    asked.send_signal(signal.SIGINT)
    out, said = asked.communicate(timeout=60)
    assert (asked.returncode, out) == (130, "")
    assert said.splitlines()[-1] == "kvproof: interrupted"
    assert "Traceback" not in said
