"""``kvproof vllm``: vLLM's own scheduler over a trace, and how far from optimal it was."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.options import (
    Rational,
    bound_option,
    json_option,
    named_policies,
    quiet_option,
    reading_options,
    refuse_idle,
    trace_argument,
)
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.certificates.engine import EngineBound
    from kvproof.certificates.proofs import BoundKind
    from kvproof.serving.run import EngineRun
    from kvproof.serving.vllm.engine import EngineSettings

#: Points of a run's course that --json shows at most.
POINTS = 1_000


@click.command("vllm")
@trace_argument
@click.option(
    "--blocks",
    type=click.IntRange(min=1),
    required=True,
    help="KV-cache blocks for requests: vLLM's num_gpu_blocks less the one that it keeps.",
)
@click.option(
    "--block-size",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="Tokens a block.",
)
@click.option(
    "--policy",
    "policies",
    default="fcfs,svf",
    show_default=True,
    help="Policies, separated by commas: fcfs, priority (the client sends the volume), sjf, svf, "
    "svf-1bit, fcfs-future, svf-future (admission by full future need), svf-bucket (so, and starts "
    "spread over time).",
)
@click.option(
    "--aging",
    type=Rational(zero=True, most=2**32),
    default="0",
    show_default=True,
    help="Token-steps that a step of waiting is worth, for the orders of kvproof.",
)
@click.option(
    "--patience",
    type=Rational(most=2**32),
    help="With --aging: no request that arrives more than so many steps later goes before another.",
)
@click.option(
    "--max-num-seqs",
    type=click.IntRange(min=1, max=2**31 - 1),
    default=256,
    show_default=True,
    help="Requests in a step at most.",
)
@click.option(
    "--max-num-batched-tokens",
    type=click.IntRange(min=1, max=2**31 - 1),
    default=8192,
    show_default=True,
    help="Tokens computed in a step at most.",
)
@click.option(
    "--prefix-caching",
    is_flag=True,
    help="vLLM's prefix caching (no two prompts of a trace begin alike).",
)
@click.option("--async-scheduling", is_flag=True, help="As vLLM schedules on GPUs.")
@reading_options
@bound_option
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="Write a certificate of the run (of one policy): its factor, or where it preempts "
    "requests a bound on all runs.",
)
@quiet_option
@json_option
def command(
    trace: str,
    policies: str,
    aging: Fraction,
    patience: Fraction | None,
    bound: "BoundKind | None",
    as_json: bool,
    oversize: Literal["error", "drop"],
    async_scheduling: bool,
    blocks: int,
    block_size: int,
    max_num_seqs: int,
    max_num_batched_tokens: int,
    prefix_caching: bool,
    out: str | None,
    **reading: Any,
) -> None:
    """Run vLLM's own scheduler over TRACE, without a model, and prove how far from optimal it is.

    Needs vLLM in the same environment (docs/vllm.md), and no GPU. The scheduler and the KV-cache
    manager are vLLM's; time is engine steps. A proved factor f says: no run of such an engine,
    in whatever order, has a total latency below total latency / f.
    """
    from kvproof.certificates.checker import check
    from kvproof.certificates.engine import (
        EngineRules,
        engine_bound,
        refuse_kind,
        run_certificate,
    )
    from kvproof.certificates.proofs import BoundKind
    from kvproof.files import Outputs, written
    from kvproof.inputs import load
    from kvproof.output import console, other_bound, progress_bar
    from kvproof.scheduling.instance import MAX_MEMORY
    from kvproof.serving.requests import held_instance
    from kvproof.serving.vllm.drive import drive
    from kvproof.serving.vllm.engine import EngineSettings, load_vllm
    from kvproof.serving.vllm.policies import find_engine_policy
    from kvproof.serving.vllm.versions import is_tried, tried
    from kvproof.streams import print_json

    engine = EngineSettings(
        blocks=blocks,
        block_size=block_size,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        prefix_caching=prefix_caching,
        asynchronous=async_scheduling,
    )
    chosen = [find_engine_policy(name) for name in named_policies(policies, ())]
    if not any(policy.ages for policy in chosen):
        for option in ("aging", "patience"):
            refuse_idle(option, "it is for svf, svf-1bit, svf-future and svf-bucket")
    if not aging:
        refuse_idle("patience", "it needs --aging")
    waiting = {"aging": str(aging), "patience": None if patience is None else str(patience)}
    if out is not None and (len(chosen) > 1 or prefix_caching):
        raise click.UsageError(
            "--out is for one --policy, and without --prefix-caching: a certificate is about one "
            "run, by what it holds in memory"
        )
    refuse_kind(EngineRules(preempts=False, shares=prefix_caching), bound)
    target = None if out is None else Outputs(trace).file(out)
    version = load_vllm().version
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, memory=MAX_MEMORY, oversize=oversize, **reading)
        instance, dropped = held_instance(
            source.instance, memory=engine.memory, source=trace, oversize=oversize
        )
        notes = list(source.notes)
        if not is_tried(version):
            notes.append(f"vLLM {version} was not tried with kvproof ({tried()})")
        if dropped:
            notes.append(f"requests larger than the KV cache, dropped: {dropped:,}")
        runs: list[tuple[str, EngineRun, EngineBound]] = []
        for policy in chosen:
            bar.update(task, description=policy.name, total=instance.requests, completed=0)
            run = drive(
                instance,
                engine,
                policy,
                waiting=waiting if policy.ages else None,
                progress=lambda done: bar.update(task, completed=done),
            )
            rules = EngineRules(
                seats=max_num_seqs,
                budget=max_num_batched_tokens,
                preempts=bool(run.preemptions.any()),
                shares=prefix_caching,
            )
            kind = bound
            if kind is BoundKind.STAGGERED and rules.preempts:
                kind = None
                notes.append(
                    f"{policy.name} preempted requests, and the staggered bound is about runs "
                    "without preemption; its factor is by the best bound that holds"
                )
            bar.update(task, description=f"{policy.name}: lower bound", total=None)
            found = engine_bound(
                instance,
                rules,
                kind,
                incumbent=run.total_latency,
                progress=lambda done, _: bar.update(task, completed=done),
            )
            runs.append((policy.name, run, found))
        if target is not None:
            _, run, found = runs[0]
            certificate = run_certificate(
                instance, run.completion, found, preempts=bool(run.preemptions.any())
            )
            notes += other_bound(certificate, found)
            data = certificate.to_bytes(compress=target.compressed)
            checked = check(data)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if target is not None:
            target.write_verified(data, checked)
    finally:
        if as_json:
            print_json(
                {
                    "command": "vllm",
                    "source": source.source,
                    "format": source.format,
                    "notes": notes,
                    "requests": instance.requests,
                    "memory": instance.memory,
                    "digest": instance.digest,
                    "engine": vars(engine),
                    "policies": [_as_json(*run) for run in runs],
                    "certificate": written(target),
                }
            )
        else:
            _print(trace, source.step, notes, engine, runs)
    if target is not None and not as_json:
        console().print(f"{out}: verified: {checked.claim_in_words}")


def _as_json(policy: str, run: "EngineRun", bound: "EngineBound") -> dict[str, Any]:
    from kvproof.output import exact_and_decimal

    return {
        "policy": policy,
        "total_latency": run.total_latency,
        **exact_and_decimal("mean_latency", run.mean_latency, 2, up=True),
        "latency": _spread(run.latency),
        "time_to_first_token": _spread(run.time_to_first),
        "steps": run.steps,
        "preemptions": int(run.preemptions.sum()),
        "recomputed_tokens": run.recomputed,
        **exact_and_decimal("lower_bound", bound.value, 4, up=False),
        "lower_bound_kind": bound.kind,
        "lower_bound_unpreempted": bound.unpreempted,
        **exact_and_decimal("factor", run.total_latency / bound.value, 4, up=True),
        "first_token": run.first.tolist(),
        "completion": run.completion.tolist(),
        "course": {
            name: column.tolist() for name, column in vars(run.timeline.sampled(POINTS)).items()
        },
    }


def _spread(values: Any) -> dict[str, int]:
    from kvproof.scheduling.latency import percentile

    return {
        "p50": percentile(values, 50),
        "p90": percentile(values, 90),
        "p99": percentile(values, 99),
        "max": int(values.max()),
    }


def _print(
    trace: str,
    step: Fraction | None,
    notes: list[str],
    engine: "EngineSettings",
    runs: list[tuple[str, "EngineRun", "EngineBound"]],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.output import console, print_table
    from kvproof.scheduling.exact import decimal
    from kvproof.scheduling.latency import percentile

    out = console()
    instance = runs[0][1].instance
    traffic = "backlog" if instance.is_backlog else "arrivals over time"
    out.print(
        f"{trace}: {counted(instance.requests, 'request')}, {counted(engine.blocks, 'block')} of "
        f"{engine.block_size} ({engine.memory:,} tokens), {traffic}"
    )
    for note in notes:
        out.print(f"  note: {note}")
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("policy", no_wrap=True)
    for name in ("mean latency", "p50", "p99", "max", "first token", "p99", "steps", "preempted",
                 "recomputed", "blocks used", "waiting", "proved factor"):  # fmt: skip
        table.add_column(name, justify="right", overflow="fold")
    for name, run, bound in runs:
        course = run.timeline
        table.add_row(
            name,
            decimal(run.mean_latency, 1, up=True, commas=True),
            *(f"{percentile(run.latency, p):,}" for p in (50, 99, 100)),
            f"{float(run.time_to_first.mean()):,.1f}",
            f"{percentile(run.time_to_first, 99):,}",
            f"{run.steps:,}",
            f"{int(run.preemptions.sum()):,}",
            f"{run.recomputed:,}",
            f"{float(course.blocks.mean()) / engine.blocks:.1%}",
            f"{float(course.waiting.mean()):,.1f}",
            f"{decimal(run.total_latency / bound.value, 4, up=True)} ({bound.kind})",
        )
    print_table(out, table)
    out.print()
    narrow = ""
    if any(bound.unpreempted for _, _, bound in runs):
        narrow = " By price or staggered, where nobody was preempted: no run without preemption."
    unit = "" if step is None else f" (of {float(step):g} s where the trace has times)"
    out.print(
        f"Latency and first token in engine steps{unit}; blocks used and waiting: mean over the "
        "steps. A proved factor f says: no run of this engine, in whatever order, has a total "
        f"latency below this one's / f.{narrow}"
    )
