from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.genomes.families import family_genomes
from kvproof.adversary.genomes.moves import mutate, sample
from kvproof.adversary.genomes.repair import repaired
from kvproof.adversary.genomes.space import COUNT, Space
from kvproof.scheduling.errors import InputError

SPACES = [
    Space(memory=100, requests=12, single=True),
    Space(memory=20_000, requests=2_000, cap=Fraction(1, 16), floor=Fraction(1, 32)),
    Space(memory=64, requests=3, classes=6, cap=Fraction(1, 4)),  # fewer requests than classes
    Space(memory=1_000, requests=50, span=30, floor=Fraction(9, 10)),
    Space(memory=7, requests=5, single=True, span=3),
    Space(memory=1, requests=1),
]


@pytest.mark.parametrize("space", SPACES)
def test_random_genomes_and_their_mutants_stay_in_the_space(space):
    rng = np.random.default_rng(0)
    genomes = sample(space, 200, rng)
    for _ in range(40):
        assert all(space.holds(genome) for genome in genomes)
        genomes = mutate(space, genomes, rng)


@pytest.mark.parametrize("space", SPACES)
def test_structured_seeds_are_in_the_space(space):
    genomes = family_genomes(space)
    assert len(genomes)
    assert all(space.holds(genome) for genome in genomes)


@pytest.mark.parametrize("space", SPACES)
def test_repair_brings_anything_back_and_leaves_what_is_right(space):
    rng = np.random.default_rng(1)
    wild = rng.integers(-5, 3_000, (100, 1 + space.rows, 7))
    genomes = repaired(space, wild)
    assert all(space.holds(genome) for genome in genomes)
    assert (repaired(space, genomes) == genomes).all()


def test_the_instance_is_the_period_repeated():
    space = Space(memory=50, requests=20)
    genome = space.empty(1)[0]
    genome[0, 0] = 2
    genome[1, :4] = 0, 3, 4, 2
    genome[3, :4] = 0, 0, 9, 1
    instance = space.instance(genome).expanded()
    assert instance.prompt.tolist() == [3, 3, 0] * 2
    assert instance.output.tolist() == [4, 4, 9] * 2


def test_the_same_seed_gives_the_same_mutants():
    space = SPACES[1]
    once, again = (
        mutate(space, sample(space, 50, rng), rng)
        for rng in (np.random.default_rng(3), np.random.default_rng(3))
    )
    assert (once == again).all()
    assert (once[:, 1:, COUNT] > 0).any(axis=1).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"memory": 0, "requests": 1}, "memory"),
        ({"memory": 2**31, "requests": 1}, "memory"),
        ({"memory": 9, "requests": 0}, "requests"),
        ({"memory": 9, "requests": 65, "single": True}, "of their own"),
        ({"memory": 9, "requests": 5, "cap": Fraction(2)}, "eps"),
        ({"memory": 9, "requests": 5, "cap": Fraction(1, 4), "floor": Fraction(1, 4)}, "eps"),
        ({"memory": 9, "requests": 5, "cap": Fraction(1, 10)}, "more memory"),
    ],
)
def test_a_space_that_cannot_be_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        Space(**options)
