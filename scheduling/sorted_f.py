"""Sorted-F (2508.06133): batches with a small output sum for their size."""

from heapq import heappop, heappush

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.request_columns import volumes

# With this many waiting requests or fewer the best batch is found among all subsets.
EXACT_UP_TO = 12


class SortedF:
    """Run batches X of least ``sum output / |X|^2`` among those whose peaks fit the memory at once.

    Choosing X exactly is hard. With at most 12 waiting requests all subsets are tried. Beyond
    that X is the best prefix, over three sort orders (output; prompt + output; volume), among
    those with ``sum (prompt + output) <= memory``. A batch runs by output, then by index.
    """

    name = "sorted-f"

    def next_batch(self, instance: Instance, waiting: Column) -> Column:
        """Return the next batch, by output, then by index."""
        output = instance.output[waiting]
        prompt = instance.prompt[waiting]
        peak = prompt + output
        if len(waiting) <= EXACT_UP_TO:
            batch = best_subset(instance.memory, peak, output)
        else:
            batch = self.many(instance.memory, peak, output, volumes(prompt, output))
        chosen = np.sort(waiting[batch])
        return chosen[np.argsort(instance.output[chosen], kind="stable")]

    def many(self, memory: int, peak: Column, output: Column, volume: Column) -> Column:
        """Return the positions of a batch where too many wait to try all subsets."""
        batches = [best_prefix(memory, key, peak, output) for key in (output, peak, volume)]
        return min(batches, key=lambda b: int(output[b].sum()) / len(b) ** 2)


@njit
def best_subset(memory, peak, output):  # type: ignore[no-untyped-def]
    """Return the positions of a best batch among all subsets, exactly (n <= 12)."""
    n = len(peak)
    peaks = np.zeros(1 << n, np.int64)
    outputs = np.zeros(1 << n, np.int64)
    size = np.zeros(1 << n, np.int64)
    best = 0
    low = 0  # the lowest member of a subset; the rest is a smaller subset, done already
    for subset in range(1, 1 << n):
        low = 0
        while not subset >> low & 1:
            low += 1
        rest = subset & (subset - 1)
        peaks[subset] = peaks[rest] + peak[low]
        outputs[subset] = outputs[rest] + output[low]
        size[subset] = size[rest] + 1
        if peaks[subset] <= memory and (
            best == 0 or outputs[subset] * size[best] ** 2 < outputs[best] * size[subset] ** 2
        ):
            best = subset
    return np.array([i for i in range(n) if best >> i & 1], np.int64)


@njit
def best_prefix(memory, key, peak, output):  # type: ignore[no-untyped-def]
    """Return the positions of the best prefix in the order of `key`, in one pass over all.

    A heap keeps the shortest prefix of what was seen whose peaks exceed the memory; most of a
    long list is passed over by one comparison with its largest key.
    """
    prefix = [(np.int64(0), np.int64(0)) for _ in range(0)]  # (-key, -position)
    total = 0
    for i in range(len(key)):
        item = (-np.int64(key[i]), -np.int64(i))
        if total > memory and item < prefix[0]:
            continue
        heappush(prefix, item)
        total += peak[i]
        while total - peak[-prefix[0][1]] > memory:
            total -= peak[-heappop(prefix)[1]]
    if total > memory:
        heappop(prefix)
    order = np.empty(len(prefix), np.int64)
    for i in range(len(prefix) - 1, -1, -1):
        order[i] = -heappop(prefix)[1]
    best, least, outputs = 0, np.inf, 0
    for i in range(len(order)):
        outputs += output[order[i]]
        quality = outputs / (i + 1) ** 2
        if quality < least:
            best, least = i + 1, quality
    return order[:best]
