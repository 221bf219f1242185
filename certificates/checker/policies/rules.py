"""The policies' rule, simulated: who starts when under SVF, SJF, FCFS and 1-bit SVF.

At each step the waiting requests are sorted by the policy's key. The first is started while it
is admissible: at every step of its run, its tokens and those of the running requests fit the
memory. *Strict* stops at the first that does not fit; *skip* goes on to the next ones.
"""

from bisect import insort
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush

from ..core.budget import Budget
from ..core.model import Instance
from ..core.reader import fields, rational, text
from ..core.verdict import Rejected

ENTRY = 180  # bytes of a running request


@dataclass(frozen=True)
class Policy:
    """A named rule.

    Parameters
    ----------
    name
        ``svf``, ``sjf``, ``fcfs`` or ``svf-1bit``.
    skip
        Whether requests behind a blocked one are tried.
    theta, reserve
        For ``svf-1bit``: a request is long where its output exceeds theta; whether admission
        takes each request at its class's longest output until it truly ends.
    """

    name: str
    skip: bool
    theta: Fraction = Fraction(0)
    reserve: bool = False

    def __str__(self) -> str:
        """Name the rule in words."""
        words = f"{'skip' if self.skip else 'strict'} {self.name}"
        if self.name != "svf-1bit":
            return words
        return f"{words} (theta {self.theta}, admission {'reserve' if self.reserve else 'true'})"


def read_policy(value: object, where: str, budget: Budget) -> Policy:
    """Read a policy object of the format."""
    one_bit = isinstance(value, dict) and value.get("name") == "svf-1bit"
    found = fields(value, where, "name rule" + (" theta admission" if one_bit else ""))
    name = text(found["name"], f"{where}.name", "svf", "sjf", "fcfs", "svf-1bit")
    skip = text(found["rule"], f"{where}.rule", "strict", "skip") == "skip"
    if not one_bit:
        return Policy(name, skip)
    theta = rational(found["theta"], f"{where}.theta", budget)
    admission = text(found["admission"], f"{where}.admission", "true", "reserve")
    return Policy(name, skip, theta, admission == "reserve")


def simulate(policy: Policy, instance: Instance, budget: Budget) -> list[int]:
    """Return the start of each request under the policy."""
    budget.take(220 * instance.size)  # the orders, the waiting requests, the starts
    keys = instance.output
    assumed = instance.output  # what the admission test takes as a request's output
    if policy.name == "svf":
        keys = instance.volume
    elif policy.name == "fcfs":
        keys = instance.arrival
    elif policy.name == "svf-1bit":
        budget.take(120 * instance.size)
        keys, assumed = _one_bit(policy, instance)
    budget.check()
    order = sorted(range(instance.size), key=instance.arrival.__getitem__)
    budget.check()
    order.sort(key=keys.__getitem__)  # stable: ties stay by arrival, then index
    budget.check()
    rule = _skip if policy.skip else _strict
    return rule(_Room(instance, assumed, budget), order, instance)


def _one_bit(policy: Policy, instance: Instance) -> tuple[list[int], list[int]]:
    """Keys and assumed outputs of 1-bit SVF.

    The key is the volume of the class's mean output, s O + O (O + 1) / 2; times 2 D^2, where
    D O is an integer for both classes, it is one too.
    """
    long = [o > policy.theta for o in instance.output]
    sums, sizes, longest = [0, 0], [0, 0], [0, 0]
    for o, bit in zip(instance.output, long):  # a bool is an index
        sums[bit] += o
        sizes[bit] += 1
        longest[bit] = max(longest[bit], o)
    for empty in (b for b in (0, 1) if not sizes[b]):
        sums[empty], sizes[empty] = sum(instance.output), instance.size
    unit = sizes[0] * sizes[1]
    mean = [sums[0] * sizes[1], sums[1] * sizes[0]]
    base = [m * (m + unit) for m in mean]
    keys = [2 * s * unit * mean[bit] + base[bit] for s, bit in zip(instance.prompt, long)]
    if not policy.reserve:
        return keys, instance.output
    assumed = [longest[bit] for bit in long]
    for i, (s, o) in enumerate(zip(instance.prompt, assumed)):
        if s + o > instance.memory:
            raise Rejected(f"{policy}: request {i} reserves {s} + {o} tokens and never starts")
    return keys, assumed


