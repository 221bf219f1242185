"""For each cap on eps: the worst ratio found, the best known family, and what is proved.

A *rung* is a cap and the next smaller one, so that large eps is explored for itself: with any eps
up to 1/2 allowed, a search would come back with waves of small eps.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from pathlib import Path

from kvproof.adversary.campaign.archive import Archive, Entry
from kvproof.adversary.campaign.campaign import CampaignResult, Observer, run
from kvproof.adversary.campaign.settings import Settings
from kvproof.adversary.valuation.workers import Workers
from kvproof.adversary.witnesses.claims import Coverage, added
from kvproof.bounds.frontier import bounds_at, witnesses
from kvproof.scheduling.exact import as_pq, decimal

CAPS = (
    *(Fraction(1, k) for k in (64, 32, 16, 8, 4, 3, 2)),
    *(Fraction(2, 3), Fraction(4, 5), Fraction(9, 10)),
)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One row of the frontier.

    Parameters
    ----------
    floor, cap
        ``floor < eps <= cap``.
    found, at_random
        The best witness of the searches here, and the best of those from random starts; or None.
    family, family_ratio
        The best known family with eps in this range, and its certified ratio; None where no
        member of a family that is tried has such an eps.
    lower, upper
        What is proved of the worst ratio over all backlogs with eps <= cap.
    """

    floor: Fraction
    cap: Fraction
    found: Entry | None
    at_random: Entry | None
    family: str | None
    family_ratio: Fraction | None
    lower: Fraction
    upper: Fraction | None

    @property
    def prize(self) -> bool:
        """Whether a witness exceeds max(2, 1/(1 - eps)), which no known one does."""
        entry = self.found
        if entry is None or entry.eps == 1:
            return False
        return entry.ratio > max(Fraction(2), 1 / (1 - entry.eps))


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The rungs so far.

    Parameters
    ----------
    rungs
        In order of the caps.
    interrupted
        Whether Ctrl-C ended the searches.
    tested
        On how many witnesses of all searches each theorem was tested.
    violates
        Name of a theorem that one of them contradicts, or None.
    """

    rungs: list[Rung]
    interrupted: bool
    tested: Coverage
    violates: str | None


def frontier(
    settings: Settings,
    *,
    folder: Path,
    workers: Workers,
    observe: Callable[[Settings], Observer],
    caps: tuple[Fraction, ...] = CAPS,
) -> Frontier:
    """Search every rung, from random starts and from the families; resume what has begun."""
    known = witnesses()
    rungs = []
    results: list[CampaignResult] = []
    for floor, cap in zip((Fraction(0), *caps[:-1]), caps, strict=True):
        place = folder / f"eps-{cap.numerator}-{cap.denominator}"
        mine: dict[str, CampaignResult] = {}
        for start in ("random", "families"):
            if results and results[-1].interrupted:
                break
            here = replace(settings, max_eps=str(cap), min_eps=str(floor),
                           families=start == "families", baselines=start == "random")  # fmt: skip
            mine[start] = _searched(here, place / start, workers, observe(here))
            results.append(mine[start])
        members = [point for point in known if floor < point.eps <= cap]
        family = max(members, key=lambda point: point.ratio, default=None)
        found = [result.best for result in mine.values() if result.best is not None]
        lower, upper = bounds_at(cap)
        rungs.append(
            Rung(
                floor=floor,
                cap=cap,
                found=max(found, key=lambda entry: entry.ratio, default=None),
                at_random=mine["random"].best if "random" in mine else None,
                family=None if family is None else family.label,
                family_ratio=None if family is None else family.ratio,
                lower=Fraction(lower),
                upper=None if upper == inf else Fraction(upper),
            )
        )
    return Frontier(
        rungs=rungs,
        interrupted=results[-1].interrupted,
        tested=added(result.tested for result in results),
        violates=next((result.violates for result in results if result.violates), None),
    )


def _searched(
    settings: Settings, folder: Path, workers: Workers, observe: Observer
) -> CampaignResult:
    archive = Archive(folder, create=True)
    try:
        archive.write("settings", settings.to_json())
        return run(settings.campaign(), archive, workers, observe)
    finally:
        archive.close()


HEAD = (
    "eps in", "found", "at eps", "requests", "by", "at random", "best family", "proved", "replay",
)  # fmt: skip


def cells(rung: Rung, file: Path | None) -> list[str]:
    """Return what stands under :data:`HEAD` for a rung; `file` has its witness."""
    entry, upper = rung.found, "?" if rung.upper is None else decimal(rung.upper, 3, up=True)
    family = "-"
    if rung.family_ratio is not None:
        family = f"{decimal(rung.family_ratio, 3, up=False)} {rung.family}"
    found = ["-"] * 4
    if entry is not None:
        ratio = decimal(entry.ratio, 4, up=False)
        found = [ratio, f"{float(entry.eps):.4g}", f"{entry.requests:,}", entry.engine]
    alone = rung.at_random
    return [
        f"({rung.floor}, {rung.cap}]",
        *found,
        "-" if alone is None else decimal(alone.ratio, 4, up=False),
        family,
        f"{decimal(rung.lower, 3, up=False)} to {upper}",
        "-" if file is None else f"kvproof replay {file}",
    ]


def table(rungs: list[Rung], files: dict[Fraction, Path]) -> str:
    """Return the frontier as a Markdown table; `files` has the witness of each cap."""
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for rung in rungs:
        *said, family, proved, replay = cells(rung, files.get(rung.cap))
        number, _, name = family.partition(" ")
        family = f"{number} `{name}`" if name else family
        replay = replay if replay == "-" else f"`{replay}`"
        lines.append(f"| {' | '.join([*said, family, proved, replay])} |")
    return "\n".join(lines) + "\n"


def rows(rungs: list[Rung]) -> list[dict[str, object]]:
    """Return the frontier as JSON objects."""
    return [
        {
            "floor": as_pq(rung.floor),
            "cap": as_pq(rung.cap),
            "ratio": None if rung.found is None else as_pq(rung.found.ratio),
            "eps": None if rung.found is None else as_pq(rung.found.eps),
            "requests": None if rung.found is None else rung.found.requests,
            "engine": None if rung.found is None else rung.found.engine,
            "ratio_at_random": (None if rung.at_random is None else as_pq(rung.at_random.ratio)),
            "family": rung.family,
            "family_ratio": None if rung.family_ratio is None else as_pq(rung.family_ratio),
            "proved_lower": as_pq(rung.lower),
            "proved_upper": None if rung.upper is None else as_pq(rung.upper),
            "above_every_known": rung.prize,
        }
        for rung in rungs
    ]
