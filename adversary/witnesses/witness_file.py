"""Witness files: checked in a fresh process, and read back."""

import gzip
import io
import json
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from kvproof.certificates import checker
from kvproof.scheduling.errors import InputError, LimitError, RejectedError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.machine import refuse_beyond_memory
from kvproof.scheduling.schedule import Schedule

OVER_LIMIT = 3  # exit code of the checker

_RATIONAL = re.compile(r"(\d{1,4000})/(0*[1-9]\d{0,3999})")
#: What a certificate may say of a policy; no other is run because a file names it.
_POLICY = {"name": ("svf", "sjf", "fcfs"), "rule": ("strict", "skip")}
_ONE_BIT = _POLICY | {"name": ("svf-1bit",), "admission": ("true", "reserve")}


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

    Raises
    ------
    InputError
        The policy is none that a certificate can name.
    """

    feasible: Schedule
    policy: dict[str, str] | None
    policy_total: int
    ratio: Fraction

    def __post_init__(self) -> None:
        if self.policy is not None and not _is_policy(self.policy):
            raise InputError(
                "claim.policy must be null or as docs/certificates.md has it, got "
                f"{self.policy!r:.80}"
            )


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


def uncompressed(data: bytes) -> bytes:
    """Return what a file holds that may be compressed.

    Raises
    ------
    InputError
        It is longer than the checker reads.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    most = checker.Limits().file_bytes
    with gzip.open(io.BytesIO(data)) as file:
        whole = file.read(most + 1)
    if len(whole) > most:
        raise InputError(f"it unpacks to more than {most:,} bytes, the most that are checked")
    return whole


def parse_witness(data: bytes, *, name: str) -> WitnessFile:
    """Return what the bytes of a witness file say; messages call it `name`.

    Raises
    ------
    InputError
        They are not a witness with its instance inline.
    """
    try:
        certificate = json.loads(uncompressed(data))
        claim, proof = certificate["claim"], certificate["proof"]
        if claim["kind"] != "ratio-at-least":
            raise InputError(f"not a witness: its claim is {claim['kind']!r:.80}")
        total, ratio = claim["policy_total"], claim["ratio"]
        if type(total) is not int or total < 1:
            raise InputError(f"claim.policy_total must be an integer above 0, got {total!r:.80}")
        if not _is_rational(ratio):
            raise InputError(f'claim.ratio must be "p/q", got {ratio!r:.80}')
        instance = Instance.from_json(certificate["instance"]["inline"])
        return WitnessFile(
            feasible=Schedule(instance=instance, starts=_starts(proof["witness"], instance)),
            policy=claim["policy"],
            policy_total=total,
            ratio=Fraction(ratio),
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except KeyError as error:
        raise InputError(f"{name}: not a witness file: the field {error} is missing") from error
    except (OSError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError,
            EOFError, zlib.error) as error:  # fmt: skip
        raise InputError(f"{name}: not a witness file: {error}") from error


def _starts(given: dict[str, Any], instance: Instance) -> Any:
    """Return a start for each request; none are made for counts that are not the instance's."""
    starts, count = given["starts"], given.get("count")
    if count is None:
        return np.array(starts)
    if sum(count) != instance.requests:
        raise InputError(f"proof.witness.count is {sum(count)} in all, not {instance.requests}")
    refuse_beyond_memory(instance.requests)
    return np.repeat(starts, count)


def _is_rational(value: object) -> bool:
    return isinstance(value, str) and _RATIONAL.fullmatch(value) is not None


def _is_policy(value: object) -> bool:
    """Whether a certificate can name a policy so."""
    if not isinstance(value, dict):
        return False
    texts = dict(value)
    one_bit = _is_rational(texts.pop("theta", None))
    known = _ONE_BIT if one_bit else _POLICY
    return texts.keys() == known.keys() and all(texts[field] in known[field] for field in known)
