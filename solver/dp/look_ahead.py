"""What the classes that are still to be decided can add at one step of the search, at least."""

from kvproof.scheduling.compiled import njit


@njit(nogil=True, error_model="numpy")
def look_ahead(kinds, may_start, begun, bounds, out):  # type: ignore[no-untyped-def]
    """Fill ``out[v, c, k, u]``: the least that classes c and later can still add at this step.

    Their starts now in place of later ones, and the table where that leads, if k requests run and
    hold u tokens in the next step by what classes before c have decided. With it only decisions
    are followed that some full one within the cutoff shares.
    """
    classes = kinds.copies.size
    vectors, _, ks, us = out.shape
    for v in range(vectors):
        for k in range(ks):
            for u in range(us):
                out[v, classes, k, u] = bounds.table[v, k, u]
        for c in range(classes - 1, -1, -1):
            for k in range(ks):
                for u in range(us):
                    out[v, c, k, u] = out[v, c + 1, k, u]
            if not may_start[c]:
                continue
            gain = begun[v, c] - bounds.rest[v, c]
            held = kinds.prompt[c] + 1
            # each pass lets one more of them start: rows that are read are not yet overwritten
            for _ in range(min(kinds.copies[c], ks - 1)):
                for k in range(ks - 1):
                    for u in range(us - held):
                        there = out[v, c, k + 1, u + held] + gain
                        if there < out[v, c, k, u]:
                            out[v, c, k, u] = there
