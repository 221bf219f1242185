"""All profiles that requests of some classes can hold together, and what leads from one to another.

A profile is what has started and not ended: the tokens that it holds in each step to come. Where
requests repeat and few run together there are far fewer profiles than ways to have started them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.states import Words, packing_of
from kvproof.solver.model import Model
from kvproof.solver.profiles.count import has_more
from kvproof.solver.threads import Flag

Places = npt.NDArray[np.int32]

# Bytes for each way to start requests in one step; beyond so many there are too many profiles, too.
_WAY_BYTES, _MOST_WAYS = 1024, 1 << 16
# Arcs for each profile that room is made for; few instances have more.
_ARCS = 16
#: Profiles that are looked up together.
TOGETHER = 256
# Profiles after which the arcs of those before say how many the others will have.
_TOLD = 4096
# Bytes of a profile beside its words: in the hash table, of a place and of its arcs.
_BYTES = 8 + 8 + 8 * _ARCS


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """The profiles reachable from none, which is number 0, and the arcs between them.

    An arc starts some requests and lets a step pass.

    Parameters
    ----------
    first
        Where the arcs of each profile begin, and where the last ones end.
    to, way
        Of each arc, the profile that it leads to and the requests that it starts. Those of a
        profile are in the order of the last class that they start: those of the least volume,
        which soon are no longer worth a start, come last.
    ways
        How many of each class these are, shape (ways, classes).
    top
        The last class of each way, or 0.
    """

    first: npt.NDArray[np.int64]
    to: Places
    way: Places
    ways: npt.NDArray[np.int64]
    top: Places

    @property
    def profiles(self) -> int:
        """How many profiles there are."""
        return len(self.first) - 1

    @property
    def arcs(self) -> int:
        """How many arcs there are."""
        return len(self.to)


def space_of(model: Model, memory_bytes: int, flag: Flag) -> Space | None:
    """Return the profiles of a model, or None where they take too much memory, or `flag` is set.

    Raises
    ------
    LimitError
        The memory of the instance is beyond what profiles are packed for.
    """
    most = memory_bytes // (_BYTES + 8 * packing_of(model).words)
    most_ways = memory_bytes // _WAY_BYTES
    if has_more(model, most):
        return None
    found = packed_space(model, most, _ARCS * most, most_ways, flag)
    return None if found is None else found[0]


def packed_space(
    model: Model, most: int, most_arcs: int, most_ways: int, flag: Flag
) -> tuple[Space, Words] | None:
    """Return at most so many profiles and arcs, and the profiles packed, shape (profiles, words).

    Raises
    ------
    LimitError
        The memory of the instance is beyond what profiles are packed for.
    """
    packing = packing_of(model)
    most, most_arcs = min(most, 2**31 // _ARCS - 1), min(most_arcs, 2**31 - 1)
    if most < 1:
        return None
    slots = 1 << (2 * most).bit_length() - 1
    words = np.empty((most, packing.words), np.uint64)
    first = np.empty(most + 1, np.int64)
    to = np.empty(most_arcs, np.int32)
    way = np.empty(most_arcs, np.int32)
    ways = np.zeros((min(most_ways, _MOST_WAYS), model.classes), np.int64)
    sizes = _closed(
        packing, model.memory, words, first, to, way, ways,
        np.full(slots, -1, np.int32), np.full(ways.shape, -1, np.int32), flag,
    )  # fmt: skip
    if sizes[0] < 0:
        return None
    profiles, arcs, number = sizes
    started = ways[:number]
    top = np.where(started > 0, np.arange(model.classes), 0).max(axis=1).astype(np.int32)
    # not copied, for they may be large; what was not written takes no memory
    first, to, way = first[: profiles + 1], to[:arcs], way[:arcs]
    _sort(first, to, way, top, model.classes)
    return Space(first=first, to=to, way=way, ways=started, top=top), words[:profiles]


def arcs_of(
    first: npt.NDArray[np.int64], chosen: Places
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the arcs of the chosen profiles, and whose each is, by its place among them."""
    number = first[chosen + 1] - first[chosen]
    owner = np.repeat(np.arange(len(chosen)), number)
    before = np.cumsum(number) - number
    return owner, np.arange(len(owner)) + (first[chosen] - before)[owner]


