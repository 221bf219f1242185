"""``kvproof certify-run``: how far from optimal an engine was, by its log alone."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from kvproof.options import Rational, Tokens, json_option
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.serving.judge import Judgement
    from kvproof.serving.log import EngineLog


@click.command("certify-run")
@click.argument("log", type=click.Path(allow_dash=True))
@click.option(
    "--memory",
    type=Tokens(),
    required=True,
    help="Tokens that the engine's KV cache holds (vLLM: blocks x block size).",
)
@click.option(
    "--step",
    type=Rational(),
    required=True,
    help="No step that gave tokens was shorter than this, in the log's unit of time (1 for a log "
    "in steps); with --max-num-batched-tokens no step at all, be it one that only computed part "
    "of a prompt.",
)
@click.option(
    "--max-num-seqs",
    type=click.IntRange(min=1, max=2**31 - 1),
    help="Requests in a step at most.",
)
@click.option(
    "--max-num-batched-tokens",
    type=click.IntRange(min=1, max=2**31 - 1),
    help="Tokens computed a step at most.",
)
@click.option(
    "--prefix-caching",
    is_flag=True,
    help="Shared prefixes were held once: only bounds by seats and outputs.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME",
    help="Where to find arrival, completion (or latency), first (or first_latency), prompt, "
    "output.",
)
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Write a certificate of the bound, for all runs of such an engine (seats and compute: of "
    "one by memory).",
)
@json_option
def command(
    log: str,
    memory: int,
    step: Fraction,
    max_num_seqs: int | None,
    max_num_batched_tokens: int | None,
    prefix_caching: bool,
    columns: tuple[str, ...],
    out: str | None,
    as_json: bool,
) -> None:
    """Say how far from optimal an engine was, at most, from LOG alone.

    LOG has one completed request a row (CSV, JSON lines or Parquet): arrival, completion, prompt
    and output length, and where it has it the time of the first token; vLLM's, SGLang's and TGI's
    own are known. The factor holds for every
    engine that gives a request one token a step and holds what attention needs, whether it
    preempts or not.
    """
    from kvproof.certificates.build import preemptive_bound_certificate
    from kvproof.certificates.checker import check
    from kvproof.certificates.engine import EngineRules
    from kvproof.certificates.lower_bounds import find_bound
    from kvproof.certificates.proofs import BoundKind
    from kvproof.files import Outputs, readable, written
    from kvproof.output import console, other_bound
    from kvproof.serving.judge import judge
    from kvproof.serving.log import read_log
    from kvproof.streams import print_json

    if out is not None and prefix_caching:
        raise click.UsageError("--out: no bound by memory holds with --prefix-caching")
    named = {}
    for pair in columns:
        role, equals, name = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--column {pair}: expected ROLE=NAME")
        if role in named:
            raise click.UsageError(f"--column {pair}: {role} is given twice")
        named[role] = name
    target = None if out is None else Outputs(log).file(out)
    with readable(log) as path:
        read = read_log(path, columns=named)
    rules = EngineRules(
        seats=max_num_seqs, budget=max_num_batched_tokens, preempts=True, shares=prefix_caching
    )
    found = judge(read, memory=memory, step=step, rules=rules)
    notes = _notes(read, found, prefix_caching)
    if target is not None:
        # a log's times are not whole steps: no bound that counts in those
        proof = found.bound.proof or find_bound(found.instance, BoundKind.CENTROID)
        certificate = preemptive_bound_certificate(found.instance, proof)
        notes += other_bound(certificate, found.bound)
        data = certificate.to_bytes(compress=target.compressed)
        checked = check(data)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if target is not None:
            target.write_verified(data, checked)
    finally:
        if as_json:
            print_json(_as_json(log, read, found, notes, step) | {"certificate": written(target)})
        else:
            _print(log, read, found, notes, step)
    if target is not None and not as_json:
        console().print(f"{out}: verified: {checked.claim_in_words}")


def _notes(log: "EngineLog", found: "Judgement", shares: bool) -> list[str]:
    notes = []
    if log.failed:
        notes.append(f"failed requests (output of 0 tokens), left out: {log.failed:,}")
    if log.format == "tgi":
        notes.append(
            "the log does not tell the prompts' lengths; each counts as one token, so the bound is "
            "lower than it could be"
        )
    if found.crowded and not shares:
        notes.append(
            "the prompts of requests between their first and last token alone exceed the memory "
            "at times: requests were preempted, or prefixes are shared (then give "
            "--prefix-caching, for the bound does not hold), or --memory is too small"
        )
    return notes


def _as_json(
    source: str, log: "EngineLog", found: "Judgement", notes: list[str], step: Fraction
) -> dict[str, Any]:
    from kvproof.output import exact_and_decimal
    from kvproof.scheduling.exact import as_pq

    return {
        "command": "certify-run",
        "source": source,
        "format": log.format,
        "notes": notes,
        "requests": found.instance.requests,
        "memory": found.instance.memory,
        "digest": found.instance.digest,
        "step": as_pq(step),
        **exact_and_decimal("total_latency", found.total_latency, 4, up=True),
        **exact_and_decimal("lower_bound", found.least, 4, up=False),
        "lower_bound_kind": found.bound.kind,
        **exact_and_decimal("factor", found.factor, 4, up=True),
    }


def _print(
    source: str, log: "EngineLog", found: "Judgement", notes: list[str], step: Fraction
) -> None:
    from kvproof.output import console
    from kvproof.scheduling.exact import decimal, in_full

    out = console()
    n = found.instance.requests
    out.print(
        f"{source} ({log.format}): {counted(n, 'request')}, memory "
        f"{found.instance.memory:,} tokens, steps of at least {in_full(step)}"
    )
    for note in notes:
        out.print(f"  note: {note}")
    total = decimal(found.total_latency, 2, up=True, commas=True)
    mean = decimal(found.total_latency / n, 3, up=True, commas=True)
    least = decimal(found.least, 2, up=False, commas=True)
    out.print(f"total latency {total} (mean {mean}) in the log's unit of time")
    out.print(f"no run of such an engine has less than {least} (bound: {found.bound.kind})")
    out.print(f"within {decimal(found.factor, 4, up=True)} of optimal (proved)")
