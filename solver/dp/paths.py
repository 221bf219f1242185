"""The paths behind a table of the trajectory relaxation: the events that the best ones take."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.compiled import njit
from kvproof.solver.dp.sweep import ANY
from kvproof.solver.dp.trajectory import Ints


class Paths(NamedTuple):
    """Where paths stand, and what each weighs; :func:`follow` overwrites it."""

    running: Ints
    tokens: Ints
    weight: npt.NDArray[np.float64]


@njit(nogil=True, error_model="numpy")
def follow(layout, since, paths, taken, slope):  # type: ignore[no-untyped-def]
    """Walk the best paths on from step `since`, taking their weights off the slopes.

    Slopes have the shape (2, classes, steps): of alpha, of beta. Paths that meet go on as one.
    """
    lane = layout.least.size + 1
    place_k, place_u, _ = paths
    seat = np.full((layout.kinds.memory + 1) * lane, -1, np.int64)
    number = place_k.size
    for t in range(since, layout.start_first.size - 1):
        for q in range(number):
            _step(layout, t, paths, q, taken, slope)
        number = _merged(paths, number, seat, lane)
        for q in range(number):
            seat[place_u[q] * lane + place_k[q]] = -1


@njit(nogil=True, error_model="numpy")
def _step(layout, t, paths, q, taken, slope):  # type: ignore[no-untyped-def]
    """Move a path over step t: its ends, a token more for each running request, its starts."""
    (
        kinds, _, start_first, start_class, start_size, end_first, end_class, end_size, least, _,
    ) = layout  # fmt: skip
    memory, prompt, output = kinds.memory, kinds.prompt, kinds.output
    lane = least.size + 1
    shift = start_class.size
    k, u, weight = paths.running[q], paths.tokens[q], paths.weight[q]
    for e in range(end_first[t + 1] - 1, end_first[t] - 1, -1):
        c, size = end_class[e], max(1, end_size[e])
        need = size * (prompt[c] + output[c])
        while k >= size and u >= need and taken[shift + e, u * lane + k]:
            slope[1, c, t - output[c]] -= size * weight
            k -= size
            u -= need
            if end_size[e] != ANY:
                break
    # where multipliers climb beyond 32 bits a path may go where there is none
    u = min(u + k, memory)
    for e in range(start_first[t + 1] - 1, start_first[t] - 1, -1):
        c, size = start_class[e], max(1, start_size[e])
        need = size * (prompt[c] + 1)
        while k + size < least.size and u + need <= memory and taken[e, u * lane + k]:
            slope[0, c, t] -= size * weight
            k += size
            u += need
            if start_size[e] != ANY:
                break
    paths.running[q] = k
    paths.tokens[q] = u


@njit(nogil=True, error_model="numpy")
def _merged(paths, number, seat, lane):  # type: ignore[no-untyped-def]
    """Make one of the paths that stand at the same cell; return how many are left."""
    place_k, place_u, weight = paths
    met = 0
    for q in range(number):
        x = place_u[q] * lane + place_k[q]
        if seat[x] >= 0:
            weight[seat[x]] += weight[q]
        else:
            seat[x] = met
            place_k[met] = place_k[q]
            place_u[met] = place_u[q]
            weight[met] = weight[q]
            met += 1
    return met
