"""Change one thing in a valid certificate; hold every accepted mutant against the truth."""

import contextlib
import copy
import gzip
import json
import random
from fractions import Fraction
from typing import Any

import checker_truth as truth
from checker_truth import Tiny

ODD_VALUES: list[Any] = [
    None, True, False, "", "0", "0/1", "1/2", "7/1", "-1/2", 1.5, [], {}, [0], {"starts": [0]},
]  # fmt: skip
NAMES = (
    "schedule", "optimal", "opt-lower-bound", "preemptive-lower-bound", "within-factor",
    "svf-blocking-chain", "ratio-at-least", "outputs", "volume", "centroid", "price", "search",
    "branch", "discrete-centroid", "tail-centroid", "staggered", "profiles", "parts",
    "svf", "sjf", "fcfs", "svf-1bit", "strict", "skip", "true", "reserve",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, child in value.items():
            found += places(child, (*path, key))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            found += places(child, (*path, position))
    return found


def with_counts(certificate: dict[str, Any]) -> dict[str, Any]:
    """Write runs of equal requests as counts."""
    inline = certificate["instance"]["inline"]
    rows: list[list[int]] = []
    for row in zip(inline["arrival"], inline["prompt"], inline["output"], strict=True):
        if rows and tuple(rows[-1][:3]) == row:
            rows[-1][3] += 1
        else:
            rows.append([*row, 1])
    names = ("arrival", "prompt", "output", "count")
    columns = {name: [row[c] for row in rows] for c, name in enumerate(names)}
    made = dict(certificate)
    made["instance"] = {**certificate["instance"], "inline": {**inline, **columns}}
    return made


def changed(value: Any, path: tuple[Any, ...], rng: random.Random) -> Any:
    """Another value for one place."""
    if rng.random() < 0.03:
        return copy.deepcopy(rng.choice(ODD_VALUES))
    if isinstance(value, bool) or value is None:
        return rng.choice(ODD_VALUES)
    if isinstance(value, int):
        step = rng.choice((-3, -2, -1, 1, 2, 3))
        if "count" in path:  # many more requests would be beyond brute force
            return rng.choice((value + 1, value - 1, 0, -1, 10**9, 2**62))
        if rng.random() < 0.9:
            return rng.choice((max(value + step, 0), rng.randint(0, 9)))
        return rng.choice((value + step, -value, 2**31, 10**18))
    if isinstance(value, str):
        p, slash, q = value.partition("/")
        if slash and p.isdigit() and q.isdigit():
            step = rng.choice((-1, 1, rng.randint(1, 9)))
            number = rng.choice((Fraction(int(p) + step, int(q)), Fraction(int(p), int(q) + step)
                                 if int(q) + step else Fraction(int(p) + 1)))  # fmt: skip
            return f"{number.numerator}/{number.denominator}"
        if len(value) == 64:
            return value[:-1] + rng.choice("0123456789abcdef")
        return rng.choice(NAMES)
    if isinstance(value, list):
        made = list(value)
        if not made:
            return [rng.randint(0, 3)]
        i, j = rng.randrange(len(made)), rng.randrange(len(made))
        action = rng.randrange(4)
        if action == 0:
            del made[i]
        elif action == 1:
            made.insert(i, copy.deepcopy(made[j]))
        elif action == 2:
            made[i], made[j] = made[j], made[i]
        else:
            made.append(copy.deepcopy(made[i]))
        return made
    made = dict(value)
    key = rng.choice(list(made) or ["kind"])
    if rng.random() < 0.5:
        made.pop(key, None)
    else:
        made[rng.choice(("count", "eta_bound", "note", "inline", "starts"))] = copy.deepcopy(
            made.get(key, 1)
        )
    return made


def mutant(certificate: dict[str, Any], rng: random.Random) -> bytes:
    """Return the bytes of a certificate with one thing changed."""
    original = json.dumps(certificate).encode()
    while (data := _mutant(certificate, rng)) == original:
        pass
    return data


def _mutant(certificate: dict[str, Any], rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.05:
        return _bytes_changed(json.dumps(certificate).encode(), rng)
    made = copy.deepcopy(certificate)
    found = places(made)
    if rng.random() < 0.7:  # numbers: the mutants that are well-formed
        found = [path for path in found if _is_number(_at(made, path)) and path[-1] != "version"]
    path = rng.choice(found)
    target = ("proof", "lower_bound", "target")
    if target in found and rng.random() < 0.1:
        path = target
    parent = made
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = changed(parent[path[-1]], path, rng)
    if "inline" in path and rng.random() < 0.7:  # an attacker can compute digests
        # no digest if the change left no instance, or one too large to write down
        with contextlib.suppress(Exception):
            inline = made["instance"]["inline"]
            if sum(inline.get("count", ())) < 100:
                made["instance"]["digest"] = truth.digest(Tiny.of(inline))
    if path == target and rng.random() < 0.7:
        _claim_all(made)
    data = json.dumps(made).encode()
    if kind > 0.998:
        return _bytes_changed(gzip.compress(data), rng)
    return gzip.compress(data) if kind > 0.996 else data


def _claim_all(made: dict[str, Any]) -> None:
    """Claim as much as the changed target would prove."""
    target, claim = made["proof"]["lower_bound"]["target"], made["claim"]
    if isinstance(target, int) and target > 0:
        if "bound" in claim:
            claim["bound"] = f"{int(target)}/1"
        elif "factor" in claim:
            factor = Fraction(claim["total_latency"], target)
            claim["factor"] = f"{factor.numerator}/{factor.denominator}"


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and "/" in value)


def _bytes_changed(data: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(data))
    filler = bytes([rng.choice(b'0123456789,:[]{}" -.eE/\\\x00\xff')])
    return data[:i] + rng.choice((b"", filler, filler + data[i : i + 1])) + data[i + 1 :]


def proved_again(data: bytes) -> bool:
    """Whether the claim of an accepted mutant is true, by brute force."""
    certificate = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    least = {"opt-lower-bound": truth.opt, "preemptive-lower-bound": truth.preemptive_opt}
    if (kind := certificate["claim"]["kind"]) in least:
        tiny = Tiny.of(certificate["instance"]["inline"])
        # A sub-instance bounds OPT too: each request left out adds at least its output.
        kept, out = Tiny(tiny.memory, tiny.requests[:4]), tiny.requests[4:]
        if Fraction(certificate["claim"]["bound"]) <= least[kind](kept) + sum(r[2] for r in out):
            return certificate["instance"]["digest"] == truth.digest(tiny)
    return truth.is_true(certificate)
