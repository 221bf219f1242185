"""Draw the README's picture from the example trace, and growth from what was measured.

``make pictures``. What was measured is in ``docs/pictures/*.csv``: ``make growth``, ``vllm-load``
and ``paced-frontier`` do it again.
"""

import csv
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from kvproof.bounds.catalogue.paced import shapes_constant
from kvproof.bounds.frontier import bounds_at
from kvproof.bounds.plotting import over_eps, png
from kvproof.bounds.verify import verify
from kvproof.certificates.lower_bounds import best_bound
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.traces import read_trace

ROOT = Path(__file__).parent.parent
MEMORY = 60_000
COLOURS = {
    "svf": "#0b6e4f",
    "svf-1bit": "#6ba292",
    "sorted-f": "#3d5a98",
    "sjf": "#d98e04",
    "fcfs": "#b23a48",
}


PICTURES = ROOT / "docs" / "pictures"
#: For each series of growth.csv: its name, its colour and mark, and what a family proves
#: at memory M, or at n requests.
GROWTH: dict[str, tuple[str, str, str, str, Any]] = {
    "fcfs": ("FCFS", "#b23a48", "o", "about √M / 4 (theorem fcfs-unbounded)",
             lambda m: np.sqrt(m) / 4),
    "sjf": ("SJF", "#d98e04", "s", "about √M / 5 (theorem sjf-unbounded)",
             lambda m: np.sqrt(m) / 5),
    "svf, skip": ("SVF, skipping", "#3d5a98", "D",
                  "about √(M/30) / 12 (theorem svf-skip-unbounded)",
                  lambda m: np.sqrt(m / 30) / 12),
    "svf, arrivals": ("SVF", "#0b6e4f", "o", "n/2 (theorem svf-online-prompts)",
                      lambda n: n / 2),
}  # fmt: skip


def main() -> None:
    """Write docs/pictures/demo.png, growth.svg, vllm_load.svg, paced_frontier.png, poisson.png."""
    demo()
    growth()
    vllm_load()
    paced_frontier()
    poisson()


