"""Pictures of a schedule: memory over time, each request a trapezoid that grows as it decodes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import wrap

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import by_volume, held_at
from kvproof.scheduling.words import counted

# Small volumes first: sea green, blue, violet, rose, amber; equal lightness steps, legible on
# white and in grey.
_RAMP = ((46, 160, 140), (52, 124, 190), (112, 90, 190), (200, 82, 140), (236, 146, 60))
MOST_SHAPES = 1000
#: Requests that have their numbers written at most; more would lie over each other.
MOST_NUMBERS = 100
#: Steps of requests, in all, that are drawn one by one at most.
MOST_PIECES = 40_000
_COLUMNS = 1000
#: What is right of the axes in SVG, in pixels: room for half of the last step's number.
_RIGHT = 36.0


@dataclass(frozen=True)
class _Piece:
    """One request during one step, between two bottoms and two tops (tokens)."""

    left_bottom: int
    left_top: int
    right_bottom: int
    right_top: int


@dataclass(frozen=True)
class _Shape:
    """A filled outline in steps and tokens, with what it is and where its number may stand."""

    points: list[tuple[int, int]]
    colour: str
    says: str
    number: tuple[str, list[_Piece], int] | None = None

    @property
    def edge(self) -> str:
        """A darker shade: where many edges lie close together they hide nothing."""
        parts = (int(self.colour[k : k + 2], 16) for k in (1, 3, 5))
        return "#" + "".join(f"{round(0.75 * part):02x}" for part in parts)


@dataclass(frozen=True)
class _View:
    """What is drawn of a schedule: shapes, and the colours' legend."""

    shapes: list[_Shape]
    legend: list[tuple[str, str]]  # (colour, volume)
    note: str


def schedule_svg(schedule: Schedule, *, title: str | None = None, note: str | None = None) -> str:
    """Return an SVG of memory over time, the requests stacked, colour by volume.

    A request that starts at p is a trapezoid from its prompt at p to prompt + output at its
    completion; the later it completes, the lower it lies. The height of the stack at the end of
    a step is the number of tokens held in that step, never above the dashed line at M. Where there
    are too many requests to tell apart they are summed up by volume, in sampled steps.

    Parameters
    ----------
    schedule
        It should be feasible.
    title, note
        The heading (the total latency by default) and the line under it.
    """
    instance = schedule.instance
    begin, end = int(instance.arrival.min()), schedule.makespan
    view = _view(schedule)
    title = title or _heading(schedule)
    heading = wrap(title, 62) or [""]
    below = 26.0 * (len(heading) - 1)  # what the heading's further lines take
    widest = max(_wide(f"{tick:,}") for tick in _ticks(0, instance.memory, 5))
    left = max(84.0, 40.0 + round(widest))
    top, wide, high = 84.0 + below, 860.0, 380.0
    legend, deep = _legend(view.legend, left, top + high + 56, left + wide + _RIGHT)

    def x(t: float) -> float:
        return left + wide * (t - begin) / (end - begin)

    ceiling: float = 1.06 * instance.memory

    def y(tokens: float) -> float:
        return top + high * (1.0 - tokens / ceiling)

    under = note or view.note
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + _RIGHT:.0f} '
            f'{top + high + 84 + deep:.0f}" role="img" font-family="ui-sans-serif, system-ui, '
            '-apple-system, Segoe UI, Helvetica, Arial, sans-serif">'
        ),
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#fcfcfd"/>',
        *(
            f'<text x="{left}" y="{38 + 26 * n}" font-size="21" font-weight="600" fill="#1b1f2a">'
            f"{escape(line)}</text>"
            for n, line in enumerate(heading)
        ),
        (
            f'<text x="{left}" y="{60 + below:.0f}" font-size="13.5" fill="#667085">'
            f"{escape(under)}</text>"
        ),
    ]
    out += _grid(instance.memory, begin, end, x, y, left, wide)
    for shape in view.shapes:
        line = "L".join(f"{x(t):.2f} {y(v):.2f}" for t, v in shape.points)
        out.append(
            f'<path d="M{line}Z" fill="{shape.colour}" stroke="{shape.edge}" stroke-width="0.7" '
            'stroke-linejoin="round">'
            f"<title>{shape.says}</title></path>"
        )
    out += [_number(*shape.number, x, y) for shape in view.shapes if shape.number]
    capacity = y(instance.memory)
    out.append(
        f'<path d="M{left} {capacity:.2f}H{left + wide}" stroke="#d92d20" stroke-width="1.6" '
        'stroke-dasharray="7 5" fill="none"/>'
        f'<text x="{left + wide}" y="{capacity - 7:.2f}" font-size="12.5" fill="#b42318" '
        f'text-anchor="end" font-weight="600">M = {instance.memory:,}</text>'
    )
    out += [*legend, "</svg>"]
    return "\n".join(part for part in out if part) + "\n"


