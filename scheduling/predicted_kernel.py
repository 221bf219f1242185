"""The fast version of :mod:`kvproof.scheduling.predicted`, step by step over what runs.

What runs is kept in order of expected end, with the totals of ``prompt - start`` and of requests:
in step u a stay that began (as if its earlier tokens had come just before) at s holds
``prompt - s + u``.
"""

from heapq import heappop, heappush

import numpy as np

from kvproof.scheduling.compiled import njit


@njit
def run_promised(memory, toll, arrival, prompt, output, promised, rank):  # type: ignore[no-untyped-def]
    """Run the requests, given in order of arrival; return the stays: row, begin, tokens, length.

    `toll` is (cost of each row, unit, cap, lent) as for ``run_strict``, for first starts alone.
    """
    n = len(prompt)
    start = np.zeros(n, np.int64)  # as if all tokens so far had come in a row
    began = np.zeros(n, np.int64)
    tokens = np.zeros(n, np.int64)
    stays = np.empty((n + 16, 4), np.int64)
    made = 0
    line = np.empty(n, np.int64)  # the rows that run, by expected end
    number = np.int64(0)
    offset = np.int64(0)
    waiting = [(np.int64(0), np.int64(0)) for _ in range(0)]
    arrived = done = 0
    now = np.int64(0)
    costs, unit, cap, lent = toll
    # the time since the first arrival, over `unit`, from which on credit is not negative
    since, spent = arrival[0], np.int64(0)
    while done < n:
        if number == 0 and len(waiting) == 0:
            now = max(now, arrival[arrived])
        while arrived < n and arrival[arrived] <= now:
            heappush(waiting, (rank[arrived], np.int64(arrived)))
            arrived += 1
        kept = 0
        for position in range(number):
            row = line[position]
            if start[row] + output[row] > now:
                line[kept] = row
                kept += 1
                continue
            offset -= prompt[row] - start[row]
            stays, made = _note(stays, made, row, began[row], tokens[row], now)
            done += 1
        number = np.int64(kept)
        stopped = False
        while offset + number * (now + 1) > memory:
            worst = 0
            for position in range(1, number):
                if rank[line[position]] > rank[line[worst]]:
                    worst = position
            row = line[worst]
            line[worst : number - 1] = line[worst + 1 : number].copy()
            number -= 1
            offset -= prompt[row] - start[row]
            stays, made = _note(stays, made, row, began[row], tokens[row], now)
            tokens[row] = now - start[row]
            heappush(waiting, (rank[row], row))
            stopped = True
        while len(waiting) > 0 and not stopped:
            row = waiting[0][1]
            anew = len(costs) > 0 and tokens[row] == 0
            if anew and (now - since) * unit < spent - lent:
                break
            first = now - tokens[row]
            end = max(first + promised[row], now + 1)
            if not _fits(memory, prompt, start, promised, line, number, offset, prompt[row] - first,
                         end, now):  # fmt: skip
                break
            heappop(waiting)
            if anew:
                spent = max(spent, (now - since - cap) * unit) + costs[row]
            start[row] = first
            began[row] = now
            offset += prompt[row] - first
            slot = number
            expected = first + promised[row]
            while slot > 0:
                before = line[slot - 1]
                if start[before] + promised[before] <= expected:
                    break
                line[slot] = before
                slot -= 1
            line[slot] = row
            number += 1
        now += 1
    return stays[:made, 0], stays[:made, 1], stays[:made, 2], stays[:made, 3]


@njit
def _fits(memory, prompt, start, promised, line, number, offset, own, end, now):  # type: ignore[no-untyped-def]
    """Whether a request that holds ``own + u`` in step u fits until `end`, as all are expected."""
    for position in range(number):
        row = line[position]
        step = max(start[row] + promised[row], now + 1)
        if step >= end:
            break
        if offset + number * step + own + step > memory:
            return False
        number -= 1
        offset -= prompt[row] - start[row]
    return offset + number * end + own + end <= memory


@njit
def _note(stays, made, row, begin, tokens, now):  # type: ignore[no-untyped-def]
    """Write a stay down; return the stays, which may have moved, and how many they are."""
    if made == len(stays):
        longer = np.empty((2 * made, 4), np.int64)
        longer[:made] = stays
        stays = longer
    stays[made, 0] = row
    stays[made, 1] = begin
    stays[made, 2] = tokens
    stays[made, 3] = now - begin
    return stays, made + 1
