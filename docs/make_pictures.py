"""Draw the picture of the README from the example trace: ``make pictures``."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from bounds.verify import verify
from certificates.lower_bounds import BoundKind, find_bound
from scheduling.exact import decimal
from scheduling.registry import BUILTIN, find_policy
from scheduling.traces import read_trace

ROOT = Path(__file__).parent.parent
MEMORY = 60_000
COLOURS = {
    "svf": "#0b6e4f",
    "svf-1bit": "#6ba292",
    "sorted-f": "#3d5a98",
    "sjf": "#d98e04",
    "fcfs": "#b23a48",
}


def main() -> None:
    """Write docs/pictures/demo.png."""
    trace = read_trace(ROOT / "examples" / "azure_code_1000.csv")
    instance, _ = trace.to_instance(memory=MEMORY, backlog=True)
    bound = find_bound(instance, BoundKind.CENTROID)
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

    for v in verdicts:
        ends = np.sort(v.schedule.completion)
        right.step(
            ends, np.arange(1, len(ends) + 1), where="post", color=COLOURS[v.policy], label=v.policy
        )
    right.set_xlabel("decode step")
    right.set_ylabel("requests completed")
    right.set_title(f"1,000 requests at once, {MEMORY:,} tokens", loc="left", fontsize=12)
    right.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    target = ROOT / "docs" / "pictures" / "demo.png"
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, dpi=130, metadata={"Software": None})
    print(f"written {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
