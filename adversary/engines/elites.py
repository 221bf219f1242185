"""Quality-diversity (MAP-Elites): the best genome of each kind, where kinds differ in shape.

A genome's cell is made of its eps, the number of waves that its volume fills, and the share of
the volume that prompts hold. Cells far from the best of all keep stepping stones to it.
"""

import numpy as np

from kvproof.adversary.engines.protocol import Batch, State, generator_state
from kvproof.adversary.genomes.moves import mutate, sample
from kvproof.adversary.genomes.space import (
    COUNT,
    OUTPUT,
    PROMPT,
    REPEATS,
    Floats,
    Genomes,
    Space,
)
from kvproof.adversary.valuation.objective import Scores

EPS_BINS, WAVE_BINS, SHAPE_BINS = 8, 12, 8
CELLS = EPS_BINS * WAVE_BINS * SHAPE_BINS


def descriptors(space: Space, genomes: Genomes) -> Floats:
    """Return eps, waves and prompts' share of the volume, shape (genomes, 3)."""
    rows = genomes[:, 1:].astype(np.float64)
    used = rows[:, :, COUNT] > 0
    number = np.where(used, rows[:, :, COUNT], 0) * genomes[:, :1, REPEATS]
    prompts = number * rows[:, :, PROMPT] * rows[:, :, OUTPUT]
    volume = prompts + number * rows[:, :, OUTPUT] * (rows[:, :, OUTPUT] + 1) / 2
    peak = np.where(used, rows[:, :, PROMPT] + rows[:, :, OUTPUT], 0).max(axis=1)
    longest = np.where(used, rows[:, :, OUTPUT], 0).max(axis=1)
    total = volume.sum(axis=1)
    return np.stack(
        (peak / space.memory, total / (space.memory * longest), prompts.sum(axis=1) / total),
        axis=1,
    )


def cells(space: Space, genomes: Genomes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the cell of each genome, 0 to CELLS - 1."""
    eps, waves, shape = descriptors(space, genomes).T
    low, high = float(space.floor), float(space.cap)
    a = np.clip((eps - low) / (high - low) * EPS_BINS, 0, EPS_BINS - 1).astype(np.int64)
    b = np.clip(2 + np.log2(np.maximum(waves, 1e-9)) * 1.25, 0, WAVE_BINS - 1).astype(np.int64)
    c = np.clip(shape * SHAPE_BINS, 0, SHAPE_BINS - 1).astype(np.int64)
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = (a * WAVE_BINS + b) * SHAPE_BINS + c
    return found


class Elites:
    """An archive of cells; parents are drawn from it, the better half more often.

    Parameters
    ----------
    space, rng
        Where, and whose randomness.
    batch
        Candidates at a time.
    seeds
        Genomes to begin with, if any.
    """

    name = "elites"

    def __init__(
        self,
        *,
        space: Space,
        rng: np.random.Generator,
        batch: int = 64,
        seeds: Genomes | None = None,
    ) -> None:
        self._space, self._rng, self._batch = space, rng, batch
        self._values = np.zeros(CELLS)
        self._genomes = space.empty(CELLS)
        self._waiting = sample(space, 4 * batch, rng)
        if seeds is not None and len(seeds):
            self._waiting = np.concatenate((seeds, self._waiting))

    def ask(self) -> Batch:
        """Return what waits, or mutants of elites."""
        if len(self._waiting):
            genomes, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        else:
            filled = np.flatnonzero(self._values)
            ranked = filled[np.argsort(-self._values[filled], kind="stable")]
            # rank r is drawn with the density of u^2: a quarter of the cells gets half
            drawn = (self._rng.random(self._batch) ** 2 * len(ranked)).astype(np.int64)
            genomes = mutate(self._space, self._genomes[ranked[drawn]], self._rng)
        at_least = self._values[cells(self._space, genomes)]
        return Batch(genomes=genomes, at_least=at_least)

    def tell(self, batch: Batch, scores: Scores) -> int:
        """Put each candidate into its cell if it is the best there."""
        taken = 0
        cell = cells(self._space, batch.genomes)
        for i, value in enumerate(scores.values):
            if value > self._values[cell[i]]:
                self._values[cell[i]] = value
                self._genomes[cell[i]] = batch.genomes[i]
                taken += 1
        return taken

    def state(self) -> State:
        """Return archive, queue and generator."""
        return {
            "rng": generator_state(self._rng),
            "values": self._values.copy(),
            "genomes": self._genomes.copy(),
            "waiting": self._waiting.copy(),
        }

    def restore(self, state: State) -> None:
        """Go back."""
        self._rng.bit_generator.state = state["rng"]
        for name in ("values", "genomes", "waiting"):
            setattr(self, f"_{name}", state[name].copy())