class _Room:
    """The running requests, and the earliest start that they leave to another one."""

    def __init__(self, instance: Instance, assumed: list[int], budget: Budget) -> None:
        self._instance, self._assumed, self._budget = instance, assumed, budget
        self._exact = assumed is instance.output
        # per running request: its assumed end, s - p, its true end; by assumed end
        self._running: list[tuple[int, int, int]] = []
        self._next_end = 0

    def start(self, i: int, now: int) -> None:
        """Start request i at step `now`."""
        end = now + self._instance.output[i]
        self._next_end = min(self._next_end, end) if self._running else end
        entry = (now + self._assumed[i], self._instance.prompt[i] - now, end)
        self._budget.take(ENTRY)
        insort(self._running, entry)

    def earliest(self, i: int, now: int) -> int:
        """Return the first admissible step from `now` on, if nothing else starts.

        A request started at p holds s + u - p at step u. Between completions the tokens held
        grow with u, so only completions e in (p, p + o] and the request's own end count. One
        pass over the completions, ascending, raises p past each that forbids it: what holds
        at e forbids every start before ``R(e) + s + e - M`` that is also before e, and raising
        p only relaxes the completions already passed. The request's own end u = p + o, short
        of a completion e, forbids along with p every later start that still ends by e, so the
        same rule for e applies. Where true ends may come before assumed ones, the answer is
        capped at the next true end, where room may appear.
        """
        if self._next_end <= now:
            before = len(self._running)
            self._running = [entry for entry in self._running if entry[2] > now]
            self._budget.give(ENTRY * (before - len(self._running)))
            self._next_end = min((entry[2] for entry in self._running), default=0)
        memory, s, o = self._instance.memory, self._instance.prompt[i], self._assumed[i]
        running = len(self._running)
        self._budget.tick(1 + running // 8)
        offset = sum(entry[1] for entry in self._running)
        p = now
        for e, own, _ in self._running:
            self._budget.tick()
            if e > p + o and running * (p + o) + offset + s + o <= memory:
                break
            if e > p:
                p = max(p, min(running * e + offset + s + e - memory, e))
            running -= 1
            offset -= own
        if self._exact or p == now:
            return p
        return min(p, self._next_end)


def _strict(room: _Room, order: list[int], instance: Instance) -> list[int]:
    """Only the head of the waiting list may start."""
    arrival, starts = instance.arrival, [0] * instance.size
    rank = [0] * instance.size
    for r, i in enumerate(order):
        rank[i] = r
    pending = sorted(range(instance.size), key=arrival.__getitem__, reverse=True)
    waiting: list[int] = []  # ranks
    now, head, free = 0, -1, 0  # free: no start of this head before, as nothing started since
    while waiting or pending:
        if not waiting:
            now = max(now, arrival[pending[-1]])
        while pending and arrival[pending[-1]] <= now:
            heappush(waiting, rank[pending.pop()])
        if waiting[0] != head or free <= now:
            head, free = waiting[0], room.earliest(order[waiting[0]], now)
        if free > now:  # wait, but an earlier arrival may become the head
            now = min(free, arrival[pending[-1]]) if pending else free
            continue
        room.start(order[head], now)
        starts[order[heappop(waiting)]] = now
        head = -1
    return starts


def _skip(room: _Room, order: list[int], instance: Instance) -> list[int]:
    """Whoever is admissible starts, tried in the order of the keys.

    Each waiting request carries a step before which it is not admissible. Starts only take
    room away (and ends are foreseen), so that step stays a lower bound; the least of them is
    the next step at which anything can start.
    """
    starts = [0] * instance.size
    waiting = [(instance.arrival[i], r) for r, i in enumerate(order)]
    heapify(waiting)
    while waiting:
        now, r = heappop(waiting)
        free = room.earliest(order[r], now)
        if free > now:
            heappush(waiting, (free, r))
        else:
            room.start(order[r], now)
            starts[order[r]] = now
    return starts
