"""Paced SVF beside strict SVF: the worst ratios that searches find, by eps, and what is proved.

Each cap on eps is searched with mixed requests and with requests of one kind, for which pacing is
proved; at equal evaluations for both policies. Writes docs/adversary.md and the points of its
picture, which ``make pictures`` draws.
"""

import argparse
import csv
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from report import DOCS, write_section

from kvproof.adversary.campaign.archive import Archive, Entry
from kvproof.adversary.campaign.campaign import run
from kvproof.adversary.campaign.settings import Settings
from kvproof.adversary.valuation.workers import Workers, make_workers
from kvproof.bounds.catalogue.paced import shapes_constant
from kvproof.bounds.frontier import bounds_at
from kvproof.scheduling.exact import decimal

CAPS = tuple(Fraction(1, k) for k in (64, 32, 16, 8, 4, 2))
POLICIES = ("svf", "svf-paced")
HEAD = (
    "| eps in | equal requests: svf | svf-paced | proved for paced | mixed: svf | svf-paced "
    "| proved for strict |"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """The best witness for each (policy, number of classes) with eps up to a cap."""

    floor: Fraction
    cap: Fraction
    found: dict[tuple[str, int], Entry | None]


def rows(settings: Settings, workers: Workers) -> list[Row]:
    """Search every cap."""
    made = []
    for floor, cap in zip((Fraction(0), *CAPS[:-1]), CAPS, strict=True):
        found = {}
        for policy in POLICIES:
            for classes in (1, 6):
                here = Settings(
                    policy=policy, classes=classes, max_eps=str(cap), min_eps=str(floor),
                    memory=settings.memory, requests=settings.requests, baselines=False,
                    evaluations=settings.evaluations, engine="climb",
                )  # fmt: skip
                found[policy, classes] = _searched(here, workers)
        made.append(Row(floor=floor, cap=cap, found=found))
        print(_line(made[-1]), flush=True)
    return made


def _searched(settings: Settings, workers: Workers) -> Entry | None:
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder:
        archive = Archive(Path(folder), create=True)
        try:
            result = run(settings.campaign(), archive, workers, lambda update: None)
        finally:
            archive.close()
    if result.violates is not None:
        raise SystemExit(f"{settings.policy}: a witness contradicts {result.violates}")
    return result.best


def _line(row: Row) -> str:
    cells = []
    for classes in (1, 6):
        for policy in POLICIES:
            entry = row.found[policy, classes]
            cells.append("-" if entry is None else decimal(entry.ratio, 4, up=False))
    paced = shapes_constant(row.cap)
    lower, upper = bounds_at(row.cap)
    assert paced is not None
    proved = f"{decimal(Fraction(lower), 3, up=False)} to {decimal(Fraction(upper), 3, up=True)}"
    cells[2:2] = [f"1.500 to {decimal(Fraction(paced), 3, up=True)}"]
    return f"| ({row.floor}, {row.cap}] | {' | '.join(cells)} | {proved} |"


def write_points(made: list[Row], path: Path) -> None:
    """Write the largest ratio found for each cap, from which ``make pictures`` draws."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("policy", "classes", "floor", "cap", "ratio"))
        for row in made:
            for (policy, classes), entry in row.found.items():
                if entry is not None:
                    ratio = decimal(entry.ratio, 4, up=False)
                    writer.writerow((policy, classes, row.floor, row.cap, ratio))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1_500)
    parser.add_argument("--memory", type=int, default=40_000)
    parser.add_argument("--requests", type=int, default=1_500)
    given = parser.parse_args()
    settings = Settings(memory=given.memory, requests=given.requests, evaluations=given.evaluations)
    with make_workers(1) as workers:
        made = rows(settings, workers)
    about = (
        f"`make paced-frontier`: up to {given.requests:,} requests at memory {given.memory:,}, "
        f"{given.evaluations:,} evaluations of `climb` for each entry, from random starts; every "
        "ratio certified. For paced SVF with mixed requests nothing is proved."
    )
    lines = [
        about,
        "",
        HEAD,
        "|---|---|---|---|---|---|---|",
        *map(_line, made),
        "",
        "![Paced and strict SVF](pictures/paced_frontier.png)",
    ]
    write_points(made, DOCS / "pictures" / "paced_frontier.csv")
    write_section("paced", "\n".join(lines), page="adversary.md")


if __name__ == "__main__":
    main()
