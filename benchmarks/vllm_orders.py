"""Each order in the real server against vLLM's own, by HTTP: make vllm-orders.

    python -m benchmarks.vllm_orders TRACE                      # no GPU: a tiny Llama
    python -m benchmarks.vllm_orders TRACE --model meta-llama/Llama-3.1-8B -- --max-model-len 8192

For each order a server is started, sent the first requests of the trace with exact lengths as
hints, and stopped. Latencies are seconds of the client's clock. *In order* is the share of pairs of
requests, both there before either had a token, of which the one that the order puts first had its
first token first. What follows ``--`` goes to the server, under every order.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.vllm_server import (
    Row,
    replay,
    requests_of,
    served_model,
    spread,
    write_log,
)
from kvproof.scheduling.instance import MAX_MEMORY, Instance
from kvproof.scheduling.traces import read_trace
from kvproof.serving.vllm.engine import MODEL
from kvproof.serving.vllm.policies import EnginePolicy, find_engine_policy
from kvproof.serving.vllm.priority import held_volume, proxy_output, static_key

#: The order's name here, and the policy; "svf, patience" has its settings from what FCFS came to.
ORDERS = {
    "fcfs": "fcfs",
    "sjf": "sjf",
    "svf": "svf",
    "svf-1bit": "svf-1bit",
    "svf-bucket": "svf-bucket",
    "svf, patience": "svf",
}
#: KV-cache blocks of 32 tokens, one of which vLLM keeps, and the context, of the tiny model.
BLOCKS, BLOCK, WINDOW = 1025, 32, 8192


def tiny_model(folder: Path, *, window: int = WINDOW) -> list[str]:
    """Write a Llama of two layers; return the arguments that serve it with random weights."""
    (folder / "config.json").write_text(json.dumps(MODEL | {"max_position_embeddings": window}))
    return [
        "--model", str(folder), "--load-format", "dummy", "--skip-tokenizer-init",
        "--dtype", "float32", "--enforce-eager", "--block-size", str(BLOCK),
        "--max-model-len", str(window), "--kv-cache-memory-bytes", str(2**26),
        "--max-num-batched-tokens", "2048",
    ]  # fmt: skip


@contextmanager
def serving(
    arguments: Sequence[str], *, log: Path, paths: Sequence[str] = (), seconds: int = 1800
) -> Iterator[str]:
    """Start a server on loopback, give its address, and stop it.

    Raises
    ------
    RuntimeError
        It ends, or does not answer in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # a user's own settings stand; nothing is fetched unless these say so
    quiet = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_LOGGING_LEVEL": "INFO"}
    path = os.pathsep.join((*paths, str(Path(__file__).parents[1])))
    with log.open("w") as file:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "vllm.entrypoints.openai.api_server", *arguments,
                "--host", "127.0.0.1", "--port", str(port), "--no-enable-prefix-caching",
            ],
            env={**quiet, **os.environ, "PYTHONPATH": path},
            stdout=file, stderr=subprocess.STDOUT, cwd=log.parent,
        )  # fmt: skip
        base = f"http://127.0.0.1:{port}"
        try:
            for _ in range(seconds):
                time.sleep(1)
                if process.poll() is not None:
                    break
                try:
                    served_model(base)
                    break
                except (OSError, ValueError):
                    continue
            else:
                raise RuntimeError(f"the server does not answer: {log}")
            if process.poll() is not None:
                raise RuntimeError(f"the server has ended: {log.read_text()[-2000:]}")
            yield base
        finally:
            process.terminate()
            process.wait(60)


def on_cpu() -> None:
    """Set what the tiny model's server needs beside its arguments."""
    for name, value in (
        ("HF_HUB_OFFLINE", "1"),
        ("TRANSFORMERS_OFFLINE", "1"),
        ("OMP_NUM_THREADS", "1"),
        ("VLLM_CPU_KVCACHE_SPACE", "1"),
        ("VLLM_ENGINE_READY_TIMEOUT_S", "1800"),  # on a busy machine
    ):
        os.environ.setdefault(name, value)


def order_arguments(policy: EnginePolicy, settings: dict[str, Any]) -> list[str]:
    """Return what tells a server of an order."""
    given = ["--scheduling-policy", policy.queue]
    if policy.scheduler is not None:
        given += ["--scheduler-cls", f"kvproof.serving.vllm.{policy.scheduler}"]
        given += ["--additional-config", json.dumps({"kvproof": settings})]
    return given


