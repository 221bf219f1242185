"""Send a trace to a running server of the OpenAI kind, with hints, and log what it did.

    vllm serve MODEL --no-enable-prefix-caching --scheduler-cls kvproof.serving.vllm.SVFScheduler
    python -m benchmarks.vllm_server http://127.0.0.1:8000 TRACE --out svf.csv
    kvproof certify-run svf.csv --memory TOKENS --step SECONDS

Standard library only, beside kvproof's trace reader. Each request is sent when it arrived in the
trace, from a thread of its own, with a prompt of so many random tokens and exactly its output
length (``ignore_eos``); the log has its arrival, first token and completion in seconds.
"""

import argparse
import csv
import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from kvproof.scheduling.traces import read_trace
from kvproof.serving.vllm.settings import HINT

Row = tuple[float, float, float, int, int]


def send(
    base: str, model: str, prompt: list[int], output: int, *, hint: object = None, at: float = 0.0
) -> Row:
    """Send one request at a time of the clock; return arrival, first, completion, lengths.

    Raises
    ------
    OSError
        The server refuses it, or answers with another number of tokens.
    """
    time.sleep(max(0.0, at - time.monotonic()))
    body = {
        "model": model, "prompt": prompt, "max_tokens": output, "ignore_eos": True,
        "temperature": 0, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    if hint is not None:
        body["vllm_xargs"] = {HINT: hint}
    headers = {"Content-Type": "application/json"}
    with closing(HTTPConnection(urlsplit(base).netloc, timeout=3600)) as connection:
        arrival = time.monotonic()
        connection.request("POST", "/v1/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"HTTP {answer.status}: {answer.read(300)!r}")
        events = [(time.monotonic(), line) for line in answer if line.startswith(b"data: {")]
    usage = json.loads(events[-1][1][len(b"data: ") :]).get("usage") if events else None
    made = (usage or {}).get("completion_tokens", 0)
    if made != output:
        raise OSError(f"an answer of {made} tokens in place of {output}")
    return arrival, events[0][0], events[-1][0], len(prompt), output


def served_model(base: str) -> str:
    """Return the name of the server's model."""
    with closing(HTTPConnection(urlsplit(base).netloc, timeout=60)) as connection:
        connection.request("GET", "/v1/models")
        return str(json.loads(connection.getresponse().read())["data"][0]["id"])


def main() -> None:
    """Send a trace, write the log, print means and percentiles."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("server", help="such as http://127.0.0.1:8000")
    parser.add_argument("trace")
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds per second of the trace")
    parser.add_argument("--longest", type=int, default=8192, help="drop what is longer, in tokens")
    parser.add_argument("--no-hints", action="store_true", help="send no output lengths")
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    trace = read_trace(given.trace)
    rng = random.Random(0)
    start = time.monotonic() + 1
    ticks = [0] * len(trace) if trace.ticks is None else trace.ticks.tolist()
    model = served_model(given.server)
    with ThreadPoolExecutor(given.limit) as pool:
        sent = []
        for tick, s, o in zip(ticks, trace.prompt.tolist(), trace.output.tolist(), strict=True):
            if s + o <= given.longest and s and len(sent) < given.limit:
                prompt = [rng.randrange(10, 250) for _ in range(s)]
                at = start + float(tick * trace.tick) * given.pace
                hint = None if given.no_hints else o
                sent.append(pool.submit(send, given.server, model, prompt, o, hint=hint, at=at))
        rows = [future.result() for future in sent]
    with open(given.out, "w", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        log.writerow(["arrival", "first", "completion", "prompt", "output"])
        log.writerows(rows)
    for name, values in (
        ("latency", sorted(c - a for a, _, c, _, _ in rows)),
        ("first token", sorted(f - a for a, f, _, _, _ in rows)),
    ):
        n = len(values)
        p50, p99 = values[n // 2], values[min(n - 1, 99 * n // 100)]
        print(f"{name}: mean {sum(values) / n:.3f} s, median {p50:.3f}, p99 {p99:.3f}")


if __name__ == "__main__":
    sys.exit(main())
