"""The pages as a site: formulas are drawn without a network."""

import pytest

from kvproof.bounds.catalogue import THEOREMS


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_every_formula_is_drawn(theorem):
    ziamath = pytest.importorskip("ziamath")
    convert = pytest.importorskip("latex2mathml.converter").convert
    assert "\\" not in convert(theorem.latex)  # what it does not know it leaves as it stands
    assert "<path" in ziamath.Latex(theorem.latex).svg()