def keys_of(
    policy: EnginePolicy, requests: Instance, rows: Sequence[Row], settings: dict[str, Any]
) -> list[int | float]:
    """Return the number by which each request waits; the smallest goes first."""
    if policy.priority is not None:
        return [int(key) for key in policy.priority(requests)]
    if policy.scheduler is None:
        return [row[0] for row in rows]
    bit = {name: settings[name] for name in ("threshold", "short", "long") if name in settings}
    begin = min(row[0] for row in rows)  # aging asks for differences alone
    return [
        static_key(
            operator=0,
            volume=held_volume(s, proxy_output(o, **bit) if bit else o),
            arrival=arrival - begin,
            aging=Fraction(settings.get("aging", 0)),
            patience=Fraction(settings["patience"]) if "patience" in settings else None,
        )
        for arrival, _, _, s, o in rows
    ]


def in_order(keys: Sequence[int | float], rows: Sequence[Row]) -> float:
    """Return the share of pairs that had their first tokens in the order of their keys.

    Of requests that were both there before either had a token, and whose keys differ.
    """
    arrival, first = (np.array([row[k] for row in rows]) for k in (0, 1))
    key = np.array(keys)
    both = np.maximum.outer(arrival, arrival) < np.minimum.outer(first, first)
    before = both & (key[:, None] < key[None, :])
    kept = before & (first[:, None] <= first[None, :])
    return float(kept.sum() / max(before.sum(), 1))


def patience_of(requests: Instance, p99: float) -> dict[str, float]:
    """Return aging and patience: what FCFS's tail waits, and the mean volume in that time."""
    return {"aging": float(requests.volume.mean()) / p99, "patience": p99}


def line_of(order: str, rows: Sequence[Row], keys: Sequence[int | float]) -> str:
    """Return the table's line of an order."""
    latency = spread([c - a for a, _, c, _, _ in rows])
    first = spread([f - a for a, f, _, _, _ in rows])
    cells = [f"{value:.2f}" for value in (*latency, first[0], first[2])]
    return "| " + " | ".join([order, *cells, f"{in_order(keys, rows):.1%}"]) + " |"


def main() -> None:
    """Run every order, write its log, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("trace")
    parser.add_argument("--model", help="a model for the server; by default a tiny one, on the CPU")
    parser.add_argument("--orders", default=";".join(ORDERS), help="separated by semicolons")
    parser.add_argument("--limit", type=int, default=300, help="requests")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds per second of the trace")
    parser.add_argument(
        "--longest", type=int, default=WINDOW, help="drop what is longer, in tokens"
    )
    parser.add_argument("--out", default="vllm-orders", help="a folder for the logs")
    parser.add_argument("server", nargs="*", help="after --: more arguments for the server")
    given = parser.parse_args()
    orders = given.orders.split(";")
    if unknown := [order for order in orders if order not in ORDERS]:
        parser.error(f"order {unknown[0]!r} is unknown; known: {'; '.join(ORDERS)}")
    if "svf, patience" in orders and "fcfs" not in orders[: orders.index("svf, patience")]:
        parser.error("'svf, patience' takes its settings from what fcfs came to: name that before")
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    lengths, at = requests_of(
        read_trace(given.trace), limit=given.limit, longest=given.longest, pace=given.pace
    )
    prompt, output = zip(*lengths, strict=True)
    held = Instance(
        memory=MAX_MEMORY,
        arrival=np.zeros(len(lengths), dtype=np.int64),
        prompt=np.array(prompt) - 1,
        output=np.array(output),
    )
    print(
        "| order | mean | median | p99 | first token, mean | p99 | in order |\n" + "|---" * 7 + "|"
    )
    waiting: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="kvproof-") as name:
        if given.model is None:
            on_cpu()
            common = [*tiny_model(Path(name)), "--num-gpu-blocks-override", str(BLOCKS)]
        else:
            common = ["--model", given.model]
        for order in orders:
            policy = find_engine_policy(ORDERS[order])
            settings = policy.settings(held) | (waiting if order == "svf, patience" else {})
            priority = None if policy.priority is None else policy.priority(held).tolist()
            arguments = [*common, *order_arguments(policy, settings), *given.server]
            stem = order.replace(", ", "-")
            with serving(arguments, log=out / f"{stem}.log") as base:
                rows = replay(base, lengths, at, priority=priority)
            write_log(out / f"{stem}.csv", rows)
            if order == "fcfs":
                waiting = patience_of(held, spread([c - a for a, _, c, _, _ in rows])[2])
            print(line_of(order, rows, keys_of(policy, held, rows, settings)), flush=True)


if __name__ == "__main__":
    main()
