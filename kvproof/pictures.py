"""Pictures of a schedule: memory over time, each request a trapezoid that grows as it decodes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from kvproof.scheduling.schedule import Schedule

_EIGHTHS = " ▁▂▃▄▅▆▇█"
# Small volumes first: sea green, blue, violet, rose, amber; equal lightness steps, legible on
# white and in grey.
_RAMP = ((46, 160, 140), (52, 124, 190), (112, 90, 190), (200, 82, 140), (236, 146, 60))
# Beyond so many requests a picture per request says nothing.
MOST_ROWS = 60
MOST_SHAPES = 4000


@dataclass(frozen=True)
class _Piece:
    """One request during one step, between two bottoms and two tops (tokens)."""

    left_bottom: int
    left_top: int
    right_bottom: int
    right_top: int


def gantt(schedule: Schedule, width: int = 80) -> str:
    """Return the schedule as text: a row per request, and the memory in use beneath.

    Parameters
    ----------
    schedule
        It should be feasible.
    width
        Columns of the terminal. A character stands for one step, or for several where the
        schedule is longer than the width.

    Notes
    -----
    ``·`` a request waits; blocks that rise from ``▁`` to ``█`` are the tokens that it holds, in
    eighths of the largest peak of all. The last row is the memory in use, in eighths of M.
    """
    instance = schedule.instance
    full = instance.expanded()
    starts = schedule.starts.tolist()
    rows = list(zip(full.arrival.tolist(), full.prompt.tolist(), full.output.tolist(), starts,
                    strict=True))  # fmt: skip
    begin = min(a for a, *_ in rows)
    end = max(p + o for *_, o, p in rows)
    label = max(len(str(len(rows) - 1)), 3) + 1
    space = max(10, width - label - 2)
    per = -(-(end - begin) // space)
    columns = -(-(end - begin) // per)
    peak = max(s + o for _, s, o, _ in rows)
    lines = []
    order = sorted(range(len(rows)), key=lambda i: (rows[i][3], rows[i][3] + rows[i][2], i))
    for i in order[:MOST_ROWS]:
        a, s, o, p = rows[i]
        cells = []
        for column in range(columns):
            first = begin + column * per  # this column is the steps first + 1 .. last
            last = min(first + per, end)
            held = max((s + t - p for t in (min(last, p + o),) if t > max(first, p)), default=0)
            mark = "·" if a <= first and last <= p else " "
            cells.append(_eighth(held, peak) if held else mark)
        lines.append(f"{i:>{label}} │{''.join(cells).rstrip()}")
    if len(rows) > MOST_ROWS:
        lines.append(f"{'…':>{label}} │ {len(rows) - MOST_ROWS} more requests")
    used = _usage(rows, begin, end)
    blocks = [used[c * per : (c + 1) * per] for c in range(columns)]
    bar = "".join(_eighth(max(block), instance.memory) for block in blocks)
    lines.append(f"{'':>{label}} └{'─' * columns}")
    lines.append(f"{'mem':>{label}}  {bar}")
    scale = f"{begin}"
    tail = f"{end}"
    scale += " " * max(1, columns - len(scale) - len(tail)) + tail
    lines.append(f"{'t':>{label}}  {scale}" + (f"  ({per} steps a column)" if per > 1 else ""))
    return "\n".join(lines)


def _eighth(held: int, most: int) -> str:
    return _EIGHTHS[min(8, -(-8 * held // most))] if held else " "


def _usage(rows: list[tuple[int, int, int, int]], begin: int, end: int) -> list[int]:
    used = [0] * (end - begin)
    for _, s, o, p in rows:
        for j in range(1, o + 1):
            used[p + j - 1 - begin] += s + j
    return used


def schedule_svg(schedule: Schedule, *, title: str | None = None, note: str | None = None) -> str:
    """Return an SVG of memory over time, the requests stacked, colour by volume.

    A request that starts at p is a trapezoid from its prompt at p to prompt + output at its
    completion; the later it completes, the lower it lies. The height of the stack at the end of
    a step is the number of tokens held in that step, never above the dashed line at M.

    Parameters
    ----------
    schedule
        It should be feasible.
    title, note
        The heading (the total latency by default) and the line under it.
    """
    instance = schedule.instance
    full = instance.expanded()
    starts = schedule.starts.tolist()
    rows = list(zip(full.arrival.tolist(), full.prompt.tolist(), full.output.tolist(), starts,
                    strict=True))  # fmt: skip
    begin: int = min(a for a, *_ in rows)
    end: int = max(p + o for *_, o, p in rows)
    pieces = _stack(rows, begin, end) if len(rows) <= MOST_SHAPES else {}
    left, top, wide, high = 64.0, 84.0, 880.0, 380.0

    def x(t: float) -> float:
        return left + wide * (t - begin) / (end - begin)

    ceiling: float = 1.06 * instance.memory

    def y(tokens: float) -> float:
        return top + high * (1.0 - tokens / ceiling)

    total = sum(p + o - a for a, _, o, p in rows)
    heading = title or f"{len(rows)} requests, total latency {total:,}"
    used = _usage(rows, begin, end)
    share = sum(used) / (instance.memory * len(used))
    under = note or f"memory {instance.memory:,} tokens, {share:.0%} of all token-steps in use"
    volumes = sorted({s * o + o * (o + 1) // 2 for _, s, o, _ in rows})
    rank = {v: k / max(1, len(volumes) - 1) for k, v in enumerate(volumes)}
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 36:.0f} '
            f'{top + high + 84:.0f}" role="img" font-family="ui-sans-serif, system-ui, '
            '-apple-system, Segoe UI, Helvetica, Arial, sans-serif">'
        ),
        f"<title>{escape(heading)}</title>",
        '<rect width="100%" height="100%" fill="#fcfcfd"/>',
        (
            f'<text x="{left}" y="38" font-size="21" font-weight="600" fill="#1b1f2a">'
            f"{escape(heading)}</text>"
        ),
        f'<text x="{left}" y="60" font-size="13.5" fill="#667085">{escape(under)}</text>',
    ]
    out += _grid(instance.memory, begin, end, x, y, left, wide)
    for i, shape in pieces.items():
        _, s, o, p = rows[i]
        points = _outline(shape, p, x, y)
        colour = _colour(rank[s * o + o * (o + 1) // 2])
        out.append(
            f'<path d="{points}" fill="{colour}" fill-opacity="0.9" stroke="#fcfcfd" '
            f'stroke-width="1.1" stroke-linejoin="round"><title>request {i}: prompt {s}, output '
            f"{o}, steps {p} to {p + o}</title></path>"
        )
    for i, shape in pieces.items():
        out.append(_number(i, shape, rows[i][3], x, y))
    if not pieces:
        out.append(_silhouette(used, begin, x, y))
    capacity = y(instance.memory)
    out.append(
        f'<path d="M{left} {capacity:.2f}H{left + wide}" stroke="#d92d20" stroke-width="1.6" '
        'stroke-dasharray="7 5" fill="none"/>'
        f'<text x="{left + wide}" y="{capacity - 7:.2f}" font-size="12.5" fill="#b42318" '
        f'text-anchor="end" font-weight="600">M = {instance.memory:,}</text>'
    )
    out += _legend(volumes, left, top + high + 56, wide)
    out.append("</svg>")
    return "\n".join(part for part in out if part) + "\n"


def _stack(rows: list[tuple[int, int, int, int]], begin: int, end: int) -> dict[int, list[_Piece]]:
    """Place each request in each of its steps; those that complete later lie lower."""
    order = sorted(range(len(rows)), key=lambda i: (-(rows[i][3] + rows[i][2]), rows[i][3], i))
    left = [0] * (end - begin)
    right = [0] * (end - begin)
    shapes: dict[int, list[_Piece]] = {}
    for i in order:
        _, s, o, p = rows[i]
        shapes[i] = []
        for j in range(o):
            k = p + j - begin
            piece = _Piece(left[k], left[k] + s + j, right[k], right[k] + s + j + 1)
            shapes[i].append(piece)
            left[k], right[k] = piece.left_top, piece.right_top
    return shapes


def _outline(shape: list[_Piece], p: int, x, y) -> str:  # type: ignore[no-untyped-def]
    over = [(p + j + d, (q.left_top, q.right_top)[d]) for j, q in enumerate(shape) for d in (0, 1)]
    under = [
        (p + j + d, (q.left_bottom, q.right_bottom)[d]) for j, q in enumerate(shape) for d in (0, 1)
    ]
    path = [*over, *reversed(under)]
    kept = [path[0]]
    for point in path[1:]:
        if point != kept[-1]:
            kept.append(point)
    return "M" + "L".join(f"{x(t):.2f} {y(v):.2f}" for t, v in kept) + "Z"


def _number(i: int, shape: list[_Piece], p: int, x, y) -> str:  # type: ignore[no-untyped-def]
    """Write a request's index where its trapezoid has the most room, or nowhere."""
    best, where = 0.0, (0.0, 0.0)
    for j, q in enumerate(shape):
        tall = min(y(q.left_bottom) - y(q.left_top), y(q.right_bottom) - y(q.right_top))
        middle = (q.left_bottom + q.left_top + q.right_bottom + q.right_top) / 4
        centred = min(tall, 60.0) - 0.5 * abs(j + 0.5 - 0.62 * len(shape))
        if centred > best:
            best, where = centred, (x(p + j + 0.5), y(middle))
    text = str(i)
    step = x(1) - x(0)
    if best < 11 or step * len(shape) < 7 * len(text) + 3:
        return ""
    return (
        f'<text x="{where[0]:.1f}" y="{where[1] + 3.6:.1f}" font-size="10.5" fill="#ffffff" '
        f'fill-opacity="0.92" text-anchor="middle" pointer-events="none">{text}</text>'
    )


