"""Outputs destroy nothing, inputs come from anywhere, options have an effect or are refused."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kvproof.__main__ import run
from kvproof.files import Output, Outputs, readable
from kvproof.scheduling.errors import InputError
from tests.conftest import ROOT
from tests.kvproof.common import WITNESS, refused

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("", "no name"),
        ("-", "outputs are files; name one"),
        ("{folder}", "is a folder"),
        ("{folder}/no/c.json", "there is no folder"),
        ("{i}/c.json", "there is no folder"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [["solve", "{i}", "--svg"], ["simulate", "{i}", "--out"], ["taxonomy", "--graph"],
     ["shrink", "{w}", "--out"], ["witness", "show", "{w}", "--out"]],
)  # fmt: skip
def test_a_target_is_tried_before_the_work(
    capsys, monkeypatch, tmp_path, instance, witness, command, option, said
):
    names = {"i": instance, "w": witness, "folder": tmp_path}
    for module in ("kvproof.inputs.load", "kvproof.inputs.witness_file"):
        monkeypatch.setattr(module, lambda *_, **__: pytest.fail("it began to work"))
    refused(capsys, [a.format(**names) for a in [*command, option]], said)


@pytest.mark.parametrize("command", [["search"], ["frontier"], ["exhaust", "--memory", "4",
                                                                "--requests", "2"]])  # fmt: skip
def test_a_folder_that_is_a_file(capsys, tmp_path, instance, command):
    refused(capsys, [*command, "--out", instance], "is a file, and a folder is needed")
    refused(capsys, [*command, "--out", instance / "below"], "is a file; name another folder")


@pytest.mark.parametrize("command", [["solve", "{i}", "--svg"], ["taxonomy", "--graph"],
                                     ["draw", "{i}", "--out"]])  # fmt: skip
def test_a_picture_is_what_its_name_says(capsys, tmp_path, instance, command):
    arguments = [word.format(i=instance) for word in command]
    refused(capsys, [*arguments, tmp_path / "x.gif"], "name a file that ends in .svg")
    assert not (tmp_path / "x.gif").exists()


@pytest.mark.parametrize("command", [["verify", "{i}"], ["verify", "{i}", "--replicas", "2"],
                                     ["headroom", "{i}"], ["solve", "{i}"], ["frontier"],
                                     ["search"], ["experiment", "poisson"]])  # fmt: skip
def test_a_page_is_what_its_name_says(capsys, monkeypatch, tmp_path, instance, command):
    monkeypatch.chdir(tmp_path)
    arguments = [word.format(i=instance) for word in command]
    refused(
        capsys, [*arguments, "--report", "x.txt"], "x.txt: name a file that ends in .html or .h"
    )


@pytest.mark.parametrize("name", ["x.xlsx", "x.gz", "x.csv.zip"])
def test_a_schedule_is_what_its_name_says(capsys, tmp_path, instance, name):
    known = f"{name}: name a file that ends in .json, .csv, .parquet, .json.gz or .csv.gz\n"
    refused(capsys, ["simulate", instance, "--out", tmp_path / name], known)


def test_a_name_without_an_ending_promises_nothing(tmp_path, instance):
    out, page = tmp_path / "x", tmp_path / "y"
    assert run(["simulate", str(instance), "--out", str(out)]) == 0
    assert "starts" in json.loads(out.read_text())
    assert run(["verify", str(instance), "--report", str(page)]) == 0
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "{i}", "--report", "x.html"], "page written to x.html\n"),
        (["verify", "{i}", "--replicas", "2", "--report", "x.HTM"], "page written to x.HTM\n"),
        (["verify", "{i}", "--sweep", "memory=99", "--plot", "x.png"],
         "picture written to x.png\n"),
        (["headroom", "{i}", "--report", "x.html"], "page written to x.html\n"),
        (["solve", "{i}", "--svg", "x.svg", "--report", "y.html"],
         "picture written to x.svg\npage written to y.html\n"),
    ],
)  # fmt: skip
def test_what_is_written_is_said(capsys, monkeypatch, tmp_path, instance, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert run([word.format(i=instance) for word in arguments]) == 0
    assert capsys.readouterr().out.endswith(said)


def test_a_crash_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out"
    path.write_text("old")
    target = Outputs().file(path)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", crash)
        with pytest.raises(KeyboardInterrupt):
            target.write(b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert path.read_text() == "old"
    target.write(b"new")
    assert path.read_text() == "new"


def test_a_mode_is_kept_and_a_loop_of_links_is_no_file(tmp_path):
    path, loop = tmp_path / "file", tmp_path / "loop"
    path.write_text("old")
    path.chmod(0o640)
    Outputs().file(path).write(b"new")
    assert path.stat().st_mode & 0o777 == 0o640
    loop.symlink_to(loop)
    for name in (loop, loop / "x", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="cannot be"):
            Outputs().file(name)
        with pytest.raises(InputError, match="cannot be"):
            Outputs().folder(name, mark="x")
    Outputs(loop).file(tmp_path / "other")  # reading says what is wrong with it


def test_a_new_file_has_the_mode_that_the_mask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        Outputs().file(tmp_path / "file").write(b"new")
        assert os.umask(0o027) == 0o027  # as it was
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_the_same_data_are_packed_as_the_same_bytes(tmp_path, monkeypatch):
    target = Outputs().file(tmp_path / "file.gz")
    packed = set()
    for now in (10**9, 2 * 10**9):
        monkeypatch.setattr("time.time", lambda now=now: float(now))
        target.write_packed(b"data")
        packed.add((tmp_path / "file.gz").read_bytes())
    assert len(packed) == 1


def test_an_ending_may_be_of_capitals(tmp_path):
    assert Outputs().file(tmp_path / "X.SVG", ends=(".svg",)).name == str(tmp_path / "X.SVG")


def test_where_the_results_go_is_no_output(tmp_path):
    shell = f"{sys.executable} -m kvproof taxonomy --graph {{}} > {tmp_path}/seen"
    for name in ("/dev/stdout", f"{tmp_path}/seen"):
        done = subprocess.run(
            shell.format(name), shell=True, capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 2
        assert "is where the results are printed" in done.stderr


@pytest.mark.parametrize("log", ["{folder}/log", "/dev/null"])
def test_where_one_object_goes_is_no_output_either(tmp_path, instance, log):
    where = log.format(folder=tmp_path)
    (tmp_path / "log").write_text("old log\n")
    shell = f"{sys.executable} -m kvproof simulate {instance} --json --out /dev/stdout"
    done = subprocess.run(f"{shell} > {tmp_path}/seen 2>> {where}", shell=True, cwd=ROOT)
    assert done.returncode == 2
    assert (tmp_path / "seen").read_text() == ""
    assert (tmp_path / "log").read_text().startswith("old log\n")


def test_standard_error_may_be_an_output_beside_one_object(tmp_path, instance):
    command = [sys.executable, "-m", "kvproof", "simulate", instance, "--json", "--out"]
    done = subprocess.run([*command, "/dev/stderr"], capture_output=True, cwd=ROOT)
    assert done.returncode == 0
    assert json.loads(done.stdout)["command"] == "simulate"
    assert b'"kvproof-schedule"' in done.stderr


def test_a_folder_of_somebody_else_is_not_filled(capsys, tmp_path):
    (tmp_path / "best.json").write_text("mine")
    for command in ("search", "frontier"):
        refused(capsys, [command, "--out", tmp_path], "holds other files")
    assert (tmp_path / "best.json").read_text() == "mine"


def test_check_reads_standard_input():
    # a process of its own: the checker reads the descriptor, whatever sys.stdin is
    command = [sys.executable, "-m", "kvproof", "check", "-"]
    for data, code, said in ((WITNESS.read_bytes(), 0, b"-: verified"), (b"{}", 2, b"malformed")):
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        assert done.returncode == code
        assert said in done.stdout


def test_gzip_is_asked_for_in_capitals_too(tmp_path, instance, witness):
    out = tmp_path / "x.csv.GZ"
    assert run(["simulate", str(instance), "--out", str(out)]) == 0
    assert gzip.decompress(out.read_bytes()).startswith(b"row,arrival,")
    (packed := tmp_path / "w.json.GZ").write_bytes(gzip.compress(witness.read_bytes()))
    assert run(["shrink", str(packed), "--tries", "1"]) == 0
    assert gzip.decompress((tmp_path / "w-small.json.GZ").read_bytes()).startswith(b"{")


def test_links_and_streams(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    Outputs().file(link).write(b"through")
    assert link.is_symlink()
    assert path.read_text() == "through"
    files = Outputs()
    files.file(os.devnull).write(b"x")
    files.file(os.devnull).write(b"x")  # a device can be named twice
    read, write = os.pipe()
    Output(f"/dev/fd/{write}").write(b"seen")
    assert os.read(read, 9) == b"seen"
    os.close(read)
    os.close(write)


def test_a_device_that_takes_the_results_may_be_an_output(monkeypatch):
    with open(os.devnull, "w") as results:
        monkeypatch.setattr("kvproof.files.stdout", lambda: results)
        Outputs().file(os.devnull).write(b"x")


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr("os.access", lambda *_: False)  # root may do anything
    with pytest.raises(InputError, match="write-protected"):
        Outputs().file(path)
    Outputs().file(tmp_path / "other")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_write_protected(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o400)
    with pytest.raises(InputError, match="write-protected"):
        Outputs().file(path)
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        Outputs().file(tmp_path / "other")


def test_a_folder_that_one_may_not_enter(tmp_path, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.is_dir", closed)  # as for users other than root
    with pytest.raises(InputError, match=r"^x\.csv: cannot be written: Permission denied$"):
        Outputs().file("x.csv")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [(["headroom", "{i}"], "--certificates"), (["search"], "--out"), (["frontier"], "--out")],
)
def test_a_new_folder_is_no_file_of_the_same_call(
    capsys, monkeypatch, tmp_path, instance, arguments, option
):
    new = tmp_path / "new"
    monkeypatch.setattr("kvproof.inputs.load", lambda *_, **__: pytest.fail("it began to work"))
    named = [option, new, "--report", new]
    refused(capsys, [*(a.format(i=instance) for a in arguments), *named], "of the same call")
    assert not new.exists()
    files = Outputs()
    files.file(new)
    with pytest.raises(InputError, match="of the same call"):
        files.folder(new, mark="x")


def test_a_parquet_file_is_looked_at_before_the_work(capsys, monkeypatch, tmp_path, instance):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("kvproof.inputs.load", lambda *_, **__: pytest.fail("it began to work"))
    refused(capsys, ["simulate", instance, "--out", tmp_path / "x.parquet"], "needs pyarrow")


def feed(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("command", ["solve", "verify", "simulate", "improve", "certify"])
def test_a_dash_is_standard_input(capsys, monkeypatch, tmp_path, instance, command):
    more = {"improve": ["--trials", "5"], "certify": ["--out", str(tmp_path / "c.json")]}
    feed(monkeypatch, instance.read_bytes())
    assert run([command, "-", *more.get(command, [])]) == 0
    feed(monkeypatch, Path(EXAMPLE).read_bytes())
    options = ["--memory", "60000", "--limit", "5", *more.get(command, [])]
    assert run([command, "-", *options]) == 0
    capsys.readouterr()
    feed(monkeypatch, b"a,b\n1,2\n")
    refused(capsys, [command, "-", *options], "standard input")
    feed(monkeypatch, b"")
    refused(capsys, [command, "-", *options], "standard input")


def test_standard_input_that_is_not_there(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="closed"), readable("-"):
        pass
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    with pytest.raises(InputError, match="nothing is sent to standard input"), readable("-"):
        pass


def test_replay_shrink_and_show_take_the_same_things(capsys, monkeypatch, tmp_path, witness):
    folder = tmp_path / "run"
    search = ["search", "--requests", "6", "--memory", "30", "--evaluations", "400"]
    assert run([*search, "--no-baselines", "--out", str(folder)]) == 0
    capsys.readouterr()
    for command in (["replay"], ["witness", "show"]):
        totals = []
        for name in (str(folder), str(folder / "best.json"), "-"):
            feed(monkeypatch, (folder / "best.json").read_bytes())
            assert run([*command, name, "--json"]) == 0
            totals.append(json.loads(capsys.readouterr().out)["ratio"])
            if command == ["replay"]:
                feed(monkeypatch, (folder / "best.json").read_bytes())
                assert run([*command, name]) == 0
                assert f"{name}: verified" in " ".join(capsys.readouterr().out.split())
        assert len(set(totals)) == 1
        assert run([*command, str(folder), "--number", "1", "--json"]) == 0
        capsys.readouterr()
        refused(capsys, [*command, folder, "--number", "999"], "witnesses")
        refused(capsys, [*command, witness, "--number", "1"], "--number goes with a run's folder")
    small = tmp_path / "small.json"
    assert run(["shrink", str(folder), "--tries", "50", "--out", str(small)]) == 0
    assert small.exists()
    capsys.readouterr()
    refused(capsys, ["shrink", folder], "--out")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", EXAMPLE, "--memory", "60000", "--policy", "svf", "--theta", "5"], "--theta"),
        (["simulate", EXAMPLE, "--memory", "60000", "--admission", "reserve"], "--admission"),
        (["certify", EXAMPLE, "--memory", "60000", "--out", "x", "--theta", "5"], "--theta"),
        (["search", "--theta", "5"], "--theta"),
        (["search", "--span", "5"], "--span"),
        (["search", "--max-eps", "2"], "at most 1"),
        (["search", "--min-eps", "1/2", "--max-eps", "1/4"], "--min-eps 1/2 must be below --max-e"),
        (["search", "--requests", "99", "--classes", "0"], "take fewer, or some classes"),
        (["exhaust", "--memory", "4", "--requests", "2", "--max-eps", "2"], "at most 1"),
        (["exhaust", "--memory", "4", "--requests", "2", "--max-eps", "0.1"], "take 1/4 or more"),
        (["verify", "{i}", "--step", "0.1"], "counts in steps already"),
        (["verify", EXAMPLE, "--memory", "60000", "--step", "1e-12"], "take a longer --step"),
        (["solve", "{i}", "--engine", "dp", "--backend", "cbc"], "--backend has no effect"),
        (["solve", "{i}", "--backend", "frobnicate"], "'frobnicate' is not installed"),
        (["simulate", "{i}", "--out", "s.parquet.gz"], "name a file that ends in .parquet"),
        (["solve", "{i}", "--json", "--gantt"], "--json prints one object"),
        (["certify", "{i}", "--out", "x", "--claim", "schedule", "--bound", "price"], "--bound"),
        (["certify", "{i}", "--out", "x", "--claim", "opt-lower-bound", "--skip"], "--skip"),
        (["certify", "{i}", "--out", "x", "--witness", "svf"], "--witness"),
        (["taxonomy", "--seed", "3"], "--seed"),
        (["replay", "{w}", "--skip"], "--skip goes with --policy"),
        (["shrink", "{w}", "--skip"], "--skip goes with --policy"),
    ],
)
def test_options_without_effect_are_refused(capsys, instance, witness, arguments, said):
    refused(capsys, [a.format(i=instance, w=witness) for a in arguments], said)
