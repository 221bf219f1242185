"""Compile the Coq development and ask Coq what each theorem assumes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kvproof.bounds.formal.statements import MODULES, SOURCES, logical, statements

CLOSED = "Closed under the global context"
#: What would let a proof pass unfinished; Coq's own answer is asked for as well.
_FORBIDDEN = re.compile(
    r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Abort|bypass_check)\b|Unset Guard"
)
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)


class NotProved(Exception):
    """A file does not compile, or a theorem is not closed; the message says which."""


class CoqMissing(Exception):
    """No Coq compiler is installed."""


@contextmanager
def _alone(build: Path) -> Iterator[None]:
    """Wait until no other process compiles in this folder; the lock is a file beside it."""
    import fcntl  # not on every system that has the rest

    build.parent.mkdir(parents=True, exist_ok=True)
    with build.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prove(build: Path, *, fresh: bool) -> tuple[str, ...]:
    """Compile everything and return the names of the theorems, each closed.

    Two processes that compile in one folder do so one after the other.

    Parameters
    ----------
    build
        Folder to compile in; made where it is missing.
    fresh
        Compile from scratch; else only what changed since the last time, and what comes after it.

    Raises
    ------
    CoqMissing
        No ``coqc`` on the path.
    NotProved
        A proof is rejected, unfinished, or rests on an axiom.
    """
    if shutil.which("coqc") is None:
        raise CoqMissing(
            "coqc not found: install Coq 8.16 or newer (Debian: apt-get install coq), "
            "then run make prove again"
        )
    with _alone(build):
        if fresh and build.exists():
            shutil.rmtree(build)
        stale = False
        for name in files():
            source, target = SOURCES / name, build / name
            text = source.read_text(encoding="utf-8")
            if found := _FORBIDDEN.search(_COMMENT.sub(" ", text)):
                raise NotProved(f"{name}: {found[0]} is not allowed")
            target.parent.mkdir(parents=True, exist_ok=True)
            compiled = target.with_suffix(".vo")
            stale |= not compiled.exists() or target.read_text(encoding="utf-8") != text
            if stale:
                compiled.unlink(missing_ok=True)
                target.write_text(text, encoding="utf-8")
                coqc(build, name)
        return _assumptions(build)


def files() -> list[str]:
    """Return the Coq files in the order in which they compile, as ``_CoqProject`` lists them."""
    return [line for line in _project() if line.endswith(".v")]


def _paths() -> list[str]:
    return [word for line in _project() if line.startswith("-") for word in line.split()]


def _project() -> list[str]:
    return (SOURCES / "_CoqProject").read_text(encoding="utf-8").splitlines()


def coqc(build: Path, name: str) -> str:
    """Compile one file of the build folder and return what Coq prints."""
    ran = subprocess.run(
        ["coqc", "-q", *_paths(), name],
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise NotProved(f"{name} does not compile: {' '.join((ran.stderr or ran.stdout).split())}")
    return ran.stdout


def _assumptions(build: Path) -> tuple[str, ...]:
    """Ask for what all the theorems behind the statements of the spec assume, together."""
    names = tuple(statements())
    lines = [f"Require {' '.join(map(logical, MODULES))}."]
    lines.append("From kvproof.proofs Require Theorems.")
    for name, statement in statements().items():
        # that the theorem is the statement, word for word
        lines.append(f"Definition {name} : {logical(statement.module)}.{name} := Theorems.{name}.")
    lines.append(f"Definition everything := ({', '.join(names)}).")
    lines.append("Print Assumptions everything.")
    (build / "Assumptions.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = " ".join(coqc(build, "Assumptions.v").split())
    if said != CLOSED:
        raise NotProved(f"a theorem rests on something unproved: {said}")
    return names
