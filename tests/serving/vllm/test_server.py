"""The real engine and its server on loopback: a tiny model of random weights, on the CPU."""

import csv
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.vllm_orders import BLOCK, on_cpu, order_arguments, serving, tiny_model
from benchmarks.vllm_server import send
from kvproof.__main__ import run
from kvproof.serving.vllm.policies import find_engine_policy

pytest.importorskip("vllm")
pytestmark = pytest.mark.filterwarnings("default")  # those of vLLM and torch are theirs

PREDICTOR = """
def predict(request):
    raise RuntimeError("no prediction today")
"""
BLOCKS = 65
MEMORY = (BLOCKS - 1) * BLOCK


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with SVF and a predictor that always raises; its address and its log."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "predictors.py").write_text(PREDICTOR)
    settings = {"predictor": "predictors:predict"}
    arguments = [
        *tiny_model(folder, window=MEMORY), "--served-model-name", "tiny",
        "--num-gpu-blocks-override", str(BLOCKS), "--max-num-seqs", "64",
        *order_arguments(find_engine_policy("svf"), settings),
    ]  # fmt: skip
    log = folder / "log.txt"
    on_cpu()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_LOGGING_LEVEL", "INFO")  # driving a scheduler here has made it quiet
        with serving(arguments, log=log, paths=[str(folder)]) as base:
            yield base, log


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
    # the window is the whole cache, as vLLM starts with none that is longer
    for prompt in (MEMORY + 1, 3 * MEMORY):
        with pytest.raises(
            OSError, match=rf"HTTP 400: .*maximum context length is {MEMORY} tokens"
        ):
            send(base, "tiny", [9] * prompt, 1, hint=5)
    with pytest.raises(OSError, match="an answer of 100 tokens in place of 101"):
        send(base, "tiny", [9] * (MEMORY - 100), 101, hint=5)  # ended where the cache is full
    assert send(base, "tiny", [9] * (MEMORY - 100), 100, hint=5)[4] == 100
    with pytest.raises(OSError, match="HTTP 400"):
        send(base, "tiny", [9] * 10, 5, hint=10**30)  # vLLM itself refuses such a number
    assert send(base, "tiny", [9] * 10, 5)[4] == 5  # and serves on
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
