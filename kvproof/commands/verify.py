"""``kvproof verify``: the main job."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import click

from kvproof.fleets import fleet_options, show_fleet
from kvproof.options import (
    bound_option,
    compact_option,
    dask_option,
    find_policies,
    input_options,
    json_option,
    named_policies,
    quiet_option,
    refuse_idle,
    report_option,
    rule_options,
    same_options,
)
from kvproof.predictions import (
    POLICIES,
    are_asked_for,
    certificate_option,
    facts,
    prediction_options,
    show_predicted,
)
from kvproof.sweeps import show_sweep

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from kvproof.bounds.verify import Verdict
    from kvproof.certificates.proofs import BoundKind
    from kvproof.inputs import Input
    from kvproof.latencies import Unit
    from kvproof.scheduling.instance import Instance
    from kvproof.scheduling.policies import Policy


@click.command("verify")
@input_options
@click.option(
    "--policy",
    "policies",
    help="Policies, separated by commas [default: svf,svf-1bit,sjf,fcfs,sorted-f]; svf-bucket, "
    "svf-paced, sorted-f-swap and sorted-f-lp are there too, and package.module:Name is one of "
    "your own.",
)
@rule_options
@compact_option
@bound_option
@click.option(
    "--latency",
    type=click.Choice(["steps", "seconds"]),
    help="Also show latency, waiting and time to the first token: mean, percentiles, maximum.",
)
@click.option(
    "--sweep",
    "over",
    metavar="NAME=FIRST:LAST:STEP",
    help="Over load, rate (multiples of the trace's) or memory, as load=0.5:1.5:0.1 or "
    "memory=20000,40000: a table over all points.",
)
@click.option(
    "--plot",
    type=click.Path(),
    metavar="FILE",
    help="With --sweep: draw it (.svg or .png).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="With --sweep or --replicas: processes.",
)
@dask_option
@fleet_options
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take N requests of the trace at random, without replacement, in order, before "
    "--limit; see --seed.",
)
@prediction_options
@certificate_option
@report_option
@quiet_option
@json_option
def command(
    trace: str,
    policies: str | None,
    skip: bool,
    theta: Fraction | None,
    admission: Literal["true", "reserve"],
    compact: bool,
    bound: "BoundKind | None",
    latency: "Unit | None",
    over: str | None,
    plot: str | None,
    workers: int,
    dask: str | None,
    replicas: int | None,
    router: str,
    sample: int | None,
    predicted: str | None,
    noise: str | None,
    seed: int,
    margin: Fraction,
    underprediction: str,
    certificate: str | None,
    report: str | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Schedule TRACE by each policy and prove how far each is from optimal.

    TRACE is a request trace (CSV, JSON lines or Parquet; its kind is recognised), a folder or a
    quoted pattern of such files, read in order of their names as one, or an instance file. The
    proved factor is the total latency over a certified lower bound on the optimum: no schedule,
    clairvoyant or not, is better by more than that factor.

    The model leaves out prefill time, chunking, caps on a batch, preemption and prefix caching
    (docs/guide.md); kvproof vllm runs vLLM's own scheduler, with bounds that hold for it.
    """
    # imported here, so that help needs none of it
    from kvproof.bounds.verify import verify_on
    from kvproof.files import Outputs
    from kvproof.inputs import load
    from kvproof.latencies import unit_of
    from kvproof.output import progress_bar, say_written
    from kvproof.scheduling.cluster import connected
    from kvproof.scheduling.errors import ExitCode
    from kvproof.scheduling.registry import BUILTIN
    from kvproof.streams import print_json
    from kvproof.verdicts import print_verdicts

    reading["sample"] = None if sample is None else (sample, seed)
    if sample is not None and report is not None:
        raise click.UsageError("--report and --sample: the page names commands that take no sample")
    if are_asked_for(predicted, noise, underprediction, seeded=sample is not None):
        for option in ("skip", "compact", "over", "plot", "replicas", "router", "workers", "dask",
                       "report"):  # fmt: skip
            refuse_idle(option, "predicted lengths go with the strict rule and a table alone")
        names = named_policies(policies, POLICIES)
        chosen = find_policies(names, theta=theta, admission=admission)
        about = facts(predicted, noise, seed, margin, underprediction)
        show_predicted(trace, chosen, bound, latency, certificate, about, as_json, reading)
        return ExitCode.DONE
    refuse_idle("certificate", "kvproof certify writes that of a schedule")
    if dask is not None:
        refuse_idle("workers", "the cluster has its own")
    running: dict[str, Any] = {"skip": skip, "compact": compact, "bound": bound}
    if over is not None:
        for option in ("latency", "report", "replicas", "router"):
            refuse_idle(option, "a --sweep has a table of its own")
        return show_sweep(trace, over, policies, theta, admission, plot, as_json, reading,
                          dask, workers=workers, **running)  # fmt: skip
    refuse_idle("plot", "it goes with --sweep")
    if latency is not None and as_json:
        refuse_idle("latency", "--json has steps and seconds")
    if replicas is not None:
        return show_fleet(trace, replicas, router, policies, theta, admission, latency, report,
                          as_json, reading, dask, workers=workers, **running)  # fmt: skip
    refuse_idle("workers", "it goes with --sweep or --replicas")
    refuse_idle("router", "it goes with --replicas")
    names = named_policies(policies, BUILTIN)
    chosen = find_policies(names, theta=theta, admission=admission)
    page = Outputs(trace).page(report)
    with connected(dask) as cluster, progress_bar() as bar:
        stage = bar.add_task(f"reading {trace}", total=len(chosen) + 2)
        source = load(trace, **reading)
        if latency is not None:
            unit_of(source, latency)  # refuses seconds where there are none
        bar.update(stage, advance=1, description="lower bound on OPT")
        verdicts = []
        if cluster is not None:
            for verdict in verify_on(cluster, source.instance, chosen, **running):
                verdicts.append(verdict)
                bar.update(stage, advance=1, description=verdict.policy)
        else:
            verdicts = _here(source.instance, chosen, running, bar, stage)
    # a result and its files: neither is lost where the other cannot be written
    try:
        if page is not None:
            from kvproof.report.verify import verify_page

            certify = [_certify(name, policy) for name, policy in zip(names, chosen, strict=True)]
            made = verify_page(verdicts, source=source.source, step=source.step, notes=source.notes,
                               certify=certify)  # fmt: skip
            page.write(made.to_bytes())
    finally:
        if as_json:
            print_json(_as_json(source, verdicts, skip))
        else:
            print_verdicts(source, verdicts, skip=skip, latency=latency)
            say_written("page", page)
    violated = any(v.violation for v in verdicts)
    return ExitCode.CONTRADICTED if violated else ExitCode.DONE


