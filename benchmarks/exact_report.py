"""What benchmarks/exact.py measured, as sections of docs/performance.md."""

import json
import math
from pathlib import Path

from report import machine, write_section

PEERS = ("highs", "cbc", "cpsat")
#: Shapes of which every instance has a line of its own: not all are proved.
_EACH = ("classes", "classes-late", "large")


def write_families(path: Path) -> None:
    """Write the instances that were named first, one a line."""
    rows = _rows(path)
    by = _by_run(rows)
    engines = ("kvproof", *PEERS)
    about = f"`make exact` on {machine()}: 60 s for each peer, 120 for kvproof (300 for stream-30)."
    times = [f"{engine} (s)" for engine in engines]
    lines = ["### Families", "", about, ""]
    lines += _head("instance", "OPT or interval", *times, "proof (kB)", "checked (s)")
    for name in dict.fromkeys(row["name"] for row in rows):
        ours = by.get((name, "kvproof"))
        cells = [_cell(by.get((name, engine)), ours) for engine in engines]
        proof = " | | |" if ours is None else f" | {_size(ours)} | {_checked(ours)} |"
        lines.append(
            f"| {name} | {'' if ours is None else _interval(ours)} | {' | '.join(cells)}{proof}"
        )
    ratios = [ratio for _, _, ratio in _against(rows)]
    if ratios:
        lines += ["", f"Best peer over kvproof, mean over {len(ratios)}: {_mean(ratios):.1f}."]
    write_section("families", "\n".join(lines))


def write_shapes(path: Path) -> None:
    """Write how many instances of each shape were proved, the hard ones, and the peers' times."""
    rows = _rows(path)
    ours = [row for row in rows if row["engine"] == "kvproof"]
    about = (
        f"`make shapes` on {machine()}; seconds by the clock, kernels compiled before. The limit "
        "is that of the shape. Proofs are gzipped and checked in pure Python."
    )
    lines = ["### Shapes that nobody tuned for", "", about, ""]
    lines += _head(
        "shape", "limit (s)", "proved in it", "held out", "widest interval", "s", "proofs (kB)",
        "checked (s)",
    )  # fmt: skip
    for family in dict.fromkeys(row["family"] for row in ours):
        own = [row for row in ours if row["family"] == family]
        held = [row for row in own if row["name"].startswith("held-")]
        proved = [row for row in own if row["status"] == "optimal"]
        widest = max((row["total"] - row["bound"]) / row["total"] for row in own)
        lines.append(
            f"| {family} | {own[0]['limit']} | {_within(own)} | {_within(held)} | "
            f"{_percent(widest)} | {_range((row['seconds'] for row in own), 2)} | "
            f"{_range(row['certificate_bytes'] / 1000 for row in proved if _size(row) != '-')} | "
            f"{_range(row['check_seconds'] for row in proved if _accepted(row))} |"
        )
    lines.append("")
    lines += _head("instance", "OPT or interval", "gap", "s", "by", "proof (kB)", "checked (s)")
    for row in ours:
        if row["family"] in _EACH:
            gap = (row["total"] - row["bound"]) / row["total"]
            lines.append(
                f"| {row['name']} | {_interval(row)} | {_percent(gap)} | {row['seconds']:.1f} | "
                f"{row['used']} | {_size(row)} | {_checked(row)} |"
            )
    against = _against(rows)
    if against:
        lines += ["", "HiGHS, CBC and CP-SAT with 60 s each, where one of them proves OPT:", ""]
        lines += _head("shape", "instances", "best peer (s)", "kvproof (s)", "ratio, mean")
        for family in dict.fromkeys(row["family"] for row, _, _ in against):
            own = [one for one in against if one[0]["family"] == family]
            lines.append(
                f"| {family} | {len(own)} | {_range((peer for _, peer, _ in own), 3)} | "
                f"{_range((row['seconds'] for row, _, _ in own), 3)} | "
                f"{_mean([ratio for _, _, ratio in own]):.1f} |"
            )
        mean = _mean([ratio for _, _, ratio in against])
        lines += ["", f"The ratio's geometric mean over all {len(against)}: {mean:.1f}."]
    write_section("shapes", "\n".join(lines))


def _head(*columns):
    return [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]


def _rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _by_run(rows):
    return {(row["name"], row["engine"]): row for row in rows}


def _against(rows):
    """Return (our run, seconds of the best peer, ratio) where both prove the optimum."""
    by = _by_run(rows)
    found = []
    for (name, engine), ours in by.items():
        if engine != "kvproof" or ours["status"] != "optimal":
            continue
        peers = [
            row["seconds"] for one in PEERS
            if (row := by.get((name, one))) is not None and _finished(row, ours)
        ]  # fmt: skip
        if peers:
            found.append((ours, min(peers), min(peers) / ours["seconds"]))
    return found


def _mean(ratios):
    """Return the geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def _finished(row, ours):
    """Whether a run proved the optimum; a model with too short a horizon may prove more."""
    return row["status"] == "optimal" and (ours is None or row["total"] == ours["total"])


def _cell(row, ours):
    if row is None:
        return ""
    if _finished(row, ours):
        return f"{row['seconds']:.2f}"
    if row["status"] == "optimal":
        return f"{row['seconds']:.2f}, says {row['total']}"
    return f"not in {row['seconds']:.0f}"


def _interval(row):
    return (
        str(row["total"]) if row["bound"] == row["total"] else f"[{row['bound']}, {row['total']}]"
    )


def _size(row):
    return f"{row['certificate_bytes'] / 1000:.1f}" if "certificate_bytes" in row else "-"


def _accepted(row):
    return row.get("verdict") == "verified"


def _checked(row):
    if "verdict" not in row:
        return "-"
    return f"{row['check_seconds']:.1f}" if _accepted(row) else row["verdict"]


def _percent(share):
    return f"{100 * share:.2f}%" if share else "-"


def _range(values, digits=1):
    found = sorted(values)
    if not found:
        return "-"
    shown = [f"{value:.{digits}f}" for value in (found[0], found[-1])]
    return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def _within(rows):
    done = [row for row in rows if row["status"] == "optimal" and row["seconds"] <= row["limit"]]
    return f"{len(done)} of {len(rows)}"
