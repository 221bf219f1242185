from fractions import Fraction

import numpy as np
import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.noise import parse_noise

RNG = np.random.default_rng(1)
OUTPUT = RNG.integers(1, 500, 2_000)
INSTANCE = Instance(
    memory=1_000, arrival=np.zeros(2_000, np.int64), prompt=np.zeros(2_000, np.int64), output=OUTPUT
)


def predict(text: str, seed: int = 0) -> np.ndarray:
    return parse_noise(text).predict(INSTANCE, np.random.default_rng(seed))


def test_no_noise_is_the_truth():
    for text in ("lognormal:0", "factor:1", "bits:20"):
        assert predict(text).tolist() == OUTPUT.tolist()


@pytest.mark.parametrize("factor", ["1.2", "1.6", "2", "4", "99.999999999"])
def test_a_factor_is_never_exceeded(factor):
    found = predict(f"factor:{factor}")
    for output, predicted in zip(OUTPUT.tolist(), found.tolist(), strict=True):
        assert output <= predicted * Fraction(factor)
        assert predicted <= output * Fraction(factor)
    large = OUTPUT > 100  # rounding is a small part of these
    assert (found[large] / OUTPUT[large]).min() < 1.2 / float(factor)
    assert (found[large] / OUTPUT[large]).max() > float(factor) / 1.2


def test_predictions_are_lengths_however_wrong():
    found = predict("lognormal:100")
    assert (found.min(), found.max()) == (1, 2**31 - 1)


def test_lognormal_has_its_spread():
    logs = np.log(predict("lognormal:0.5") / OUTPUT)[OUTPUT > 100]
    assert np.std(logs) == pytest.approx(0.5, rel=0.1)
    assert predict("lognormal:0.5", 1).tolist() != predict("lognormal:0.5").tolist()
    assert predict("lognormal:0.5").tolist() == predict("lognormal:0.5").tolist()


@pytest.mark.parametrize("bits", [0, 1, 3])
def test_bits_are_classes_of_equal_numbers_by_length(bits):
    found = predict(f"bits:{bits}")
    values, counts = np.unique(found, return_counts=True)
    assert len(values) == 2**bits
    assert counts.min() > 0.9 * counts.max()
    for value in values:
        assert value == round(OUTPUT[found == value].mean())
    order = np.argsort(OUTPUT, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_counts_are_expanded():
    counted = Instance(memory=9, arrival=[0], prompt=[0], output=[4], count=[3])
    assert parse_noise("bits:1").predict(counted, RNG).tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lognormal", "expected lognormal:SIGMA"),
        ("gamma:1", "expected lognormal:SIGMA"),
        ("factor:-1", "expected lognormal:SIGMA"),
        ("lognormal:1e9", r"lognormal:SIGMA \(0 to 100\), .* in plain digits"),
        ("factor:0.5", "a number from 1 to 100"),
        ("lognormal:101", "a number from 0 to 100"),
        ("bits:1.5", "a whole number from 0 to 20"),
        ("bits:21", "a whole number from 0 to 20"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        parse_noise(text)
