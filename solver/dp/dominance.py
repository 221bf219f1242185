"""Which states another one, with the same requests started, is as good as.

Few states are compared one by one. Where there are many, it is noted for each later step and each
number of tokens which of them hold no more than that there, a bit for each: those that do so in all
steps are looked at closer. So does the checker (``certificates/checker/fast/dominance.py``).
"""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.compiled import njit

# Survivors with the same started requests from which on bits are noted; and the most numbers of
# tokens that are told apart: fewer take less room, and less time to note.
_MANY, _LEVELS = 1024, 32
_WORD = 64  # states that one word tells of


@njit(nogil=True, error_model="numpy")
def undominated(  # type: ignore[no-untyped-def]
    order, key, starts, profile, raised, packing, keep, flag
):  # fmt: skip
    """Mark in `keep` which states of `order`, which sorts by key, then latency, survive.

    Among states with the same started requests one is dropped if another costs no more and holds
    in no step to come more than the first one's `raised` profile: its own, or that of
    :mod:`kvproof.solver.dp.raising`. A set `flag` ends it.
    """
    rows, words, guard = order.size, profile.shape[1], packing.guard
    kept = np.empty((rows, words), np.uint64)
    number = 0
    position = 0
    while position < rows and not flag[0]:
        i = order[position]
        if position == 0 or not _same_set(order[position - 1], i, key, starts, packing):
            number = 0
        dominated = False
        for e in range(number - 1, -1, -1):
            below = True
            for w in range(words):
                if ((raised[i, w] | guard) - kept[e, w]) & guard != guard:
                    below = False
                    break
            if below:
                dominated = True
                break
        position += 1
        if not dominated:
            keep[i] = True
            for w in range(words):
                kept[number, w] = profile[i, w]
            number += 1
            if number == _MANY:
                last = position
                while last < rows and _same_set(i, order[last], key, starts, packing):
                    last += 1
                _by_bits(order[position:last], profile, raised, packing, kept, keep, flag)
                position = last


@njit(nogil=True, error_model="numpy")
def _same_set(i, j, key, starts, packing):  # type: ignore[no-untyped-def]
    """Return whether the same requests have started in two states."""
    if key[i] != key[j]:
        return False
    if not packing.exact:
        for r in range(starts.shape[1]):
            if (starts[i, r] < 0) != (starts[j, r] < 0):
                return False
    return True


@njit(nogil=True, error_model="numpy")
def _by_bits(group, profile, raised, packing, kept, keep, flag):  # type: ignore[no-untyped-def]
    """Go on with the rest of a group, of which `kept` holds as many profiles as survive so far."""
    words, guard = profile.shape[1], packing.guard
    bits = np.uint64(packing.bits)
    lane = np.uint64((1 << packing.bits) - 1)
    lanes = 64 // packing.bits
    # the steps in which a survivor may hold tokens: in later ones none holds more than another
    held = np.zeros(words, np.uint64)
    for w in range(words):
        for e in range(_MANY):
            held[w] |= kept[e, w]
        for i in group:
            held[w] |= profile[i, w]
    steps = 1
    for j in range(words * lanes):
        if (held[j // lanes] >> (bits * np.uint64(j % lanes))) & lane != 0:
            steps = j + 1
    cut = np.uint64(0)
    while (packing.full & lane) >> cut >= _LEVELS:
        cut += np.uint64(1)
    levels = np.int64((packing.full & lane) >> cut) + 1
    below = np.zeros((steps, levels, (_MANY + group.size) // _WORD + 1), np.uint64)
    for e in range(_MANY):
        _note(kept, e, bits, lane, cut, below)
    number = _MANY
    level = np.empty(steps, np.int64)
    for i in group:
        if flag[0]:
            return
        for j in range(steps):
            tokens = (raised[i, j // lanes] >> (bits * np.uint64(j % lanes))) & lane
            level[j] = min(np.int64(tokens >> cut), levels - 1)
        dominated = False
        for b in range(number // _WORD, -1, -1):
            some = below[0, level[0], b]
            for j in range(1, steps):
                if some == 0:
                    break
                some &= below[j, level[j], b]
            e = b * _WORD
            while some != 0 and not dominated:
                if some & np.uint64(1) != 0:
                    dominated = True
                    for w in range(words):
                        if ((raised[i, w] | guard) - kept[e, w]) & guard != guard:
                            dominated = False
                            break
                some >>= np.uint64(1)
                e += 1
            if dominated:
                break
        if not dominated:
            keep[i] = True
            for w in range(words):
                kept[number, w] = profile[i, w]
            _note(kept, number, bits, lane, cut, below)
            number += 1


@njit(nogil=True, error_model="numpy")
def _note(kept, e, bits, lane, cut, below):  # type: ignore[no-untyped-def]
    """Set the bit of a survivor in each step from the level of its tokens on."""
    lanes = np.uint64(64) // bits
    bit = np.uint64(1) << np.uint64(e % _WORD)
    for j in range(below.shape[0]):
        place = np.uint64(j)
        tokens = (kept[e, place // lanes] >> (bits * (place % lanes))) & lane
        for x in range(np.int64(tokens >> cut), below.shape[1]):
            below[j, x, e // _WORD] |= bit
