"""The blocking chain: why every request of an SVF schedule starts when it does, at the latest.

While a head h is blocked at step t, some step u of (t, t + o_h] is too full for it: requests
already started hold more than M - s_h - (u - t) tokens there, and so many token-steps over
(t, u] that, chained from 0 to a start S_k, the blocks bound S_k by the volumes before k.
"""

from fractions import Fraction
from heapq import heappop, heappush

from ..core.budget import Budget
from ..core.claims import Case, same
from ..core.feasibility import total_latency
from ..core.model import Instance, read_schedule
from ..core.reader import entries, fields, integer
from ..core.verdict import Rejected, show


def svf_blocking_chain(claim: object, proof: object, case: Case) -> str:
    """``svf-blocking-chain``: starts in SVF order, explained by blocks, cost U <= B.

    B is ``floor(c sum_k P_k / (1 - eps)) + sum o`` with P_k the volumes before k over M. The
    constant c is 2 for `bound`; for the optional `eta_bound` it is 1/eta, eta the least mean
    over peak ``(s + (o + 1)/2) / (s + o)``.
    """
    instance, budget = case.instance, case.budget
    claimed = fields(claim, "claim", "kind total_latency bound", "eta_bound")
    given = fields(proof, "proof", "schedule blocks")
    claimed_total = integer(claimed["total_latency"], "claim.total_latency", 0, None)
    constants = {"bound": Fraction(2)}
    if "eta_bound" in claimed:
        constants["eta_bound"] = _peak_over_mean(instance, budget)
    claimed_bounds = {name: integer(claimed[name], f"claim.{name}", 0, None) for name in constants}
    starts = read_schedule(given["schedule"], "proof.schedule", instance)
    blocks = _read_blocks(given["blocks"], budget)

    free = instance.memory - max(map(int.__add__, instance.prompt, instance.output))  # (1 - eps) M
    if any(instance.arrival):
        raise Rejected("the chain is a theorem on backlogs, and a request arrives after step 0")
    if free == 0:
        raise Rejected("the chain needs eps < 1, and a request takes the whole memory")
    total = total_latency(starts, "proof.schedule", instance, budget)
    same(claimed_total, total, "claim.total_latency")
    budget.take(60 * instance.size)
    order = sorted(range(instance.size), key=instance.volume.__getitem__)  # stable: then by index
    for earlier, later in zip(order, order[1:]):
        budget.tick()
        if starts[later] < starts[earlier]:
            raise Rejected(
                f"proof.schedule: request {later} starts before {earlier}, "
                "which precedes it in SVF order"
            )
    _follow(blocks, starts, order, free, list(constants.values()), instance, budget)

    _bounded(starts, order, free, constants, claimed_bounds, total, instance, budget)
    words = " and ".join(
        f"{show(claimed_bounds[name])} (each start at most {show(c, up=True)} P_k / (1 - eps))"
        for name, c in constants.items()
    )
    return (
        f"a feasible schedule that starts a backlog in SVF order has total latency {show(total)}, "
        f"at most {words}; a chain of {len(blocks):,} blocks explains its starts"
    )


def _bounded(
    starts: list[int],
    order: list[int],
    free: int,
    constants: dict[str, Fraction],
    claimed: dict[str, int],
    total: int,
    instance: Instance,
    budget: Budget,
) -> None:
    """Check each start against the volumes before it, and the bounds that are claimed."""
    before = waiting = 0  # volume before request k, and the sum of these so far
    for k in order:
        budget.tick()
        for name, c in constants.items():
            if starts[k] * free * c.denominator > c.numerator * before:
                raise Rejected(f"request {k} starts later than claim.{name} allows")
        waiting += before
        before += instance.volume[k]
    for name, c in constants.items():
        bound = c.numerator * waiting // (c.denominator * free) + sum(instance.output)
        if claimed[name] != bound:
            raise Rejected(
                f"claim.{name}: {show(claimed[name])} is claimed, and it is {show(bound)}"
            )
        if total > bound:
            raise Rejected(f"the total latency {show(total)} exceeds claim.{name}, {show(bound)}")


def _peak_over_mean(instance: Instance, budget: Budget) -> Fraction:
    """Return 1/eta, the largest ``(s + o) / (s + (o + 1) / 2)`` of a request."""
    over, under = 0, 1
    for s, o in zip(instance.prompt, instance.output):
        budget.tick()
        if 2 * (s + o) * under > over * (2 * s + o + 1):
            over, under = 2 * (s + o), 2 * s + o + 1
    return Fraction(over, under)


def _read_blocks(value: object, budget: Budget) -> list[tuple[int, int]]:
    blocks = []
    budget.take(80 * len(entries(value, "proof.blocks")))
    for b, block in enumerate(entries(value, "proof.blocks")):
        budget.tick()
        t, u = entries(block, f"proof.blocks[{b}]", 2)
        blocks.append((integer(t, f"proof.blocks[{b}][0]"), integer(u, f"proof.blocks[{b}][1]")))
    return blocks


def _follow(
    blocks: list[tuple[int, int]],
    starts: list[int],
    order: list[int],
    free: int,
    constants: list[Fraction],
    instance: Instance,
    budget: Budget,
) -> None:
    """Check each block, and that they follow each other from step 0 to the last start.

    Starts do not decrease along `order`, so what has started by t is a prefix of it: the
    holders in every block before S_k are all before k, and the blocks are disjoint.
    """
    reach = begun = running = offset = 0  # offset: sum of s - p over the running requests
    ends: list[tuple[int, int]] = []
    for b, (t, u) in enumerate(blocks):
        budget.tick()
        where = f"proof.blocks[{b}]"
        if t != reach:
            raise Rejected(f"{where}: starts at {t}, and the chain has reached {reach}")
        while begun < instance.size and starts[order[begun]] <= t:
            i = order[begun]
            budget.tick()
            budget.take(130)
            heappush(ends, (starts[i] + instance.output[i], i))
            running += 1
            offset += instance.prompt[i] - starts[i]
            begun += 1
        if begun == instance.size:
            raise Rejected(f"{where}: no request waits at step {t}")
        head = order[begun]
        if not t < u <= t + instance.output[head]:
            raise Rejected(f"{where}: {u} is no step of the run of request {head} from {t}")
        while ends and ends[0][0] < u:
            _, i = heappop(ends)
            budget.give(130)
            running -= 1
            offset -= instance.prompt[i] - starts[i]
        held = running * u + offset
        if held <= instance.memory - instance.prompt[head] - (u - t):
            raise Rejected(f"{where}: request {head} fits beside the {held:,} tokens at {u}")
        # Each holder ran throughout (t, u], with one token less at each step back.
        steps = u - t
        tokens = steps * held - running * (steps * (steps - 1) // 2)
        for c in constants:
            if c.numerator * tokens <= c.denominator * free * steps:
                raise Rejected(f"{where}: {tokens:,} token-steps are too few for the bound")
        reach = u
    if reach < starts[order[-1]]:
        raise Rejected(
            f"proof.blocks: end at {reach}, before the last start at {starts[order[-1]]}"
        )
