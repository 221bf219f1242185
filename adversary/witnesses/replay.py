"""A witness file, run again."""

from dataclasses import dataclass
from fractions import Fraction

from kvproof.adversary.witnesses.witness import Witness, measured
from kvproof.adversary.witnesses.witness_file import (
    WitnessFile,
    bytes_of,
    check_fresh,
    parse_witness,
    read_witness,
)
from kvproof.scheduling.errors import InputError, RejectedError
from kvproof.scheduling.one_bit import Admission
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.registry import find_policy, name_of
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay found; it agrees with the file.

    Parameters
    ----------
    policy
        The policy in words.
    policy_total, feasible_total, ratio, eps, requests
        The facts.
    simulated
        Whether the policy was run here, or only its schedule in the file was checked.
    checked
        What the checker said.
    """

    policy: str
    policy_total: int
    feasible_total: int
    ratio: Fraction
    eps: Fraction
    requests: int
    simulated: bool
    checked: str


def policy_of(written: WitnessFile, policy: str | None, skip: bool) -> tuple[Policy, bool] | None:
    """Return the policy and whether it skips; None where the file names none and none is given.

    A file names policies of this package only: no module is loaded but one that is given.

    Raises
    ------
    InputError
        The policy that is given is unknown, or the file names its own.
    """
    named = written.policy
    if named is None:
        return None if policy is None else (find_policy(policy), skip)
    if policy is not None:
        raise InputError(f"the witness names its policy, {named['name']}; leave out --policy")
    theta = Fraction(named["theta"]) if "theta" in named else None
    admission: Admission = "reserve" if named.get("admission") == "reserve" else "true"
    found = find_policy(named["name"], theta=theta, admission=admission)
    return found, named["rule"] == "skip"


def load(path: str, *, policy: str | None, skip: bool) -> Witness:
    """Read a witness and run its policy again.

    Raises
    ------
    InputError
        The file is no witness, or names no policy and none is given.
    """
    written = read_witness(path)
    found = policy_of(written, policy, skip)
    if found is None:
        raise InputError(f"{path}: names no policy; give --policy package.module:Name")
    scheduled = simulate(written.feasible.instance, found[0], skip=found[1])
    return measured(found[0], found[1], scheduled, written.feasible)


def replay(path: str, *, policy: str | None = None, skip: bool = False) -> Replayed:
    """Run a witness again, and have it checked in a fresh process.

    Raises
    ------
    InputError
        The file is no witness.
    RejectedError
        The checker does not accept it, or the policy costs something else here.
    """
    data = bytes_of(path)  # once: what is shown is what was checked
    written = parse_witness(data, name=path)
    checked = check_fresh([data], shown=path)
    found = policy_of(written, policy, skip)
    instance = written.feasible.instance
    if found is not None:
        total = simulate(instance, found[0], skip=found[1]).total_latency
        if total != written.policy_total:
            raise RejectedError(
                f"{path}: the file has {written.policy_total} for the policy, and it costs {total}"
            )
    name = "the schedule in the file"
    if found is not None:
        name = f"{name_of(found[0])}, {'skip' if found[1] else 'strict'}"
    return Replayed(
        policy=name,
        policy_total=written.policy_total,
        feasible_total=written.feasible.total_latency,
        ratio=written.ratio,
        eps=instance.eps,
        requests=instance.requests,
        simulated=found is not None,
        checked=checked,
    )


def in_words(schedule: Schedule, *, most: int = 40) -> list[str]:
    """Return the classes of a witness's instance, a line each."""
    merged = schedule.instance.merged()
    assert merged.count is not None  # merged() always counts
    rows = zip(merged.arrival, merged.prompt, merged.output, merged.count, strict=True)
    lines = [f"{c:>7,} x prompt {s:,}, output {o:,}" + (f", arrival {a:,}" if a else "")
             for a, s, o, c in rows]  # fmt: skip
    if len(lines) > most:
        return [*lines[:most], f"... and {len(lines) - most:,} more rows"]
    return lines
