"""The simulator that users run: Numba kernels that go from event to event, never step by step.

What is running is kept as a profile: for each distinct future completion step the number of
requests that complete then and the sum of their ``prompt - start``. The tokens held at step u are
then ``sum(prompt - start) + u * number`` over all that complete at u or later, and while the
profile is unchanged the first step at which a request fits follows from one ascending pass over
it (:func:`earliest`). :mod:`kvproof.scheduling.reference` is the plain version of the same rule.
"""

from heapq import heappop, heappush

import numpy as np

from kvproof.scheduling.compiled import njit

# Columns of a profile row: completion step, number of requests, sum of prompt - start. The sums
# may wrap around in int64; what is made of them is a number of tokens and so comes out exact.
END, NUMBER, OFFSET = 0, 1, 2
_NEVER = np.int64(2**63 - 1)  # starts go up to 2^62, and beyond where they are then refused


@njit
def earliest(  # type: ignore[no-untyped-def]
    profile, low, high, number, offset, memory, prompt, output, now
):
    """Return the first step >= now at which a request fits, if nothing else starts until then.

    Rows low..high-1 of the profile are running, `number` and `offset` are their totals. Held
    tokens peak at completion steps e (where ``held + prompt + (e - p) <= memory`` bounds the
    start p from below, until p reaches e) and at the request's own end. A start that fails at e
    fails there for every p below that bound, so p only grows and one pass suffices; an own end
    that fails inside an interval between completions fails until it reaches the interval's end.
    """
    start = now
    for row in range(low, high):
        end = profile[row, END]
        if end > start:
            held = offset + number * end
            own_end = start + output
            if end <= own_end or held - number * (end - own_end) + prompt + output > memory:
                start = max(start, min(held + prompt + end - memory, end))
            else:
                break
        number -= profile[row, NUMBER]
        offset -= profile[row, OFFSET]
    return start


@njit
def insert(profile, low, high, end, offset):  # type: ignore[no-untyped-def]
    """Add a request to the profile; return profile, low, high (the array may have moved)."""
    if high == len(profile):
        kept = high - low
        target = profile if 2 * kept < high else np.empty((max(2 * high, 64), 3), np.int64)
        for row in range(kept):
            for column in range(3):
                target[row, column] = profile[low + row, column]
        profile, low, high = target, 0, kept
    row = high
    while row > low and profile[row - 1, END] > end:
        row -= 1
    if row > low and profile[row - 1, END] == end:
        profile[row - 1, NUMBER] += 1
        profile[row - 1, OFFSET] += offset
        return profile, low, high
    for moved in range(high, row, -1):
        for column in range(3):
            profile[moved, column] = profile[moved - 1, column]
    profile[row, END] = end
    profile[row, NUMBER] = 1
    profile[row, OFFSET] = offset
    return profile, low, high + 1


