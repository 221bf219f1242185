import json
from fractions import Fraction

import pytest

from kvproof.adversary.campaign.settings import Settings
from kvproof.adversary.genomes.space import Space


@pytest.fixture(scope="session")
def small_settings():
    """A search of well under a second."""
    return Settings(memory=2_000, requests=120, max_eps="1/8", evaluations=1_200, seed=5)


@pytest.fixture
def classes():
    return Space(memory=2_000, requests=200, cap=Fraction(1, 4), floor=Fraction(1, 8))


@pytest.fixture
def command(capsys):
    """Run a command as a user does; return (code, out, err)."""
    from kvproof.__main__ import run

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def as_json(command):
    def call(*arguments):
        code, out, err = command(*arguments, "--json")
        assert out, err
        return code, json.loads(out)

    return call