def _silhouette(used: list[int], begin: int, x, y) -> str:  # type: ignore[no-untyped-def]
    points = "".join(f"V{y(v):.2f}H{x(begin + k + 1):.2f}" for k, v in enumerate(used))
    return f'<path d="M{x(begin):.2f} {y(0):.2f}{points}V{y(0):.2f}Z" fill="#7059be"/>'


def _grid(memory: int, begin: int, end: int, x, y, left, wide) -> list[str]:  # type: ignore[no-untyped-def]
    lines = [
        f'<path d="M{left} {y(tick):.2f}h{wide}" stroke="{"#98a2b3" if not tick else "#eaecf0"}'
        f'" stroke-width="1" fill="none"/><text x="{left - 10}" y="{y(tick) + 4:.2f}" '
        f'font-size="12" fill="#667085" text-anchor="end">{tick:,}</text>'
        for tick in _ticks(0, memory, 5)
    ]
    lines += [
        f'<path d="M{x(tick):.2f} {y(0):.2f}v5" stroke="#98a2b3"/>'
        f'<text x="{x(tick):.2f}" y="{y(0) + 19:.2f}" font-size="12" fill="#667085" '
        f'text-anchor="middle">{tick:,}</text>'
        for tick in _ticks(begin, end, 10)
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


def _legend(volumes: list[int], left: float, at: float, wide: float) -> list[str]:
    stops = "".join(
        f'<stop offset="{k / (len(_RAMP) - 1):.2f}" stop-color="rgb{c}"/>'
        for k, c in enumerate(_RAMP)
    )
    return [
        (
            f'<defs><linearGradient id="volume">{stops}</linearGradient></defs>'
            f'<rect x="{left + wide - 240}" y="{at - 9}" width="120" height="10" rx="5" '
            'fill="url(#volume)"/>'
            f'<text x="{left + wide - 248}" y="{at}" font-size="12" fill="#667085" '
            f'text-anchor="end">volume {volumes[0]:,}</text>'
            f'<text x="{left + wide - 112}" y="{at}" font-size="12" fill="#667085">'
            f"{volumes[-1]:,} token-steps</text>"
        )
    ]


def _colour(share: float) -> str:
    place = share * (len(_RAMP) - 1)
    k = min(int(place), len(_RAMP) - 2)
    part = place - k
    mixed = (round(a + (b - a) * part) for a, b in zip(_RAMP[k], _RAMP[k + 1], strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)
