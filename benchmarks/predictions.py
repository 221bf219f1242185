"""What it costs not to know output lengths: proved factors over the error of predictions.

    python -m benchmarks.predictions                  # the example trace: table and picture
    python -m benchmarks.predictions --trace TRACE --memory M --picture FILE

Each factor is the mean over seeds of total latency over a lower bound on every run, preempted or
not, so that it holds whatever the predictions were.
"""

import argparse
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from statistics import fmean

import numpy as np

from kvproof.bounds.plotting import pyplot
from kvproof.bounds.predicted import PredictedVerdict, verify_predicted
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.noise import parse_noise
from kvproof.scheduling.registry import find_policy
from kvproof.scheduling.traces import read_trace

ROOT = Path(__file__).parent.parent
POLICIES = ("svf", "sjf", "svf-1bit", "fcfs")
SIGMAS = ("0", "0.2", "0.4", "0.6", "0.8", "1", "1.5", "2")
OTHERS = ("factor:2", "factor:4", "bits:0", "bits:1", "bits:2", "bits:3")
_MARKERS = dict(zip(POLICIES, "o^sv", strict=True))
LOAD = Fraction(11, 10)


def measure(instance: Instance, noise: str, seeds: int) -> list[list[PredictedVerdict]]:
    """Return the verdicts for each seed, the policies in order."""
    kind = parse_noise(noise)
    policies = [find_policy(name) for name in POLICIES]
    return [
        verify_predicted(instance, policies, kind.predict(instance, np.random.default_rng(seed)))
        for seed in range(seeds)
    ]


def row(noise: str, found: list[list[PredictedVerdict]]) -> str:
    """Return a line of the table: for each policy the mean factor and the requests stopped."""
    cells = []
    for position in range(len(POLICIES)):
        column = [verdicts[position] for verdicts in found]
        factor = fmean(float(v.factor) for v in column)
        stopped = fmean(int(v.run.preemptions.sum()) for v in column)
        cells.append(f"{factor:.3f} ({stopped:,.0f})")
    return f"| `{noise}` | {' | '.join(cells)} |"


def picture(panels: dict[str, list[list[list[PredictedVerdict]]]]) -> bytes:
    """Return a PNG: for each traffic the factors over sigma, the seeds' range as a band."""
    plt = pyplot()
    figure, axes = plt.subplots(1, len(panels), figsize=(11, 4.2), squeeze=False)
    sigmas = [float(sigma) for sigma in SIGMAS]
    for place, (title, points) in zip(axes[0], panels.items(), strict=True):
        for position, name in enumerate(POLICIES):
            factors = [[float(v[position].factor) for v in found] for found in points]
            place.plot(sigmas, [fmean(f) for f in factors], marker=_MARKERS[name], label=name)
            place.fill_between(
                sigmas, [min(f) for f in factors], [max(f) for f in factors], alpha=0.15
            )
        place.set_xlabel("error of predictions: sigma of the lognormal factor")
        place.set_ylabel("proved factor")
        place.set_ylim(bottom=1)
        place.set_title(title, fontsize=11)
        place.grid(alpha=0.3)
    axes[0][0].legend(frameon=False)
    figure.tight_layout()
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def main() -> None:
    """Print the tables and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trace", type=Path, default=ROOT / "examples" / "azure_code_1000.csv")
    parser.add_argument("--memory", type=int, default=60_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--picture", type=Path, default=ROOT / "docs" / "pictures" / "predictions.png"
    )
    chosen = parser.parse_args()
    trace = read_trace(chosen.trace)
    backlog, _ = trace.to_instance(memory=chosen.memory, backlog=True)
    arrivals, _ = trace.to_instance(memory=chosen.memory)
    assert arrivals.load is not None
    loaded, _ = trace.to_instance(memory=chosen.memory, rate_scale=LOAD / arrivals.load)
    panels = {}
    for title, instance in (("backlog", backlog), (f"arrivals, load {float(LOAD):g}", loaded)):
        print(
            f"\n{title}\n\n| predictions | {' | '.join(POLICIES)} |\n|---|{'---|' * len(POLICIES)}"
        )
        points = []
        for sigma in SIGMAS:
            points.append(measure(instance, f"lognormal:{sigma}", chosen.seeds))
            print(row(f"lognormal:{sigma}", points[-1]), flush=True)
        for noise in OTHERS:
            print(row(noise, measure(instance, noise, chosen.seeds)), flush=True)
        panels[title] = points
    chosen.picture.write_bytes(picture(panels))


if __name__ == "__main__":
    main()
