"""A schedule as text: a row for each request, and the memory in use."""

import numpy as np

from kvproof.scheduling.exact import Column
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.usage import held_at

_EIGHTHS = " ▁▂▃▄▅▆▇█"
#: Beyond so many requests a row for each says nothing.
MOST_ROWS = 60


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
    ends = np.minimum(begin + per * np.arange(1, columns + 1), end)
    bar = "".join(_eighth(held, instance.memory) for held in _most_held(schedule, ends).tolist())
    lines.append(f"{'':>{label}} └{'─' * columns}")
    lines.append(f"{'mem':>{label}}  {bar}")
    scale = f"{begin}"
    tail = f"{end}"
    scale += " " * max(1, columns - len(scale) - len(tail)) + tail
    lines.append(f"{'t':>{label}}  {scale}" + (f"  ({per} steps a column)" if per > 1 else ""))
    return "\n".join(lines)


def _eighth(held: int, most: int) -> str:
    return _EIGHTHS[min(8, -(-8 * held // most))] if held else " "


def _most_held(schedule: Schedule, ends: Column) -> Column:
    """Return the most tokens that are held in any step of each column, which ends at that step.

    Until a request completes there is more in each step: to look at completions and ends suffices.
    """
    steps = np.concatenate([ends, schedule.completion])
    most = np.zeros(len(ends), np.int64)
    held = held_at(schedule, steps, np.ones(len(schedule.starts), np.bool_))
    np.maximum.at(most, np.searchsorted(ends, steps), held)
    return most