def schedule_png(schedule: Schedule, *, title: str | None = None, note: str | None = None) -> bytes:
    """Return the picture of :func:`schedule_svg` as PNG.

    Raises
    ------
    InputError
        Matplotlib is not installed.
    """
    from kvproof.bounds.plotting import png, pyplot

    plt = pyplot()
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    instance = schedule.instance
    view = _view(schedule)
    figure, axes = plt.subplots(figsize=(11, 5.8))
    axes.add_collection(
        PolyCollection(
            [shape.points for shape in view.shapes],
            facecolors=[shape.colour for shape in view.shapes],
            edgecolors=[shape.edge for shape in view.shapes],
            linewidths=0.4,
        )
    )
    axes.axhline(instance.memory, color="#d92d20", linestyle="--", linewidth=1.4)
    axes.text(1, instance.memory, f"M = {instance.memory:,}", color="#b42318", ha="right",
              va="bottom", transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_xlim(int(instance.arrival.min()), schedule.makespan)
    axes.set_ylim(0, 1.06 * instance.memory)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("step")
    axes.set_ylabel("tokens held")
    axes.spines[["top", "right"]].set_visible(False)
    heading = "\n".join(wrap(title or _heading(schedule), 76))
    figure.suptitle(heading, x=0.01, ha="left", fontsize=14, weight="bold")
    axes.set_title(note or view.note, loc="left", fontsize=10, color="#667085")
    columns = 150 // (8 + max(len(text) for _, text in view.legend))  # as many as find room
    axes.legend(
        handles=[Patch(color=colour, label=text) for colour, text in view.legend],
        title="volume, in token-steps", ncols=min(columns, len(view.legend)), frameon=False,
        fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.13),
    )  # fmt: skip
    return png(figure)


def _heading(schedule: Schedule) -> str:
    requests = schedule.instance.requests
    return f"{counted(requests, 'request')}, total latency {schedule.total_latency:,}"


def _view(schedule: Schedule) -> _View:
    """Return each request's outline, or classes of them where that would be too much."""
    full = schedule.instance.expanded()
    begin, end = int(full.arrival.min()), schedule.makespan
    share = full.total_volume / (full.memory * (end - begin))
    note = f"memory {full.memory:,} tokens, {share:.0%} of all token-steps in use"
    limits, classes = by_volume(full, len(_RAMP))
    colours = ["#" + "".join(f"{part:02x}" for part in colour) for colour in _RAMP]
    legend = [(colours[c], f"up to {limit:,}") for c, limit in enumerate(limits)]
    columns = (full.arrival, full.prompt, full.output, schedule.starts)
    if full.rows > MOST_SHAPES or int(full.output.sum()) > MOST_PIECES:
        steps = np.unique(np.linspace(begin + 1, end, _COLUMNS).astype(np.int64))
        shapes = _bands(schedule, steps, classes, limits, colours)
        note += f"; summed up by volume, in {len(steps):,} of {end - begin:,} steps"
        return _View(shapes, legend, note)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    shapes = []
    for i, pieces in _stack(rows).items():
        _, s, o, p = rows[i]
        says = f"request {i}: prompt {s}, output {o}, steps {p} to {p + o}"
        colour = colours[int(classes[i])]
        number = (str(i), pieces, p) if len(rows) <= MOST_NUMBERS else None
        shapes.append(_Shape(_outline(pieces, p), colour, says, number))
    return _View(shapes, legend, note)


def _bands(
    schedule: Schedule, steps: Column, classes: Column, limits: list[int], colours: list[str]
) -> list[_Shape]:
    """Return the tokens that each class holds, stacked, the smallest volumes lowest."""
    bottom = np.zeros(len(steps), np.int64)
    shapes = []
    for c, limit in enumerate(limits):
        top = bottom + held_at(schedule, steps, classes == c)
        points = [*zip(steps.tolist(), top.tolist(), strict=True)]
        points += zip(steps[::-1].tolist(), bottom[::-1].tolist(), strict=True)
        if (top > bottom).any():  # or it is an edge about nothing
            shapes.append(_Shape(points, colours[c], f"volume up to {limit:,}"))
        bottom = top
    return shapes


def _stack(rows: list[tuple[int, int, int, int]]) -> dict[int, list[_Piece]]:
    """Place each request in each of its steps; those that complete later lie lower."""
    order = sorted(range(len(rows)), key=lambda i: (-(rows[i][3] + rows[i][2]), rows[i][3], i))
    # of the steps in which something runs alone: the time axis may be far longer
    left: defaultdict[int, int] = defaultdict(int)
    right: defaultdict[int, int] = defaultdict(int)
    shapes: dict[int, list[_Piece]] = {}
    for i in order:
        _, s, o, p = rows[i]
        shapes[i] = []
        for j in range(o):
            k = p + j
            piece = _Piece(left[k], left[k] + s + j, right[k], right[k] + s + j + 1)
            shapes[i].append(piece)
            left[k], right[k] = piece.left_top, piece.right_top
    return shapes


