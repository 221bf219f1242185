"""The page of ``kvproof search``."""

from fractions import Fraction

from kvproof.adversary.campaign.archive import Entry
from kvproof.adversary.campaign.campaign import Campaign, CampaignResult
from kvproof.report.memory import memory_picture
from kvproof.report.page import Page, Picture, Table, within_budget
from kvproof.report.parts import command_line, download, instance_facts, line, made_with
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.words import counted


def search_page(campaign: Campaign, result: CampaignResult, *, folder: str) -> Page:
    """Return the page about a search; `folder` is where the run is kept."""
    best = result.best
    policy = campaign.claims.policy
    rows = []
    for engine in campaign.engines:
        mine = max(
            (e for e in result.entries if e.engine == engine), key=lambda e: e.ratio, default=None
        )
        rows.append([engine, *_row(mine)])
    pictures, facts, downloads = [], [], []
    if best is not None:
        pictures.append(_climb(campaign, result))
        feasible = best.witness.feasible
        schedules = {
            policy: campaign.objective.policy_schedule(feasible.instance),
            "a better schedule": feasible,
        }
        memory = memory_picture(schedules, unit="step")
        pictures.append(
            Picture(title="The worst instance found", caption=memory.caption, data=memory.data)
        )
        facts = instance_facts(feasible.instance, source=f"the best witness in {folder}")
        downloads = [download(best.certificate, "best.json", made_by=f"cp {folder}/best.json .")]
    remarks = result.tested.in_words(result.violates, campaign.claims.bound) if best else []
    if result.interrupted:
        remarks.append("The search was interrupted: there is more to come.")
    return Page(
        title=f"How bad {policy} can be",
        answer=_answer(policy, best, result.violates),
        command=command_line(),
        remarks=remarks,
        tables=[
            Table(
                caption=f"The best certified ratio of each engine, {campaign.evaluations:,} "
                "evaluations each",
                head=("engine", "ratio at least", "eps", "requests", "after evaluations"),
                rows=rows,
            )
        ],
        pictures=pictures,
        downloads=within_budget(downloads),
        facts=[*facts, ("seed", str(campaign.seed)), ("kept in", folder)],
        made_with=made_with("numba", "jinja2"),
    )


def _row(entry: Entry | None) -> list[str]:
    if entry is None:
        return ["-"] * 4
    ratio = decimal(entry.ratio, 4, up=False)
    return [ratio, f"{float(entry.eps):.4g}", f"{entry.requests:,}", f"{entry.evaluations:,}"]


def _answer(policy: str, best: Entry | None, violates: str | None) -> str:
    if violates is not None:
        return f"{violates} is contradicted by a witness: see the certificate."
    if best is None:
        return f"No instance was found on which {policy} is worse than optimal; none is ruled out."
    requests = counted(best.requests, "request")
    return (
        f"On an instance of {requests} (eps {float(best.eps):.4g}) {policy} costs "
        f"at least {decimal(best.ratio, 4, up=False)} times the optimum (certified); a larger "
        "ratio may exist, for a search proves none away."
    )


def _climb(campaign: Campaign, result: CampaignResult) -> Picture:
    """Return the best certified ratio so far over evaluations, a line for each engine."""
    traces = []
    for number, engine in enumerate(campaign.engines):
        steps: list[tuple[int, Fraction]] = []
        for entry in sorted(
            (e for e in result.entries if e.engine == engine), key=lambda e: e.evaluations
        ):
            if not steps or entry.ratio > steps[-1][1]:
                steps.append((entry.evaluations, entry.ratio))
        if steps:
            x, y = [at for at, _ in steps], [float(ratio) for _, ratio in steps]
            end = max(x[-1], campaign.evaluations)
            traces.append(line(engine, [*x, end], [*y, y[-1]], number, shape="hv", marks=True))
    return Picture(
        title="What each engine found",
        caption="The best certified ratio, policy over a feasible schedule, after so many "
        "evaluations of each engine.",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "xaxis": {"title": {"text": "evaluations"}, "tickformat": ",d"},
                "yaxis": {"title": {"text": "ratio at least"}},
                "showlegend": True,
            },
        },
    )
