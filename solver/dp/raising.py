"""What of a state's profile matters: only what the requests that wait could still use.

Let w be the most tokens that they can hold in a later step in any way to complete the state. All of
these ways still fit if the profile is raised to M - w in that step, where it is lower. So a state
is dominated by any other of the same set and no higher cost whose own profile lies below its
*raised* one: what completes the first completes the second. The checker compares profiles as they
are, and so may keep more states; it proves the same.

It pays where requests start small: what starts now holds little at once and much later, when less
is free.
"""

from __future__ import annotations

import numpy as np

from kvproof.scheduling.compiled import njit

_NONE = -1  # the most tokens of a number of requests that cannot run together
# Of more equal requests than this any number is allowed for, in one pass: a wider bound, but far
# fewer steps than one pass for each.
_FEW = 3


@njit(nogil=True, error_model="numpy")
def raise_profiles(  # type: ignore[no-untyped-def]
    kinds, packing, allowed, t, most, starts, profile, begin, end, out, flag
):  # fmt: skip
    """Write the raised profiles of states begin..end-1, before the starts at step t, to `out`.

    At most `most` requests run together, and starts are among the `allowed` ones. For each step to
    come and each number of requests, what they hold is bounded twice: by what may have started
    since t and have grown, if none of it has ended, in the room of the steps up to it; and by what
    the room of the steps after it takes, if only ends follow. Leaving out the requests that have
    ended, or start later, makes room, so those that run in the step keep within both. A set `flag`
    ends it.
    """
    memory, _, prompt, output, count, offset = kinds
    bits = packing.bits
    classes, steps = count.size, allowed.shape[1]
    lanes = 64 // bits
    lane = np.uint64((1 << bits) - 1)
    length = profile.shape[1] * lanes
    fewest = np.empty((length, most + 1), np.int64)
    largest = np.empty((length, most + 1), np.int64)
    running = np.empty(length, np.int64)
    room = np.empty(length, np.int64)
    left = np.empty(classes, np.int64)
    after = np.empty(most + 1, np.int64)
    low = np.empty(most + 1, np.int64)
    high = np.empty(most + 1, np.int64)
    for i in range(begin, end):
        if flag[0]:
            return
        waiting = 0
        for c in range(classes):
            left[c] = count[c]
            while left[c] > 0 and starts[i, offset[c] + count[c] - left[c]] >= 0:
                left[c] -= 1
            waiting += left[c]
        top = min(most, waiting)
        last = -1
        for j in range(length):
            shift = np.uint64(bits * (j % lanes))
            held = np.int64((profile[i, j // lanes] >> shift) & lane)
            room[j] = memory - held
            if held > 0:
                last = j
        for w in range(profile.shape[1]):
            out[i, w] = profile[i, w]
        # lane j is step t + 1 + j: what starts at t + j holds its first tokens there
        for k in range(top + 1):
            low[k] = memory + 1
            high[k] = _NONE
        low[0] = 0
        high[0] = 0
        number = 0
        widest = 0
        for j in range(last + 1):
            for k in range(1, number + 1):
                low[k] += k
                high[k] = min(high[k] + k, room[j])
                if low[k] > room[j]:
                    low[k] = memory + 1
                    high[k] = _NONE
            if t + j < steps:
                for c in range(classes):
                    if left[c] == 0 or not allowed[c, t + j]:
                        continue
                    more = prompt[c] + 1
                    if left[c] > _FEW:
                        for k in range(1, top + 1):
                            if high[k - 1] == _NONE or low[k - 1] + more > room[j]:
                                if k > number:
                                    break
                                continue
                            number = max(number, k)
                            low[k] = min(low[k], low[k - 1] + more)
                            high[k] = max(high[k], min(high[k - 1] + more, room[j]))
                        continue
                    for _ in range(left[c]):
                        if number < top and high[number] != _NONE:
                            number += 1
                        same = True
                        for k in range(number, 0, -1):
                            if low[k - 1] + more <= room[j]:
                                tokens = min(high[k - 1] + more, room[j])
                                same = same and low[k] <= low[k - 1] + more and high[k] >= tokens
                                low[k] = min(low[k], low[k - 1] + more)
                                high[k] = max(high[k], tokens)
                        if same:  # so are further requests of the class
                            break
            while number > 0 and high[number] == _NONE:
                number -= 1
            running[j] = number
            widest = max(widest, number)
            for k in range(number + 1):
                fewest[j, k] = low[k]
                largest[j, k] = high[k]
        for k in range(widest + 1):
            after[k] = memory
        for j in range(last, -1, -1):
            if j < last:
                for k in range(widest + 1):
                    after[k] -= k
                for c in range(classes):
                    # what ends with step t + 1 + j started no earlier than t
                    p = t + 1 + j - output[c]
                    if left[c] == 0 or p < t or p >= steps or not allowed[c, p]:
                        continue
                    if left[c] > _FEW:
                        for k in range(1, widest + 1):
                            if after[k - 1] >= 0:
                                tokens = min(after[k - 1] + prompt[c] + output[c], room[j])
                                after[k] = max(after[k], tokens)
                        continue
                    for _ in range(min(left[c], widest)):
                        same = True
                        for k in range(widest, 0, -1):
                            tokens = min(after[k - 1] + prompt[c] + output[c], room[j])
                            if after[k - 1] >= 0 and after[k] < tokens:
                                after[k] = tokens
                                same = False
                        if same:
                            break
            use = 0
            for k in range(widest + 1):
                after[k] = min(after[k], room[j])
                if k <= running[j]:
                    tokens = min(after[k], largest[j, k])
                    if tokens >= fewest[j, k]:
                        use = max(use, tokens)
            if use < room[j]:
                shift = np.uint64(bits * (j % lanes))
                out[i, j // lanes] &= ~(lane << shift)
                out[i, j // lanes] |= np.uint64(memory - use) << shift
