"""What the classes that are still to be decided can add at one step of the search, at least."""

from kvproof.scheduling.compiled import njit


@njit(nogil=True, error_model="numpy")
def look_ahead(kinds, may_start, begun, bounds, out):  # type: ignore[no-untyped-def]
    """Fill ``out[c, k, u, v]``: the least that classes c and later can still add at this step.

    Their starts now in place of later ones, and the table of vector v where that leads, if k
    requests run and hold u tokens in the next step by what classes before c have decided. With it
    only decisions are followed that some full one within the cutoff shares. All vectors of a place
    lie together, as they are asked together.
    """
    classes = kinds.copies.size
    _, ks, us, vectors = out.shape
    for k in range(ks):
        for u in range(us):
            for v in range(vectors):
                out[classes, k, u, v] = bounds.table[v, k, u]
    for c in range(classes - 1, -1, -1):
        for k in range(ks):
            for u in range(us):
                for v in range(vectors):
                    out[c, k, u, v] = out[c + 1, k, u, v]
        if not may_start[c]:
            continue
        held = kinds.prompt[c] + 1
        # each pass lets one more of them start: rows that are read are not yet overwritten
        for _ in range(min(kinds.copies[c], ks - 1)):
            for k in range(ks - 1):
                for u in range(us - held):
                    for v in range(vectors):
                        there = out[c, k + 1, u + held, v] + begun[v, c] - bounds.rest[v, c]
                        out[c, k, u, v] = min(out[c, k, u, v], there)
