"""What the checker extracted from Coq is asked, and what it does not cover; without running it."""

import json
from pathlib import Path
from typing import Any

import pytest

from kvproof.bounds.formal import verified
from kvproof.bounds.formal.verified import BUILD, PROGRAM, Uncovered, main, spell, verify
from kvproof.certificates.checker import Result, Verdict, check

VALID = Path(__file__).parents[1] / "certificates" / "valid"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("profiles", "lower bounds of kind profiles"),
        ("profiles-trace", "lower bounds of kind profiles"),
        ("profiles-free", "lower bounds of kind profiles"),
        ("search-followed", "searches that follow classes"),
    ],
)
def test_what_is_not_covered(
    name: str,
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = VALID / f"{name}.json"
    with pytest.raises(Uncovered, match=f"{what} are not covered"):
        spell(json.loads(good.read_text(encoding="utf-8")), VALID)
    monkeypatch.chdir(tmp_path)
    (tmp_path / BUILD).mkdir(parents=True)
    (tmp_path / BUILD / PROGRAM).touch()  # is not run
    assert main([str(good)]) == 2
    said = capsys.readouterr().out
    assert f"no verdict: {what} are not covered by the extracted" in said
    assert "malformed" not in said


@pytest.mark.parametrize("beside", [False, True])
def test_it_is_asked_about_what_was_checked(
    beside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not about what the files hold afterwards."""
    certificate = json.loads((VALID / "centroid.json").read_text(encoding="utf-8"))
    expected = spell(certificate, VALID)
    if beside:
        instance = certificate["instance"].pop("inline")
        (tmp_path / "i.json").write_text(json.dumps(instance))
        certificate["instance"]["file"] = "i.json"
    (tmp_path / "c.json").write_text(json.dumps(certificate))

    def overtaken(*source: Any, **how: Any) -> Result:
        result = check(*source, **how)
        if result.verdict is Verdict.VERIFIED:
            for path in tmp_path.iterdir():
                path.write_text("{}")
        return result

    monkeypatch.setattr(verified, "check", overtaken)
    monkeypatch.setattr(verified, "ask", lambda program, words: words == expected)
    assert verify(tmp_path / "c.json", Path("is not run")).verdict is Verdict.VERIFIED


def test_what_is_not_there() -> None:
    """The checker says so."""
    for name in ("no.json", "."):
        assert verify(Path(name), Path("is not run")) == check(name)
