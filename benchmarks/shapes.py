"""Shapes of instances that the exact solver was not tuned for, drawn by seed.

A third of the seeds (those that leave 2 over three) is held out: nothing is chosen by them.
"""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

#: (arrival, prompt, output) of each request.
Rows = list[tuple[int, int, int]]

ROOT = Path(__file__).resolve().parent.parent
#: Lengths of the Azure code trace; those of the conversations lie where ``make bench`` reads them.
TRACES = (
    ROOT / "examples" / "azure_code_1000.csv",
    ROOT.parent / "shared" / "traces" / "AzureLLMInferenceTrace_conv.csv",
)
SEEDS = range(6)

# name, memory, least and most prompt, most output, latest arrival
_PLAIN = (
    ("prompts", 60, 10, 40, 6, 0),
    ("decode", 40, 0, 0, 20, 0),
    ("mixed", 60, 1, 10, 15, 0),
    ("arrivals", 50, 1, 10, 15, 60),
)


def held_out(seed: int) -> bool:
    """Whether nothing may be chosen by the instances of a seed."""
    return seed % 3 == 2


def shapes() -> Iterator[tuple[str, str, int, Rows, float]]:
    """Yield (family, name, memory, rows, seconds that it may take)."""
    for seed in SEEDS:
        mark = "held-" if held_out(seed) else ""
        for n in (15, 20, 25):
            limit = 60 if n == 25 else 10
            for name, memory, least, most, output, late in _PLAIN:
                rng = random.Random(f"{name}-{n}-{seed}")
                rows = [
                    (rng.randint(0, late), rng.randint(least, most), rng.randint(1, output))
                    for _ in range(n)
                ]
                yield f"{name}-{n}", f"{mark}{name}-{n}-{seed}", memory, rows, limit
            for name, trace in zip(("code", "conversation"), TRACES, strict=True):
                if trace.exists():
                    rng = random.Random(f"{name}-{n}-{seed}")
                    rows = scaled(trace, rng, n)
                    memory = 4 * max(prompt + output for _, prompt, output in rows)
                    yield f"{name}-{n}", f"{mark}{name}-{n}-{seed}", memory, rows, limit
        for late in (0, 60):
            name = "classes-late" if late else "classes"
            rng = random.Random(f"{name}-{seed}")
            memory, rows = _classes(rng, late)
            yield name, f"{mark}{name}-{seed}", memory, rows, 60
        for n, load in ((60, 0.9), (120, 0.7)):
            rng = random.Random(f"steady-{n}-{seed}")
            yield f"steady-{n}", f"{mark}steady-{n}-{seed}", 60, _steady(rng, n, 60, load), 60
        rng = random.Random(f"bursts-{seed}")
        yield "bursts", f"{mark}bursts-{seed}", 40, _bursts(rng), 60
        rng = random.Random(f"large-{seed}")
        n, memory = rng.randint(30, 60), rng.randint(100, 200)
        rows = [(0, rng.randint(1, 20), rng.randint(1, 20)) for _ in range(n)]
        yield "large", f"{mark}large-{seed}", memory, rows, 120


def scaled(trace: Path, rng: random.Random, number: int) -> Rows:
    """Return a run of a trace's requests as a backlog, lengths divided by 64."""
    with trace.open(newline="") as file:
        lengths = [
            (int(row["ContextTokens"]) // 64, max(1, int(row["GeneratedTokens"]) // 64))
            for row in csv.DictReader(file)
        ]
    first = rng.randrange(len(lengths) - number)
    return [(0, prompt, output) for prompt, output in lengths[first : first + number]]


def _steady(rng: random.Random, number: int, memory: int, load: float) -> Rows:
    """Return requests that arrive over as many steps as make this load."""
    lengths = [(rng.randint(1, 10), rng.randint(1, 15)) for _ in range(number)]
    volume = sum(prompt * output + output * (output + 1) // 2 for prompt, output in lengths)
    late = int(volume / (load * memory))
    return [(rng.randint(0, late), prompt, output) for prompt, output in lengths]


def _bursts(rng: random.Random) -> Rows:
    """Return five bursts of twelve requests, 200 steps apart."""
    return [
        (200 * burst + rng.randint(0, 2), rng.randint(0, 9), rng.randint(1, 20))
        for burst in range(5)
        for _ in range(12)
    ]


def _classes(rng: random.Random, late: int) -> tuple[int, Rows]:
    """Return a memory and two to five classes of equal requests, so that 3 to 12 run together."""
    rows: Rows = []
    for _ in range(rng.randint(2, 5)):
        kind = (rng.randint(0, late), rng.randint(0, 10), rng.randint(1, 15))
        rows += [kind] * rng.randint(8, 30)
    mean = sum(prompt + (output + 1) / 2 for _, prompt, output in rows) / len(rows)
    peak = max(prompt + output for _, prompt, output in rows)
    return max(peak, round(rng.randint(3, 12) * mean)), rows
