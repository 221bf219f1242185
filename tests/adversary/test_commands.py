import gzip
import json
import os
from fractions import Fraction

import pytest

from kvproof.adversary.campaign.archive import Archive
from kvproof.certificates.build import ratio_certificate
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate

SMALL = ("search", "--memory", 2_000, "--requests", 80, "--max-eps", "1/8", "--evaluations", 600)


def test_search_replay_shrink_and_list(tmp_path, command, as_json, monkeypatch):
    folder = tmp_path / "run"
    code, out, err = command(*SMALL, "--out", folder)
    assert code == 0, err
    assert "Certified: svf / OPT >= " in out
    assert "anneal against random" in out
    assert f"kvproof replay {folder}/best.json" in out
    assert "Theorems tested on" in out
    assert "not broken: opt-outputs" in out
    code, said = as_json("search", "--resume", folder)
    assert code == 0
    ratio = Fraction(said["ratio"])
    assert float(ratio) <= said["estimate_decimal"]
    assert set(said["engines"]) == {"anneal", "random", "climb"}
    assert said["bound_tested"] is None
    assert said["theorems_tested"]["svf-ratio"] > 3
    assert said["violates"] is None

    code, replayed = as_json("replay", folder / "best.json")
    assert code == 0
    assert Fraction(replayed["ratio"]) == ratio
    assert replayed["simulated"]
    monkeypatch.chdir(tmp_path)
    assert command("replay", "run/best.json")[0] == 0  # as named from where the user stands

    code, shrunk = as_json("shrink", folder / "best.json", "--keep", "1.2", "--tries", 300)
    assert code == 0
    assert Fraction(shrunk["ratio"]) >= Fraction(6, 5)
    assert shrunk["requests"] < shrunk["requests_before"]
    assert command("replay", shrunk["file"])[0] == 0

    code, listed = as_json("witness", "list", folder)
    assert code == 0
    assert Fraction(listed["witnesses"][0]["ratio"]) == ratio
    code, out, _ = command("witness", "show", folder, "--number", 1, "--out", tmp_path / "w.json")
    assert code == 0
    assert "prompt" in out
    assert command("witness", "show", tmp_path / "w.json")[1] == out


def test_a_conjecture_that_fails_exits_with_5(tmp_path, command):
    code, out, _ = command(*SMALL, "--out", tmp_path / "run", "--bound", "1 + eps / 1000")
    assert code == 5
    assert "VIOLATION" in out
    assert "Bound tested on" in out
    assert "BROKEN: 1 + eps / 1000" in out
    assert command("replay", tmp_path / "run" / "violation-1.json")[0] == 0


def test_a_bound_that_stands_is_said_to_have_been_tested(tmp_path, as_json):
    code, said = as_json(
        *SMALL, "--no-baselines", "--out", tmp_path / "run", "--bound", "svf-ratio"
    )
    assert code == 0
    assert said["bound_tested"] > 0
    assert said["violates"] is None
    assert Fraction(said["ratio"]) <= Fraction(said["bound"])


def test_exhaustion_says_what_it_tested(command, as_json):
    box = ("exhaust", "--memory", 4, "--requests", 2)
    code, out, _ = command(*box)
    assert code == 0
    assert "Bounds tested on 55 instances, not broken: opt-outputs" in out
    assert "Theorems tested on the worst instance of each eps (4), not broken" in out
    assert as_json(*box)[1]["theorems_tested"]["opt-volume"] == 4


def test_a_policy_of_ones_own(tmp_path, command, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "class Largest:\n"
        "    name = 'largest'\n"
        "    def key(self, instance):\n"
        "        return -instance.volume\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    code, _, err = command("search", "--policy", "mine:Largest", "--memory", 60, "--requests", 10,
                           "--evaluations", 200, "--out", tmp_path / "run")  # fmt: skip
    assert code == 0, err
    best = tmp_path / "run" / "best.json"
    assert json.loads(best.read_bytes())["claim"]["policy"] is None
    assert command("replay", best, "--policy", "mine:Largest")[0] == 0
    code, _, err = command("shrink", best)
    assert code == 2
    assert "names no policy" in err


