"""The blocking chain above strict SVF (docs/theory.md): why every request starts when it does.

At a step t the head h, the first request in SVF order that has not started, is blocked: at some
step u of its run too much is held by requests before it. Such blocks (t, u), each beginning where
the last one ended, reach the last start; their token-steps bound every start on the way.
"""

from typing import TYPE_CHECKING

import numpy as np

from kvproof.scheduling.compiled import njit
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.kernel import END, NUMBER, OFFSET, insert
from kvproof.scheduling.policies import SVF, key_order
from kvproof.scheduling.schedule import Schedule

if TYPE_CHECKING:
    import networkx as nx


def blocking_chain(schedule: Schedule) -> Column:
    """Return the blocks [t, u], shape (blocks, 2), of a strict SVF schedule of a backlog.

    Of the steps at which a head is blocked the latest is taken, so that the chain is short.

    Raises
    ------
    InputError
        A request arrives after step 0, requests start out of SVF order, or a head could have
        started earlier: the schedule is not that of strict SVF.
    """
    requests = schedule.instance.expanded()
    if not requests.is_backlog:
        raise InputError("the blocking chain is for backlogs, and a request arrives after step 0")
    order = key_order(requests, SVF().key(requests))
    starts = schedule.starts[order]
    if (starts[1:] < starts[:-1]).any():
        raise InputError("the schedule does not start its requests in SVF order")
    blocks, complete = _chain(
        requests.memory, requests.prompt[order], requests.output[order], starts
    )
    if not complete:
        step = int(blocks[-1, 0]) if len(blocks) else 0
        head = order[np.searchsorted(starts, step, side="right")]
        raise InputError(
            f"the schedule is not strict SVF: request {head} could have started at step {step}"
        )
    chain: Column = blocks
    return chain


@njit
def _chain(memory, prompt, output, starts):  # type: ignore[no-untyped-def]
    """Return the blocks, and whether they reach the last start; if not, the last row has u = -1.

    All columns are in SVF order. The running requests are kept as the simulator's profile is.
    """
    n = len(starts)
    blocks = np.empty((64, 2), np.int64)
    found = 0
    profile = np.empty((64, 3), np.int64)
    low, high, begun = 0, 0, 0
    step = np.int64(0)
    while step < starts[n - 1]:
        while starts[begun] <= step:
            end = starts[begun] + output[begun]
            profile, low, high = insert(profile, low, high, end, prompt[begun] - starts[begun])
            begun += 1
        while low < high and profile[low, END] <= step:
            low += 1
        own_end = step + output[begun]
        number, offset = np.int64(0), np.int64(0)
        row = high - 1
        while row >= low and profile[row, END] >= own_end:
            number += profile[row, NUMBER]
            offset += profile[row, OFFSET]
            row -= 1
        blocked = np.int64(-1)
        if offset + number * own_end + prompt[begun] + output[begun] > memory:
            blocked = own_end
        while blocked < 0 and row >= low:
            number += profile[row, NUMBER]
            offset += profile[row, OFFSET]
            end = profile[row, END]
            if offset + number * end + prompt[begun] + (end - step) > memory:
                blocked = end
            row -= 1
        if found == len(blocks):
            longer = np.empty((2 * found, 2), np.int64)
            longer[:found] = blocks
            blocks = longer
        blocks[found, 0] = step
        blocks[found, 1] = blocked
        found += 1
        if blocked < 0:
            return blocks[:found].copy(), False
        step = blocked
    return blocks[:found].copy(), True


def chain_graph(schedule: Schedule) -> "nx.DiGraph[int]":
    """Return the chain as a graph: its nodes are steps, its edges blocks from t to u.

    Each edge carries ``head`` (the request that is blocked), ``held`` (tokens that block it at
    step u) and ``blockers`` (the requests that hold them), all by index in the instance.

    Raises
    ------
    InputError
        As :func:`blocking_chain`.
    """
    import networkx as nx

    requests = schedule.instance.expanded()
    order = key_order(requests, SVF().key(requests))
    starts = schedule.starts
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_node(0)
    for t, u in blocking_chain(schedule).tolist():
        blockers = np.flatnonzero((starts <= t) & (schedule.completion >= u))
        graph.add_edge(
            t,
            u,
            head=int(order[np.searchsorted(starts[order], t, side="right")]),
            held=int((requests.prompt[blockers] + u - starts[blockers]).sum()),
            blockers=blockers.tolist(),
        )
    return graph
