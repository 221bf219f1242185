"""A result and its files: none is lost where another cannot be written, none named that is not."""

import json
import os
from pathlib import Path

import pytest

from kvproof.__main__ import run
from kvproof.files import Failures, Output
from kvproof.scheduling.errors import InputError, LimitError


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["solve", "{i}", "--svg", "{out}"], "optimal"),
        (["solve", "{i}", "--certificate", "{out}"], "optimal"),
        (["simulate", "{i}", "--out", "{dir}/o.csv"], "total latency"),
        (["improve", "{i}", "--trials", "10", "--out", "{out}"], "OPT is at least"),
        (["shrink", "{w}", "--tries", "1", "--out", "{out}"], "requests"),
        (["witness", "show", "{w}", "--out", "{out}"], "ratio of at least"),
        (["verify", "{i}", "--replicas", "2", "--report", "{dir}/o.htm"], "With any routing"),
        (["verify", "{i}", "--sweep", "memory=99", "--plot", "{out}"], "Order matters at no point"),
        (["verify", "{i}", "--noise", "factor:1", "--policy", "svf", "--certificate", "{out}"],
         "No run, whatever it knows"),
    ],
)  # fmt: skip
def test_results_are_printed_even_if_the_file_fails(
    capsys, monkeypatch, tmp_path, instance, witness, arguments, printed
):
    names = {"i": instance, "w": witness, "out": tmp_path / "o.svg", "dir": tmp_path}
    replace = os.replace

    def full(source: object, target: object) -> None:
        if Path(str(target)).parent == tmp_path:
            raise OSError(28, "No space left on device")
        replace(source, target)  # kernels that are compiled meanwhile are kept as ever

    monkeypatch.setattr("os.replace", full)
    assert run([a.format(**names) for a in arguments]) == 2
    streams = capsys.readouterr()
    assert printed in streams.out
    assert streams.err.endswith(": cannot be written: No space left on device\n")
    assert not list(tmp_path.glob("o.*"))


def test_a_result_is_shown_though_its_certificates_cannot_be_written(capsys, tmp_path, instance):
    folder = tmp_path / "proofs"
    (folder / "at-most.json.gz").mkdir(parents=True)
    assert run(["headroom", str(instance), "--time-limit", "1", "--certificates", str(folder)]) == 2
    streams = capsys.readouterr()
    assert "mean latency" in streams.out
    assert "cannot be written" in streams.err


@pytest.mark.parametrize(
    ("arguments", "full", "names", "said"),
    [
        (["solve", "{i}", "--certificate", "{s}.json", "--svg", "{s}.svg"], ".json",
         [".svg", ".html"], ("certificate", None)),
        (["solve", "{i}", "--certificate", "{s}.json", "--svg", "{s}.svg"], ".svg",
         [".json", ".html"], ("certificate", "{s}.json")),
        (["headroom", "{i}", "--time-limit", "1", "--certificates", "{s}"], "/at-most.json.gz",
         ["/at-least.json.gz", ".html"], ("certificates", ["{s}/at-least.json.gz"])),
        (["experiment", "poisson", "--trace", "{i}", "--requests", "10", "--runs", "2", "--loads",
          "0.5", "--plot", "{s}.png"], ".png", [".html"], ("plot", None)),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_written_loses_no_other(
    capsys, tmp_path, monkeypatch, arguments, full, names, said
):
    trace, place = tmp_path / "i.csv", str(tmp_path / "s")
    rows = "0,5,9\n0,3,3\n0,5,3\n0,2,2\n"
    trace.write_text(f"arrived_at,num_prefill_tokens,num_decode_tokens\n{rows * 3}")
    write = Output.write

    def fails(output, data):
        if output.name == place + full:
            raise InputError(f"{output.name}: cannot be written: No space left on device")
        write(output, data)

    monkeypatch.setattr(Output, "write", fails)
    memory = [] if arguments[0] == "experiment" else ["--memory", "16"]
    words = [a.format(i=trace, s=place) for a in arguments]
    assert run([*words, *memory, "--report", f"{place}.html", "--json"]) == 2
    streams = capsys.readouterr()
    assert streams.err.endswith(f"{full}: cannot be written: No space left on device\n")
    assert all(Path(place + name).stat().st_size for name in names)
    key, value = said
    value = value and json.loads(json.dumps(value).replace("{s}", place))
    assert json.loads(streams.out)[key] == value


def test_limits_and_failures_are_told_together():
    failures = Failures()
    for error in (LimitError("a: over a limit"), InputError("b: full"), InputError("c: full")):
        with failures:
            raise error
    with pytest.raises(InputError, match=r"^a: over a limit; b: full; c: full$"):
        failures.end()
    with failures:
        pass
    Failures().end()


def test_a_witness_that_cannot_be_written_does_not_hide_the_result(capsys, tmp_path):
    folder = tmp_path / "run"
    search = ["search", "--policy", "fcfs", "--memory", "200", "--max-eps", "1/2", "--requests",
              "40", "--evaluations", "100", "--no-baselines", "--bound", "101/100"]  # fmt: skip
    assert run([*search, "--out", str(folder)]) == 5
    capsys.readouterr()
    (folder / "best.json").unlink()
    (folder / "best.json").mkdir()
    (folder / "violation-0.json").unlink()
    page = tmp_path / "page.html"
    assert run(["search", "--resume", str(folder), "--report", str(page), "--json"]) == 2
    streams = capsys.readouterr()
    said = json.loads(streams.out)
    assert said["violates"]
    assert said["witness"] is None
    assert "best.json: cannot be written" in streams.err
    assert (folder / "violation-0.json").exists()
    assert page.exists()


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["improve", "{i}", "--trials", "5", "--out", "{full}"], "certificate"),
        (["verify", "{i}", "--noise", "factor:2", "--policy", "svf", "--certificate", "{full}"],
         "certificate"),
        (["taxonomy", "--graph", "{full}"], "graph"),
        (["shrink", "{w}", "--tries", "1", "--out", "{full}"], "file"),
    ],
)  # fmt: skip
def test_json_names_no_file_that_was_not_written(
    capsys, monkeypatch, tmp_path, instance, witness, arguments, key
):
    def fails(output, data):
        raise InputError(f"{output.name}: cannot be written: No space left on device")

    names = {"i": instance, "w": witness, "full": tmp_path / "full.svg"}
    words = [a.format(**names) for a in arguments]
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[key] == str(names["full"])
    monkeypatch.setattr(Output, "write", fails)
    assert run([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)[key] is None
