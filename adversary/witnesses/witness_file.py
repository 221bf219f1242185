"""Witness files: checked in a fresh process, and read back."""

import gzip
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from kvproof.certificates import checker
from kvproof.scheduling.errors import InputError, LimitError, RejectedError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.schedule import Schedule

OVER_LIMIT = 3  # exit code of the checker


def check_fresh(certificates: Sequence[bytes], shown: str = "") -> str:
    """Have the checker look at certificates in a process of its own; return what it says.

    It calls a file by the name that is to be `shown`, where there is one.

    Raises
    ------
    RejectedError
        It does not accept one of them; the message is its own.
    LimitError
        It gave up on one of them.
    """
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder:
        names = []
        for number, data in enumerate(certificates):
            path = Path(folder, f"witness-{number}.json")
            path.write_bytes(data)
            names.append(str(path))
        command = [sys.executable, str(Path(checker.__file__).parent), *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    whole = (done.stdout or done.stderr).strip()
    for name in names:
        whole = whole.replace(name, shown or name)
    if done.returncode == 0:
        return whole
    said = whole.splitlines()
    message = f"the checker did not accept a witness: {said[-1] if said else 'no answer'}"
    if done.returncode == OVER_LIMIT:
        raise LimitError(message)
    raise RejectedError(message)


@dataclass(frozen=True, kw_only=True, eq=False)
class WitnessFile:
    """What a witness file holds; what it claims is for the checker to judge.

    Parameters
    ----------
    feasible
        The feasible schedule.
    policy
        The policy as the certificate names it, or None: the file holds its schedule instead.
    policy_total, ratio
        What the file claims.
    """

    feasible: Schedule
    policy: dict[str, str] | None
    policy_total: int
    ratio: Fraction


def read_witness(path: str | Path) -> WitnessFile:
    """Read a witness file.

    Raises
    ------
    InputError
        The file cannot be read or is not a witness with its instance inline.
    """
    return parse_witness(bytes_of(path), name=str(path))


def bytes_of(path: str | Path) -> bytes:
    """Return what a file holds.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def parse_witness(data: bytes, *, name: str) -> WitnessFile:
    """Return what the bytes of a witness file say; messages call it `name`.

    Raises
    ------
    InputError
        They are not a witness with its instance inline.
    """
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        certificate = json.loads(data)
        claim, proof = certificate["claim"], certificate["proof"]
        if claim["kind"] != "ratio-at-least":
            raise InputError(f"{name}: not a witness: its claim is {claim['kind']!r}")
        instance = Instance.from_json(certificate["instance"]["inline"])
        given = proof["witness"]
        starts = np.repeat(given["starts"], given.get("count", 1))
        return WitnessFile(
            feasible=Schedule(instance=instance, starts=starts),
            policy=claim["policy"],
            policy_total=int(claim["policy_total"]),
            ratio=Fraction(claim["ratio"]),
        )
    except KeyError as error:
        raise InputError(f"{name}: not a witness file: the field {error} is missing") from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError,
            EOFError, zlib.error) as error:  # fmt: skip
        raise InputError(f"{name}: not a witness file: {error}") from error
