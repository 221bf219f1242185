"""OPT by brute force, for the tests: plain, slow, and of no use beyond five or six requests."""

from kvproof.scheduling.instance import Instance


def brute_force(instance: Instance) -> tuple[int, list[int]]:
    """Return OPT and starts that reach it, trying every start of every request in turn."""
    full = instance.expanded()
    rows = list(zip(full.arrival.tolist(), full.prompt.tolist(), full.output.tolist(), strict=True))
    held: dict[int, int] = {}
    starts = [0] * len(rows)
    # one after the other is feasible, and one more than that bounds the search
    clock = 0
    best_total, best_starts = 1, [0] * len(rows)
    for i, (a, _, o) in enumerate(rows):
        best_starts[i] = max(clock, a)
        clock = best_starts[i] + o
        best_total += clock - a
    least = [0] * (len(rows) + 1)
    for i in range(len(rows) - 1, -1, -1):
        least[i] = least[i + 1] + rows[i][2]

    def place(i: int, total: int) -> None:
        nonlocal best_total, best_starts
        if i == len(rows):
            best_total, best_starts = total, starts.copy()
            return
        a, s, o = rows[i]
        p = a
        while total + p + o - a + least[i + 1] < best_total:
            if all(held.get(p + j, 0) + s + j <= full.memory for j in range(1, o + 1)):
                for j in range(1, o + 1):
                    held[p + j] = held.get(p + j, 0) + s + j
                starts[i] = p
                place(i + 1, total + p + o - a)
                for j in range(1, o + 1):
                    held[p + j] -= s + j
            p += 1

    place(0, 0)
    return best_total, best_starts