def _plain_closed(packing, memory, words, first, to, way, ways, slots, more, flag):  # type: ignore[no-untyped-def]
    """Do the same with profiles as single integers and dictionaries in place of hash tables."""
    most, width = words.shape
    bits = packing.bits
    shapes = [joined(own) for own in packing.shape]
    guard = sum(int(packing.guard) << (64 * w) for w in range(width))
    full = sum(int(packing.full) << (64 * w) for w in range(width)) | guard
    places = {0: 0}
    words[0] = 0
    taken: dict[tuple[int, ...], int] = {}
    arcs = 0
    queue = [0]
    for done, profile in enumerate(queue):
        first[done] = arcs
        if done > _TOLD and len(queue) * arcs > done * len(to):
            return -1, 0, 0
        stack: list[tuple[int, tuple[int, ...]]] = [(profile, ())]
        while stack:
            held, started = stack.pop()
            after = held >> bits
            new = after not in places
            full_ways = started not in taken and len(taken) == len(ways)
            if flag[0] or arcs >= len(to) or (new and len(queue) == most) or full_ways:
                return -1, 0, 0
            if new:
                places[after] = len(queue)
                words[len(queue)] = [after >> 64 * w & 2**64 - 1 for w in range(width)]
                queue.append(after)
            to[arcs] = places[after]
            way[arcs] = taken.setdefault(started, len(taken))
            arcs += 1
            for c in reversed(range(started[-1] if started else 0, len(shapes))):
                more = held + shapes[c]
                if (full - more) & guard == guard:
                    stack.append((more, (*started, c)))
    first[len(queue)] = arcs
    for started, number in taken.items():
        ways[number] = np.bincount(started, minlength=len(shapes))
    return len(queue), arcs, len(taken)


def joined(words: Words) -> int:
    """Return the words of a profile as one integer."""
    return sum(int(word) << (64 * w) for w, word in enumerate(words))


@njit(nogil=True, error_model="numpy", plain=_plain_closed)
def _closed(packing, memory, words, first, to, way, ways, slots, more, flag):  # type: ignore[no-untyped-def]
    """Fill the columns with profiles, arcs and ways; return their numbers, or -1.

    `slots` is an open hash table of places, its size a power of two. `more` tells the way that
    starts one more of a class, none of a later one, or -1 where it is not there yet.
    """
    shape, guard, full = packing.shape, packing.guard, packing.full
    width = words.shape[1]
    classes = shape.shape[0]
    down = np.uint64(packing.bits)
    up = np.uint64(64 - packing.bits)
    held = np.zeros((memory + 2, width), np.uint64)
    last = np.zeros(memory + 2, np.int64)
    started = np.zeros(memory + 2, np.int32)
    # children of several profiles, which are looked up side by side
    found = np.zeros((TOGETHER + ways.shape[0], width), np.uint64)
    profiles = places(words, 0, slots, found[:1], to)
    number = 1
    arcs = 0
    done = 0
    while done < profiles:
        begin = arcs
        while done < profiles and arcs - begin < TOGETHER:
            # what has been found already will have too many arcs, at this rate
            if flag[0] or (done > _TOLD and profiles * arcs > done * to.size):
                return -1, 0, 0
            first[done] = arcs
            for w in range(width):
                held[0, w] = words[done, w]
            depth = 0
            last[0] = 0
            descending = True
            while depth >= 0:
                if descending:
                    if arcs >= to.size:
                        return -1, 0, 0
                    for w in range(width):
                        found[arcs - begin, w] = held[depth, w] >> down
                        if w + 1 < width:
                            found[arcs - begin, w] |= held[depth, w + 1] << up
                    way[arcs] = started[depth]
                    arcs += 1
                    c = last[depth]
                descending = False
                while c < classes:
                    fits = True
                    for w in range(width):
                        held[depth + 1, w] = held[depth, w] + shape[c, w]
                        if ((full | guard) - held[depth + 1, w]) & guard != guard:
                            fits = False
                            break
                    if fits:
                        one = more[started[depth], c]
                        if one < 0:
                            if number == ways.shape[0]:
                                return -1, 0, 0
                            one = number
                            more[started[depth], c] = one
                            for k in range(classes):
                                ways[one, k] = ways[started[depth], k]
                            ways[one, c] += 1
                            number += 1
                        depth += 1
                        last[depth] = c
                        started[depth] = one
                        descending = True
                        break
                    c += 1
                if not descending:
                    if depth > 0:
                        c = last[depth] + 1
                    depth -= 1
            done += 1
        profiles = places(words, profiles, slots, found[: arcs - begin], to[begin:arcs])
        if profiles < 0:
            return -1, 0, 0
    first[profiles] = arcs
    return profiles, arcs, number


