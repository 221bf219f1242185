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
from kvproof.solver.threads import Flag

Places = npt.NDArray[np.int32]

# Bytes for each way to start requests in one step; beyond so many there are too many profiles, too.
_WAY_BYTES, _MOST_WAYS = 1024, 1 << 16
# Arcs for each profile that room is made for; few instances have more.
_ARCS = 16
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
    packing = packing_of(model)
    most = min(memory_bytes // (_BYTES + 8 * packing.words), 2**31 // _ARCS - 1)
    if most < 1:
        return None
    slots = 1 << (2 * most).bit_length() - 1
    words = np.empty((most, packing.words), np.uint64)
    first = np.empty(most + 1, np.int64)
    to = np.empty(_ARCS * most, np.int32)
    way = np.empty(_ARCS * most, np.int32)
    most_ways = min(memory_bytes // _WAY_BYTES, _MOST_WAYS)
    way_slots = np.full(1 << (4 * most_ways).bit_length(), -1, np.int32)
    ways = np.zeros((most_ways, model.classes), np.uint64)
    sizes = _closed(
        packing, model.memory, words, first, to, way, ways,
        np.full(slots, -1, np.int32), way_slots, flag,
    )  # fmt: skip
    if sizes[0] < 0:
        return None
    profiles, arcs, number = sizes
    started = ways[:number].astype(np.int64)
    top = np.where(started > 0, np.arange(model.classes), 0).max(axis=1).astype(np.int32)
    # not copied, for they may be large; what was not written takes no memory
    first, to, way = first[: profiles + 1], to[:arcs], way[:arcs]
    _sort(first, to, way, top, model.classes)
    return Space(first=first, to=to, way=way, ways=started, top=top)


def arcs_of(
    first: npt.NDArray[np.int64], chosen: Places
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the arcs of the chosen profiles, and whose each is, by its place among them."""
    number = first[chosen + 1] - first[chosen]
    owner = np.repeat(np.arange(len(chosen)), number)
    before = np.cumsum(number) - number
    return owner, np.arange(len(owner)) + (first[chosen] - before)[owner]


def _plain_closed(packing, memory, words, first, to, way, ways, slots, way_slots, flag):  # type: ignore[no-untyped-def]
    """Do the same with profiles as single integers and dictionaries in place of hash tables."""
    most, width = words.shape
    bits = packing.bits
    shapes = [_joined(own) for own in packing.shape]
    guard = sum(int(packing.guard) << (64 * w) for w in range(width))
    full = sum(int(packing.full) << (64 * w) for w in range(width)) | guard
    places = {0: 0}
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
            if flag[0] or len(queue) >= most or arcs >= len(to) or len(taken) >= len(ways):
                return -1, 0, 0
            after = held >> bits
            if after not in places:
                places[after] = len(queue)
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


def _joined(words: Words) -> int:
    return sum(int(word) << (64 * w) for w, word in enumerate(words))


@njit(nogil=True, error_model="numpy", plain=_plain_closed)
def _closed(packing, memory, words, first, to, way, ways, slots, way_slots, flag):  # type: ignore[no-untyped-def]
    """Fill the columns with profiles, arcs and ways; return their numbers, or -1.

    `slots` and `way_slots` are open hash tables of places, their sizes powers of two.
    """
    shape, guard, full = packing.shape, packing.guard, packing.full
    most, width = words.shape
    classes = shape.shape[0]
    down = np.uint64(packing.bits)
    up = np.uint64(64 - packing.bits)
    held = np.zeros((memory + 2, width), np.uint64)
    last = np.zeros(memory + 2, np.int64)
    found = np.zeros(width, np.uint64)
    counts = np.zeros(classes, np.uint64)
    profiles = _place(words, 0, slots, found) + 1
    number = 0
    arcs = 0
    done = 0
    while done < profiles:
        # what has been found already will have too many arcs, at this rate
        if flag[0] or (done > _TOLD and profiles * arcs > done * to.size):
            return -1, 0, 0
        first[done] = arcs
        for w in range(width):
            held[0, w] = words[done, w]
        for c in range(classes):
            counts[c] = 0
        depth = 0
        last[0] = 0
        descending = True
        while depth >= 0:
            if descending:
                if profiles >= most or arcs >= to.size or number >= ways.shape[0]:
                    return -1, 0, 0
                for w in range(width):
                    found[w] = held[depth, w] >> down
                    if w + 1 < width:
                        found[w] |= held[depth, w + 1] << up
                to[arcs] = _place(words, profiles, slots, found)
                profiles = max(profiles, to[arcs] + 1)
                way[arcs] = _place(ways, number, way_slots, counts)
                number = max(number, way[arcs] + 1)
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
                    depth += 1
                    last[depth] = c
                    counts[c] += np.uint64(1)
                    descending = True
                    break
                c += 1
            if not descending:
                if depth > 0:
                    counts[last[depth]] -= np.uint64(1)
                    c = last[depth] + 1
                depth -= 1
        done += 1
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
def _hash(found, mask):  # type: ignore[no-untyped-def]
    mixed = np.uint64(0)
    for w in range(found.size):
        mixed = (mixed ^ found[w]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed & mask


@njit(nogil=True, error_model="numpy")
def _place(rows, number, slots, found):  # type: ignore[no-untyped-def]
    """Return the place of a row among the first `number`, to which it is added if need be."""
    mask = np.uint64(slots.size - 1)
    slot = _hash(found, mask)
    while slots[slot] >= 0:
        place = slots[slot]
        same = True
        for w in range(found.size):
            if rows[place, w] != found[w]:
                same = False
                break
        if same:
            return place
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = number
    for w in range(found.size):
        rows[number, w] = found[w]
    return number
