"""``kvproof certify``: a claim with its proof, in a file that a sceptic can check alone."""

import gzip
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import (
    bound_option,
    compact_option,
    find_policies,
    input_options,
    json_option,
    quiet_option,
    refuse_idle,
    rule_options,
)

if TYPE_CHECKING:
    from kvproof.certificates.proofs import BoundKind

#: The names of :class:`kvproof.certificates.certify.Claim`, which brings a lot along.
CLAIMS = (
    "within-factor",
    "opt-lower-bound",
    "optimal",
    "schedule",
    "svf-blocking-chain",
    "ratio-at-least",
)


@click.command("certify")
@input_options
@click.option(
    "--claim",
    type=click.Choice(CLAIMS),
    default="within-factor",
    show_default=True,
    metavar="CLAIM",
    help="What to claim: within-factor (the policy's total is at most so many times OPT), "
    "opt-lower-bound, optimal, schedule, svf-blocking-chain or ratio-at-least.",
)
@click.option("--policy", default="svf", show_default=True, help="Whose schedule it is about.")
@rule_options
@compact_option
@bound_option
@click.option(
    "--witness",
    help="For ratio-at-least: the policies to take the better schedule from "
    "[default: svf,svf-1bit,sjf,fcfs,sorted-f, strict and skip].",
)
@click.option("--out", type=click.Path(), required=True, metavar="FILE", help="Where to write it.")
@click.option(
    "--instance-out",
    type=click.Path(),
    metavar="FILE",
    help="Write the instance beside the certificate, which then refers to it.",
)
@quiet_option
@json_option
def command(
    trace: str,
    claim: str,
    policy: str,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    compact: bool,
    bound: "BoundKind | None",
    witness: str | None,
    out: str,
    instance_out: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Write a certificate about TRACE, and check it.

    The file is compressed where its name ends in .gz. It is written only if the independent
    checker verifies it, or comes to a limit; the exit code is the checker's.
    """
    from kvproof.certificates.build import instance_json
    from kvproof.certificates.certify import Claim, certify
    from kvproof.certificates.checker import Verdict, check
    from kvproof.files import Outputs, written
    from kvproof.inputs import load
    from kvproof.output import console, progress_bar
    from kvproof.scheduling.errors import KvproofError
    from kvproof.scheduling.registry import BUILTIN, find_policy
    from kvproof.streams import print_json

    files = Outputs(trace)
    target = files.file(out)
    instance_file = None if instance_out is None else files.file(instance_out)
    beside = None if instance_out is None else _beside(out, instance_out)
    _refuse_idle(claim)
    (chosen,) = find_policies([policy], theta=theta, admission=admission)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, **reading)
        instance = source.instance

        def progress(done: int, best: float) -> None:
            bar.update(task, completed=done, description=f"prices: {best:,.0f}")

        bar.update(task, description=claim)
        names = BUILTIN if witness is None else [n.strip() for n in witness.split(",")]
        certificate = certify(
            instance,
            Claim(claim),
            policy=chosen,
            skip=skip,
            compact=compact,
            bound=bound,
            witnesses=[find_policy(name) for name in names],
            progress=progress,
        )
        bar.update(task, description="checking")
        data = certificate.to_bytes(file=beside, compress=target.compressed)
        stored = None  # what is written beside the certificate, if anything
        if instance_file is not None:
            stored = (json.dumps(instance_json(instance)) + "\n").encode()
            if instance_file.compressed:
                stored = gzip.compress(stored, mtime=0)
        result = check(data, instance=stored)
    notes = list(source.notes)
    kind = certificate.proof.get("lower_bound", {"kind": bound})["kind"]
    if bound is not None and kind != bound:  # the format has no kind for it, or that is better
        notes.append(f"--bound {bound}: the proof is of kind {kind}, which says at least as much")
    code: int = result.verdict.exit_code
    worth_a_file = result.verdict in (Verdict.VERIFIED, Verdict.OVER_LIMIT)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if worth_a_file:  # what does not hold replaces no file
            if instance_file is not None and stored is not None:
                instance_file.write(stored)
            target.write_verified(data, result)
    except KvproofError as error:
        code = error.exit_code
        raise
    finally:
        if as_json:
            print_json(
                {
                    "command": "certify",
                    "file": written(target),
                    "digest": instance.digest,
                    "notes": notes,
                    "claim": certificate.claim,
                    "verdict": result.verdict,
                    "exit_code": code,
                    "words": result.claim_in_words,
                    "reason": result.reason,
                }
            )
        else:
            for note in notes:
                console().print(f"note: {note}")
            if not worth_a_file or (target.is_written and result.verdict is Verdict.VERIFIED):
                words = result.claim_in_words or result.reason
                console().print(f"{out}: {result.verdict}: {words}")
    return code


def _refuse_idle(claim: str) -> None:
    """Refuse options that this claim has no use for."""
    if claim == "opt-lower-bound":
        for option in ("policy", "skip", "theta", "admission", "compact"):
            refuse_idle(option, "a bound on OPT is about every schedule")
    if claim in ("schedule", "svf-blocking-chain", "ratio-at-least"):
        refuse_idle("bound", f"the claim {claim} rests on no lower bound on OPT")
    if claim in ("svf-blocking-chain", "ratio-at-least"):
        refuse_idle("compact", f"the claim {claim} is about the policy's own starts")
    if claim != "ratio-at-least":
        refuse_idle("witness", "it goes with --claim ratio-at-least")


def _beside(out: str, instance_out: str) -> str:
    """Return the instance's name as the certificate states it: relative to its own folder.

    The checker looks in the folder of the name that it is given, not in that of a link's target.
    """
    from pathlib import Path

    from kvproof.certificates.checker.run import LONGEST_NAME, is_plain_name
    from kvproof.scheduling.errors import InputError

    try:
        name = Path(instance_out).resolve().relative_to(Path(out).parent.resolve()).as_posix()
    except ValueError as error:
        raise InputError(
            f"--instance-out {instance_out}: must be in the folder of {out}, or below it"
        ) from error
    if not is_plain_name(name):
        raise InputError(
            f"--instance-out {name!a}: a certificate cannot refer to it; take letters, digits, "
            f". _ and -, no . in front, {LONGEST_NAME} characters at most"
        )
    return name
