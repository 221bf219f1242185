"""Slow, plain and independent: what is true of a tiny instance, by definition.

Nothing here calls the checker. Schedules are walked token by token, policies step by step, OPT is
found by trying all starts, and `is_true` decides a certificate's claim from these alone.
"""

import json
import struct
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple


class Tiny(NamedTuple):
    """Memory, and (arrival, prompt, output) of each request."""

    memory: int
    requests: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, value: dict[str, Any]) -> "Tiny":
        rows = zip(value["arrival"], value["prompt"], value["output"], strict=True)
        count = value.get("count", [1] * len(value["arrival"]))
        return cls(
            value["memory"],
            tuple(row for row, c in zip(rows, count, strict=True) for _ in range(c)),
        )

    def json(self) -> dict[str, Any]:
        columns = zip(("arrival", "prompt", "output"), map(list, zip(*self.requests)))  # noqa: B905
        return {"format": "kvproof-instance", "version": 1, "memory": self.memory, **dict(columns)}


def digest(tiny: Tiny) -> str:
    runs: list[list[int]] = []
    for request in tiny.requests:
        if runs and tuple(runs[-1][:3]) == request:
            runs[-1][3] += 1
        else:
            runs.append([*request, 1])
    numbers = [tiny.memory, len(runs), *(run[c] for c in range(4) for run in runs)]
    packed = struct.pack(f"<{len(numbers)}q", *numbers)
    return sha256(b"kvproof-instance/1\n" + packed).hexdigest()


def volume(s: int, o: int) -> int:
    return sum(s + j for j in range(1, o + 1))


def cost(tiny: Tiny, starts: list[int]) -> int | None:
    """Total latency, or None if infeasible."""
    held: Counter[int] = Counter()
    total = 0
    for p, (a, s, o) in zip(starts, tiny.requests, strict=True):
        if p < a:
            return None
        for j in range(1, o + 1):
            held[p + j] += s + j
        total += p + o - a
    return total if max(held.values()) <= tiny.memory else None


def least_of_policies(tiny: Tiny) -> int:
    """Least total latency of one after the other and of some policies."""
    now, best = 0, 0
    for a, _, o in sorted(tiny.requests):
        now = max(now, a) + o
        best += now - a
    for name in ("svf", "sjf", "fcfs"):
        for rule in ("strict", "skip"):
            best = min(
                best, cost(tiny, policy_starts(tiny, {"name": name, "rule": rule}) or []) or best
            )
    return best


@lru_cache(maxsize=100_000)
def opt(tiny: Tiny) -> int:
    """Least total latency, by trying all starts.

    No optimal schedule has a latency above ``U - sum of the other outputs``, with U the cost of
    any feasible one.
    """
    best = least_of_policies(tiny)
    requests = sorted(tiny.requests)  # equal ones beside each other, taken in order of start
    outputs = sum(o for _, _, o in requests)
    held: Counter[int] = Counter()

    def place(i: int, so_far: int, left: int, p: int) -> None:
        nonlocal best
        if i == len(requests):
            best = so_far
            return
        a, s, o = requests[i]
        left -= o
        if i == 0 or requests[i] != requests[i - 1]:
            p = a
        while so_far + (p + o - a) + left < best:
            if all(held[p + j] + s + j <= tiny.memory for j in range(1, o + 1)):
                for j in range(1, o + 1):
                    held[p + j] += s + j
                place(i + 1, so_far + p + o - a, left, p)
                for j in range(1, o + 1):
                    held[p + j] -= s + j
            p += 1

    place(0, 0, outputs, 0)
    return best


def policy_starts(tiny: Tiny, policy: dict[str, Any]) -> list[int] | None:
    """Run the rule, step by step and token by token; None if a reservation cannot fit."""
    n, reserved = len(tiny.requests), [o for _, _, o in tiny.requests]
    key: list[Any]
    if policy["name"] == "svf":
        key = [volume(s, o) for _, s, o in tiny.requests]
    elif policy["name"] == "sjf":
        key = list(reserved)
    elif policy["name"] == "fcfs":
        key = [a for a, _, _ in tiny.requests]
    else:
        theta = Fraction(policy["theta"])
        classes: dict[bool, list[int]] = {False: [], True: []}
        for _, _, o in tiny.requests:
            classes[o > theta].append(o)
        key = []
        for i, (_, s, o) in enumerate(tiny.requests):
            members = classes[o > theta]
            proxy = Fraction(sum(members), len(members))
            key.append(s * proxy + proxy * (proxy + 1) / 2)
            if policy["admission"] == "reserve":
                reserved[i] = max(members)
                if s + reserved[i] > tiny.memory:
                    return None
    order = sorted(range(n), key=lambda i: (key[i], tiny.requests[i][0], i))
    starts: dict[int, int] = {}
    t = 0
    while len(starts) < n:
        if all(tiny.requests[i][0] > t for i in range(n) if i not in starts):
            t = min(tiny.requests[i][0] for i in range(n) if i not in starts)
        for i in order:
            a, s, _ = tiny.requests[i]
            if i in starts or a > t:
                continue
            running = [j for j, p in starts.items() if p + tiny.requests[j][2] > t]
            fits = all(
                s
                + (u - t)
                + sum(
                    tiny.requests[j][1] + u - starts[j]
                    for j in running
                    if u <= starts[j] + reserved[j]
                )
                <= tiny.memory
                for u in range(t + 1, t + reserved[i] + 1)
            )
            if fits:
                starts[i] = t
            elif policy["rule"] == "strict":
                break
        t += 1
    return [starts[i] for i in range(n)]


