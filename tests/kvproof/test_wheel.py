"""What is installed: one name in site-packages, which nobody's own files get in the way of."""

import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from tests.conftest import ROOT

ROOMS = ("scheduling", "certificates", "bounds", "solver", "adversary", "serving")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel's contents, unpacked as an installer does."""
    if find_spec("pip") is None:
        pytest.skip("building needs pip, which this environment has not")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # a copy, as building leaves files behind
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "tests", "docs")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), "."],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and "setuptools" in done.stderr:
        pytest.skip("building needs setuptools, and no index can be reached")
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_holds_one_package(wheel):
    assert {path.name.partition("-")[0] for path in wheel.iterdir()} == {"kvproof"}
    for room in ROOMS:
        assert (wheel / "kvproof" / room / "__init__.py").is_file()
    assert (wheel / "kvproof" / "py.typed").is_file()
    assert (wheel / "kvproof" / "report" / "assets" / "plotly-basic.min.js").is_file()
    assert (wheel / "kvproof" / "report" / "assets" / "report.html.jinja").is_file()
    assert list(wheel.glob("kvproof/bounds/formal/spec/*.v"))


@pytest.mark.parametrize(
    "program",
    [
        "import kvproof as kv; print(len([getattr(kv, name) for name in kv.__all__]))",
        "from kvproof.__main__ import run; raise SystemExit(run(['solve', 'i.json']))",
    ],
)
def test_it_runs_in_a_folder_of_colliding_names(wheel, tmp_path, program):
    for name in (*ROOMS, "policies", "kernel", "exact"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong file')\n")
    (tmp_path / "i.json").write_text(
        '{"format": "kvproof-instance", "version": 1, "memory": 9, "arrival": [0, 0],'
        ' "prompt": [2, 1], "output": [3, 4]}'
    )
    check = f"import kvproof; assert kvproof.__file__.startswith({str(wheel)!r});"
    path = f"import sys; sys.path.insert(1, {str(wheel)!r});"
    done = subprocess.run(
        [sys.executable, "-c", f"{path} {check} {program}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
