"""The real engine and its server on loopback: a tiny model of random weights, on the CPU."""

import csv
import json
import os
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.vllm_server import send, served_model
from kvproof.__main__ import run
from kvproof.serving.vllm.engine import MODEL
from tests.conftest import ROOT

pytest.importorskip("vllm")
pytestmark = pytest.mark.filterwarnings("default")  # those of vLLM and torch are theirs

PREDICTOR = """
def predict(request):
    raise RuntimeError("no prediction today")
"""
BLOCKS, BLOCK = 65, 32
MEMORY = (BLOCKS - 1) * BLOCK


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with SVF and a predictor that always raises; its address and its log."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "config.json").write_text(json.dumps(MODEL | {"max_position_embeddings": 1024}))
    (folder / "predictors.py").write_text(PREDICTOR)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = os.pathsep.join((str(folder), str(ROOT)))
    environment = {
        **os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_LOGGING_LEVEL": "INFO",
        "OMP_NUM_THREADS": "1", "VLLM_CPU_KVCACHE_SPACE": "1",
    }  # fmt: skip
    settings = {"kvproof": {"predictor": "predictors:predict"}}
    log = (folder / "log.txt").open("w")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder),
            "--served-model-name", "tiny", "--host", "127.0.0.1", "--port", str(port),
            "--load-format", "dummy", "--skip-tokenizer-init", "--dtype", "float32",
            "--max-model-len", "1024", "--block-size", str(BLOCK), "--max-num-seqs", "64",
            "--max-num-batched-tokens", "2048", "--enforce-eager",
            "--num-gpu-blocks-override", str(BLOCKS), "--kv-cache-memory-bytes", "67108864",
            "--no-enable-prefix-caching", "--scheduler-cls", "kvproof.serving.vllm.SVFScheduler",
            "--additional-config", json.dumps(settings),
        ],
        env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            time.sleep(1)
            if process.poll() is not None:
                break
            try:
                served_model(base)
                break
            except (OSError, ValueError):
                continue
        else:
            pytest.fail("the server does not answer")
        assert process.poll() is None, (folder / "log.txt").read_text()[-2000:]
        yield base, folder / "log.txt"
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def test_the_server_orders_by_volume_and_serves_whatever_the_hints_are(server, tmp_path, capsys):
    base, log = server
    rnd = random.Random(3)
    jobs = [
        (rnd.randint(4, 300), rnd.choice([rnd.randint(2, 30), rnd.randint(30, 250)]))
        for _ in range(60)
    ]

    def burst(hints):
        # what one request holds while the others queue up behind it
        with ThreadPoolExecutor(len(jobs)) as pool:
            sent = [
                pool.submit(send, base, "tiny", [5 + i % 200] * s, o, hint=hints(o))
                for i, (s, o) in enumerate(jobs)
            ]
            return [future.result() for future in sent]

    hinted = burst(lambda output: output)
    # no hint: the predictor is asked and raises; max_tokens, which is true here, counts
    unhinted = burst(lambda output: "soon")
    for rows in (hinted, unhinted):
        assert len(rows) == len(jobs)
    for hint in (None, "abc", 1, -7, 10**18, [1, 2], 2.5):
        assert send(base, "tiny", [9] * 10, 5, hint=hint)[4] == 5
    with pytest.raises(OSError, match=r"HTTP 400|tokens in place of 500"):
        send(base, "tiny", [9] * 1000, 500, hint=5)  # longer than the model's window
    with pytest.raises(OSError, match="HTTP 400"):
        send(base, "tiny", [9] * 10, 5, hint=10**30)  # vLLM itself refuses such a number
    told = log.read_text()
    assert "SVFScheduler orders the queue" in told
    assert told.count("the predictor fails") == 1
    # those with the smaller volume had their first token sooner, in the mean
    order = sorted(range(len(jobs)), key=lambda i: jobs[i][0] * jobs[i][1] + jobs[i][1] ** 2 // 2)
    half = len(order) // 2
    waits = [first - arrival for arrival, first, *_ in hinted]
    assert sum(waits[i] for i in order[:half]) < sum(waits[i] for i in order[half:])
    # and the log says how far from optimal all of it was
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["arrival", "first", "completion", "prompt", "output"])
        rows.writerows(hinted)
    arguments = ["certify-run", str(path), "--memory", str(MEMORY), "--step", "0.0005", "--json"]
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["factor_decimal"] >= 1
