"""First use: kernels are compiled beforehand, elsewhere, or with a word about it."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import ROOT


def python(program):
    """Run a program; what it prints and what it says on stderr. No cache folder is named."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, cwd=ROOT, env=environment, check=True,
    )  # fmt: skip


def test_warming_compiles_every_kernel():
    # a kernel that another one calls is compiled with it
    done = python("""
        from kvproof.warming import TASKS, kernels, warm

        for task in TASKS:
            warm(task)
        kernels = kernels()
        called = {name for kernel in kernels for name in kernel.py_func.__code__.co_names}
        print(len(kernels))
        print(*(k.__name__ for k in kernels if not k.signatures and k.__name__ not in called))
    """)
    *_, number, left, _ = done.stdout.split("\n")  # a library may print before
    assert int(number) > 60
    assert left == ""


NO_CACHE_FOLDER = """
    from numba.core import caching
    # neither beside the sources nor in a home: as in a read-only installation
    provided = [name for name in vars(caching) if "UserProvidedCacheLocator" in name]
    caching.CacheImpl._locator_classes = [getattr(caching, name) for name in provided]
    from kvproof.scheduling import notices
    notices.listen(print)
    import os, tempfile
    tempfile.tempdir = {folder!r}
    from kvproof.scheduling.sorting import stable_order
    import numpy as np
    print(int(stable_order(np.arange(20_000, dtype=np.int64)).sum()))
    print(sorted(name for name in os.listdir({folder!r})))
"""


def test_a_cache_is_kept_where_nothing_else_can_be_written(tmp_path):
    done = python(NO_CACHE_FOLDER.format(folder=str(tmp_path)))
    said = done.stdout.splitlines()
    assert said[0].startswith(f"compiled code is kept in {tmp_path}/kvproof-")
    assert "199990000" in said
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    assert any(folder.rglob("*.nbi"))


@pytest.mark.parametrize("what", ["file", "open"])
def test_no_cache_is_taken_from_where_others_can_write(tmp_path, what):
    python(NO_CACHE_FOLDER.format(folder=str(tmp_path)))
    (folder,) = tmp_path.iterdir()
    for file in sorted(folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    if what == "open":
        folder.chmod(0o777)
    else:
        folder.rmdir()
        folder.write_text("")
    done = python(NO_CACHE_FOLDER.format(folder=str(tmp_path)))
    said = done.stdout.splitlines()
    assert said[0].startswith("no folder can be written")
    assert "199990000" in said
    assert not any(tmp_path.rglob("*.nbi"))


def test_a_long_compilation_is_said_once():
    done = python("""
        import time
        from kvproof.scheduling import compiled, notices
        notices.listen(print)
        announcer = compiled._Announcer()
        compiled._SHORT = 0.01
        for _ in range(2):
            announcer.on_start(None)
            announcer.on_start(None)
            time.sleep(0.3)
            announcer.on_end(None)
            announcer.on_end(None)
        announcer.on_start(None)
        announcer.on_end(None)
    """)
    (line,) = done.stdout.splitlines()
    assert line.startswith("compiling for this machine; once")


def test_a_cache_of_another_version_is_left_alone(tmp_path):
    module = """
        from typing import NamedTuple
        from kvproof.scheduling.compiled import njit

        class {name}(NamedTuple):
            x: int

        @njit
        def twice(pair):
            return 2 * pair.x
    """
    use = """
        import os, sys
        os.environ["NUMBA_CACHE_DIR"] = {cache!r}
        sys.path.insert(0, {folder!r})
        import kernels
        print(kernels.twice(kernels.{name}(21)))
    """
    for name in ("Pair", "Renamed"):
        (tmp_path / "kernels.py").write_text(textwrap.dedent(module.format(name=name)))
        folders = {"cache": str(tmp_path / "cache"), "folder": str(tmp_path)}
        assert python(use.format(name=name, **folders)).stdout.strip() == "42"
    assert list((tmp_path / "cache").rglob("*.nbi"))
