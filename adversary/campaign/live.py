"""What a running search shows, and the summary at its end."""

import json
import shlex
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from kvproof.adversary.campaign.archive import Entry
from kvproof.adversary.campaign.campaign import Outcome, Plan, Report
from kvproof.scheduling.exact import as_pq, decimal

_EVERY = 0.2  # seconds between refreshes of a terminal


class View:
    """An observer: one live line on a terminal, a plain line for each witness elsewhere.

    Lines go to stderr where `quiet`, as stdout then belongs to JSON.
    """

    def __init__(self, plan: Plan, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._plan = plan
        self._console = Console(
            stderr=quiet or sys.stdout.isatty(), highlight=False, soft_wrap=True
        )
        terminal = self._console.is_terminal
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._terminal = terminal
        self._best: Entry | None = None
        self._engine = ""
        self._begun = self._shown = time.monotonic()
        self._before = 0

    def __enter__(self) -> Self:
        if self._terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._terminal:
            self._live.stop()

    def __call__(self, report: Report) -> None:
        """Show a report."""
        now = time.monotonic()
        progress = report.progress
        if report.engine != self._engine:
            self._engine, self._begun, self._before = report.engine, now, 0
            self._before = max(0, progress.evaluations - 64)
        entry = report.entry
        if entry is not None:
            if self._best is None or entry.ratio > self._best.ratio:
                self._best = entry
            note = f"  VIOLATES {entry.violates}" if entry.violates else ""
            self._console.print(
                f"{report.engine}: {progress.evaluations:,} evaluations, certified ratio "
                f"{decimal(entry.ratio, 4, up=False)} (eps {float(entry.eps):.4g}, "
                f"{entry.requests:,} requests){note}"
            )
        if self._terminal and (entry is not None or now - self._shown > _EVERY):
            self._shown = now
            self._live.update(self._line(report, now), refresh=True)

    def _line(self, report: Report, now: float) -> str:
        progress = report.progress
        rate = (progress.evaluations - self._before) / max(1e-9, now - self._begun)
        best = "none yet" if self._best is None else decimal(self._best.ratio, 4, up=False)
        return (
            f"{report.engine} {progress.evaluations:,}/{self._plan.evaluations:,}  "
            f"certified {best}  bound {_bound(self._plan, report)}  "
            f"search {progress.best:.4f}  {rate:,.0f}/s  accepted {progress.accepted:,}"
        )


def _bound(plan: Plan, report: Report) -> str:
    if report.witness is None:
        return "-"
    allowed = _allowed(plan, report.witness.instance)
    return "-" if allowed is None else decimal(allowed, 4, up=True)


def _allowed(plan: Plan, instance: Any) -> Fraction | None:
    rule = "skip" if plan.objective.skip else "strict"
    return plan.claims.allowed(instance, plan.objective.policy.name, rule)


def summary(folder: Path, plan: Plan, outcome: Outcome, *, as_json: bool) -> None:
    """Print how a run ended."""
    best = outcome.best
    found = {name: outcome.best_of(name) for name in plan.engines}
    if as_json:
        print(json.dumps(_as_json(folder, plan, outcome, found)))
        return
    if best is None:
        print("No witness yet." if outcome.interrupted else "No witness was found.")
    else:
        bound = _of_best(plan, best)
        print(
            f"Certified: {plan.objective.policy.name} / OPT >= {decimal(best.ratio, 4, up=False)} "
            f"at eps {float(best.eps):.4g}, {best.requests:,} requests"
            + ("" if bound is None else f"; the bound allows {decimal(bound, 4, up=True)}")
            + f"; estimate from above {_estimate(best)}"
        )
        for name in plan.engines[1:]:
            ratio, mine = found[name], found[plan.engine]
            if ratio is not None and mine is not None:
                print(f"  {plan.engine} against {name}: {float(mine):.4f} to {float(ratio):.4f} "
                      f"({float(mine / ratio - 1):+.1%})")  # fmt: skip
        print(f"Witness: {folder / 'best.json'}")
        print("Replay:  " + replay_command(folder / "best.json"))
        print("A larger ratio may exist: a search proves none away.")
    if outcome.violates is not None:
        print(f"VIOLATION of {outcome.violates}: see {folder}/violation-*.json")
    if outcome.interrupted:
        print(f"Interrupted; go on with: kvproof search --resume {shlex.quote(str(folder))}")


def replay_command(path: Path) -> str:
    """Return the line that checks a witness again."""
    return f"kvproof replay {shlex.quote(str(path))}"


def _instance(entry: Entry) -> Any:
    from kvproof.scheduling.instance import Instance

    return Instance.from_json(json.loads(entry.certificate)["instance"]["inline"])


def _of_best(plan: Plan, entry: Entry) -> Fraction | None:
    return _allowed(plan, _instance(entry))


def _policy_total(entry: Entry) -> int:
    return int(json.loads(entry.certificate)["claim"]["policy_total"])


def _estimate(entry: Entry) -> str:
    """Return policy over a proved lower bound on OPT: the true ratio is not above it."""
    from kvproof.certificates.opt.time_indexed import fluid_bound

    return decimal(_policy_total(entry) / fluid_bound(_instance(entry)), 4, up=True)


def _as_json(
    folder: Path, plan: Plan, outcome: Outcome, found: dict[str, Fraction | None]
) -> dict[str, Any]:
    best = outcome.best
    bound = None if best is None else _of_best(plan, best)
    return {
        "command": "search",
        "folder": str(folder),
        "policy": plan.objective.policy.name,
        "rule": "skip" if plan.objective.skip else "strict",
        "ratio": None if best is None else as_pq(best.ratio),
        "eps": None if best is None else as_pq(best.eps),
        "requests": None if best is None else best.requests,
        "estimate_decimal": None if best is None else float(_estimate(best)),
        "bound": None if bound is None else as_pq(bound),
        "engines": {name: None if r is None else as_pq(r) for name, r in found.items()},
        "witness": None if best is None else str(folder / "best.json"),
        "violates": outcome.violates,
        "interrupted": outcome.interrupted,
    }
