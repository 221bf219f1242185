"""The checker imports nothing but the standard library and itself, and runs from a copy."""

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from kvproof import certificates
from kvproof.certificates import checker
from kvproof.certificates.single_file import single_file

ROOT = Path(__file__).resolve().parents[3]
CHECKER = ROOT / "certificates" / "checker"
VALID = ROOT / "tests" / "certificates" / "valid"


def test_imports() -> None:
    for path in CHECKER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                inside = len(path.relative_to(CHECKER).parts)
                assert node.level <= inside, f"{path.name} reaches out of its folder"
                names = [] if node.level else [node.module or ""]
            else:
                continue
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names, f"{path.name}: {name}"


def test_only_decisions_by_integers() -> None:
    """No float literal, no true division, no call of float in the checker."""
    for path in CHECKER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not isinstance(node, (ast.Div, ast.Assert)), f"{path.name}: {ast.dump(node)}"
            assert not (isinstance(node, ast.Name) and node.id == "float"), path


def complexity(function: ast.FunctionDef) -> int:
    """Count the ways through it, as McCabe did."""
    forks = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.comprehension)
    found = [node for node in ast.walk(function) if isinstance(node, forks)]
    operators = [node for node in ast.walk(function) if isinstance(node, ast.BoolOp)]
    return 1 + len(found) + sum(len(node.values) - 1 for node in operators)


def test_the_core_is_made_of_small_parts() -> None:
    for path in (CHECKER / "core").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, node.name
                assert complexity(node) <= 15, node.name


def code_lines(path: Path) -> int:
    """Count the lines that hold code: no comments, no docstrings, no blank ones."""
    text = path.read_text(encoding="utf-8")
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*silent, tokenize.ENDMARKER):
            code |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            code -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(code)


def needs(name: str) -> set[str]:
    """Return the modules of the core that one of them needs, itself among them."""
    tree = ast.parse((CHECKER / "core" / f"{name}.py").read_text(encoding="utf-8"))
    used = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    used &= {path.stem for path in (CHECKER / "core").glob("*.py")}
    return {name}.union(*map(needs, used))


def test_the_guide_says_what_is_to_be_read() -> None:
    """In the table of lines by kind; all kinds together need at most 1,266 lines."""
    lines = {path.stem: code_lines(path) for path in (CHECKER / "core").glob("*.py")}
    common = {"verdict", "budget", "reader", "model", "feasibility", "parts", "claims"}
    said = [f"| any | {sum(lines[name] for name in common)} |"]
    for kinds, module in (
        ("`price`", "prices"), ("`branch`", "branch"), ("`volume`", "bounds"),
        ("`discrete-centroid`, `tail-centroid`", "steps"), ("`staggered`", "staggered"),
        ("`search`", "search"), ("`profiles`", "profiles"),
    ):  # fmt: skip
        more = sum(lines[name] for name in needs(module) - common)
        said.append(f"| {kinds} | {more} |")
    assert sum(lines.values()) <= 1266
    page = (CHECKER.parent.parent / "docs" / "certificates.md").read_text(encoding="utf-8")
    for row in (*said, f"| all | {sum(lines.values()):,} |"):
        assert row in page, row


def run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "start",
    [
        ("-m", "checker"),
        ("-S", "-m", "checker"),
        ("checker",),
        ("-I", "-S", "checker"),
        ("-W", "error", "checker"),
    ],
)
def test_from_a_copied_folder(start: tuple[str, ...], tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKER, tmp_path / "checker", ignore=ignore)
    good = run(sys.executable, *start, str(VALID / "centroid.json"), cwd=tmp_path)
    assert (good.returncode, good.stderr) == (0, "")
    assert ": verified: every feasible schedule has total latency at least" in good.stdout
    bad = VALID.parent / "rejected" / "cost-lower.json"
    ended = run(sys.executable, *start, str(bad), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_copy_under_another_name(tmp_path: Path) -> None:
    shutil.copytree(CHECKER, tmp_path / "kvc", ignore=shutil.ignore_patterns("__pycache__"))
    ended = run(sys.executable, "kvc", str(VALID / "chain.json"), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def modules_of_python() -> set[str]:
    """Return the top-level names that the checker imports of the standard library."""
    found: set[str] = set()
    for path in CHECKER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("flags", [(), ("-I",), ("-S",), ("-I", "-S"), ("-P",)])
def test_nothing_is_loaded_from_where_it_lies(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Files beside it say "verified" and exit with 0; their names are the standard library's."""
    decoys = modules_of_python() | {
        "__future__",
        "encodings",
        "keyword",
        "select",
        "copy",
        "random",
        "locale",
    }
    assert len(decoys) > 20
    shutil.copytree(CHECKER, tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "check_kvproof.py").write_text(single_file(), encoding="utf-8")
    for name in decoys:
        (tmp_path / f"{name}.py").write_text('import sys; print("verified"); sys.exit(0)')
    bad = str(VALID.parent / "rejected" / "cost-lower.json")
    for start in ("checker", "check_kvproof.py", str(tmp_path / "checker")):
        ended = run(sys.executable, *flags, start, bad, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (1, ""), start
        assert ": rejected: " in ended.stdout
        assert "verified" not in ended.stdout


@pytest.mark.parametrize("form", ["checker", "check_kvproof.py"])
def test_a_fault_while_it_is_loaded_is_no_rejection(form: str, tmp_path: Path) -> None:
    shutil.copytree(CHECKER, tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "checker" / "core" / "claims.py").open("a") as claims:
        claims.write("\nraise MemoryError\n")
    (tmp_path / "check_kvproof.py").write_text(
        single_file().replace("\nCLAIMS:", "\nraise MemoryError\nCLAIMS:"), encoding="utf-8"
    )
    ended = run(sys.executable, form, str(VALID / "chain.json"), cwd=tmp_path)
    assert ended.returncode == 4
    assert ended.stderr == "internal error: MemoryError: MemoryError()\n"


def test_it_loads_nothing_else() -> None:
    code = (
        "import sys, json; before = set(sys.modules)\n"
        "import kvproof.certificates.checker\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ended = run(sys.executable, "-c", code, cwd=ROOT)
    for name in json.loads(ended.stdout):
        if name not in ("kvproof", "kvproof.certificates"):
            ours = name.startswith("kvproof.certificates.checker")
            assert ours or name.split(".")[0] in sys.stdlib_module_names, name


def test_the_package_above_is_empty() -> None:
    assert Path(certificates.__file__ or "").read_bytes() == b""


def test_all_is_what_is_exported() -> None:
    assert sorted(checker.__all__) == [
        "Limits",
        "Result",
        "Verdict",
        "check",
        "main",
    ]