def test_no_theorem_speaks_of_a_policy_that_bears_a_name_of_ours(tmp_path, command, monkeypatch):
    (tmp_path / "heir.py").write_text(
        "from kvproof.scheduling.policies import SVF\n"
        "class Largest(SVF):\n"
        "    def key(self, instance):\n"
        "        return -instance.volume\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    search = ("search", "--policy", "heir:Largest", "--memory", 50, "--requests", 8,
              "--evaluations", 8, "--no-baselines", "--out", tmp_path / "run")  # fmt: skip
    code, _, err = command(*search, "--bound", "svf-ratio")
    assert code == 2
    assert "does not speak of heir:Largest (strict)" in err
    code, out, err = command(*search)
    assert code == 0, out
    assert "Certified: heir:Largest / OPT >= " in out
    code, out, _ = command("replay", tmp_path / "run" / "best.json", "--policy", "heir:Largest")
    assert code == 0
    assert out.startswith("heir:Largest, strict: ")
    box = ("exhaust", "--memory", 4, "--requests", 3, "--policy", "heir:Largest")
    code, out, _ = command(*box)
    assert code == 0, out
    assert "not broken: opt-outputs, opt-volume, opt-centroid\n" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--max-eps", "2", "--out", "x"),
        ("search", "--bound", "eps +", "--out", "x"),
        ("search", "--bound", "1/0", "--out", "x"),
        ("search", "--skip", "--bound", "svf-ratio", "--out", "x"),
        ("search", "--policy", "sjf", "--bound", "svf-ratio", "--out", "x"),
        ("search", "--policy", "none", "--out", "x"),
        ("search", "--engine", "none", "--out", "x"),
        ("search", "--resume", "nowhere"),
        ("replay", "nowhere"),
        ("shrink", "nowhere"),
        ("witness", "list", "nowhere"),
        ("exhaust", "--memory", "99", "--requests", "2"),
        ("exhaust", "--memory", "40", "--requests", "12"),
        ("exhaust", "--memory", "4", "--requests", "2", "--policy", "none"),
    ],
)
def test_bad_input_is_one_line_and_2(command, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*arguments)
    assert code == 2
    assert not out
    assert err.startswith("kvproof: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())  # nothing was begun


def test_a_run_that_has_nothing_yet(tmp_path, command):
    """It was killed before it kept its settings, let alone a witness."""
    folder = tmp_path / "run"
    folder.mkdir()
    for arguments, said in (
        (("search", "--resume", folder), f"{folder}: no run is kept there (no archive.sqlite)"),
        (("replay", folder), "no run is kept there"),
    ):
        code, _, err = command(*arguments)
        assert code == 2
        assert said in err
    Archive(folder, create=True).close()
    for arguments, said in (
        (("search", "--resume", folder), f"{folder}: the run cannot go on: ended before its set"),
        (("replay", folder), f"{folder}: the run has no witness yet; go on with it"),
        (("shrink", folder, "--number", 2, "--out", tmp_path / "x"), "has no witness yet"),
    ):
        code, _, err = command(*arguments)
        assert code == 2
        assert said in err


def test_one_is_not_a_plural(tmp_path, command):
    code, out, _ = command("exhaust", "--memory", 1, "--requests", 1)
    assert code == 0
    assert "memory 1, 1 request of at most 1 token: 1 kind, C(1 + 1 - 1, 1) = 1 multiset\n" in out
    assert "Bounds tested on 1 instance, not" in out
    alone = simulate(Instance(memory=5, arrival=[0], prompt=[0], output=[5]), SVF())
    (tmp_path / "w.json").write_bytes(ratio_certificate(SVF(), alone, alone).to_bytes())
    for name in (("replay",), ("witness", "show")):
        code, out, _ = command(*name, tmp_path / "w.json")
        assert code == 0
        assert "eps 1, 1 request\n" in out


def test_a_witness_of_a_pipe_is_written_whole(tmp_path, command):
    alone = simulate(Instance(memory=5, arrival=[0], prompt=[0], output=[5]), SVF())
    data = ratio_certificate(SVF(), alone, alone).to_bytes()
    end, begin = os.pipe()
    os.write(begin, data)
    os.close(begin)
    try:
        code = command("witness", "show", f"/dev/fd/{end}", "--out", tmp_path / "w.json")[0]
    finally:
        os.close(end)
    assert code == 0
    assert (tmp_path / "w.json").read_bytes() == data


def test_compressed_files_are_written_as_they_are_named(tmp_path, command, as_json):
    folder, packed = tmp_path / "run", tmp_path / "w.json.gz"
    command(*SMALL, "--no-baselines", "--out", folder)
    best = (folder / "best.json").read_bytes()
    assert command("witness", "show", folder, "--out", packed)[0] == 0
    assert gzip.decompress(packed.read_bytes()) == best
    assert command("witness", "show", packed, "--out", tmp_path / "w.json")[0] == 0
    assert (tmp_path / "w.json").read_bytes() == best
    code, said = as_json("shrink", packed, "--tries", 5)
    assert code == 0
    assert said["file"] == str(tmp_path / "w-small.json.gz")
    assert json.loads(gzip.decompress((tmp_path / "w-small.json.gz").read_bytes()))
    assert command("replay", said["file"])[0] == 0
    _, said = as_json("shrink", folder / "best.json", "--tries", 5)
    assert said["file"] == str(folder / "best-small.json")


def test_the_ratio_of_a_witness_is_rounded_down(tmp_path, command):
    folder = tmp_path / "run"
    command(*SMALL, "--no-baselines", "--out", folder)
    ratio = Fraction(json.loads((folder / "best.json").read_bytes())["claim"]["ratio"])
    least = ratio + Fraction(1, 10**9)
    keep = f"{-(-least.numerator * 10**12 // least.denominator)}/{10**12}"
    code, _, err = command("shrink", folder / "best.json", "--keep", keep)
    assert code == 2
    assert f"its ratio is {decimal(ratio, 6, up=False)}, below --keep" in err


def test_an_eps_that_is_not_reached_is_refused_as_a_ratio_is(tmp_path, command, as_json):
    folder, out = tmp_path / "run", tmp_path / "small.json"
    command(*SMALL, "--no-baselines", "--out", folder)
    best = folder / "best.json"
    code, _, err = command("shrink", best, "--max-eps", "1/1000", "--tries", 5, "--out", out)
    assert code == 2
    assert "above --max-eps" in err
    assert not out.exists()
    code, said = as_json("shrink", best, "--max-eps", "1/8", "--tries", 5, "--out", out)
    assert code == 0
    assert Fraction(said["eps"]) <= Fraction(1, 8)


def test_a_cluster_that_is_not_there_leaves_no_run_behind(tmp_path, command):
    pytest.importorskip("distributed")
    folder = tmp_path / "run"
    code, _, err = command(*SMALL, "--out", folder, "--dask", "nonsense://x")
    assert code == 2
    assert "give the address" in err
    assert not folder.exists()


def test_a_tampered_witness_is_rejected(tmp_path, command):
    folder = tmp_path / "run"
    command(*SMALL, "--no-baselines", "--out", folder)
    best = folder / "best.json"
    certificate = json.loads(best.read_bytes())
    certificate["claim"]["policy_total"] += 1
    best.write_text(json.dumps(certificate))
    code, _, err = command("replay", best)
    assert code == 1
    assert "did not accept" in err


def test_a_run_is_not_overwritten_and_resume_takes_no_settings(tmp_path, command):
    folder = tmp_path / "run"
    assert command(*SMALL, "--no-baselines", "--out", folder)[0] == 0
    code, _, err = command(*SMALL, "--out", folder)
    assert code == 2
    assert "holds a run already" in err
    code, _, err = command("search", "--resume", folder, "--seed", 3)
    assert code == 2
    assert "leave out --seed" in err
