from fractions import Fraction

import pytest

from kvproof.certificates.checker import check
from kvproof.certificates.headroom import Cut, Headroom
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.simulate import simulate

INSTANCE = Instance(memory=10, arrival=[0, 0, 0], prompt=[5, 2, 1], output=[5, 3, 2])


def headroom(instance: Instance = INSTANCE, **changed) -> Headroom:
    fields = {
        "policy": FCFS(),
        "skip": False,
        "schedule": simulate(instance, FCFS()),
        "best": simulate(instance, SVF()),
        "found_by": "svf",
        "lower_bound": best_bound(instance),
    }
    return Headroom(**(fields | changed))


def test_percentages_are_rounded_to_the_side_that_stays_true():
    cut = Cut(total=3000, best=2001, bound=Fraction(1999))
    assert (cut.at_least, cut.at_most) == (Fraction(333, 1000), Fraction(1001, 3000))
    assert cut.percentages() == ("33.3", "33.4")
    assert not cut.nothing
    assert Cut(total=3000, best=3000, bound=Fraction(5999, 2) + Fraction(1, 9)).nothing
    assert not Cut(total=3000, best=3000, bound=Fraction(2999)).nothing


def test_each_half_has_a_certificate():
    found = headroom()
    assert found.best.total_latency < found.schedule.total_latency
    certificates = found.certificates()
    assert list(certificates) == ["at-least", "at-most"]
    assert [check(c.to_bytes()).verdict for c in certificates.values()] == ["verified"] * 2
    at_least, at_most = (c.claim for c in certificates.values())
    assert found.cut.at_least == 1 - 1 / Fraction(at_least["ratio"])
    assert found.cut.at_most == 1 - 1 / Fraction(at_most["factor"])
    least, most = found.cut.percentages()
    assert found.sentence() == (
        f"fcfs: mean latency can be cut by at least {least} percent (a schedule is shown) and by "
        f"at most {most} percent (proved)."
    )


def test_what_is_said_where_nothing_better_is_known():
    same = headroom(best=simulate(INSTANCE, FCFS()), found_by="fcfs")
    assert "no better schedule was found; mean latency can be cut by at most" in same.sentence()
    assert list(same.certificates()) == ["at-most"]


def test_what_is_said_where_nothing_can_be_better():
    roomy = Instance(memory=100, arrival=[0, 1], prompt=[5, 2], output=[5, 3])
    said = headroom(roomy).sentence()
    assert said == "fcfs: no schedule has a lower mean latency (proved)."


def test_what_does_not_belong_together_is_refused():
    other = Instance(memory=10, arrival=[0], prompt=[5], output=[5])
    with pytest.raises(InputError, match="different requests"):
        headroom(best=simulate(other, SVF()))
    with pytest.raises(InputError, match="costs more"):
        headroom(schedule=simulate(INSTANCE, SVF()), best=simulate(INSTANCE, FCFS()))
