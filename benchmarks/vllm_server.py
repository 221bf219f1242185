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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from kvproof.scheduling.traces import Trace, read_trace
from kvproof.serving.vllm.settings import HINT

Row = tuple[float, float, float, int, int]


def send(
    base: str,
    model: str,
    prompt: list[int],
    output: int,
    *,
    hint: object = None,
    priority: int | None = None,
    at: float = 0.0,
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
    if priority is not None:
        body["priority"] = priority
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


def replay(
    base: str,
    lengths: Sequence[tuple[int, int]],
    at: Sequence[float],
    *,
    hints: bool = True,
    priority: Sequence[int] | None = None,
) -> list[Row]:
    """Send requests of these prompt and output lengths, each at its second, and log each.

    Raises
    ------
    OSError
        As for :func:`send`.
    """
    rng = random.Random(0)
    model = served_model(base)
    prompts = [[rng.randrange(10, 250) for _ in range(s)] for s, _ in lengths]
    start = time.monotonic() + 1
    with ThreadPoolExecutor(len(lengths)) as pool:
        sent = [
            pool.submit(
                send, base, model, prompt, o, hint=o if hints else None,
                priority=None if priority is None else priority[i], at=start + at[i],
            )
            for i, (prompt, (_, o)) in enumerate(zip(prompts, lengths, strict=True))
        ]  # fmt: skip
        return [future.result() for future in sent]


def requests_of(
    trace: Trace, *, limit: int, longest: int, pace: float
) -> tuple[list[tuple[int, int]], list[float]]:
    """Return the lengths of a trace's first requests, and the seconds at which they come."""
    total = (trace.prompt + trace.output).tolist()
    kept = [i for i, n in enumerate(total) if n <= longest and trace.prompt[i]][:limit]
    if not kept:
        sys.exit(f"no request of the trace has at most {longest} tokens: --longest")
    ticks = [0] * len(trace) if trace.ticks is None else trace.ticks.tolist()
    at = [float((ticks[i] - ticks[kept[0]]) * trace.tick) * pace for i in kept]
    return [(int(trace.prompt[i]), int(trace.output[i])) for i in kept], at


def write_log(path: str | Path, rows: Sequence[Row]) -> None:
    """Write what ``kvproof certify-run`` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        log.writerow(["arrival", "first", "completion", "prompt", "output"])
        log.writerows(rows)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, median and 99th percentile (the least that so many do not exceed)."""
    ranked, n = sorted(values), len(values)
    return sum(ranked) / n, ranked[-(-n // 2) - 1], ranked[-(-99 * n // 100) - 1]


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
    lengths, at = requests_of(
        read_trace(given.trace), limit=given.limit, longest=given.longest, pace=given.pace
    )
    rows = replay(given.server, lengths, at, hints=not given.no_hints)
    write_log(given.out, rows)
    for name, values in (
        ("latency", [c - a for a, _, c, _, _ in rows]),
        ("first token", [f - a for a, f, _, _, _ in rows]),
    ):
        mean, p50, p99 = spread(values)
        print(f"{name}: mean {mean:.3f} s, median {p50:.3f}, p99 {p99:.3f}")


if __name__ == "__main__":
    main()
