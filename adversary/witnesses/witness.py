"""A witness: an instance, what the policy costs on it, and a feasible schedule that costs less.

It is written as a ``ratio-at-least`` certificate (docs/certificates.md), and counts once the
independent checker has accepted the file in a process of its own.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from kvproof.adversary.genomes.space import Genome
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.valuation.tiny_opt import is_tiny
from kvproof.adversary.witnesses.improve import better_plan, shifted
from kvproof.adversary.witnesses.rounding import rounded_schedule
from kvproof.certificates import checker
from kvproof.certificates.build import ratio_certificate
from kvproof.certificates.prices.highs import highs_is_usable
from kvproof.scheduling.errors import InputError, LimitError, RejectedError
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule

OVER_LIMIT = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """The policy's schedule and a feasible one, of the same instance.

    Parameters
    ----------
    policy, skip
        Who made the first schedule.
    scheduled, feasible
        Both schedules.
    """

    policy: Policy
    skip: bool
    scheduled: Schedule
    feasible: Schedule

    @property
    def instance(self) -> Instance:
        """The requests."""
        return self.feasible.instance

    @cached_property
    def ratio(self) -> Fraction:
        """The policy's total over the feasible total: policy / OPT is at least this."""
        return Fraction(self.scheduled.total_latency, self.feasible.total_latency)

    @cached_property
    def data(self) -> bytes:
        """The certificate; equal witnesses give equal bytes."""
        return ratio_certificate(
            self.policy, self.scheduled, self.feasible, skip=self.skip
        ).to_bytes()


def make_witness(objective: Objective, genome: Genome, *, seed: int) -> Witness:
    """Return the witness of a genome, its feasible schedule improved as far as a moment allows.

    Raises
    ------
    RejectedError
        A schedule is not feasible, which is a fault of this package.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 7]))
    scheduled, feasible = objective.pair(better_plan(objective, genome, rng))
    plans = [shifted(feasible)]
    if not is_tiny(objective.space) and highs_is_usable():  # a tiny plan is optimal
        rounded = rounded_schedule(feasible.instance)
        plans += [] if rounded is None else [shifted(rounded)]
    best = min(plans, key=lambda plan: plan.total_latency)
    return measured(objective.policy, objective.skip, scheduled, best)


def measured(policy: Policy, skip: bool, scheduled: Schedule, feasible: Schedule) -> Witness:
    """Return a witness both of whose schedules have been tested.

    Raises
    ------
    RejectedError
        One of them is not feasible.
    """
    check_schedule(scheduled)
    check_schedule(feasible)
    return Witness(policy=policy, skip=skip, scheduled=scheduled, feasible=feasible)


def check_fresh(certificates: Sequence[bytes]) -> None:
    """Have the checker look at certificates in a process of its own.

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
        check_files(names)


def check_files(names: Sequence[str]) -> str:
    """Have the checker look at files in a process of its own; return what it says.

    Raises
    ------
    RejectedError, LimitError
        As :func:`check_fresh`.
    """
    # run as a folder, from where the user stands: names are as given
    command = [sys.executable, str(Path(checker.__file__).parent), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    said = (done.stdout or done.stderr).strip().splitlines()
    message = f"the checker did not accept a witness: {said[-1] if said else 'no answer'}"
    if done.returncode == OVER_LIMIT:
        raise LimitError(message)
    raise RejectedError(message)


@dataclass(frozen=True, kw_only=True, eq=False)
class Written:
    """A witness as its file has it.

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


def read_witness(path: str | Path) -> Written:
    """Read a witness file; what it claims is for the checker to judge.

    Raises
    ------
    InputError
        The file cannot be read or is not a witness with its instance inline.
    """
    try:
        data = Path(path).read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        certificate = json.loads(data)
        claim, proof = certificate["claim"], certificate["proof"]
        if claim["kind"] != "ratio-at-least":
            raise InputError(f"{path}: not a witness: its claim is {claim['kind']!r}")
        instance = Instance.from_json(certificate["instance"]["inline"])
        given = proof["witness"]
        starts = np.repeat(given["starts"], given.get("count", 1))
        return Written(
            feasible=Schedule(instance=instance, starts=starts),
            policy=claim["policy"],
            policy_total=int(claim["policy_total"]),
            ratio=Fraction(claim["ratio"]),
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EOFError) as error:
        raise InputError(f"{path}: not a witness file: {error}") from error
