"""Instances and certificates that several tests share."""

import json
import random
from typing import Any

import numpy as np

from kvproof.certificates.build import Certificate
from kvproof.certificates.checker import Result as Checked
from kvproof.certificates.checker import check
from kvproof.scheduling.instance import Instance
from kvproof.solver import Result
from kvproof.solver.model import model_of
from kvproof.solver.windows import fix_windows


def make(memory: int, rows: list[tuple[int, int, int]]) -> Instance:
    arrival, prompt, output = (list(column) for column in zip(*rows, strict=True))
    return Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)


def draw(rng: random.Random, most: int = 5) -> Instance:
    """A small instance: arrivals or none, prompts 0, duplicates, requests that fill memory."""
    memory = rng.randint(3, 12)
    late = rng.choice([0, 0, 6])
    rows = []
    for _ in range(rng.randint(1, most)):
        if rows and rng.random() < 0.3:
            rows.append(rng.choice(rows))
            continue
        output = rng.randint(1, min(memory, 6))
        fill = rng.random() < 0.15
        prompt = memory - output if fill else rng.randint(0, memory - output)
        prompt = 0 if rng.random() < 0.2 else prompt
        rows.append((rng.randint(0, late), prompt, output))
    return make(memory, rows)


def certificate(result: Result) -> dict[str, Any]:
    """The ``optimal`` certificate of a closed result, as JSON."""
    made = result.certificate()
    assert made.claim["kind"] == "optimal"
    return made.to_json()


def verdict(data: dict[str, Any]) -> Checked:
    return check(json.dumps(data).encode())


def plain_search(instance: Instance, target: int) -> dict[str, Any]:
    """A well-formed ``search`` proof without any prices: the checker enumerates nearly all."""
    model = model_of(instance)
    windows = fix_windows(model, np.zeros(0, dtype=np.int64), target)
    starts = [0] * int(windows.allowed.sum())
    proof = {
        "kind": "search",
        "target": target,
        "scale": 1,
        "denominator": 1,
        "prices": [],
        "vectors": [{"since": 0, "unit": 1, "start": starts, "end": starts}],
        "layers": [{"length": windows.horizon + 1, "vectors": [0]}],
    }
    return Certificate(
        instance=instance,
        claim={"kind": "opt-lower-bound", "bound": f"{target}/1"},
        proof={"lower_bound": proof},
    ).to_json()


def claim_more(data: dict[str, Any], opt: int, *, stretch: bool = False) -> dict[str, Any]:
    """The same proof, said to show OPT >= opt + 1; with `stretch` its own target says so too."""
    proof = json.loads(json.dumps(data["proof"]["lower_bound"]))
    if stretch and proof["kind"] in ("search", "branch", "profiles"):
        proof["target"] = opt + 1
    return {
        **data,
        "claim": {"kind": "opt-lower-bound", "bound": f"{opt + 1}/1"},
        "proof": {"lower_bound": proof},
    }