def _certify(name: str, policy: "Policy") -> list[str]:
    """Return the command that writes a policy's certificate, but for ``--out``."""
    from kvproof.scheduling.one_bit import OneBitSVF

    here = ("policies", "latency", "dask", "report", "as_json")  # what certify does not take
    others = () if isinstance(policy, OneBitSVF) else ("theta", "admission")
    return ["kvproof", "certify", *same_options(but=(*here, *others)), "--policy", name]


def _here(
    instance: "Instance",
    policies: list["Policy"],
    running: dict[str, Any],
    bar: "Progress",
    stage: "TaskID",
) -> list["Verdict"]:
    """Run one policy after the other in this process."""
    from kvproof.bounds.verify import verify
    from kvproof.certificates.lower_bounds import find_bound

    lower_bound = None  # the best of all is found beside the first schedule
    if running["bound"] is not None:
        search = bar.add_task("evaluations", total=None, visible=False)
        lower_bound = find_bound(
            instance,
            running["bound"],
            progress=lambda done, best: bar.update(
                search, visible=True, completed=done, description=f"prices: {best:,.0f}"
            ),
        )
        bar.remove_task(search)
    bar.advance(stage)
    verdicts = []
    for policy in policies:
        bar.update(stage, description=policy.name)
        requests = bar.add_task("requests", total=instance.requests, visible=False)
        verdicts.append(
            verify(
                instance,
                policy,
                skip=running["skip"],
                compact=running["compact"],
                lower_bound=lower_bound,
                progress=lambda done, n, task=requests: bar.update(  # type: ignore[misc]
                    task, completed=done, total=n, visible=True
                ),
            )
        )
        lower_bound = verdicts[0].lower_bound
        bar.remove_task(requests)
        bar.advance(stage)
    return verdicts


def _as_json(source: "Input", verdicts: list["Verdict"], skip: bool) -> dict[str, Any]:
    from kvproof.bounds.verify import cuts
    from kvproof.latencies import statistics_json
    from kvproof.output import exact_and_decimal
    from kvproof.waiting import waiting_json

    return {
        **source.to_json(),
        "rule": "skip" if skip else "strict",
        **waiting_json(source),
        "policies": [
            {
                "policy": v.policy,
                "rule": v.rule,
                "admission": v.admission,
                "compact": v.compact,
                "remark": v.remark,
                "total_latency": v.schedule.total_latency,
                **exact_and_decimal("mean_latency", v.schedule.mean_latency, 2, up=True),
                "makespan": v.schedule.makespan,
                **exact_and_decimal(
                    "memory_utilisation", v.schedule.memory_utilisation, 4, up=False
                ),
                **exact_and_decimal("lower_bound", v.lower_bound.value, 4, up=False),
                "lower_bound_kind": v.lower_bound.kind,
                **exact_and_decimal("factor", v.factor, 4, up=True),
                **exact_and_decimal("cut_at_least", cut.at_least, 4, up=False),
                **exact_and_decimal("cut_at_most", cut.at_most, 4, up=True),
                "statistics": statistics_json(v.statistics, source.step),
                "theorem": v.theorem_bound and v.theorem_bound.theorem.name,
                "theorem_bound": v.theorem_bound and v.theorem_bound.total,
                "violation": v.violation,
            }
            for v, cut in zip(verdicts, cuts(verdicts), strict=True)
        ],
    }
