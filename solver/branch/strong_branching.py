"""Which split to make: the one after which both children's LPs are dearest.

A good split is worth several LPs, as it halves what is below it; near the cutoff it is not.
"""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.errors import LimitError
from kvproof.scheduling.exact import Column
from kvproof.solver.branch.relaxation import Floats, Relaxation
from kvproof.solver.branch.request_windows import counts_between
from kvproof.solver.model import Model

# Later counts matter less: early ones decide more.
_FADE = 0.9
# Pivots for each child of a split that is tried.
_PIVOTS = 25
# Within so many units of latency of the cutoff the first is taken.
_NEAR = 1.0

Node = tuple[Column, Column]


def children(model: Model, split: list[int], first: Column, last: Column) -> list[Node]:
    """Return the windows where request i of class c starts by p, and where it starts later."""
    c, i, p = split
    begin = int(model.offset[c])
    place, end = begin + i, begin + int(model.count[c])
    later, sooner = first.copy(), last.copy()
    sooner[begin : place + 1] = np.minimum(sooner[begin : place + 1], p)
    later[place:end] = np.maximum(later[place:end], p + 1)
    return [(first.copy(), sooner), (later, last.copy())]


def best_split(
    programme: Relaxation,
    counts: Floats,
    first: Column,
    last: Column,
    cutoff: float,
    tried: int,
) -> list[int]:
    """Return class, index and step of a split.

    Parameters
    ----------
    programme
        As it was solved for this node, with `counts`.
    first, last
        The node's windows.
    cutoff
        Latency beyond which a node is closed.
    tried
        How many splits to try: the most fractional counts.

    Raises
    ------
    LimitError
        Each window is one start, and yet nothing closed the node.
    """
    model = programme.model
    splits = _fractional(model, counts, first, last, tried)
    if not splits:
        place = int((last - first).argmax())
        if first[place] == last[place]:
            raise LimitError("branching: rounded prices do not close a single schedule")
        c = int(np.searchsorted(model.offset, place, side="right")) - 1
        return [c, place - int(model.offset[c]), int(first[place] + last[place]) // 2]
    value = programme.value
    most = cutoff - value
    if most < _NEAR or len(splits) == 1:
        return splits[0]
    worth = []
    for split in splits:
        product = 1.0
        for low, high in children(model, split, first, last):
            gain = programme.worth(
                *counts_between(low, high, model.count, programme.steps), _PIVOTS
            )
            product *= min(max(gain - value, 0.01), most + 0.3)
        worth.append(product)
    return splits[int(np.argmax(worth))]


def _fractional(
    model: Model, counts: Floats, first: Column, last: Column, tried: int
) -> list[list[int]]:
    """Return the splits to try, best guess first."""
    part = np.minimum(counts - np.floor(counts), np.ceil(counts) - counts)
    score = part * _FADE ** np.arange(counts.shape[1])[None, :]
    splits: list[list[int]] = []
    for flat in np.argsort(-score, axis=None, kind="stable").tolist():
        c, p = divmod(flat, counts.shape[1])
        i = int(np.floor(counts[c, p] + 1e-9))
        place = int(model.offset[c]) + i
        if part[c, p] < 1e-6 or len(splits) == tried:
            break
        if i < model.count[c] and first[place] <= p < last[place]:
            splits.append([c, i, p])
    return splits
