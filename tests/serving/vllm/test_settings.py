from fractions import Fraction

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.serving.vllm.settings import HINT, Settings


def test_defaults_are_plain_svf():
    for config in ({}, {"kvproof": {}}, {"other": 1}, None, "a hash"):
        settings = Settings.from_config(config)
        assert (settings.hint, settings.aging, settings.predictor) == (HINT, 0, None)


def test_settings_are_read():
    config = {"kvproof": {"hint": "length", "aging": "1/3", "predictor": "operator:index"}}
    settings = Settings.from_config(config)
    assert (settings.hint, settings.aging) == ("length", Fraction(1, 3))
    assert settings.predictor(5) == 5
    assert Settings.from_config({"kvproof": {"aging": 0.5}}).aging == Fraction(1, 2)
    nothing = {"kvproof": {"aging": None, "patience": None, "predictor": None}}
    assert Settings.from_config(nothing) == Settings()
    ends = {"aging": 2**32, "patience": 2**32, "threshold": 0, "short": 1, "long": 2**31 - 1}
    read = Settings.from_config({"kvproof": ends})
    assert {name: getattr(read, name) for name in ends} == ends


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([], "must hold an object"),
        ({"agging": 1}, "unknown setting 'agging'"),
        ({"aging": -1}, "aging must be 0 to"),
        ({"aging": 2**33}, "aging must be 0 to"),
        ({"aging": True}, "aging must be a number"),
        ({"aging": "fast"}, "aging must be a number"),
        ({"aging": float("nan")}, "aging must be a number"),
        ({"aging": float("inf")}, "aging must be a number"),
        ({"aging": "1/0"}, "aging must be a number"),
        ({"aging": "1e20000000"}, "2 are read in an exponent"),
        ({"aging": 1, "patience": 0}, "patience must be above 0"),
        ({"aging": 1, "patience": 2**33}, "at most 4294967296"),
        ({"aging": 1, "patience": "long"}, "patience must be a number"),
        ({"patience": 5}, "patience has no effect without aging"),
        ({"hint": 3}, "hint must be the name"),
        ({"hint": ""}, "hint must be the name"),
        ({"threshold": -1}, "threshold must be an integer, "),
        ({"short": 0}, "short must be an integer, "),
        ({"short": True}, "short must be an integer, "),
        ({"long": 1.5}, "long must be an integer, "),
        ({"long": 2**31}, "1 to 2147483647"),
        ({"predictor": "operator.index"}, "must be package.module:name"),
        ({"predictor": 5}, "must be package.module:name"),
        ({"predictor": "no_such_module:f"}, "cannot be loaded: ModuleNotFoundError"),
        ({"predictor": "operator:no_such"}, "cannot be loaded: AttributeError"),
        ({"predictor": "math:pi"}, "is no function"),
    ],
)
def test_what_is_wrong_is_refused_at_start_up(given, complaint):
    with pytest.raises(InputError, match="kvproof: ") as error:
        Settings.from_config({"kvproof": given})
    assert complaint in str(error.value)
