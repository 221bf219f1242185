"""A run on disk: one SQLite file with a write-ahead log.

Whatever is reported is committed first, and an engine's state goes in with the witnesses found
under it, in one transaction: a run killed at any moment resumes from the last commit.
"""

import io
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kvproof.adversary.database import FAULTS, MALFORMED, usable
from kvproof.adversary.engines.protocol import State
from kvproof.adversary.witnesses.witness_file import WitnessFile, parse_witness
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import as_pq

FILE = "archive.sqlite"
VERSION = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS engines (
    name TEXT PRIMARY KEY, evaluations INTEGER NOT NULL, accepted INTEGER NOT NULL,
    best REAL NOT NULL, certified REAL NOT NULL, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS witnesses (
    id INTEGER PRIMARY KEY, engine TEXT NOT NULL, evaluations INTEGER NOT NULL,
    ratio TEXT NOT NULL, eps TEXT NOT NULL, requests INTEGER NOT NULL, memory INTEGER NOT NULL,
    interim INTEGER NOT NULL, violates TEXT, certificate BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS history (
    engine TEXT NOT NULL, evaluations INTEGER NOT NULL, best REAL NOT NULL,
    PRIMARY KEY (engine, evaluations));
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A witness in the archive.

    Parameters
    ----------
    engine, evaluations
        Who found it, and after how many evaluations it was certified.
    ratio, eps, requests, memory
        What it is.
    violates
        Name of the theorem or text of the bound that it contradicts, or None.
    interim
        Whether it was certified at an interruption only; a resumed run drops it again.
    certificate
        The file's bytes.
    """

    engine: str
    evaluations: int
    ratio: Fraction
    eps: Fraction
    requests: int
    memory: int
    violates: str | None
    certificate: bytes
    interim: bool = False

    @cached_property
    def witness(self) -> WitnessFile:
        """What the certificate says."""
        return parse_witness(self.certificate, name="a witness of the archive")


@dataclass(frozen=True, kw_only=True)
class EngineProgress:
    """How far an engine has come: counts, the best value, the best certified, and its state."""

    evaluations: int = 0
    accepted: int = 0
    best: float = 0.0
    certified: float = 0.0
    state: State | None = None


class Archive:
    """The file of one run.

    Raises
    ------
    InputError
        It cannot be opened, or is no archive of this version; from each method, too: it is
        damaged, or its disk is full.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        path = self._path = folder / FILE
        try:
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            elif not path.is_file():
                raise InputError(f"{folder}: no run is kept there (no {FILE}); name its folder")
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            with self._transaction():
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                known = self.read("version")
                if known is None:
                    self.write("version", VERSION)
        except (OSError, *FAULTS) as error:
            if path.is_file() and not os.access(path, os.R_OK | os.W_OK):
                raise InputError(
                    f"{path}: you may not read and write it, as looking at a run takes; copy its "
                    "folder to one of your own"
                ) from error
            raise InputError(f"{path}: not usable: {error}") from error
        if known not in (None, VERSION):
            self.close()
            raise InputError(f"{path}: archive version {known!r} is unknown; {VERSION} is known")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # on a full disk SQLite has rolled back already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def read(self, name: str) -> Any:
        """Return a value of the run, or None."""
        with usable(self._path, *MALFORMED):
            row = self._db.execute("SELECT value FROM run WHERE name = ?", (name,)).fetchone()
            return None if row is None else json.loads(row[0])

    def write(self, name: str, value: Any) -> None:
        """Store a value of the run."""
        with usable(self._path):
            self._db.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, json.dumps(value)))

    def save(
        self,
        engine: str,
        progress: EngineProgress,
        witnesses: list[Entry],
        *,
        remember: bool = True,
    ) -> None:
        """Commit an engine's progress together with what it found; `remember` it in its history."""
        with usable(self._path), self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO engines VALUES (?, ?, ?, ?, ?, ?)",
                (engine, progress.evaluations, progress.accepted, progress.best,
                 progress.certified, packed(progress.state or {})),
            )  # fmt: skip
            if remember:
                self._db.execute(
                    "INSERT OR REPLACE INTO history VALUES (?, ?, ?)",
                    (engine, progress.evaluations, progress.best),
                )
            for entry in witnesses:
                self._add(entry)

    def add(self, entry: Entry) -> None:
        """Commit one witness."""
        with usable(self._path), self._transaction():
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        self._db.execute(
            "INSERT INTO witnesses VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.engine, entry.evaluations, as_pq(entry.ratio), as_pq(entry.eps),
             entry.requests, entry.memory, entry.interim, entry.violates, entry.certificate),
        )  # fmt: skip

    def progress(self, engine: str) -> EngineProgress | None:
        """Return how far an engine had come, or None where it has not begun."""
        with usable(self._path, *MALFORMED):
            row = self._db.execute(
                "SELECT evaluations, accepted, best, certified, state FROM engines WHERE name = ?",
                (engine,),
            ).fetchone()
            if row is None:
                return None
            return EngineProgress(
                evaluations=row[0], accepted=row[1], best=row[2], certified=row[3],
                state=unpacked(row[4]),
            )  # fmt: skip

    def entries(self) -> list[Entry]:
        """Return all witnesses in the order in which they were found."""
        with usable(self._path, *MALFORMED):
            rows = self._db.execute(
                "SELECT engine, evaluations, ratio, eps, requests, memory, violates, certificate, "
                "interim FROM witnesses ORDER BY id"
            )
            return [
                Entry(
                    engine=row[0], evaluations=row[1], ratio=Fraction(row[2]),
                    eps=Fraction(row[3]), requests=row[4], memory=row[5], violates=row[6],
                    certificate=row[7], interim=bool(row[8]),
                )
                for row in rows
            ]  # fmt: skip

    def drop_interim(self) -> None:
        """Forget witnesses that only an interruption had certified."""
        with usable(self._path):
            self._db.execute("DELETE FROM witnesses WHERE interim")

    def history(self, engine: str) -> list[tuple[int, float]]:
        """Return (evaluations, best value) at each commit."""
        with usable(self._path):
            rows = self._db.execute(
                "SELECT evaluations, best FROM history WHERE engine = ? ORDER BY evaluations",
                (engine,),
            )
            return [(row[0], row[1]) for row in rows]


def packed(state: State) -> bytes:
    """Write a state: arrays as NumPy's own, the rest as JSON; nothing that could run code."""
    arrays: dict[str, Any] = {
        name: value for name, value in state.items() if isinstance(value, np.ndarray)
    }
    rest = {name: value for name, value in state.items() if name not in arrays}
    buffer = io.BytesIO()
    np.savez(buffer, __rest__=np.frombuffer(json.dumps(rest).encode(), np.uint8), **arrays)
    return buffer.getvalue()


def unpacked(data: bytes) -> State:
    """Read what :func:`packed` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        state: State = {name: arrays[name] for name in arrays.files if name != "__rest__"}
        return {**json.loads(arrays["__rest__"].tobytes()), **state}