def expanded(schedule: dict[str, Any]) -> list[int]:
    count = schedule.get("count", [1] * len(schedule["starts"]))
    return [p for p, c in zip(schedule["starts"], count, strict=True) for _ in range(c)]


def never_rises(bound: dict[str, Any]) -> bool:
    """Whether a lower bound is about preemptive runs, too."""
    if bound["kind"] == "price":
        prices = [price for _, price in bound["prices"]]
        return prices == sorted(prices, reverse=True)
    kinds = ("outputs", "volume", "centroid", "discrete-centroid", "tail-centroid")
    return bound["kind"] in kinds


def preemptive_opt(tiny: Tiny) -> int:
    """Least total latency where each token may be made in any step after the one before."""
    # of each request that is not done: arrival, memory of its next token, tokens left;
    # sorted, so that equal ones are not told apart
    costs = {tuple(sorted((a, s + 1, o) for a, s, o in tiny.requests)): 0}
    best, step = least_of_policies(tiny), 0  # what costs as much is not looked at
    while costs:
        step = max(step, min(left[0][0] for left in costs))  # nobody is there before
        following: dict[tuple[tuple[int, int, int], ...], int] = {}
        for left, cost in costs.items():
            here = [request for request in left if request[0] <= step]
            now = cost + len(here)
            made = {((), 0)}
            for a, held, tokens in here:
                made |= {
                    ((*chosen, (a, held, tokens)), used + held)
                    for chosen, used in made
                    if used + held <= tiny.memory
                }
            for chosen, used in made:
                idle = Counter(here) - Counter(chosen)
                if any(used + held <= tiny.memory for _, held, _ in idle):
                    continue  # a token that fits may as well be made now: it never holds more
                after = list(left)
                for a, held, tokens in chosen:
                    after.remove((a, held, tokens))
                    if tokens > 1:
                        after.append((a, held + 1, tokens - 1))
                if not after:
                    best = min(best, now)
                elif now + sum(tokens for _, _, tokens in after) < best:
                    key = tuple(sorted(after))
                    following[key] = min(following.get(key, now), now)
        costs = following
        step += 1
    return best


def is_true(certificate: dict[str, Any], instance: dict[str, Any] | None = None) -> bool:
    """Whether the claim of a (well-formed) certificate is true, found without its proof.

    Only the numbers that the claim itself is about are taken from the proof: its schedules.
    """
    tiny = Tiny.of(certificate["instance"].get("inline") or instance)
    claim, proof = certificate["claim"], certificate["proof"]
    kind = claim["kind"]
    if certificate["instance"]["digest"] != digest(tiny):
        return False
    if kind == "opt-lower-bound":
        return Fraction(claim["bound"]) <= opt(tiny)
    if kind == "preemptive-lower-bound":
        return Fraction(claim["bound"]) <= preemptive_opt(tiny)
    if kind == "ratio-at-least":
        if claim["policy"] is None:
            starts = expanded(proof["policy_schedule"])
        else:
            derived = policy_starts(tiny, claim["policy"])
            if derived is None:
                return False
            starts = derived
        a, b = cost(tiny, starts), cost(tiny, expanded(proof["witness"]))
        if a is None or b is None or b < opt(tiny):
            return False
        return (a, b, Fraction(a, b)) == (
            claim["policy_total"],
            claim["feasible_total"],
            Fraction(claim["ratio"]),
        )
    starts = expanded(proof["schedule"])
    total = claim["total_latency"]
    if cost(tiny, starts) != total or total < opt(tiny):
        return False
    if kind == "optimal":
        return bool(total == opt(tiny))
    if kind == "within-factor":
        return bool(total <= Fraction(claim["factor"]) * opt(tiny))
    return kind == "schedule" or chain_holds(tiny, starts, claim, proof["blocks"])


def chain_holds(
    tiny: Tiny, starts: list[int], claim: dict[str, Any], blocks: list[list[int]]
) -> bool:
    """Every line of the chain's claim, token by token."""
    n = len(tiny.requests)
    order = sorted(range(n), key=lambda i: (volume(*tiny.requests[i][1:]), i))
    if any(a for a, _, _ in tiny.requests):
        return False
    if [starts[i] for i in order] != sorted(starts):
        return False
    free = tiny.memory - max(s + o for _, s, o in tiny.requests)
    eta = min(Fraction(2 * s + o + 1, 2 * (s + o)) for _, s, o in tiny.requests)
    constants = {"bound": Fraction(2), "eta_bound": 1 / eta}
    if free <= 0:
        return False
    covered: list[int] = []
    for t, u in blocks:
        covered += range(t + 1, u + 1)
        head = next((i for i in order if starts[i] > t), None)
        if head is None or not t < u <= t + tiny.requests[head][2]:
            return False
        held = sum(
            s + u - p
            for p, (_, s, o) in zip(starts, tiny.requests, strict=True)
            if p <= t and p < u <= p + o
        )
        if held + tiny.requests[head][1] + u - t <= tiny.memory:
            return False
    if covered != list(range(1, len(covered) + 1)) or len(covered) < max(starts):
        return False
    for name, c in constants.items():
        before, sums = 0, Fraction(0)
        for i in order:
            if starts[i] > c * Fraction(before, free):
                return False
            sums += c * Fraction(before, free)
            before += volume(*tiny.requests[i][1:])
        bound = sums.__floor__() + sum(o for _, _, o in tiny.requests)
        if name in claim and not claim["total_latency"] <= bound == claim[name]:
            return False
    return True


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()
