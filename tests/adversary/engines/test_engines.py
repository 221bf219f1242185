from fractions import Fraction

import numpy as np
import pytest

from kvproof.adversary.campaign.archive import packed, unpacked
from kvproof.adversary.engines import ENGINES, make_engine
from kvproof.adversary.engines.chains import Chains
from kvproof.adversary.genomes.families import family_genomes
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.scheduling.errors import InputError

SPACE = Space(memory=2_000, requests=100, cap=Fraction(1, 4))
OBJECTIVE = Objective(space=SPACE)


def steps(engine, number):
    """Run an engine; return all that it asked, and its best value."""
    asked, best = [], 0.0
    for _ in range(number):
        batch = engine.ask()
        scores = OBJECTIVE.scores(batch.genomes, batch.at_least)
        engine.tell(batch, scores)
        asked.append(batch.genomes)
        best = max(best, float(scores.values.max()))
    return asked, best


def make(name, seed=0, initial=None):
    return make_engine(name, space=SPACE, seed=seed, evaluations=2_000, initial=initial)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_stays_in_its_space_and_gets_somewhere(name):
    asked, best = steps(make(name), 60)
    assert all(SPACE.holds(genome) for genomes in asked for genome in genomes)
    assert best > 1.1


@pytest.mark.parametrize("name", ENGINES)
def test_the_same_seed_walks_the_same_way(name):
    once, again, other = (steps(make(name, seed), 20)[0] for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert not all((a == b).all() for a, b in zip(once, other, strict=True))


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_goes_on_from_its_state_as_if_never_stopped(name):
    whole = steps(make(name), 60)[0]
    first = make(name)
    steps(first, 25)
    second = make(name)
    second.restore(unpacked(packed(first.state())))
    rest = steps(second, 35)[0]
    assert all((a == b).all() for a, b in zip(whole[25:], rest, strict=True))


@pytest.mark.parametrize("name", ["anneal", "climb"])
def test_seeds_are_where_an_engine_begins(name):
    initial = family_genomes(SPACE)
    best = float(OBJECTIVE.scores(initial).values.max())
    found = steps(make(name, initial=initial), 8 * len(initial))[1]
    assert found >= best


def test_an_unknown_engine_is_named():
    with pytest.raises(InputError, match="'tabu' is unknown; known: anneal"):
        make("tabu")


@pytest.mark.parametrize("name", ENGINES)
def test_a_batch_can_be_cut_where_a_budget_ends(name):
    whole, cut = make(name), make(name)
    steps(whole, 5), steps(cut, 5)
    asked, batch = whole.ask(), cut.ask().first(3)
    assert len(batch.genomes) == len(batch.at_least) == 3
    assert (batch.genomes == asked.genomes[:3]).all()
    scores = OBJECTIVE.scores(batch.genomes, batch.at_least)
    assert 0 <= cut.tell(batch, scores) <= 3
    assert len(cut.ask().genomes) == len(asked.genomes)


def test_chains_that_are_stuck_start_anew_as_if_never_stopped():
    def chains():
        rng = np.random.Generator(np.random.PCG64(0))
        return Chains(name="climb", space=SPACE, rng=rng, evaluations=2_000, patience=3)

    whole = steps(chains(), 40)[0]
    first, second = chains(), chains()
    steps(first, 25)
    assert first.state()["stale"].max() > 1
    second.restore(unpacked(packed(first.state())))
    assert all((a == b).all() for a, b in zip(whole[25:], steps(second, 15)[0], strict=True))
