"""What the checker extracted from Coq does not cover it says in one line, before it is asked."""

import json
from pathlib import Path

import pytest

from kvproof.bounds.formal.verified import BUILD, PROGRAM, Uncovered, main, spell

VALID = Path(__file__).parents[1] / "certificates" / "valid"


@pytest.mark.parametrize("name", ["profiles", "profiles-trace", "profiles-free"])
def test_profiles(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = VALID / f"{name}.json"
    with pytest.raises(Uncovered, match="lower bounds of kind profiles are not covered"):
        spell(json.loads(good.read_text(encoding="utf-8")), VALID)
    monkeypatch.chdir(tmp_path)
    (tmp_path / BUILD).mkdir(parents=True)
    (tmp_path / BUILD / PROGRAM).touch()  # is not run
    assert main([str(good)]) == 2
    said = capsys.readouterr().out
    assert "no verdict: lower bounds of kind profiles are not covered by the extracted" in said
    assert "malformed" not in said