def paced_frontier() -> None:
    """Write docs/pictures/paced_frontier.png: what ``make paced-frontier`` has found."""
    with (PICTURES / "paced_frontier.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    figure, axes = plt.subplots(figsize=(9, 5.2))
    caps = [Fraction(i, 200) for i in range(1, 106)]
    xs = [float(cap) for cap in caps]
    axes.plot(xs, [float(bounds_at(cap)[1]) for cap in caps], color="#b3312c",
              label="strict SVF: proved, any requests")  # fmt: skip
    axes.plot(xs, [float(shapes_constant(cap) or 0) for cap in caps], color="#1b6ca8",
              label="paced SVF: proved, rising outputs and falling prompts")  # fmt: skip
    for policy, classes, mark, size, colour, label in (
        ("svf", "6", "s", 8, "#b3312c", "strict SVF, mixed requests: found"),
        ("svf", "1", "D", 4.5, "#d9730d", "strict SVF, equal requests: found"),
        ("svf-paced", "6", "o", 8, "#3a8f3a", "paced SVF, mixed requests: found, nothing proved"),
        ("svf-paced", "1", "v", 6, "#1b6ca8", "paced SVF, equal requests: found"),
    ):
        own = [row for row in rows if (row["policy"], row["classes"]) == (policy, classes)]
        eps, ratio = ([float(Fraction(row[name])) for row in own] for name in ("cap", "ratio"))
        axes.plot(eps, ratio, mark, markersize=size, color=colour, label=label)
    over_eps(axes, title="Paced and strict SVF on backlogs", ylabel="policy / OPT", bottom=1.35,
             top=6.5, right=0.53)  # fmt: skip
    (PICTURES / "paced_frontier.png").write_bytes(png(figure))
    print("written docs/pictures/paced_frontier.png")


def poisson() -> None:
    """Write docs/pictures/poisson.png: ``kvproof experiment poisson --plot`` with its defaults."""
    command = [sys.executable, "-m", "kvproof", "experiment", "poisson", "--quiet"]
    target = PICTURES / "poisson.png"
    subprocess.run([*command, "--plot", str(target)], check=True, stdout=subprocess.DEVNULL)
    print(f"written {target.relative_to(ROOT)}")


def vllm_load() -> None:
    """Write docs/pictures/vllm_load.svg: what ``make vllm-load`` has measured."""
    with (PICTURES / "vllm_load.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    colours = {**COLOURS, "svf, patience": "#7b4fa3", "svf-bucket": "#3d5a98"}
    marks = dict(zip(dict.fromkeys(row["order"] for row in rows), "ovs^DX", strict=True))
    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    for axis, column, title in zip(
        axes, ("mean", "p99"), ("Mean latency", "99th percentile of latency"), strict=True
    ):
        for order, mark in marks.items():
            own = [row for row in rows if row["order"] == order]
            loads, values = ([float(row[name]) for row in own] for name in ("load", column))
            style = {"color": colours[order], "marker": mark, "label": order}
            axis.plot(loads, values, markersize=5, linewidth=1.4, **style)
        axis.set_title(title, loc="left", fontsize=12)
        axis.set_xlabel("load: volume over memory x time of arrivals")
        axis.set_ylim(bottom=0)
        axis.yaxis.set_major_formatter("{x:,.0f}")
    axes[0].set_ylabel("engine steps")
    axes[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(PICTURES / "vllm_load.svg", metadata={"Date": None})
    plt.close(figure)
    print("written docs/pictures/vllm_load.svg")


def growth() -> None:
    """Write docs/pictures/growth.svg."""
    with (PICTURES / "growth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "kvproof"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=(1.35, 1))
    for series, (name, colour, mark, theorem, proved) in GROWTH.items():
        online = series == "svf, arrivals"
        axes, column = (right, "requests") if online else (left, "memory")
        mine = [row for row in rows if row["series"] == series]
        sizes = np.array([int(row[column]) for row in mine])
        axes.plot(sizes, [float(row["decimal"]) for row in mine], mark, color=colour,
                  label=f"{name}: found, certified")  # fmt: skip
        line = np.geomspace(sizes.min(), sizes.max(), 60)
        if proved(line).max() > 1:
            axes.plot(
                line,
                proved(line),
                "--",
                color=colour,
                linewidth=1.2,
                label=f"{name}: proved, {theorem}",
            )
    for axes, title, label in (
        (
            left,
            "Backlogs, ε ≤ 1/2",
            "memory M in tokens (up to M requests, at most 10,000)",
        ),
        (right, "Arrivals over time", "requests n (memory n²)"),
    ):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(label)
        axes.set_title(title, loc="left", fontsize=12)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=8.5, loc="upper left")
        axes.set_ylim(1, axes.get_ylim()[1] * 6)
    left.set_ylabel("policy / OPT is at least")
    figure.tight_layout()
    target = PICTURES / "growth.svg"
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
    print(f"written {target.relative_to(ROOT)}")


def demo() -> None:
    """Write docs/pictures/demo.png."""
    trace = read_trace(ROOT / "examples" / "azure_code_1000.csv")
    instance, _ = trace.to_instance(memory=MEMORY, backlog=True)
    bound = best_bound(instance)
    verdicts = [verify(instance, find_policy(name), lower_bound=bound) for name in BUILTIN]
    verdicts.sort(key=lambda v: v.factor)

    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1.15, 1))
    for row, v in enumerate(reversed(verdicts)):
        left.barh(row, float(v.factor), color=COLOURS[v.policy], height=0.62)
        left.text(
            float(v.factor) + 0.04,
            row,
            f"at most {decimal(v.factor, 4, up=True)} × OPT",
            va="center",
        )
    left.set_yticks(range(len(verdicts)), [v.policy for v in reversed(verdicts)])
    left.axvline(1, color="black", linewidth=1.2)
    left.text(1.02, len(verdicts) - 0.45, "no schedule ends left of this line", fontsize=9.5)
    left.set_xlim(0, 5)
    left.set_ylim(-0.6, len(verdicts) - 0.1)
    left.set_xlabel("total latency / certified lower bound on OPT")
    left.set_title("How far from optimal each policy can be", loc="left", fontsize=12)

    for v in reversed(verdicts):  # the best one on top
        ends = np.sort(v.schedule.completion)
        right.step(
            ends, np.arange(1, len(ends) + 1), where="post", color=COLOURS[v.policy], label=v.policy
        )
    right.set_xlabel("decode step")
    right.set_ylabel("requests completed")
    right.set_title(f"1,000 requests at once, {MEMORY:,} tokens", loc="left", fontsize=12)
    right.set_xscale("log")  # early completions are what tells the policies apart
    right.xaxis.set_major_formatter("{x:,.0f}")
    right.yaxis.set_major_formatter("{x:,.0f}")
    handles, labels = right.get_legend_handles_labels()
    right.legend(handles[::-1], labels[::-1], frameon=False, loc="upper left")
    figure.tight_layout()
    target = ROOT / "docs" / "pictures" / "demo.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=130, metadata={"Software": None})
    print(f"written {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
