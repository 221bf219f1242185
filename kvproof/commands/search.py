"""``kvproof search``: look for instances on which a policy is bad."""

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kvproof.options import (
    Rational,
    Tokens,
    dask_option,
    find_policies,
    json_option,
    quiet_option,
    refuse_idle,
    report_option,
    rule_options,
)

if TYPE_CHECKING:
    from kvproof.adversary.campaign.campaign import CampaignResult
    from kvproof.adversary.campaign.settings import Settings


@click.command("search")
@click.option("--policy", default="svf", show_default=True, help="Policy, or package.module:Name.")
@rule_options
@click.option("--memory", type=Tokens(most=2**30), default=32_000, show_default=True,
              help="KV-cache capacity in tokens.")  # fmt: skip
@click.option("--max-eps", type=Rational(most=1), default="1", show_default=True,
              help="No request holds more than this share of the memory.")  # fmt: skip
@click.option("--min-eps", type=Rational(zero=True, most=1), default="0", show_default=True,
              help="Some request holds more than this share.")  # fmt: skip
@click.option("--requests", type=click.IntRange(min=1), default=2_000, show_default=True,
              help="At most so many requests (exactly, where each is its own class).")  # fmt: skip
@click.option("--classes", type=click.IntRange(0, 64),
              help="Distinct classes; 0: every request for itself "
              "[default: 6, or 0 for up to 16 requests].")  # fmt: skip
@click.option("--arrivals", type=click.Choice(["backlog", "online"]), default="backlog",
              show_default=True, help="Whether requests may arrive over time.")  # fmt: skip
@click.option("--span", type=click.IntRange(1, 2**30), default=1_000, show_default=True,
              help="Latest arrival, with --arrivals online.")  # fmt: skip
@click.option("--engine", default="anneal", show_default=True,
              metavar="[anneal|climb|random]", help="The search engine.")  # fmt: skip
@click.option("--evaluations", type=click.IntRange(min=1), default=50_000, show_default=True,
              help="Evaluations for the engine, and again for each baseline.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Equal seeds give equal results, with any number of workers.")  # fmt: skip
@click.option("--families", is_flag=True, help="Begin at the known families, not at random.")
@click.option("--baselines/--no-baselines", default=True, show_default=True,
              help="Run random search and hill climbing beside, at equal evaluations.")  # fmt: skip
@click.option("--bound", metavar="THEOREM|EXPR",
              help='A bound to break: a theorem, or such as "1 + 2/(1 - eps)".')  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True,
              help="Processes that evaluate.")  # fmt: skip
@dask_option
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the run is kept [default: kvproof-search].")  # fmt: skip
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR",
              help="Go on with a run, with its own settings.")  # fmt: skip
@report_option
@quiet_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    workers: int,
    dask: str | None,
    out: Path | None,
    resume: Path | None,
    report: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Search for instances on which a policy is as far from OPT as it can be made.

    Every ratio that is reported is proved: the policy's cost over that of an explicit feasible
    schedule, written as a certificate and accepted by the independent checker in a fresh process.
    It is a lower bound on the worst ratio; that nothing larger is found proves nothing.
    """
    from kvproof.adversary.campaign.archive import FILE, Archive
    from kvproof.adversary.campaign.campaign import run
    from kvproof.adversary.campaign.live import View
    from kvproof.adversary.campaign.settings import stored
    from kvproof.adversary.campaign.summary import summary_json, summary_lines
    from kvproof.adversary.valuation.workers import make_workers
    from kvproof.files import Failures, Outputs, write_files
    from kvproof.output import progress_bar, say, say_written
    from kvproof.scheduling.errors import InputError
    from kvproof.streams import print_json

    outputs = Outputs()
    folder = outputs.folder(resume or out or Path("kvproof-search"), mark=FILE)
    page = outputs.page(report)
    if resume is not None:
        named = ("workers", "dask", "resume", "report", "as_json")
        given = [p for p in ctx.params if p not in named
                 and ctx.get_parameter_source(p) is ParameterSource.COMMANDLINE]  # fmt: skip
        if given:
            option = "--" + given[0].replace("_", "-")
            raise InputError(f"--resume takes the run's own settings; leave out {option}")
    elif (folder / FILE).exists():
        raise InputError(f"{folder} holds a run already: --resume {folder}, or another --out")
    if dask is not None:
        refuse_idle("workers", "the cluster has its own")
    settings = None if resume is not None else _settings(options)
    if settings is not None:
        campaign = settings.campaign()
    # a cluster that does not answer leaves no run behind
    with make_workers(workers, dask) as evaluators:
        archive = Archive(folder, create=resume is None)
        try:
            if settings is None:
                try:
                    settings = stored(archive.read("settings"))
                except InputError as error:
                    raise InputError(f"{folder}: the run cannot go on: {error}") from error
                campaign = settings.campaign()
            else:
                archive.write("settings", settings.to_json())
            with progress_bar() as bar:
                view = View(campaign, partial(bar.update, bar.add_task("beginning", total=None)))
                outcome = run(campaign, archive, evaluators, view)
        finally:
            archive.close()
    # a result and its files: none is lost where another cannot be written
    failures = Failures()
    kept: dict[str, Path] = {}
    try:
        kept = write_files(folder, _files(outcome), failures)
        if page is not None:
            from kvproof.report.search import search_page

            with failures:
                page.write(search_page(campaign, outcome, folder=str(folder)).to_bytes())
        failures.end()
    finally:
        if as_json:
            print_json(summary_json(folder, campaign, outcome, kept.get("best.json")))
        else:
            for line in summary_lines(folder, campaign, outcome, kept.get("best.json")):
                say(line)
            say_written("page", page)
    if outcome.entries and outcome.tested.bound == 0:
        raise InputError(
            f"bound {settings.bound} has no value on any of the witnesses found "
            f"({len(outcome.entries):,}), so it was not tested; they are in {folder}"
        )
    return _code(outcome)


def _settings(options: dict[str, Any]) -> "Settings":
    from kvproof.adversary.campaign.settings import Settings

    if options["min_eps"] >= options["max_eps"]:
        least, most = options["min_eps"], options["max_eps"]
        raise click.UsageError(f"--min-eps {least} must be below --max-eps {most}")
    online = options.pop("arrivals") == "online"
    span = options.pop("span")
    if not online:
        refuse_idle("span", "it goes with --arrivals online")
    find_policies([options["policy"]], theta=options["theta"], admission=options["admission"])
    theta = options["theta"]
    texts = {name: str(Fraction(options[name])) for name in ("max_eps", "min_eps")}
    options = {**options, **texts, "theta": None if theta is None else str(theta)}
    return Settings(**options, span=span if online else 0)


def _files(outcome: "CampaignResult") -> dict[str, bytes]:
    """Return the best witness of each engine, and every violation, by the names of their files."""
    files = {}
    for engine in dict.fromkeys(entry.engine for entry in outcome.entries):
        best = max((e for e in outcome.entries if e.engine == engine), key=lambda e: e.ratio)
        files[f"best-{engine}.json"] = best.certificate
    if outcome.best is not None:
        files["best.json"] = outcome.best.certificate
    violations = [entry for entry in outcome.entries if entry.violates is not None]
    for number, entry in enumerate(violations):
        files[f"violation-{number}.json"] = entry.certificate
    return files


def _code(outcome: "CampaignResult") -> int:
    from kvproof.scheduling.errors import ExitCode

    if outcome.violates is not None:
        return ExitCode.CONTRADICTED
    return ExitCode.INTERRUPTED if outcome.interrupted else ExitCode.DONE
