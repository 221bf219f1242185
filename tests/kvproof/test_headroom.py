import json
from fractions import Fraction
from functools import partial

import pytest

from kvproof.__main__ import run
from kvproof.certificates.checker import Limits, check
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
ARGUMENTS = ["headroom", EXAMPLE, "--memory", "60000", "--backlog", "--limit", "200"]


def test_what_the_certificate_calls_otherwise_is_said(capsys, tmp_path, instance):
    said = "the certificate is by the price bound, which says at least as much"
    arguments = ["headroom", str(instance), "--memory", "99", "--certificates", str(tmp_path / "c")]
    assert run([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["lower_bound_kind"], data["notes"]) == ("outputs", [said])
    assert run(arguments) == 0
    assert f"  note: {said}\n" in capsys.readouterr().out


def test_a_sentence_with_a_certificate_behind_each_half(capsys, tmp_path):
    folder = tmp_path / "proof"
    code = run([*ARGUMENTS, "--time-limit", "2", "--certificates", str(folder), "--json"])
    data = json.loads(capsys.readouterr().out)
    assert code == 0
    assert data["certificates"] == [
        str(folder / f"at-{half}.json.gz") for half in ("least", "most")
    ]
    results = [check((folder / f"at-{half}.json.gz").read_bytes()) for half in ("least", "most")]
    assert [result.verdict for result in results] == ["verified", "verified"]
    assert Fraction(data["cut_at_least"]) == 1 - Fraction(
        data["best_total_latency"], data["total_latency"]
    )
    assert (
        Fraction(data["cut_at_most"]) == 1 - Fraction(data["lower_bound"]) / data["total_latency"]
    )
    assert 0 < Fraction(data["cut_at_least"]) <= Fraction(data["cut_at_most"]) < 1
    best, own = data["best_statistics"]["latency"], data["statistics"]["latency"]
    assert Fraction(best["steps"]["mean"]) < Fraction(own["steps"]["mean"])


def test_each_half_is_written_where_checks_end_at_a_limit(capsys, tmp_path, monkeypatch):
    for name in ("kvproof.certificates.checker.check", "kvproof.report.parts.check"):
        monkeypatch.setattr(name, partial(check, limits=Limits(seconds=0.0)))
    folder, page = tmp_path / "proof", tmp_path / "page.html"
    written = ["--certificates", str(folder), "--report", str(page)]
    assert run([*ARGUMENTS, "--time-limit", "1", *written, "--json"]) == 3
    streams = capsys.readouterr()
    files = [str(folder / f"at-{half}.json.gz") for half in ("least", "most")]
    assert json.loads(streams.out)["certificates"] == files
    assert streams.err.count("written, but not verified") == 2
    assert page.read_text().count("not verified: no answer within the time limit") == 2
    assert "proves its claim, but where it says that it was not verified." in page.read_text()
    for half in ("least", "most"):
        assert check((folder / f"at-{half}.json.gz").read_bytes()).verdict == "verified"


def test_the_words(capsys):
    arguments = ["--time-limit", "1", "--policy", "sjf", "--skip"]
    assert run([*ARGUMENTS, *arguments]) == 0
    shown = capsys.readouterr().out
    assert "sjf: mean latency can be cut by at least" in shown
    assert "percent (proved)" in shown
    assert run(["headroom", EXAMPLE, "--memory", "100000000"]) == 0
    assert "fcfs: no schedule has a lower mean latency (proved)." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-limit", "0"], "--time-limit"),
        (["--theta", "3"], "--theta has no effect here"),
        (["--certificates", EXAMPLE], "is a file, and a folder is needed"),
        (["--certificates", str(ROOT / "examples")], "holds other files"),
        (["--policy", "none"], "policy 'none' is unknown"),
    ],
)
def test_what_is_refused(capsys, arguments, said):
    assert run([*ARGUMENTS, *arguments]) == 2
    streams = capsys.readouterr()
    assert (streams.out, streams.err.count("\n")) == ("", 1)
    assert said in streams.err
