"""``profiles`` proofs with prices drawn at random: whatever they are, the proof must hold."""

import random
from typing import Any

from checker_truth import Tiny, opt


def profiles_bound(tiny: Tiny, rng: random.Random) -> tuple[dict[str, Any], int]:
    """Return a ``profiles`` proof and the bound that it must give."""
    best = opt(tiny)
    target, scale = max(1, best + rng.choice((-1, 0, 0, 1, 2))), rng.choice((1, 2, 7))
    largest = scale * rng.choice((1, 12, 30))
    prices = [rng.randint(0, largest) for _ in set(tiny.requests)]
    bound = {"kind": "profiles", "target": target, "scale": scale, "prices": prices}
    return bound, min(target, best)
