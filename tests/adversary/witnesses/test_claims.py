"""No bound is passed over in silence: it is tested, or refused before any work."""

from dataclasses import replace
from fractions import Fraction

import pytest

from kvproof.adversary.campaign.settings import Settings
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses.claims import Coverage, added, make_claims
from kvproof.adversary.witnesses.witness import measured
from kvproof.bounds.catalogue import THEOREMS, find
from kvproof.bounds.theorem import Status
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SJF, SVF
from kvproof.scheduling.simulate import simulate

SPACE = Space(memory=400, requests=40)
STRICT_SVF = Objective(space=SPACE)
HALF = Instance(memory=10, arrival=[0, 0], prompt=[0, 2], output=[5, 1])
WHOLE = Instance(memory=5, arrival=[0], prompt=[0], output=[5])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"policy": "sjf", "bound": "svf-ratio"}, "does not speak of sjf"),
        ({"skip": True, "bound": "svf-ratio"}, "does not speak of svf .skip."),
        ({"span": 9, "bound": "svf-ratio"}, "arrivals over time"),
        ({"bound": "1/0"}, "has no value on 64 instances tried: it divides by 0"),
        ({"bound": "2/(M - M)"}, "it divides by 0"),
        ({"min_eps": "399/400", "bound": "svf-ratio"}, "eps < 1"),
        ({"bound": "2 ** eps"}, "exponents"),
        ({"bound": "svf-long-prompts"}, "gives no number"),
        ({"bound": "svf-rato"}, "neither a theorem nor"),
    ],
)
def test_a_bound_that_no_witness_could_break_is_refused(options, said):
    with pytest.raises(InputError, match=said) as caught:
        Settings(memory=400, requests=40, **options).campaign()
    assert "\n" not in str(caught.value)


def test_a_bound_that_speaks_of_some_instances_only_is_taken():
    claims = make_claims(STRICT_SVF, "1/(1 - eps)")
    assert claims.bound.at(HALF) == 2
    assert claims.bound.at(WHOLE) is None
    tested = claims.tested([HALF, HALF, WHOLE])
    assert tested.bound == 2
    assert tested.theorems["opt-volume"] == 3
    assert tested.theorems["svf-ratio"] == 2  # not where eps is 1


def test_a_ratio_that_is_the_bound_does_not_break_it():
    schedule = simulate(HALF, SVF())
    witness = measured(SVF(), False, schedule, schedule)
    assert witness.ratio == 1
    for bound, broken in (("1", None), ("1 - 1/10**9", "1 - 1/10**9")):
        assert make_claims(STRICT_SVF, bound).violated(witness) == broken


def test_a_refuted_theorem_is_tested_where_the_user_asks_for_it():
    refuted = replace(find("svf-ratio"), name="old", status=Status.REFUTED)
    theorems = (*THEOREMS, refuted)
    assert make_claims(STRICT_SVF, "old", theorems).bound.at(HALF) == 4
    assert "old" not in make_claims(STRICT_SVF, None, theorems).tested([HALF]).theorems


def test_what_is_shown_speaks_of_the_policy():
    assert make_claims(STRICT_SVF, None).shown.name == "svf-ratio"
    assert make_claims(STRICT_SVF, None).bound is None
    assert make_claims(Objective(space=SPACE, policy=SJF()), None).shown is None


def test_the_words_say_how_often_and_whether():
    claims = make_claims(STRICT_SVF, "2")
    tested = Coverage(bound=7, theorems={"opt-volume": 7, "svf-ratio": 6})
    bound, theorems = tested.in_words(None, claims.bound)
    assert bound == "Bound tested on 7 witnesses, not broken: 2"
    assert theorems == ("Theorems tested on 7 witnesses, not broken: opt-volume, svf-ratio (on 6)")
    assert "7 witnesses, BROKEN: 2" in tested.in_words("2", claims.bound)[0]
    assert "BROKEN: svf-ratio; all: " in tested.in_words("svf-ratio", claims.bound)[1]
    assert added([tested, tested]).theorems == {"opt-volume": 14, "svf-ratio": 12}
    assert Coverage(bound=None, theorems={}).in_words(None)[0].startswith("No theorem was tested")


def test_a_witness_is_held_against_the_bound():
    import numpy as np

    from kvproof.adversary.genomes.moves import sample
    from kvproof.adversary.witnesses.witness import make_witness

    genome = sample(SPACE, 1, np.random.default_rng(0))[0]
    witness = make_witness(STRICT_SVF, genome, seed=0)
    just = f"{witness.ratio.numerator}/{witness.ratio.denominator}"
    assert make_claims(STRICT_SVF, just).violated(witness) is None
    below = f"{just} - 1/1000000"
    assert make_claims(STRICT_SVF, below).violated(witness) == below
    assert witness.ratio >= Fraction(1, 2)
