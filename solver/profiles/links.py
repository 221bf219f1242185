"""What the profiles of some classes are among those of others: where the classes change."""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.solver.dp.states import Words, packing_of
from kvproof.solver.model import Model
from kvproof.solver.profiles.space import TOGETHER, Places, Space, joined, look_up, places
from kvproof.solver.threads import Flag

# Slots of a hash table for each profile, at least.
_SLOTS = 2


def links(
    space: Space, words: Words, others: Words, model: Model, kept: Column, flag: Flag
) -> Places | None:
    """Return which of the `others` each profile becomes, or None once `flag` is set.

    That which holds the same, or, where there is none, what is left of it without the requests
    that are not of the classes kept.

    Parameters
    ----------
    space, words
        Profiles of some classes, and these packed.
    others
        Those of other classes.
    model
        These other classes.
    kept
        Of each class of the space, its place among the others, or -1.
    """
    packing = packing_of(model)
    own = np.zeros((len(space.ways), packing.words), np.uint64)
    for c in np.flatnonzero(kept >= 0).tolist():
        own += space.ways[:, c, None].astype(np.uint64) * packing.shape[kept[c]]
    left = np.zeros((len(words), others.shape[1]), np.uint64)
    if (kept < 0).any():
        _leave(space.first, space.to, space.way, own, packing.bits, left, flag)
    out = np.empty(len(words), np.int32)
    rows = np.empty(others.shape, np.uint64)
    slots = np.full(1 << (_SLOTS * len(others)).bit_length(), -1, np.int32)
    _link(words, left, others, rows, slots, out, flag)
    return None if flag[0] else out


def _plain_leave(first, to, way, own, bits, left, flag):  # type: ignore[no-untyped-def]
    known = {0}
    for x in range(len(first) - 1):
        if flag[0]:
            return
        for e in range(first[x], first[x + 1]):
            if to[e] not in known:
                known.add(int(to[e]))
                held = (joined(left[x]) + joined(own[way[e]])) >> bits
                left[to[e]] = [held >> 64 * w & 2**64 - 1 for w in range(left.shape[1])]


@njit(nogil=True, error_model="numpy", plain=_plain_leave)
def _leave(first, to, way, own, bits, left, flag):  # type: ignore[no-untyped-def]
    """Write what is left of each profile, made by the first arcs that lead to it.

    `own` is what is kept of what each way starts.
    """
    down, up = np.uint64(bits), np.uint64(64 - bits)
    width = left.shape[1]
    held = np.zeros(width + 1, np.uint64)
    known = np.zeros(left.shape[0], np.bool_)
    known[0] = True
    for x in range(first.size - 1):
        if flag[0]:
            return
        for e in range(first[x], first[x + 1]):
            y = to[e]
            if known[y]:
                continue
            known[y] = True
            for w in range(width):
                held[w] = left[x, w] + own[way[e], w]
            for w in range(width):
                left[y, w] = held[w] >> down | held[w + 1] << up


def _plain_link(words, left, others, rows, slots, out, flag):  # type: ignore[no-untyped-def]
    if flag[0]:
        return
    numbers = {joined(row): y for y, row in enumerate(others)}
    for x, (row, part) in enumerate(zip(words, left, strict=True)):
        out[x] = numbers.get(joined(row), numbers[joined(part)])


@njit(nogil=True, error_model="numpy", plain=_plain_link)
def _link(words, left, others, rows, slots, out, flag):  # type: ignore[no-untyped-def]
    """Write which of the others holds the same as each profile, or as what is left of it.

    `rows` and `slots`, an open hash table of places, its size a power of two, are written to.
    """
    width = others.shape[1]
    number = 0
    for y in range(0, others.shape[0], TOGETHER):
        if flag[0]:
            return
        some = others[y : y + TOGETHER]
        number = places(rows, number, slots, some, np.empty(some.shape[0], np.int32))
    same = np.zeros((TOGETHER, width), np.uint64)
    slot = np.empty(TOGETHER, np.uint64)
    own = np.empty(TOGETHER, np.int32)
    for x in range(0, words.shape[0], TOGETHER):
        if flag[0]:
            return
        some = words[x : x + TOGETHER]
        for i in range(some.shape[0]):
            more = False
            for w in range(width, words.shape[1]):
                more |= some[i, w] != 0
            # what holds more than any of the others becomes what is left
            for w in range(width):
                held = some[i, w] if w < words.shape[1] else np.uint64(0)
                same[i, w] = left[x + i, w] if more else held
        look_up(rows, slots, same[: some.shape[0]], slot, out[x : x + TOGETHER])
        missing = 0
        for i in range(some.shape[0]):
            if out[x + i] < 0:
                same[missing] = left[x + i]
                missing += 1
        look_up(rows, slots, same[:missing], slot, own)
        missing = 0
        for i in range(some.shape[0]):
            if out[x + i] < 0:
                out[x + i] = own[missing]
                missing += 1
