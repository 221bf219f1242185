"""What the README and the documentation show runs as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kvproof.cli import cli
from tests.conftest import ROOT

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(tmp_path):
    """A folder that looks like a clone to whoever reads along, with a trace of one's own."""
    for room in ("examples", "certificates"):
        (tmp_path / room).symlink_to(ROOT / room)
    rows = (ROOT / "examples" / "azure_code_1000.csv").read_text().splitlines(keepends=True)
    (tmp_path / "trace.csv").write_text("".join(rows[:201]))
    return tmp_path


# the others hold no commands, or such as need hours, a vLLM, or files of one's own
_PAGES = [
    "README.md", "docs/tutorial.md", "docs/guide.md", "docs/python.md",
    *(f"docs/howto/{page.name}" for page in sorted((ROOT / "docs" / "howto").glob("*.md"))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "command"), [("docs/guide.md", "verify"), ("docs/vllm.md", "vllm")]
)
def test_the_table_of_options_is_complete(page, command):
    text = (ROOT / page).read_text()
    table = re.search(r"^\| option \| meaning \|\n\|---\|---\|\n(.*?)\n\n", text, re.M | re.S)
    named = set(re.findall(r"--[a-z-]+", table[1]))
    params = cli.get_command(None, command).params
    assert named == {name for param in params for name in param.opts if name.startswith("--")}


def test_each_benchmark_has_its_section_and_each_section_its_benchmark():
    call = re.compile(r"""write_section\(\s*"(\w+)",.*?(?:page="([\w.]+)")?\)$""", re.M)
    written = [
        (page or "performance.md", name)
        for script in (ROOT / "benchmarks").glob("*.py")
        for name, page in call.findall(script.read_text())
    ]
    marked = [
        (page.name, name)
        for page in (ROOT / "docs").glob("*.md")
        for name in re.findall(
            r"^<!-- begin (\w+) -->$.*?^<!-- end \1 -->$", page.read_text(), re.M | re.S
        )
    ]
    assert sorted(written) == sorted(marked)


@pytest.mark.parametrize("page", _PAGES)
def test_every_snippet_runs(page, clone):
    kvproof = Path(shutil.which("kvproof") or Path(sys.executable).with_name("kvproof"))
    paths = (str(kvproof.parent), str(Path(sys.executable).parent), os.environ["PATH"])
    environment = {**os.environ, "PATH": os.pathsep.join(paths), "COLUMNS": "120"}
    ran = 0
    for language, text in _BLOCK.findall((ROOT / page).read_text()):
        name = re.match(r"# (\w+\.py)\n", text)
        if language == "python":
            (clone / (name[1] if name else "snippet.py")).write_text(text)
            commands = [] if name else [f"{sys.executable} snippet.py"]
        else:
            commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
            commands = [command for command in commands if not command.startswith("make ")]
        for command in commands:
            done = subprocess.run(
                command, shell=True, cwd=clone, env=environment, capture_output=True, text=True,
                timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}: {done.stdout[-500:]} {done.stderr[-500:]}"
            ran += 1
    assert ran >= 1
