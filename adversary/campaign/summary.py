"""The summary at the end of a search, in words and as JSON."""

import shlex
from fractions import Fraction
from pathlib import Path
from typing import Any

from kvproof.adversary.campaign.archive import Entry
from kvproof.adversary.campaign.campaign import Campaign, CampaignResult
from kvproof.scheduling.exact import as_pq, decimal
from kvproof.scheduling.words import counted


def summary_lines(
    folder: Path, campaign: Campaign, result: CampaignResult, witness: Path | None
) -> list[str]:
    """Say how a campaign ended; `witness` is the file of the best one, where it is written."""
    found = {name: result.best_of(name) for name in campaign.engines}
    best = result.best
    if best is None:
        lines = ["No witness yet." if result.interrupted else "No witness was found."]
    else:
        bound = _allowed(campaign, best)
        lines = [
            f"Certified: {campaign.claims.policy} / OPT >= {decimal(best.ratio, 4, up=False)} "
            f"at eps {float(best.eps):.4g}, {counted(best.requests, 'request')}"
            + ("" if bound is None else f"; the bound allows {decimal(bound, 4, up=True)}")
            + ("" if result.interrupted else f"; estimate from above {_estimate(best)}")
        ]
        for name in campaign.engines[1:]:
            ratio, mine = found[name], found[campaign.engine]
            if ratio is not None and mine is not None:
                lines.append(
                    f"  {campaign.engine} against {name}: {decimal(mine, 4, up=False)} to "
                    f"{decimal(ratio, 4, up=False)} ({float(mine / ratio - 1):+.1%})"
                )
        if witness is not None:
            lines += [f"Witness: {witness}", f"Replay:  {replay_command(witness)}"]
        lines += [
            "A larger ratio may exist: a search proves none away.",
            *result.tested.in_words(result.violates, campaign.claims.bound),
        ]
    if result.violates is not None:
        lines.append(f"VIOLATION of {result.violates}: see {folder}/violation-*.json")
    if result.interrupted:
        lines.append(f"Interrupted; go on with: kvproof search --resume {shlex.quote(str(folder))}")
    return lines


def replay_command(path: Path) -> str:
    """Return the line that checks a witness again."""
    return f"kvproof replay {shlex.quote(str(path))}"


def _allowed(campaign: Campaign, entry: Entry) -> Fraction | None:
    """Return what the bound that is shown allows the ratio to be on an entry's instance."""
    shown = campaign.claims.shown
    return None if shown is None else shown.at(entry.witness.feasible.instance)


def _estimate(entry: Entry) -> str:
    """Return policy over a proved lower bound on OPT: the true ratio is not above it."""
    from kvproof.certificates.opt.strongest import strongest_bound

    witness = entry.witness
    return decimal(witness.policy_total / strongest_bound(witness.feasible.instance), 4, up=True)


def summary_json(
    folder: Path, campaign: Campaign, result: CampaignResult, witness: Path | None
) -> dict[str, Any]:
    """Return how a campaign ended, as ``kvproof search --json`` prints it; as `summary_lines`."""
    found = {name: result.best_of(name) for name in campaign.engines}
    best = result.best
    bound = None if best is None else _allowed(campaign, best)
    return {
        "command": "search",
        "folder": str(folder),
        "policy": campaign.claims.policy,
        "rule": campaign.claims.rule,
        "ratio": None if best is None else as_pq(best.ratio),
        "eps": None if best is None else as_pq(best.eps),
        "requests": None if best is None else best.requests,
        # an interrupted run ends at once
        "estimate_decimal": (
            None if best is None or result.interrupted else float(_estimate(best))
        ),
        "bound": None if bound is None else as_pq(bound),
        "bound_tested": result.tested.bound,
        "theorems_tested": result.tested.theorems,
        "engines": {name: None if r is None else as_pq(r) for name, r in found.items()},
        "witness": None if witness is None else str(witness),
        "violates": result.violates,
        "interrupted": result.interrupted,
    }
