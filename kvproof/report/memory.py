"""Memory over time: what the page's picture is drawn from.

Up to :data:`MOST_REQUESTS` requests the page carries each of them and draws what a reader zooms to:
every request as a trapezoid where they are few enough to be told apart, else the tokens held in
sampled steps, summed up by classes of volume. Beyond it carries the latter alone.
"""

from collections.abc import Mapping

import numpy as np

from kvproof.certificates.prices.vector import Prices
from kvproof.report.page import Picture
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import by_volume, held_at

MOST_REQUESTS = 30_000
#: Price runs that are drawn at most.
MOST_RUNS = 4_000
CLASSES = 5
_COLUMNS = 600

_HOW = (
    "Each request is a trapezoid: it holds its prompt when it starts and one token more in each "
    "step until it completes. Requests that complete later lie lower; the colour tells the volume "
    "(the area covered, in token-steps). No schedule may pass the dashed line."
)

_ZOOM = " Drag over the picture, or use the buttons, to zoom; double-click shows all of it."


def memory_picture(
    schedules: Mapping[str, Schedule], *, unit: str, prices: Prices | None = None
) -> Picture:
    """Return the picture of memory over time under schedules of one instance.

    Parameters
    ----------
    schedules
        ``{name: schedule}``, at least one.
    unit
        The name of the time axis.
    prices
        Prices per token and step that prove a lower bound, drawn beneath; or None.
    """
    one = next(iter(schedules.values()))
    instance = one.instance
    if instance.requests > MOST_REQUESTS:
        return _summed_up(schedules, unit)
    full = instance.expanded()
    beneath = "" if prices is None else (
        " Beneath: the price of a token in each step that proves the lower bound on OPT."
    )  # fmt: skip
    return Picture(
        title="Memory over time",
        caption=_HOW + beneath + _ZOOM,
        data={
            "kind": "memory",
            "memory": instance.memory,
            "unit": unit,
            "requests": {
                "arrival": full.arrival.tolist(),
                "prompt": full.prompt.tolist(),
                "output": full.output.tolist(),
            },
            "schedules": [
                {"name": name, "starts": schedule.starts.tolist()}
                for name, schedule in schedules.items()
            ],
            "prices": None if prices is None else _steps(prices),
        },
    )


def _steps(prices: Prices) -> dict[str, list[float]]:
    """Return where runs begin and what they cost, and a last point at price 0."""
    runs, at, x, y = prices.runs, 1, [], []
    every = -(-len(runs) // MOST_RUNS) if runs else 1
    for number, (length, numerator) in enumerate(runs):
        if number % every == 0:
            x.append(at - 1)
            y.append(numerator / prices.denominator)
        at += length
    return {"x": [*x, at - 1], "y": [*y, 0.0]}


def _summed_up(schedules: Mapping[str, Schedule], unit: str) -> Picture:
    """Return the tokens held by classes of volume, in sampled steps, of the first schedule."""
    name, schedule = next(iter(schedules.items()))
    full = schedule.instance.expanded()
    limits, classes = by_volume(full, CLASSES)
    begin = int(full.arrival.min())
    steps = np.unique(np.linspace(begin + 1, schedule.makespan, _COLUMNS).astype(np.int64))
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": steps.tolist(),
            "y": held_at(schedule, steps, classes == c).tolist(),
            "stackgroup": "held",
            "fillcolor": f"var:v{c}",
            "line": {"color": f"var:v{c}", "width": 0.5},
            "name": f"volume up to {limit:,}",
            "hovertemplate": "%{y:,} tokens",
        }
        for c, limit in enumerate(limits)
    ]
    memory = schedule.instance.memory
    return Picture(
        title="Memory over time",
        caption=f"Tokens held under {name}, in {len(steps)} steps of {full.rows:,} requests, "
        f"summed up by volume (token-steps): beyond {MOST_REQUESTS:,} requests a page does not "
        f"carry each. The dashed line is the memory, {memory:,} tokens.",
        data={
            "kind": "chart",
            "traces": traces,
            "layout": {
                "hovermode": "x unified",
                "xaxis": {"title": {"text": unit}, "tickformat": ",d"},
                "yaxis": {
                    "title": {"text": "tokens held"},
                    "range": [0, 1.06 * memory],
                    "tickformat": ",d",
                },
                "shapes": [
                    {
                        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": memory,
                        "y1": memory, "line": {"color": "var:red", "width": 1.5, "dash": "dash"},
                    }
                ],
            },
        },
    )  # fmt: skip
