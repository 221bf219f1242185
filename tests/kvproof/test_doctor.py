"""What doctor finds, completion, and the examples of the help."""

import json
import os
import shlex
import subprocess
import sys
from importlib.metadata import version

import click
import pytest

from kvproof import doctor
from kvproof.__main__ import run
from kvproof.cli import COMMANDS, EXAMPLES, cli
from kvproof.scheduling import shipped, usage
from kvproof.scheduling.errors import InputError
from kvproof.solver.backends import find_backend


def test_it_names_what_is_installed(capsys):
    assert run(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["packages"]["numpy"] == version("numpy")
    assert "highs" in said["backends"]
    with pytest.raises(InputError, match=", ".join(said["backends"])):
        find_backend("frobnicate")
    assert "pytest" not in said["packages"]
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert version("numba") in shown
    assert said["compiled_code"]["folder"] in shown


def test_a_missing_package_is_said(monkeypatch, capsys):
    lacking = doctor.Package(name="numpy", version=None, purpose="needed")
    monkeypatch.setattr(doctor, "packages", lambda: [lacking])
    assert run(["doctor"]) == 2
    assert "not installed" in capsys.readouterr().out


def test_compiled_code_is_counted(monkeypatch, tmp_path):
    folder = tmp_path / "scheduling_123"
    folder.mkdir()
    (folder / "usage.hold-1.nbc").write_bytes(b"four")
    (folder / "usage.hold-1.nbi").write_bytes(b"an index")

    class Kernel:
        class _cache:
            cache_path = str(folder)

    carried = tmp_path / shipped.FOLDER.name
    carried.mkdir()
    (carried / "kernel.nbc").write_bytes(b"of the wheel")
    monkeypatch.setattr(shipped, "FOLDER", carried)
    monkeypatch.setattr(shipped, "usable", lambda: True)
    monkeypatch.setattr(usage, "hold", Kernel)
    code = doctor.compiled_code()
    assert (code.folder, code.files, code.size, code.carried) == (tmp_path, 1, 4, 1)
    assert code.writable


def complete(words, position, instruction="bash_complete"):
    ran = subprocess.run(
        [sys.executable, "-m", "kvproof"],
        env=os.environ | {"_KVPROOF_COMPLETE": instruction, "COMP_WORDS": words,
                          "COMP_CWORD": str(position)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout.split()


def test_the_shell_completes_commands_options_and_choices():
    assert complete("kvproof ver", 1) == (0, ["plain,verify"])
    assert complete("kvproof verify --compa", 2) == (0, ["plain,--compact"])
    assert complete("kvproof solve --engine ", 3)[1] == [
        f"plain,{name}" for name in ("auto", "dp", "branch", "milp")
    ]
    assert complete("", 0, "cobol_source")[0] == 2


def every_command(group=cli, before=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*before, name))


def test_every_command_has_an_example():
    names = {" ".join(path) for path, _ in every_command()}
    assert names == set(EXAMPLES)
    assert set(COMMANDS) <= names


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_in_the_help_and_parses(name, capsys):
    assert run([*name.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert EXAMPLES[name] in " ".join(said.replace("\\\n", " ").split())
    assert "\\b" not in said  # click's mark, where a docstring is raw
    words = shlex.split(EXAMPLES[name])
    assert words[: 1 + len(name.split())][:2] == ["kvproof", name.split()[0]]
    context = cli.make_context("kvproof", words[1:])
    parent = cli
    rest = [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else []
    while isinstance(parent, click.Group) and rest:
        _, command, rest = parent.resolve_command(context, rest)
        context = command.make_context("kvproof", rest, parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]
        parent = command