@njit(nogil=True)
def run_strict(memory, arrival, release, toll, key, prompt, output, reserved, running, now):  # type: ignore[no-untyped-def]
    """Start the requests by the strict rule of docs/theory.md; return their start steps.

    All columns are in order of arrival; the waiting request of least key goes first, and among
    equal keys the first row. None starts before its `release`, nor while credit is negative: `toll`
    is (cost of each row, unit, cap), see :class:`kvproof.scheduling.policies.Toll`, and its costs
    may be empty. `reserved` is what admission takes
    for the output. `running` is the profile of what runs already, `now` the first step.
    """
    n = len(prompt)
    starts = np.empty(n, np.int64)
    profile = running.copy()
    low, high = 0, len(running)
    number = running[:, NUMBER].sum()
    offset = running[:, OFFSET].sum()
    waiting = [(key[0], np.int64(0)) for _ in range(0)]  # heap of (key, row)
    ending = [(np.int64(0), np.int64(0)) for _ in range(0)]  # heap of (true end, row)
    # A backlog comes in order of key: its rows need no heap.
    front, front_end = 0, 1
    while (
        front_end < n and arrival[front_end] == arrival[0] and key[front_end] >= key[front_end - 1]
    ):
        front_end += 1
    now = max(now, arrival[0])
    arrived = front_end
    started = 0
    costs, unit, cap, lent = toll
    # the time since the first arrival, over `unit`, from which on credit is not negative
    since, spent = arrival[0], np.int64(0)
    head = np.int64(-1)  # the row that `ready` was computed for, under the present profile
    ready = np.int64(0)
    while started < n:
        if front == front_end and len(waiting) == 0:
            now = max(now, arrival[arrived])
        while arrived < n and arrival[arrived] <= now:
            heappush(waiting, (key[arrived], np.int64(arrived)))
            arrived += 1
        next_arrival = arrival[arrived] if arrived < n else _NEVER
        low, number, offset = completed(profile, low, high, number, offset, now)
        while len(ending) > 0 and ending[0][0] <= now:
            row = heappop(ending)[1]
            reserved_end = starts[row] + reserved[row]
            if reserved_end > now:
                _release(profile, low, high, reserved_end, prompt[row] - starts[row])
                number -= 1
                offset -= prompt[row] - starts[row]
                head = np.int64(-1)
        from_front = front < front_end and (
            len(waiting) == 0 or (key[front], np.int64(front)) < waiting[0]
        )
        first = np.int64(front) if from_front else waiting[0][1]
        if first != head:
            head = first
            ready = earliest(
                profile, low, high, number, offset, memory, prompt[head], reserved[head],
                max(now, release[head], since - (lent - spent) // unit),
            )  # fmt: skip
        if ready <= now:
            if from_front:
                front += 1
            else:
                heappop(waiting)
            starts[head] = now
            started += 1
            profile, low, high = insert(
                profile, low, high, now + reserved[head], prompt[head] - now
            )
            number += 1
            offset += prompt[head] - now
            if reserved[head] > output[head]:
                heappush(ending, (now + output[head], head))
            if len(costs) > 0:
                spent = max(spent, (now - since - cap) * unit) + costs[head]
            head = np.int64(-1)
        else:
            now = min(ready, next_arrival)
            if len(ending) > 0:
                now = min(now, ending[0][0])
    return starts


@njit
def completed(profile, low, high, number, offset, now):  # type: ignore[no-untyped-def]
    """Pass the rows that end by `now`; return the first one left, and the totals of the rest."""
    while low < high and profile[low, END] <= now:
        number -= profile[low, NUMBER]
        offset -= profile[low, OFFSET]
        low += 1
    return low, number, offset


@njit
def _release(profile, low, high, end, offset):  # type: ignore[no-untyped-def]
    """Take a request that ended before its reserved end out of the profile, in place."""
    row = low
    while profile[row, END] != end:
        row += 1
    profile[row, NUMBER] -= 1
    profile[row, OFFSET] -= offset


@njit
def run_skip(memory, arrival, prompt, output, reserved, by_arrival, running, now):  # type: ignore[no-untyped-def]
    """As :func:`run_strict`, but a request that does not fit is passed over (backfilling).

    The columns are in order of the policy, so that a request's row is its rank; `by_arrival`
    lists the rows by arrival.

    A request that was tried and did not fit waits in `later` for the exact step at which it
    would fit if nothing else started; starts only add to the profile, so that step stays a lower
    bound. The others are `due`: a tree over rows gives the next one, in the order of the policy,
    whose prompt fits the memory that is free in the very next step; only such are tried. An
    early end of a reservation frees memory, so then every waiting request is due again.
    """
    n = len(prompt)
    starts = np.empty(n, np.int64)
    profile = running.copy()
    low, high = 0, len(running)
    number = running[:, NUMBER].sum()
    offset = running[:, OFFSET].sum()
    due = empty_tree(n)
    later = [(np.int64(0), np.int64(0)) for _ in range(0)]  # heap of (not before, row)
    ending = [(np.int64(0), np.int64(0)) for _ in range(0)]  # heap of (true end, row)
    arrived = 0
    started = 0
    while started < n:
        while arrived < n and arrival[by_arrival[arrived]] <= now:
            set_leaf(due, by_arrival[arrived], prompt[by_arrival[arrived]])
            arrived += 1
        low, number, offset = completed(profile, low, high, number, offset, now)
        freed = False
        while len(ending) > 0 and ending[0][0] <= now:
            row = heappop(ending)[1]
            reserved_end = starts[row] + reserved[row]
            if reserved_end > now:
                _release(profile, low, high, reserved_end, prompt[row] - starts[row])
                number -= 1
                offset -= prompt[row] - starts[row]
                freed = True
        while len(later) > 0 and (freed or later[0][0] <= now):
            row = heappop(later)[1]
            set_leaf(due, row, prompt[row])
        row = np.int64(-1)
        while True:
            free = memory - (offset + number * (now + 1)) - 1
            row = next_leaf(due, row + 1, free)
            if row < 0:
                break
            set_leaf(due, row, _NEVER)
            ready = earliest(
                profile, low, high, number, offset, memory, prompt[row], reserved[row], now
            )
            if ready > now:
                heappush(later, (ready, row))
                continue
            starts[row] = now
            started += 1
            profile, low, high = insert(profile, low, high, now + reserved[row], prompt[row] - now)
            number += 1
            offset += prompt[row] - now
            if reserved[row] > output[row]:
                heappush(ending, (now + output[row], row))
        upcoming = _NEVER
        if due[1] < _NEVER:  # not before the smallest prompt fits with a single token
            upcoming = earliest(
                profile, low, high, number, offset, memory, due[1], np.int64(1), now + 1
            )
        if len(later) > 0:
            upcoming = min(upcoming, later[0][0])
        if arrived < n:
            upcoming = min(upcoming, arrival[by_arrival[arrived]])
        if len(ending) > 0:
            upcoming = min(upcoming, ending[0][0])
        now = upcoming
    return starts


@njit
def run_skip_lengths(memory, arrival, prompt, output, lengths, length, by_arrival, running, now):  # type: ignore[no-untyped-def]
    """As :func:`run_skip`, where few different `lengths` are reserved: row r has ``length[r]``.

    Of those that reserve the same, the ones that fit at a step are those with a prompt up to some
    most, so that none need be tried. Early ends, which make all that waits due again, cost no more
    than other events.
    """
    n = len(prompt)
    starts = np.empty(n, np.int64)
    profile = running.copy()
    low, high = 0, len(running)
    number = running[:, NUMBER].sum()
    offset = running[:, OFFSET].sum()
    # a tree over rows for each length
    waiting = np.full((len(lengths), len(empty_tree(n))), _NEVER)
    ending = [(np.int64(0), np.int64(0)) for _ in range(0)]  # heap of (true end, row)
    arrived = 0
    started = 0
    while started < n:
        while arrived < n and arrival[by_arrival[arrived]] <= now:
            row = by_arrival[arrived]
            set_leaf(waiting[length[row]], row, prompt[row])
            arrived += 1
        low, number, offset = completed(profile, low, high, number, offset, now)
        while len(ending) > 0 and ending[0][0] <= now:
            row = heappop(ending)[1]
            reserved_end = starts[row] + lengths[length[row]]
            if reserved_end > now:
                _release(profile, low, high, reserved_end, prompt[row] - starts[row])
                number -= 1
                offset -= prompt[row] - starts[row]
        passed = np.int64(-1)
        while True:
            row = _NEVER
            for c in range(len(lengths)):
                if waiting[c, 1] < _NEVER:
                    most = most_prompt(profile, low, high, number, offset, memory, lengths[c], now)
                    found = next_leaf(waiting[c], passed + 1, most)
                    if found >= 0:
                        row = min(row, found)
            if row == _NEVER:
                break
            passed = row
            set_leaf(waiting[length[row]], row, _NEVER)
            starts[row] = now
            started += 1
            end = now + lengths[length[row]]
            profile, low, high = insert(profile, low, high, end, prompt[row] - now)
            number += 1
            offset += prompt[row] - now
            if end > now + output[row]:
                heappush(ending, (now + output[row], row))
        upcoming = _NEVER
        for c in range(len(lengths)):
            if waiting[c, 1] < _NEVER:
                ready = earliest(
                    profile, low, high, number, offset, memory, waiting[c, 1], lengths[c], now + 1
                )
                upcoming = min(upcoming, ready)
        if arrived < n:
            upcoming = min(upcoming, arrival[by_arrival[arrived]])
        if len(ending) > 0:
            upcoming = min(upcoming, ending[0][0])
        now = upcoming
    return starts


@njit
def most_prompt(profile, low, high, number, offset, memory, output, now):  # type: ignore[no-untyped-def]
    """Return the largest prompt that a request of this output may have to fit at `now`.

    The arguments are those of :func:`earliest`; negative where none fits.
    """
    own_end = now + output
    most = memory - output
    for row in range(low, high):
        end = profile[row, END]
        if end >= own_end:
            break
        most = min(most, memory - (offset + number * end) - (end - now))
        number -= profile[row, NUMBER]
        offset -= profile[row, OFFSET]
    return min(most, memory - (offset + number * own_end) - output)


@njit
def empty_tree(n):  # type: ignore[no-untyped-def]
    """Return an empty tree of minima over n leaves; node i has the children 2i and 2i + 1."""
    leaves = 1
    while leaves < n:
        leaves *= 2
    return np.full(2 * leaves, _NEVER)


@njit
def set_leaf(tree, leaf, value):  # type: ignore[no-untyped-def]
    """Set the value of a leaf, and the minima above it."""
    node = len(tree) // 2 + leaf
    tree[node] = value
    while node > 1:
        node //= 2
        tree[node] = min(tree[2 * node], tree[2 * node + 1])


@njit
def next_leaf(tree, leaf, most):  # type: ignore[no-untyped-def]
    """Return the first leaf at or after `leaf` whose value is at most `most`, or -1."""
    leaves = len(tree) // 2
    if leaf >= leaves:
        return np.int64(-1)
    node = leaves + leaf
    while tree[node] > most:
        while node & 1:  # a right child: what follows it follows its parent
            node //= 2
        if node == 0:
            return np.int64(-1)
        node += 1
    while node < leaves:
        node *= 2
        if tree[node] > most:
            node += 1
    return np.int64(node - leaves)