def _outline(shape: list[_Piece], p: int) -> list[tuple[int, int]]:
    """Return the corners of a request that starts at p."""
    over = [(p + j + d, (q.left_top, q.right_top)[d]) for j, q in enumerate(shape) for d in (0, 1)]
    under = [
        (p + j + d, (q.left_bottom, q.right_bottom)[d]) for j, q in enumerate(shape) for d in (0, 1)
    ]
    path = [*over, *reversed(under)]
    return [path[0], *(b for a, b in pairwise(path) if a != b)]


def _number(text: str, shape: list[_Piece], p: int, x, y) -> str:  # type: ignore[no-untyped-def]
    """Write a request's index where its trapezoid has the most room, or nowhere."""
    best, where = 0.0, (0.0, 0.0)
    for j, q in enumerate(shape):
        tall = min(y(q.left_bottom) - y(q.left_top), y(q.right_bottom) - y(q.right_top))
        middle = (q.left_bottom + q.left_top + q.right_bottom + q.right_top) / 4
        centred = min(tall, 60.0) - 0.5 * abs(j + 0.5 - 0.62 * len(shape))
        if centred > best:
            best, where = centred, (x(p + j + 0.5), y(middle))
    half = (7 * len(text) + 3) / 2
    if best < 11 or x(p + len(shape)) - x(p) < 2 * half:
        return ""
    where = min(max(where[0], x(p) + half), x(p + len(shape)) - half), where[1]
    return (
        f'<text x="{where[0]:.1f}" y="{where[1] + 3.6:.1f}" font-size="10.5" fill="#ffffff" '
        f'fill-opacity="0.92" text-anchor="middle" pointer-events="none">{text}</text>'
    )


def _grid(memory: int, begin: int, end: int, x, y, left, wide) -> list[str]:  # type: ignore[no-untyped-def]
    lines = [
        f'<path d="M{left} {y(tick):.2f}h{wide}" stroke="{"#98a2b3" if not tick else "#eaecf0"}'
        f'" stroke-width="1" fill="none"/><text x="{left - 10}" y="{y(tick) + 4:.2f}" '
        f'font-size="12" fill="#667085" text-anchor="end">{tick:,}</text>'
        for tick in _ticks(0, memory, 5)
    ]
    half = _wide(f"{end:,}") / 2
    rightmost = left + wide + _RIGHT - half  # where the middle of a number may be
    lines += [
        f'<path d="M{x(tick):.2f} {y(0):.2f}v5" stroke="#98a2b3"/>'
        f'<text x="{min(x(tick), rightmost):.2f}" y="{y(0) + 19:.2f}" font-size="12" '
        f'fill="#667085" text-anchor="middle">{tick:,}</text>'
        for tick in _ticks(begin, end, min(10, int(wide / (2 * half + 14))))
    ]
    lines.append(
        f'<text x="{left + wide / 2}" y="{y(0) + 38:.2f}" font-size="12.5" fill="#475467" '
        'text-anchor="middle">step</text>'
        f'<text transform="translate(20 {(y(0) + y(memory)) / 2:.1f}) rotate(-90)" '
        'font-size="12.5" fill="#475467" text-anchor="middle">tokens held</text>'
    )
    return lines


def _ticks(low: int, high: int, about: int) -> list[int]:
    size = 1
    while (high - low) / size > about:
        text = str(size)
        size = size * 2 if text[0] == "1" else size * 5 // 2 if text[0] == "2" else size * 2
    return list(range(-(-low // size) * size, high + 1, size))


def _wide(text: str) -> float:
    """Return about how many pixels a number of the axes takes."""
    return sum(3.6 if c == "," else 6.9 for c in text)


def _legend(
    colours: list[tuple[str, str]], left: float, at: float, end: float
) -> tuple[list[str], float]:
    """Return the legend, and how much deeper than a line it is where that would pass `end`."""
    parts = [f'<text x="{left}" y="{at}" font-size="12" fill="#667085">volume, token-steps</text>']
    first = place = left + 130
    deep = 0.0
    for colour, text in colours:
        if place > first and place + 20 + 7 * len(text) > end:
            place, deep = first, deep + 20
        parts.append(
            f'<rect x="{place:.0f}" y="{at + deep - 9}" width="14" height="10" rx="3" '
            f'fill="{colour}"/>'
            f'<text x="{place + 20:.0f}" y="{at + deep}" font-size="12" fill="#667085">'
            f"{text}</text>"
        )
        place += 40 + 7 * len(text)
    return parts, deep
