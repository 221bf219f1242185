"""The checker as one file: the same verdicts under every Python at hand, and readable."""

import ast
import builtins
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from kvproof.certificates.checker import check
from kvproof.certificates.single_file import PACKAGE, READING_ORDER, single_file

ROOT = Path(__file__).resolve().parents[2]
CORPUS = sorted(
    path
    for name in ("valid", "rejected", "malformed")
    for path in (ROOT / "tests" / "certificates" / name).glob("*.json*")
)


def pythons() -> list[str]:
    """Return this Python, and every other from 3.9 on that the path or pyenv has."""
    found = {sys.version_info.minor: sys.executable}
    names = [shutil.which(f"python3.{minor}") for minor in range(9, 20)]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
        names += map(str, Path(root.stdout.strip()).glob("versions/3.*/bin/python"))
    for name in filter(None, names):
        asked = [name, "-c", "import sys; print(*sys.version_info[:2])"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        if said and said[0] == "3" and int(said[1]) >= 9:
            found.setdefault(int(said[1]), name)
    return [found[minor] for minor in sorted(found)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("one") / "check_kvproof.py"
    path.write_text(single_file(), encoding="utf-8")
    return path


@pytest.mark.parametrize("python", pythons(), ids=lambda name: Path(name).resolve().name)
def test_it_agrees_with_the_package(python: str, written: Path) -> None:
    ended = subprocess.run(
        [python, "-W", "error", written, "--json", *CORPUS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    said = json.loads(ended.stdout)
    assert ended.returncode == said["exit_code"] == 2
    verdicts = [check(path).verdict for path in CORPUS]
    assert [row["verdict"] for row in said["files"]] == verdicts
    assert len(set(verdicts)) == 3
    good = [
        str(path) for path, verdict in zip(CORPUS, verdicts, strict=True) if not verdict.exit_code
    ]
    assert subprocess.run([python, written, *good], check=False).returncode == 0


def test_every_module_is_in_it_and_uses_what_is_above() -> None:
    folder = ROOT / "certificates" / "checker"
    there = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py")}
    own = {name for name in there if not name.rpartition("/")[2].startswith("__")}
    assert {*READING_ORDER} == own
    for place, name in enumerate(READING_ORDER):
        here = name.split("/")[:-1]
        source = files(PACKAGE).joinpath(f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.level:
                above = here[: len(here) + 1 - node.level]
                used = "/".join([*above, *(node.module or "").split(".")])
                assert used in READING_ORDER[:place], (name, used)
                assert all(alias.asname is None for alias in node.names), name


def test_the_core_uses_nothing_else() -> None:
    """Neither what makes it fast, nor what policies do, nor how files are read."""
    for path in (ROOT / "certificates" / "checker" / "core").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.ImportFrom) or node.level <= 1, path.name


def test_no_name_means_two_things() -> None:
    """Neither among the modules and what they import, nor among these and Python's own names."""
    seen = Counter[str]()
    for node in ast.parse(single_file(), feature_version=(3, 9)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            seen[node.name] += 1
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            seen.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            seen.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            seen[node.target.id] += 1
    assert len(seen) > 150
    assert [name for name, times in seen.items() if times > 1 or hasattr(builtins, name)] == []


def test_it_is_plain_text_that_keeps_the_modules_whole() -> None:
    text = single_file()
    assert max(map(len, text.splitlines())) < 130
    for name in READING_ORDER:
        module = ast.parse(files(PACKAGE).joinpath(f"{name}.py").read_text(encoding="utf-8"))
        kept = [node for node in module.body[1:]
                if not isinstance(node, (ast.Import, ast.ImportFrom))]  # fmt: skip
        assert kept
        joined = [ast.dump(node) for node in ast.parse(text).body]
        at = joined.index(ast.dump(kept[0]))
        assert joined[at : at + len(kept)] == [ast.dump(node) for node in kept], name


def test_the_recipe_for_a_colleague(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "howto" / "give-a-proof.md").read_text(encoding="utf-8")
    recipe = page.split("To convince a colleague")[1].split("It loads nothing")[0]
    here, there = re.findall(r"```console\n(.*?)```", recipe, re.DOTALL)
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    shutil.copytree(ROOT / "examples", mine / "examples")

    def run(commands: str, folder: Path) -> str:
        folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        clean["PATH"] = os.pathsep.join(folders)
        said = ""
        for line in commands.splitlines():
            assert line.startswith("$ ")
            ended = subprocess.run(
                ["bash", "-c", line[2:]],
                cwd=folder, env=clean, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert ended.returncode == 0, ended.stderr
            said += ended.stdout
        return said

    run(here, mine)
    shutil.rmtree(mine / "examples")
    for path in mine.iterdir():
        shutil.move(path, theirs)
    said = run(there, theirs)
    assert said.startswith("svf.json.gz: verified: a feasible schedule has total latency 155,390")
