"""Structured beginnings: the known families, cut to a space."""

from collections.abc import Sequence

import numpy as np

from kvproof.adversary.genomes.repair import repaired
from kvproof.adversary.genomes.space import Genomes, Space

#: (arrival, prompt, output, count) and the plan (rank, pace, burst) of each class.
Row = tuple[int, int, int, int, int, int, int]


def family_genomes(space: Space) -> Genomes:
    """Return the families that have room in the space; each is repaired into it."""
    made: list[tuple[int, Sequence[Row]]] = []
    if space.span:
        made += _bursts(space)
    made += [_waves(space), _waves_and_fats(space), *_separators(space), _scales(space)]
    made.append(_long_first(space))
    genomes = space.empty(len(made))
    for genome, (repeats, rows) in zip(genomes, made, strict=True):
        genome[0, 0] = repeats
        kept = [list(row) for row in rows]
        if space.single:  # every request is a row: deal the counts out
            kept = [row for row in kept for _ in range(row[3])] * repeats
            kept = (kept * space.requests)[: space.requests]
        kept = kept[: space.rows]
        genome[1 : 1 + len(kept)] = np.array(kept, dtype=np.int64)
    return repaired(space, genomes)


def _waves(space: Space) -> tuple[int, Sequence[Row]]:
    """Identical triangles; one every d steps is feasible where strict SVF goes by waves."""
    return 1, [(0, 0, space.cap_tokens, space.requests, 0, 1015, 0)]


def _waves_and_fats(space: Space) -> tuple[int, Sequence[Row]]:
    """Triangles, then short fat requests of the same volume."""
    long = max(1, space.cap_tokens // 4)
    volume = long * (long + 1) // 2
    short = max(1, volume // max(1, space.cap_tokens))
    prompt = max(0, (volume - short * (short + 1) // 2) // short)
    count = max(1, 3 * space.requests // 4)
    fats = max(1, space.requests - count)
    return 1, [(0, 0, long, count, 0, 1015, 0), (0, prompt, short, fats, 1, 0, 0)]


def _separators(space: Space) -> list[tuple[int, Sequence[Row]]]:
    """Waves of slims, each followed by a fat request of the same volume that cannot start beside.

    Equal volumes go by index, so the repeated period is what SVF follows; the fats go last.
    """
    found: list[tuple[int, Sequence[Row]]] = []
    for stages in (8, 16, 32, 64):
        slots = space.requests // stages - 1
        fat = space.cap_tokens
        if slots < 1 or fat >= space.memory or fat < 4:
            continue
        slim = max(1, (space.memory - fat) // slots)
        output = max(2, fat // max(1, slim))
        prompt = max(0, (fat - output * (output + 1) // 2) // output)
        volume = prompt * output + output * (output + 1) // 2
        if volume > fat or volume - 1 < 0:
            continue
        count = (space.memory - volume) // (prompt + 1) + 1
        found.append(
            (stages, [(0, prompt, output, count, 0, 0, 0), (0, volume - 1, 1, 1, 1, 0, 0)])
        )
    return found


def _scales(space: Space) -> tuple[int, Sequence[Row]]:
    """Triangles on geometric scales, as many of each as fill the memory twice."""
    rows: list[Row] = []
    output = space.cap_tokens
    while output >= 1 and len(rows) < space.rows:
        count = max(1, min(2 * space.memory // output, space.requests // space.rows))
        rows.append((0, 0, output, count, 16 - len(rows), 1015, 0))
        output //= 4
    return 1, rows


def _long_first(space: Space) -> tuple[int, Sequence[Row]]:
    """Put a long request that fills the cap before short ones that fit once it is gone."""
    shorts = max(1, space.requests - 1)
    prompt = max(0, space.memory // shorts - 1)
    long = max(1, space.cap_tokens // 2)
    return 1, [
        (0, space.cap_tokens - long, long, 1, 1, 0, 0),
        (0, prompt, 1, shorts, 0, 0, 0),
    ]


def _bursts(space: Space) -> list[tuple[int, Sequence[Row]]]:
    """Put a long request alone, and short ones a step later (theorem svf-online-prompts)."""
    shorts = max(1, space.requests - 1)
    return [
        (
            1,
            [
                (0, space.cap_tokens - output, output, 1, 1, 0, 0),
                (1, max(0, space.memory // shorts - 1), 1, shorts, 0, 0, 0),
            ],
        )
        for output in sorted({max(1, min(space.cap_tokens, size)) for size in (16, shorts)})
    ]