def _plain_sort(first, to, way, top, classes):  # type: ignore[no-untyped-def]
    owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.argsort(owner * classes + top[way], kind="stable")
    to[:], way[:] = to[order], way[order]


@njit(nogil=True, error_model="numpy", plain=_plain_sort)
def _sort(first, to, way, top, classes):  # type: ignore[no-untyped-def]
    """Put the arcs of each profile in the order of the last class that they start."""
    longest = 0
    for x in range(first.size - 1):
        longest = max(longest, first[x + 1] - first[x])
    old_to = np.empty(longest, np.int32)
    old_way = np.empty(longest, np.int32)
    place = np.empty(classes + 1, np.int64)
    for x in range(first.size - 1):
        place[:] = 0
        begin, number = first[x], first[x + 1] - first[x]
        for e in range(number):
            old_to[e] = to[begin + e]
            old_way[e] = way[begin + e]
            place[top[old_way[e]] + 1] += 1
        for c in range(classes):
            place[c + 1] += place[c]
        for e in range(number):
            c = top[old_way[e]]
            to[begin + place[c]] = old_to[e]
            way[begin + place[c]] = old_way[e]
            place[c] += 1


@njit(nogil=True, error_model="numpy")
def places(rows, number, slots, found, out):  # type: ignore[no-untyped-def]
    """Write the places of some rows among the first `number`, to which they are added if need be.

    Returns how many there are then, or -1 where there is no room for more.
    """
    mask = np.uint64(slots.size - 1)
    slot = np.empty(found.shape[0], np.uint64)
    look_up(rows, slots, found, slot, out)
    for i in range(found.shape[0]):
        if out[i] >= 0:
            continue
        own = slot[i]
        place = slots[own]
        while place >= 0 and not _same(rows, place, found, i):  # one added just now
            own = (own + np.uint64(1)) & mask
            place = slots[own]
        if place < 0:
            if number == rows.shape[0]:
                return -1
            place = number
            slots[own] = place
            for w in range(found.shape[1]):
                rows[place, w] = found[i, w]
            number += 1
        out[i] = place
    return number


@njit(nogil=True, error_model="numpy")
def look_up(rows, slots, found, slot, out):  # type: ignore[no-untyped-def]
    """Write the places of some rows, or -1, and where in the hash table each is or would be.

    In loops where no answer of the memory waits for another: they come at once, and it is slow.
    """
    mask = np.uint64(slots.size - 1)
    for i in range(found.shape[0]):
        mixed = np.uint64(0)
        for w in range(found.shape[1]):
            mixed = (mixed ^ found[i, w]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        slot[i] = mixed & mask
        out[i] = slots[slot[i]]
    for i in range(found.shape[0]):
        if out[i] >= 0 and not _same(rows, out[i], found, i):
            out[i] = -2
    for i in range(found.shape[0]):
        while out[i] == -2:
            slot[i] = (slot[i] + np.uint64(1)) & mask
            out[i] = slots[slot[i]]
            if out[i] >= 0 and not _same(rows, out[i], found, i):
                out[i] = -2


@njit(nogil=True, error_model="numpy")
def _same(rows, place, found, i):  # type: ignore[no-untyped-def]
    same = True
    for w in range(found.shape[1]):
        same &= rows[place, w] == found[i, w]
    return same
