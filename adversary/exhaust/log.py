"""Finished stretches of a box: kept in one SQLite file, and added up."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from kvproof.adversary.database import MALFORMED, usable
from kvproof.adversary.exhaust.box import Box
from kvproof.adversary.exhaust.sweep import TALLIES
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column

FILE = "exhaust.sqlite"


def worse(one: Column, other: Column) -> Column:
    """Return for each peak the row of larger ratio; the first of equal ones has fewer of kinds."""
    kept = one.copy()
    for peak, row in enumerate(other):
        mine, theirs = kept[peak, 0] * row[1], row[0] * kept[peak, 1]
        earlier = tuple(np.sort(row[2:])) < tuple(np.sort(kept[peak, 2:]))
        if theirs > mine or (theirs == mine and row[0] and earlier):
            kept[peak] = row
    return kept


class Log:
    """Finished stretches in one SQLite file, or nowhere."""

    def __init__(self, folder: Path | None, job: dict[str, Any]) -> None:
        self._db = None
        if folder is None:
            return
        self._path = path = folder / FILE
        with usable(path, OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS job (value TEXT NOT NULL)")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS stretches (first INTEGER PRIMARY KEY, tally TEXT, "
                "worst TEXT)"
            )
            row = self._db.execute("SELECT value FROM job").fetchone()
            mine = json.dumps(job)
            if row is None:
                self._db.execute("INSERT INTO job VALUES (?)", (mine,))
        if row is not None and row[0] != mine:
            raise InputError(
                f"{folder} holds another exhaustion, or that of another version of the policy or "
                f"of kvproof: {row[0]}; name another folder"
            )

    def read(self, box: Box) -> tuple[Column, Column, set[int]]:
        """Return the sums over what is done, the worst instances, and which stretches are in."""
        tally = np.zeros(TALLIES, np.int64)
        worst = np.zeros((box.memory + 1, 2 + box.requests), np.int64)
        worst[:, 1] = 1
        done: set[int] = set()
        if self._db is None:
            return tally, worst, done
        with usable(self._path, *MALFORMED):
            for first, more, peaks in self._db.execute("SELECT * FROM stretches ORDER BY first"):
                done.add(int(first))
                tally = tally + np.array(json.loads(more), np.int64)
                worst = worse(worst, np.array(json.loads(peaks), np.int64))
        return tally, worst, done

    def write(self, first: int, tally: Column, worst: Column) -> None:
        """Commit a stretch."""
        if self._db is not None:
            with usable(self._path):
                self._db.execute(
                    "INSERT INTO stretches VALUES (?, ?, ?)",
                    (first, json.dumps(tally.tolist()), json.dumps(worst.tolist())),
                )

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._db is not None:
            self._db.close()
