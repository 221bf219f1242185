import sys
from dataclasses import replace
from fractions import Fraction

from kvproof.adversary.campaign.rungs import CAPS


def test_caps_ascend():
    assert list(CAPS) == sorted(CAPS)
    assert CAPS[0] == Fraction(1, 64)
    assert CAPS[-1] == Fraction(9, 10)


def test_the_frontier_has_a_witness_on_every_rung(tmp_path, as_json, command, monkeypatch):
    monkeypatch.setattr("kvproof.adversary.campaign.rungs.CAPS", (Fraction(1, 8), Fraction(4, 5)))
    from kvproof.adversary.campaign import rungs

    monkeypatch.setattr(rungs.frontier, "__kwdefaults__", {"caps": rungs.CAPS})
    options = ("frontier", "--out", tmp_path / "f", "--memory", 5_000, "--requests", 100,
               "--evaluations", 160)  # fmt: skip
    code, found = as_json(*options)
    assert code == 0
    assert found["theorems_tested"]["svf-ratio"] > 4
    assert found["violates"] is None
    for rung, cap in zip(found["rungs"], (Fraction(1, 8), Fraction(4, 5)), strict=True):
        assert Fraction(rung["cap"]) == cap
        assert Fraction(rung["floor"]) < Fraction(rung["eps"]) <= cap
        assert 1 < Fraction(rung["ratio"]) <= Fraction(rung["proved_upper"])
        assert Fraction(rung["ratio_at_random"]) <= Fraction(rung["ratio"])
    assert (tmp_path / "f" / "frontier.png").read_bytes().startswith(b"\x89PNG")
    assert "kvproof replay" in (tmp_path / "f" / "frontier.md").read_text()
    assert command("replay", tmp_path / "f" / "eps-4-5.json")[0] == 0
    assert as_json(*options) == (code, found)  # goes on with what is there
    (tmp_path / "f" / "frontier.md").unlink()
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert as_json(*options) == (code, found)
    assert (tmp_path / "f" / "frontier.md").exists()
    code, _, err = command(*options, "--seed", 1)
    assert code == 2
    assert "other settings" in err


def test_a_rung_above_every_known_ratio_says_so():
    from kvproof.adversary.campaign.archive import Entry
    from kvproof.adversary.campaign.rungs import Rung

    entry = Entry(engine="x", evaluations=1, ratio=Fraction(21, 10), eps=Fraction(1, 2),
                  requests=1, memory=1, violates=None, certificate=b"")  # fmt: skip
    rung = Rung(floor=Fraction(0), cap=Fraction(1, 2), found=entry, at_random=None, family=None,
                family_ratio=None, lower=Fraction(2), upper=Fraction(4))  # fmt: skip
    assert rung.prize
    assert not replace(rung, found=replace(entry, ratio=Fraction(2))).prize
    assert not replace(rung, found=None).prize
