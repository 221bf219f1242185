"""A second checker of kvproof certificates, written from docs/certificates.md alone.

Whoever wrote it had not seen the first one; `profiles`, `parts` and the field `followed`, which
came later, have one author in both. Python 3.9 and its standard library are enough.
"""

from __future__ import annotations

import bisect
import hashlib
import heapq
import itertools
import json
import re
import struct
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, gcd
from pathlib import Path
from typing import Any, NamedTuple

MAX_BYTES = 134_217_728
MAX_COMMAS = 12_000_000
MAX_CONTAINERS = 3_000_000
MAX_DEPTH = 16
MAX_DIGITS = 4_000
MAX_REQUESTS = 2_000_000
MAX_STEPS = 100_000
MAX_CLASSES = 1_000
MAX_VECTORS_IN_STEP = 64
MAX_CELLS_IN_STEP = 20_000_000
MAX_CELLS = 400_000_000
MAX_PATH = 2**56
MAX_NUMBER = 2**62
MAX_TERMS = 256
PREEMPTIVE = ("volume", "discrete-centroid", "tail-centroid", "price")

Tick = Callable[[], None]
Cells = dict[tuple[int, int], int]
Windows = list[list[tuple[int, int]]]


class Malformed(Exception):
    """Not a certificate of this format."""


class Rejected(Exception):
    """Well-formed, and not proved."""


class OverLimit(Exception):
    """A limit was reached before an answer."""


def form(condition: bool, reason: str) -> None:
    """Refuse as malformed unless the condition holds."""
    if not condition:
        raise Malformed(reason)


def need(condition: bool, reason: str) -> None:
    """Reject unless the condition holds."""
    if not condition:
        raise Rejected(reason)


def within(condition: bool, reason: str) -> None:
    """Stop at a limit unless the condition holds."""
    if not condition:
        raise OverLimit(reason)


# Reading


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once."""
    form(len({key for key, _ in pairs}) == len(pairs), "a key occurs twice")
    return dict(pairs)


def natural(digits: str) -> int:
    """A number of the JSON text."""
    form(not digits.startswith("-"), "a negative integer or -0")
    return int(digits)


def no_number(text: str) -> None:
    """Refuse fractions, exponents, NaN and Infinity."""
    raise Malformed("a number that is no integer")


def read_json(data: bytes) -> Any:
    """The JSON value of a file, plain or one gzip member, within the limits."""
    within(len(data) <= MAX_BYTES, "bytes as stored")
    if data[:2] == b"\x1f\x8b":
        member = zlib.decompressobj(31)
        try:
            data = member.decompress(data, MAX_BYTES + 1)
        except zlib.error as error:
            raise Malformed("broken gzip") from error
        within(len(data) <= MAX_BYTES, "bytes decompressed")
        form(member.eof and not member.unused_data, "not exactly one gzip member")
    form(data.isascii(), "not ASCII")
    text = data.decode("ascii")
    form("\\" not in text, "a backslash")
    within(re.search(f"[0-9]{{{MAX_DIGITS + 1}}}", text) is None, "digits of one integer")
    marks = re.sub(r'"[^"]*"', "", text)
    within(marks.count(",") <= MAX_COMMAS, "values")
    within(marks.count("[") + marks.count("{") <= MAX_CONTAINERS, "arrays and objects")
    depth = 0
    for mark in re.finditer(r"[\[\]{}]", marks):
        depth += 1 if mark.group() in "[{" else -1
        within(depth <= MAX_DEPTH, "depth")
    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=natural,
            parse_float=no_number,
            parse_constant=no_number,
        )
    except ValueError as error:
        raise Malformed("not JSON") from error


def fields(value: Any, required: str, optional: str = "") -> dict[str, Any]:
    """An object with exactly the required fields and perhaps the optional ones."""
    form(type(value) is dict, "not an object")
    names = set(value)
    form(set(required.split()) <= names, f"a missing field; needed are: {required}")
    form(names <= set((required + " " + optional).split()), "an unknown field")
    return value


def array(value: Any) -> list[Any]:
    """An array."""
    form(type(value) is list, "not an array")
    return value


def number(value: Any, low: int = 0, high: int | None = MAX_NUMBER) -> int:
    """An integer in a range."""
    form(type(value) is int, "not an integer")
    form(value >= low and (high is None or value <= high), "an integer out of its range")
    return value


def numbers(value: Any, low: int = 0, high: int | None = MAX_NUMBER) -> list[int]:
    """An array of integers in a range."""
    return [number(item, low, high) for item in array(value)]


def rational(value: Any) -> Fraction:
    """A string "p/q" in lowest terms."""
    form(type(value) is str, "a rational that is no string")
    match = re.fullmatch("(0|[1-9][0-9]*)/([1-9][0-9]*)", value)
    form(match is not None, "not a rational")
    p, q = (int(part) for part in value.split("/"))
    form(gcd(p, q) == 1, "a rational not in lowest terms")
    return Fraction(p, q)


def one_of(value: Any, *words: str) -> str:
    """One of some words."""
    form(type(value) is str and value in words, f"not one of {words}")
    return value


# Instances and schedules


class Request(NamedTuple):
    """One request."""

    arrival: int
    prompt: int
    output: int

    @property
    def volume(self) -> int:
        """The token-steps that it holds."""
        return self.prompt * self.output + self.output * (self.output + 1) // 2


class Instance(NamedTuple):
    """An instance, its counts expanded."""

    memory: int
    requests: list[Request]
    digest: str


def read_counts(item: dict[str, Any], length: int) -> list[int]:
    """The optional column of counts, 1 each without it."""
    counts = numbers(item["count"], 1) if "count" in item else [1] * length
    form(len(counts) == length, "columns of unequal length")
    return counts


def read_instance(value: Any) -> Instance:
    """An instance and its digest."""
    item = fields(value, "format version memory arrival prompt output", "count")
    form(item["format"] == "kvproof-instance", "not an instance")
    form(number(item["version"]) == 1, "an unknown version of instances")
    memory = number(item["memory"], 1, 2**31 - 1)
    arrival = numbers(item["arrival"], 0, 2**48)
    prompt, output = numbers(item["prompt"]), numbers(item["output"], 1)
    form(len(arrival) == len(prompt) == len(output) >= 1, "columns of unequal length or empty")
    counts = read_counts(item, len(arrival))
    form(all(s + o <= memory for s, o in zip(prompt, output)), "a request above the memory")
    within(sum(counts) <= MAX_REQUESTS, "requests")
    rows = list(map(Request, arrival, prompt, output))
    merged = [
        (row, sum(count for _, count in run))
        for row, run in itertools.groupby(zip(rows, counts), key=lambda pair: pair[0])
    ]
    columns = [[row[i] for row, _ in merged] for i in range(3)] + [[count for _, count in merged]]
    words = [memory, len(merged), *itertools.chain(*columns)]
    packed = b"kvproof-instance/1\n" + struct.pack(f"<{len(words)}q", *words)
    requests = [row for row, count in merged for _ in range(count)]
    return Instance(memory, requests, hashlib.sha256(packed).hexdigest())


def read_named_file(name: str, beside: Path) -> bytes:
    """The bytes of the instance file that a certificate names."""
    path = beside / name
    try:
        form(path.is_file(), "the named file is not there or no regular file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Malformed("the named file cannot be read") from error


def find_instance(value: Any, given: bytes | None, beside: Path | None) -> Instance:
    """The instance of a certificate; every copy at hand must have the digest."""
    form(type(value) is dict, "the instance is no object")
    place = "file" if "file" in value else "inline"
    item = fields(value, f"digest {place}")
    digest = item["digest"]
    form(type(digest) is str and bool(re.fullmatch("[0-9a-f]{64}", digest)), "not a digest")
    copies = []
    if place == "inline":
        copies.append(read_instance(item["inline"]))
    else:
        name, part = item["file"], "[A-Za-z0-9_-][A-Za-z0-9._-]*"
        form(type(name) is str and len(name) <= 200, "not a file name, or a long one")
        form(re.fullmatch(f"{part}(/{part})*", name) is not None, "a bad file name")
        form(beside is not None, "a file name in a certificate that was not read from a file")
        if given is None and beside is not None:
            copies.append(read_instance(read_json(read_named_file(name, beside))))
    if given is not None:
        copies.append(read_instance(read_json(given)))
    need(all(copy.digest == digest for copy in copies), "a copy has another digest")
    return copies[0]


def read_schedule(value: Any, instance: Instance) -> list[int]:
    """The start of each request."""
    item = fields(value, "starts", "count")
    starts = numbers(item["starts"])
    counts = read_counts(item, len(starts))
    form(sum(counts) == len(instance.requests), "starts do not add up to the requests")
    return [start for start, count in zip(starts, counts) for _ in range(count)]


def latency_of(instance: Instance, starts: list[int], tick: Tick) -> int:
    """The total latency of a schedule, which must be feasible."""
    runs = list(zip(starts, instance.requests))
    need(all(p >= r.arrival for p, r in runs), "a start before the arrival")
    begins = sorted((p, r.prompt - p) for p, r in runs)
    ends = sorted((p + r.output, r.prompt - p) for p, r in runs)
    begun = ended = level = 0
    for step, _ in ends:
        tick()
        while begun < len(begins) and begins[begun][0] < step:
            level += begins[begun][1]
            begun += 1
        while ends[ended][0] < step:
            level -= ends[ended][1]
            ended += 1
        need(level + (begun - ended) * step <= instance.memory, "more tokens than memory")
    return sum(p + r.output - r.arrival for p, r in runs)


# The lower bounds `volume`, `discrete-centroid`, `tail-centroid` and `staggered`


def serve(
    jobs: list[tuple[int, int]], memory: int, by_remaining: bool, tick: Tick
) -> Iterator[tuple[int, int, int]]:
    """The runs (job, begin, end) in clock units of one machine; a job is (release step, need)."""
    left = [need_ for _, need_ in jobs]
    order = sorted(range(len(jobs)), key=lambda i: jobs[i][0])
    queue: list[tuple[int, int]] = []
    clock = place = 0
    while queue or place < len(order):
        tick()
        if not queue:
            clock = max(clock, jobs[order[place]][0] * memory)
        while place < len(order) and jobs[order[place]][0] * memory <= clock:
            heapq.heappush(queue, (left[order[place]], order[place]))
            place += 1
        key, i = heapq.heappop(queue)
        span = left[i]
        if place < len(order):
            span = min(span, jobs[order[place]][0] * memory - clock)
        yield i, clock, clock + span
        clock += span
        left[i] -= span
        if left[i]:
            heapq.heappush(queue, (left[i] if by_remaining else key, i))


def volume_value(instance: Instance, tick: Tick) -> Fraction:
    """The value of the kind `volume`."""
    jobs = [(r.arrival, r.volume) for r in instance.requests]
    finish = {i: end for i, _, end in serve(jobs, instance.memory, True, tick)}
    arrivals = sum(r.arrival for r in instance.requests)
    return Fraction(sum(finish.values()), instance.memory) - arrivals


def add_served(
    terms: dict[int, int], jobs: list[tuple[int, int]], memory: int, tick: Tick
) -> Fraction:
    """The sum of terms, to which those of the served token-steps are added first."""

    def weight(clock: int) -> int:
        """The sum of 2 t - 1 over the token-steps served before a clock time."""
        steps, rest = divmod(clock, memory)
        return memory * steps * steps + rest * (2 * steps + 1)

    for i, begin, end in serve(jobs, memory, False, tick):
        terms[2 * jobs[i][1]] += weight(end) - weight(begin)
    if len(terms) <= MAX_TERMS:
        return sum((Fraction(n, d) for d, n in terms.items()), Fraction(0))
    return Fraction(sum(10**12 * n // d for d, n in terms.items()), 10**12)


def centroid_value(requests: list[Request], memory: int, tick: Tick) -> Fraction:
    """The value of the kind `discrete-centroid`."""
    terms: dict[int, int] = defaultdict(int)
    for a, s, o in requests:
        terms[2] += 1 + 2 * o - 2 * a
        terms[3 * (2 * s + o + 1)] -= (o + 1) * (3 * s + 2 * o + 1)
    return add_served(terms, [(r.arrival, r.volume) for r in requests], memory, tick)


def read_cuts(value: Any, instance: Instance) -> list[int]:
    """The cut of each request."""
    item = fields(value, "kind cuts", "count")
    cuts = numbers(item["cuts"])
    counts = read_counts(item, len(cuts))
    form(sum(counts) == len(instance.requests), "cuts do not add up to the requests")
    cuts = [cut for cut, count in zip(cuts, counts) for _ in range(count)]
    form(all(cut < r.output for cut, r in zip(cuts, instance.requests)), "a cut that is too late")
    return cuts


def tail_value(cuts: list[int], instance: Instance, tick: Tick) -> Fraction:
    """The value of the kind `tail-centroid`."""

    def middles(s: int, j: int) -> int:
        """The sum of (2 i - 1)(s + i) over the first j tokens."""
        return s * j * j + j * (j + 1) * (4 * j - 1) // 6

    terms: dict[int, int] = defaultdict(int)
    jobs = []
    for cut, r in zip(cuts, instance.requests):
        tail = r.volume - Request(0, r.prompt, cut).volume
        jobs.append((r.arrival + cut, tail))
        terms[1] += r.output - r.arrival
        terms[2 * tail] -= middles(r.prompt, r.output) - middles(r.prompt, cut)
    return add_served(terms, jobs, instance.memory, tick)


def read_staggered(value: Any, instance: Instance) -> tuple[int, int, int]:
    """The peak, the output and the number together of the kind `staggered`."""
    item = fields(value, "kind peak output together")
    peak = number(item["peak"], 1, instance.memory)
    return peak, number(item["output"], 1, peak), number(item["together"], 1)


def staggered_value(content: tuple[int, int, int], instance: Instance, tick: Tick) -> Fraction:
    """The value of the kind `staggered`."""
    peak, output, together = content
    group: list[Request] = []
    others: list[Request] = []
    for r in instance.requests:
        large = r.prompt + r.output >= peak and r.output >= output
        (group if large else others).append(r)
    n = len(group)
    need(n >= together, "a group that is too small")
    value = Fraction(n * (min(r.arrival for r in group) + output) - sum(r.arrival for r in group))
    gap = output * (together - Fraction(instance.memory, peak))
    if gap > 0:
        taken: list[int] = []
        window = before = 0  # the last `together - 1` of the x, and the left side without x_k
        for k in range(1, n - together + 2):
            tick()
            x = (2**32 * (n - k) - before) // (together - 1)
            need(x >= 0, "a negative multiplier")
            taken.append(x)
            window += x - (taken[k - together] if k >= together else 0)
            before += (together - 1) * x - window
        value += gap * sum(taken) / 2**32
    value = max(value, Fraction(sum(r.output for r in group)))
    if others:
        outputs = Fraction(sum(r.output for r in others))
        value += max(outputs, centroid_value(others, instance.memory, tick))
    return value


# Prices


class Prices:
    """Run-length coded prices; all costs are multiplied by the denominator."""

    def __init__(self, denominator: int, runs: list[tuple[int, int]]) -> None:
        """Sum up the prices y and the products t y up to the end of each run."""
        self.denominator = denominator
        self.heights = [height for _, height in runs] + [0]
        self.ends, self.sums, self.moments = [0], [0], [0]
        for length, height in runs:
            begin, end = self.ends[-1], self.ends[-1] + length
            self.ends.append(end)
            self.sums.append(self.sums[-1] + height * length)
            extra = height * (end * (end + 1) - begin * (begin + 1)) // 2
            self.moments.append(self.moments[-1] + extra)

    def until(self, step: int) -> tuple[int, int]:
        """The sums of y and of t y over the steps up to this one."""
        run = bisect.bisect_right(self.ends, step) - 1
        begin, height = self.ends[run], self.heights[run]
        extra = height * (step * (step + 1) - begin * (begin + 1)) // 2
        return self.sums[run] + height * (step - begin), self.moments[run] + extra

    def term(self, r: Request, p: int) -> int:
        """The latency of a request that starts at p, and what it pays."""
        sum_begin, moment_begin = self.until(p)
        sum_end, moment_end = self.until(p + r.output)
        paid = (r.prompt - p) * (sum_end - sum_begin) + moment_end - moment_begin
        return self.denominator * (p + r.output - r.arrival) + paid

    def least(self, r: Request, begin: int) -> int:
        """The least term over the starts from `begin` on: a quadratic between two marks."""
        marks = {begin}
        for end in self.ends:
            marks.update(mark for mark in (end, end - r.output) if mark > begin)
        ordered = sorted(marks)
        best = self.term(r, begin)
        for low, high in zip(ordered, ordered[1:]):
            if self.denominator * (low + r.output - r.arrival) >= best:
                break
            best = min(best, self.term(r, high))
            falls = self.term(r, low + 1) < self.term(r, low)
            if falls and self.term(r, high - 1) < self.term(r, high):
                while low < high:
                    middle = (low + high) // 2
                    if self.term(r, middle + 1) >= self.term(r, middle):
                        high = middle
                    else:
                        low = middle + 1
                best = min(best, self.term(r, low))
        return best


def read_prices(denominator: Any, value: Any) -> Prices:
    """Prices over a denominator."""
    pairs = [array(pair) for pair in array(value)]
    form(all(len(pair) == 2 for pair in pairs), "a price run that is no pair")
    runs = [(number(length, 1), number(height, 0, None)) for length, height in pairs]
    return Prices(number(denominator, 1, None), runs)


def price_sum(
    prices: Prices, classes: dict[Request, int], memory: int, tick: Tick
) -> tuple[int, dict[Request, int]]:
    """The value of the kind `price` and each class's least term, times the denominator."""
    least = {}
    for r in classes:
        tick()
        least[r] = prices.least(r, r.arrival)
    paid = sum(count * least[r] for r, count in classes.items())
    return paid - memory * prices.sums[-1], least


def classes_of(instance: Instance) -> dict[Request, int]:
    """The classes and their counts in the order of `search`, steps from the earliest arrival."""
    first = min(r.arrival for r in instance.requests)
    counts = Counter(Request(a - first, s, o) for a, s, o in instance.requests)
    order = sorted(counts, key=lambda r: (-r.volume, -r.output, r.arrival))
    return {r: counts[r] for r in order}


# Walks over profiles

Cost = Callable[[int, int], int | None]


class Walks:
    """What walks over profiles of some classes cost; a profile is a tuple that ends with no 0."""

    def __init__(
        self, memory: int, classes: list[Request], cost: Cost, last: int, tick: Tick
    ) -> None:
        """Find all profiles, then V of each, from the last step back.

        A start of class c at step t costs `cost(c, t)`, None before its arrival.
        """
        self.memory, self.classes, self.tick = memory, classes, tick
        within(max(r.output for r in classes) <= MAX_STEPS, "steps of a profile")
        known, new = {()}, [()]
        while new:
            h = new.pop()
            self.tick()
            for found in (h[1:], *(self.joined(h, r) for r in classes)):
                if found is not None and found not in known:
                    known.add(found)
                    new.append(found)
        fullest = sorted(known, key=sum, reverse=True)
        self.rows: dict[int, dict[tuple[int, ...], int]] = {}
        for t in range(last, -1, -1):
            row = self.rows[t] = {}
            for h in fullest:
                self.tick()
                ways = [self.worth(t + 1, h[1:])]
                for c, r in enumerate(classes):
                    price = cost(c, t)
                    more = None if price is None else self.joined(h, r)
                    if more is not None and price is not None:
                        ways.append(price + row[more])
                row[h] = min(ways)

    def joined(self, h: tuple[int, ...], r: Request) -> tuple[int, ...] | None:
        """The profile with one more request, None if there is no room."""
        own = range(r.prompt + 1, r.prompt + r.output + 1)
        both = tuple(x + y for x, y in itertools.zip_longest(h, own, fillvalue=0))
        return both if max(both) <= self.memory else None

    def worth(self, t: int, h: tuple[int, ...]) -> int:
        """The number V of a step and a profile."""
        return self.rows[t][h] if t in self.rows else 0


# The lower bound `search`


class Vector(NamedTuple):
    """A vector as it is written, its multipliers decoded."""

    since: int
    start: list[int]
    end: list[int]


class Following(NamedTuple):
    """The classes that a search follows, what each is worth, the prices, and when each ends."""

    classes: list[int]
    worth: list[int]
    prices: Prices
    until: list[int]


class Search(NamedTuple):
    """A lower bound of the kind `search`."""

    target: int
    scale: int
    prices: Prices
    vectors: list[Vector]
    layers: list[tuple[int, list[int]]]
    following: Following | None


def decode(value: Any, unit: int) -> list[int]:
    """Multipliers from their zigzag differences."""
    codes = numbers(value)
    steps = (-(code + 1) // 2 if code % 2 else code // 2 for code in codes)
    return list(itertools.accumulate(unit * step for step in steps))


def read_following(value: Any, instance: Instance) -> Following:
    """The field `followed`."""
    item = fields(value, "classes worth denominator prices", "until")
    classes, worth = numbers(item["classes"]), numbers(item["worth"])
    form(bool(classes) and classes == sorted(set(classes)), "no classes, or not ascending")
    form(classes[-1] < len(classes_of(instance)), "a class that is not there")
    form(len(worth) == len(classes), "not one worth for each class that is followed")
    prices = read_prices(item["denominator"], item["prices"])
    arrivals = [list(classes_of(instance))[c].arrival for c in classes]
    until = [a + max(1, -(-w // prices.denominator)) for a, w in zip(arrivals, worth)]
    if "until" in item:
        until = numbers(item["until"], 1)
        form(len(until) == len(classes), "not one end for each class that is followed")
        form(all(a < end for a, end in zip(arrivals, until)), "an end before the arrival")
    return Following(classes, worth, prices, until)


class Followed:
    """The bound of states by the classes that are followed."""

    def __init__(self, read: Following, instance: Instance, tick: Tick) -> None:
        """Work the table over profiles of these classes out."""
        self.read, self.prices, self.memory = read, read.prices, instance.memory
        self.classes, self.tick = list(classes_of(instance)), tick
        self.unit = read.prices.denominator
        self.own = [self.classes[c] for c in read.classes]
        pairs = list(zip(self.own, read.worth))
        last = max(read.until)
        within(max(last, read.prices.ends[-1]) <= MAX_STEPS, "steps")
        within(last * self.memory * max(read.worth) < MAX_NUMBER, "worth")

        def cost(x: int, t: int) -> int | None:
            r, worth = pairs[x]
            followed = r.arrival <= t < read.until[x]
            return self.prices.term(r, t) - worth if followed else None

        self.walks = Walks(self.memory, self.own, cost, last - 1, tick)
        self.least: dict[tuple[int, int], int] = {}

    def rest(self, c: int, t: int) -> int:
        """What a request of class c that has not started before step t costs, at least."""
        if (c, t) not in self.least:
            self.least[c, t] = self.prices.least(self.classes[c], max(t, self.classes[c].arrival))
            if c in self.read.classes:
                x = self.read.classes.index(c)
                late = self.prices.least(self.classes[c], self.read.until[x])
                self.least[c, t] = max(self.least[c, t], min(self.read.worth[x], late))
        return self.least[c, t]

    def value(self, counts: list[int], state: State, t: int) -> int:
        """The bound of a state at step t."""
        y, _ = self.prices.until(t)
        total, _ = self.prices.until(max(t, self.prices.ends[-1]))
        bound = self.unit * state.cost - self.memory * (total - y)
        for j, x in enumerate(state.ahead, 1):
            bound += x * (self.prices.until(t + j)[0] - self.prices.until(t + j - 1)[0])
        for c, started in enumerate(state.started):
            bound += (counts[c] - started) * self.rest(c, t)
        h: tuple[int, ...] = ()
        for c, p in state.running:
            if c in self.read.classes:
                r = self.classes[c]
                held = tuple(range(r.prompt + t - p + 1, r.prompt + r.output + 1))
                h = tuple(x + y for x, y in itertools.zip_longest(h, held, fillvalue=0))
        return bound + self.walks.worth(t, h)


def read_search(value: Any, instance: Instance) -> Search:
    """A lower bound of the kind `search`."""
    item = fields(value, "kind target scale denominator prices vectors layers", "followed")
    following = read_following(item["followed"], instance) if "followed" in item else None
    prices = read_prices(item["denominator"], item["prices"])
    vectors, layers = [], []
    for entry in array(item["vectors"]):
        fields(entry, "since unit start end")
        unit = number(entry["unit"], 1)
        since, start, end = number(entry["since"]), entry["start"], entry["end"]
        vectors.append(Vector(since, decode(start, unit), decode(end, unit)))
    form(bool(vectors) and vectors[0].since == 0, "no vector 0, or one that is not since 0")
    for entry in array(item["layers"]):
        fields(entry, "length vectors")
        length, places = number(entry["length"], 1, 100_000), numbers(entry["vectors"])
        form(0 < len(set(places)) == len(places), "no vector in a layer, or one twice")
        form(max(places) < len(vectors), "a layer names a vector that is not there")
        layers.append((length, places))
    target, scale = number(item["target"], 1), number(item["scale"], 1, 2**31)
    return Search(target, scale, prices, vectors, layers, following)


class Frame(NamedTuple):
    """What the tables of all vectors are made of."""

    memory: int
    scale: int
    classes: list[Request]
    counts: list[int]
    starts: list[list[int]]
    last: int
    most: int
    least_held: list[int]
    most_held: list[int]

    @property
    def cells(self) -> int:
        """The cells of one table."""
        return (self.last + 2) * (self.most + 1) * (self.memory + 1)


def make_frame(
    memory: int, scale: int, classes: dict[Request, int], starts: list[list[int]]
) -> Frame:
    """The frame for some allowed starts."""
    last = max(max(ps) + r.output for r, ps in zip(classes, starts))
    everyone = [r for r, count in classes.items() for _ in range(count)]
    small = sorted(r.prompt + 1 for r in everyone)
    large = sorted((r.prompt + r.output for r in everyone), reverse=True)
    lows = list(itertools.accumulate(small, initial=0))
    highs = list(itertools.accumulate(large, initial=0))
    most = bisect.bisect_right(lows, memory) - 1
    kinds, counts = list(classes), list(classes.values())
    return Frame(memory, scale, kinds, counts, starts, last, most, lows, highs)


class Multipliers(NamedTuple):
    """The numbers alpha and beta of a vector by class and start."""

    since: int
    alpha: dict[tuple[int, int], int]
    beta: dict[tuple[int, int], int]


def name_multipliers(frame: Frame, vector: Vector) -> Multipliers:
    """Tell which multiplier belongs to which class and start."""
    form(vector.since <= frame.last, "a vector that begins after the last step")
    pairs = [(c, p) for c, ps in enumerate(frame.starts) for p in ps]
    joins = [(c, p) for c, p in pairs if p >= vector.since]
    leaves = [(c, p) for c, p in pairs if p + frame.classes[c].output >= vector.since]
    form(len(joins) == len(vector.start), "a list of multipliers that is too short or too long")
    form(len(leaves) == len(vector.end), "a list of multipliers that is too short or too long")
    alpha, beta = dict(zip(joins, vector.start)), dict(zip(leaves, vector.end))
    numbered = itertools.chain(alpha.items(), beta.items())
    most = sum(abs(x) * frame.counts[c] for (c, _), x in numbered)
    within(most < MAX_PATH, "multipliers that may add up to 2^56")
    return Multipliers(vector.since, alpha, beta)


def start_cost(frame: Frame, multipliers: Multipliers, c: int, p: int) -> int:
    """The cost of a start with its multipliers."""
    r = frame.classes[c]
    latency = p + r.output - r.arrival
    return frame.scale * latency + multipliers.alpha[c, p] + multipliers.beta[c, p]


def undo(
    cells: Cells, price: int, count: int, move: tuple[int, int], frame: Frame, tick: Tick
) -> Cells:
    """The cheapest ways on from before up to `count` equal events, each with its move back."""
    before: Cells = {}
    for (k, u), cost in cells.items():
        tick()
        for times in range(count + 1):
            cell = (k + times * move[0], u + times * move[1])
            if not (0 <= cell[0] <= frame.most and 0 <= cell[1] <= frame.memory):
                break
            total = cost + times * price
            if cell not in before or total < before[cell]:
                before[cell] = total
    return before


class Table:
    """The numbers `rest` and V of a vector."""

    def __init__(self, frame: Frame, multipliers: Multipliers, tick: Tick) -> None:
        """Fill the tables from the last step back to the vector's first."""
        self.frame, self.beta = frame, multipliers.beta
        self.late = [[p for p in ps if p >= multipliers.since] for ps in frame.starts]
        self.tails: list[list[int | None]] = []
        for c, late in enumerate(self.late):
            costs = [start_cost(frame, multipliers, c, p) for p in reversed(late)]
            self.tails.append([*reversed(list(itertools.accumulate(costs, min))), None])
        allowed = {(c, p) for c, ps in enumerate(frame.starts) for p in ps}
        cells: Cells = {(0, 0): 0}
        self.ways = {frame.last + 1: cells}
        for t in range(frame.last, multipliers.since - 1, -1):
            for c, r in enumerate(frame.classes):
                if (c, t) in allowed:
                    price, move = -multipliers.alpha[c, t], (-1, -(r.prompt + 1))
                    cells = undo(cells, price, frame.counts[c], move, frame, tick)
            cells = {(k, u - k): cost for (k, u), cost in cells.items() if u >= k}
            for c, r in enumerate(frame.classes):
                if (c, t - r.output) in allowed:
                    price, move = -multipliers.beta[c, t - r.output], (1, r.prompt + r.output)
                    cells = undo(cells, price, frame.counts[c], move, frame, tick)
            cells = {
                (k, u): cost
                for (k, u), cost in cells.items()
                if frame.least_held[k] <= u <= frame.most_held[k]
            }
            self.ways[t] = cells

    def rest(self, c: int, t: int) -> int | None:
        """The least cost of a start from t on, None if there is no start."""
        return self.tails[c][bisect.bisect_left(self.late[c], t)]


class State(NamedTuple):
    """A state at some step t: `past` is what it held up to step t, `ahead` what it will hold."""

    started: tuple[int, ...]
    cost: int
    running: tuple[tuple[int, int], ...]
    past: tuple[int, ...]
    ahead: tuple[int, ...]


def with_start(ahead: tuple[int, ...], r: Request) -> tuple[int, ...]:
    """What is held in the next steps when a request starts, too."""
    padded = ahead + (0,) * (r.output - len(ahead))
    return tuple(x + (r.prompt + j if j <= r.output else 0) for j, x in enumerate(padded, 1))


def children(frame: Frame, state: State, t: int, tick: Tick) -> Iterator[State]:
    """The states at t + 1 after every way to start waiting requests at t."""
    ways = [state]
    for c, r in enumerate(frame.classes):
        place = bisect.bisect_left(frame.starts[c], t)
        if frame.starts[c][place : place + 1] != [t]:
            continue
        more = []
        for way in ways:
            tick()
            while max(way.ahead, default=0) <= frame.memory:
                more.append(way)
                if way.started[c] == frame.counts[c]:
                    break
                started = way.started[:c] + (way.started[c] + 1,) + way.started[c + 1 :]
                cost = way.cost + t + r.output - r.arrival
                running, ahead = way.running + ((c, t),), with_start(way.ahead, r)
                way = State(started, cost, running, way.past, ahead)
        ways = more
    longest = max(r.output for r in frame.classes)
    for way in ways:
        running = tuple((c, p) for c, p in way.running if p + frame.classes[c].output > t)
        past = (way.past + (way.ahead[:1] or (0,)))[-longest:]
        yield State(way.started, way.cost, running, past, way.ahead[1:])


def bound_of(table: Table, state: State, t: int) -> int | None:
    """The bound of a state at step t by a vector, None if infinite."""
    way = table.ways[t].get((len(state.running), state.past[-1]))
    if way is None:
        return None
    total = table.frame.scale * state.cost + way
    for c, started in enumerate(state.started):
        waiting = table.frame.counts[c] - started
        if waiting:
            rest = table.rest(c, t)
            if rest is None:
                return None
            total += waiting * rest
    return total + sum(table.beta[c, p] for c, p in state.running)


def could_have_run(frame: Frame, state: State, t: int) -> bool:
    """Whether a request that has not started could have run until step t, the state's own."""
    for c, r in enumerate(frame.classes):
        if state.started[c] < frame.counts[c] and t - r.output >= r.arrival:
            held = enumerate(state.past[-r.output :], 1)
            if all(x + r.prompt + j <= frame.memory for j, x in held):
                return True
    return False


def undominated(states: list[State], tick: Tick) -> list[State]:
    """The states that no other with the same requests started makes superfluous."""
    groups: dict[tuple[int, ...], list[State]] = defaultdict(list)
    for state in sorted(states, key=lambda state: (state.cost, sum(state.ahead))):
        tick()
        kept = groups[state.started]
        for other in kept:
            pairs = itertools.zip_longest(other.ahead, state.ahead, fillvalue=0)
            if all(x <= y for x, y in pairs):
                break
        else:
            kept.append(state)
    return [state for kept in groups.values() for state in kept]


def search_value(bound: Search, instance: Instance, tick: Tick) -> int:
    """The value of the kind `search`."""
    memory, scale, target, prices = instance.memory, bound.scale, bound.target, bound.prices
    classes = classes_of(instance)
    within(len(classes) <= MAX_CLASSES, "classes")
    total, least = price_sum(prices, classes, memory, tick)
    slack = prices.denominator * (target - 1) - total
    early = all(vector.since <= MAX_STEPS for vector in bound.vectors)
    if slack < 0:
        within(early, "steps before a vector")
        return target
    starts: list[list[int]] = []
    for r in classes:
        late = max(r.arrival, MAX_STEPS - r.output + 1)
        within(prices.least(r, late) > least[r] + slack, "steps")
        starts.append([])
        for p in range(r.arrival, late):
            tick()
            if prices.denominator * (p + r.output - r.arrival) > least[r] + slack:
                break
            if prices.term(r, p) <= least[r] + slack:
                starts[-1].append(p)
    frame = make_frame(memory, scale, classes, starts)
    cells = frame.cells
    within(cells <= MAX_CELLS_IN_STEP, "cells of a table")
    first = name_multipliers(frame, bound.vectors[0])
    table = Table(frame, first, tick)
    base = [min(start_cost(frame, first, c, p) for p in ps) for c, ps in enumerate(starts)]
    proved = sum(x * count for x, count in zip(base, frame.counts)) + table.ways[0][0, 0]
    room = scale * (target - 1) - proved
    if room < 0:
        within(early, "steps before a vector")
        return target
    starts = [
        [p for p in ps if start_cost(frame, first, c, p) <= base[c] + room]
        for c, ps in enumerate(starts)
    ]
    frame = make_frame(memory, scale, classes, starts)
    named = [first] + [name_multipliers(frame, vector) for vector in bound.vectors[1:]]
    used = {i for _, places in bound.layers for i in places}
    within(cells + len(used) * frame.cells <= MAX_CELLS, "cells of all tables")
    followed = None if bound.following is None else Followed(bound.following, instance, tick)
    return search_layers(bound, frame, named, followed, tick)


def search_layers(
    bound: Search, frame: Frame, named: list[Multipliers], followed: Followed | None, tick: Tick
) -> int:
    """Search through the layers; the least total latency met, at most the target."""
    best, t = bound.target, 0
    tables: dict[int, Table] = {}
    states = [State((0,) * len(frame.classes), 0, (), (), ())]
    for length, places in bound.layers:
        if not states:
            break
        within(len(places) <= MAX_VECTORS_IN_STEP, "vectors in a step")
        within(len(places) * frame.cells <= MAX_CELLS_IN_STEP, "cells of the tables in a step")
        for i in places:
            if i not in tables:
                tables[i] = Table(frame, named[i], tick)
        for _ in range(length):
            if not states:
                break
            need(t <= frame.last, "states are left after the last step")
            need(all(bound.vectors[i].since <= t for i in places), "a vector before its steps")
            born = []
            for state in states:
                for child in children(frame, state, t, tick):
                    tick()
                    if list(child.started) == frame.counts:
                        best = min(best, child.cost)
                        continue
                    values = (bound_of(tables[i], child, t + 1) for i in places)
                    limit = bound.scale * (bound.target - 1)
                    if any(value is None or value > limit for value in values):
                        continue
                    if followed is not None:
                        value = followed.value(frame.counts, child, t + 1)
                        if value > followed.unit * (bound.target - 1):
                            continue
                    if not could_have_run(frame, child, t + 1):
                        born.append(child)
            states = undominated(born, tick)
            t += 1
    need(not states, "states are left where the layers end")
    return best


# The lower bound `branch`


class Branch(NamedTuple):
    """A lower bound of the kind `branch`."""

    target: int
    vectors: list[Prices]
    tree: list[int]


def read_branch(value: Any, version: int) -> Branch:
    """A lower bound of the kind `branch`."""
    item = fields(value, "kind target denominator vectors tree")
    denominator, vectors = item["denominator"], array(item["vectors"])
    if version == 1:
        number(denominator, 1)
        vectors = [[[1, height] for height in numbers(vector)] for vector in vectors]
    number(denominator, 1, None)
    prices = [read_prices(denominator, vector) for vector in vectors]
    return Branch(number(item["target"], 1), prices, numbers(item["tree"]))


class Narrower:
    """Applies the vectors of a `branch` proof to the windows of nodes."""

    def __init__(self, bound: Branch, instance: Instance, tick: Tick) -> None:
        """Remember terms and the least term of a window by vector and class."""
        self.bound, self.memory, self.tick = bound, instance.memory, tick
        classes = classes_of(instance)
        self.classes, self.counts = list(classes), list(classes.values())
        self.terms: dict[tuple[int, int, int], int] = {}
        self.least: dict[tuple[int, int, int, int], int] = {}

    def root(self) -> Windows | None:
        """The windows of the root, None if it is closed."""
        outputs = sum(r.output * count for r, count in zip(self.classes, self.counts))
        width = self.bound.target - 1 - outputs
        if width < 0:
            return None
        within(max(r.arrival + width + r.output for r in self.classes) <= MAX_STEPS, "steps")
        pairs = zip(self.classes, self.counts)
        return [[(r.arrival, r.arrival + width)] * count for r, count in pairs]

    def term(self, v: int, c: int, p: int) -> int:
        """The term of a start under a vector."""
        if (v, c, p) not in self.terms:
            self.terms[v, c, p] = self.bound.vectors[v].term(self.classes[c], p)
        return self.terms[v, c, p]

    def least_in(self, v: int, c: int, first: int, last: int) -> int:
        """The least term of a window under a vector."""
        self.tick()
        if (v, c, first, last) not in self.least:
            least = min(self.term(v, c, p) for p in range(first, last + 1))
            self.least[v, c, first, last] = least
        return self.least[v, c, first, last]

    def apply(self, v: int, windows: Windows) -> Windows | None:
        """The windows after a vector, None if they are closed."""
        prices = self.bound.vectors[v]
        least = [[self.least_in(v, c, *w) for w in row] for c, row in enumerate(windows)]
        total = sum(sum(row) for row in least) - self.memory * prices.sums[-1]
        slack = prices.denominator * (self.bound.target - 1) - total
        if slack < 0:
            return None
        narrowed = []
        for c, row in enumerate(windows):
            firsts, lasts = [], []
            for (first, last), lowest in zip(row, least[c]):
                self.tick()
                while self.term(v, c, first) > lowest + slack:
                    first += 1
                while self.term(v, c, last) > lowest + slack:
                    last -= 1
                firsts.append(first)
                lasts.append(last)
            firsts = list(itertools.accumulate(firsts, max))
            lasts = list(itertools.accumulate(reversed(lasts), min))[::-1]
            narrowed.append(list(zip(firsts, lasts)))
        if any(first > last for row in narrowed for first, last in row):
            return None
        return narrowed


def split(windows: Windows | None, c: int, i: int, p: int) -> list[Windows | None]:
    """The windows of the two children of a node, None for a closed one."""
    if windows is None:
        return [None, None]
    row = windows[c]
    early = [(first, min(last, p)) for first, last in row[: i + 1]] + row[i + 1 :]
    later = row[:i] + [(max(first, p + 1), last) for first, last in row[i:]]
    return [
        windows[:c] + [new] + windows[c + 1 :] if new[i][0] <= new[i][1] else None
        for new in (early, later)
    ]


def branch_value(bound: Branch, instance: Instance, tick: Tick) -> int:
    """The value of the kind `branch`."""
    narrower = Narrower(bound, instance, tick)
    place = 0

    def take(count: int) -> int:
        """The next number of the tree, below a count."""
        nonlocal place
        form(place < len(bound.tree), "a tree that ends too early")
        place += 1
        return number(bound.tree[place - 1], 0, count - 1)

    waiting = [narrower.root()]
    while waiting:
        tick()
        windows = waiting.pop()
        head = take(MAX_NUMBER + 1)
        for _ in range(head // 2):
            v = take(len(bound.vectors))
            windows = narrower.apply(v, windows) if windows is not None else None
        if head % 2:
            c = take(len(narrower.classes))
            i, p = take(narrower.counts[c]), take(MAX_NUMBER + 1)
            waiting.extend(reversed(split(windows, c, i, p)))
        else:
            need(windows is None, "a node without children that is not closed")
    form(place == len(bound.tree), "a tree that goes on after its last node")
    return bound.target


# The lower bound `profiles`


class Relaxed(NamedTuple):
    """A lower bound of the kind `profiles`."""

    target: int
    scale: int
    prices: list[int]


def read_profiles(value: Any, instance: Instance) -> Relaxed:
    """A lower bound of the kind `profiles`."""
    item = fields(value, "kind target scale prices")
    prices = numbers(item["prices"])
    form(len(prices) == len(classes_of(instance)), "not one price for each class")
    return Relaxed(number(item["target"], 1), number(item["scale"], 1, 2**31), prices)


class Relaxation(Walks):
    """The table of a `profiles` proof."""

    def __init__(self, bound: Relaxed, instance: Instance, tick: Tick) -> None:
        """Work the table out."""
        self.scale, self.prices = bound.scale, bound.prices
        classes = classes_of(instance)
        own, self.counts = list(classes), list(classes.values())
        pairs = list(zip(own, self.prices))
        ends = [r.arrival + (price - 1) // self.scale - r.output for r, price in pairs]
        worth = [end for end, (r, _) in zip(ends, pairs) if end >= r.arrival]
        last = max(worth, default=-1)
        slack = bound.target - 1 - sum(r.output for r in instance.requests)
        late = max(r.arrival for r in own) + max(0, slack)
        within(max(last, late) <= MAX_STEPS, "steps")
        within((last + 1) * instance.memory * max(self.prices) < MAX_NUMBER, "prices")

        def cost(c: int, t: int) -> int | None:
            r, price = pairs[c]
            return self.scale * (t + r.output - r.arrival) - price if t >= r.arrival else None

        super().__init__(instance.memory, own, cost, last, tick)

    def ways(self, t: int, h: tuple[int, ...], left: tuple[int, ...]) -> Iterator[Any]:
        """Every way to start some of what is left: how many of each class, and the profile."""
        open_ways: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((), h)]
        while open_ways:
            self.tick()
            some, profile = open_ways.pop()
            if len(some) == len(left):
                yield some, profile
                continue
            c = len(some)
            for number_of in range(left[c] + 1):
                open_ways.append(((*some, number_of), profile))
                joined = self.joined(profile, self.classes[c])
                if joined is None or t < self.classes[c].arrival:
                    break
                profile = joined

    def limit(self, t: int, left: tuple[int, ...]) -> int:
        """What all that is left costs from step t on, at least or as its price."""
        rows = zip(left, self.classes, self.prices)
        return sum(n * max(price, self.scale * (t + r.output - r.arrival)) for n, r, price in rows)


def profiles_value(bound: Relaxed, instance: Instance, tick: Tick) -> int:
    """The value of the kind `profiles`."""
    table = Relaxation(bound, instance, tick)
    best, t = bound.target, 0
    states: dict[Any, int] = {(tuple(table.counts), ()): 0}
    while states:
        after: dict[Any, int] = {}
        for (left, h), latency in states.items():
            for some, profile in table.ways(t, h, left):
                rows = zip(some, table.classes)
                cost = latency + sum(n * (t + r.output - r.arrival) for n, r in rows)
                rest = tuple(x - n for x, n in zip(left, some))
                if not any(rest):
                    best = min(best, cost)
                    continue
                child, least = (rest, profile[1:]), table.limit(t + 1, rest)
                total = bound.scale * cost + least + table.worth(t + 1, profile[1:])
                if total <= bound.scale * (bound.target - 1):
                    after[child] = min(cost, after.get(child, cost))
        states, t = after, t + 1
    return best


# All lower bounds


def read_bound(value: Any, version: int, instance: Instance) -> tuple[str, Any]:
    """The kind and content of a lower bound; version 1 is read as what it stands for."""
    form(type(value) is dict and "kind" in value, "a lower bound without a kind")
    if value["kind"] == "parts":
        return "parts", read_parts(value, version, instance)
    return read_bound_of_all(value, version, instance)


def read_parts(value: Any, version: int, instance: Instance) -> list[tuple[str, Any, Instance]]:
    """For each part the kind and content of its bound, and its instance."""
    item = fields(value, "kind until parts")
    until, bounds = numbers(item["until"]), array(item["parts"])
    form(len(until) >= 1, "no step until which a part goes")
    form(all(x < y for x, y in zip(until, until[1:])), "steps that do not ascend")
    form(len(bounds) == len(until) + 1, "not one bound for each part")
    made: list[list[Request]] = [[] for _ in bounds]
    for r in instance.requests:
        made[sum(r.arrival >= step for step in until)].append(r)
    form(all(made), "a part without requests")
    parts = [Instance(instance.memory, requests, "") for requests in made]
    return [(*read_bound_of_all(bound, version, part), part) for bound, part in zip(bounds, parts)]


def read_bound_of_all(value: Any, version: int, instance: Instance) -> tuple[str, Any]:
    """The kind and content of a lower bound of all requests at once."""
    form(type(value) is dict and "kind" in value, "a lower bound without a kind")
    old = ("outputs", "centroid") if version == 1 else ()
    kinds = (*PREEMPTIVE, "staggered", "search", "branch", "profiles")
    kind = one_of(value["kind"], *kinds, *old)
    if kind == "search":
        return kind, read_search(value, instance)
    if kind == "branch":
        return kind, read_branch(value, version)
    if kind == "profiles":
        return kind, read_profiles(value, instance)
    if kind == "tail-centroid":
        return kind, read_cuts(value, instance)
    if kind == "staggered":
        return kind, read_staggered(value, instance)
    if kind == "price":
        item = fields(value, "kind denominator prices")
        return kind, read_prices(item["denominator"], item["prices"])
    fields(value, "kind")
    if kind == "outputs":
        return "price", Prices(1, [])
    return "discrete-centroid" if kind == "centroid" else kind, None


def value_of(kind: str, content: Any, instance: Instance, tick: Tick) -> Fraction:
    """The value of a lower bound."""
    if kind == "parts":
        return Fraction(sum(ceil(value_of(*part, tick)) for part in content))
    if kind == "volume":
        return volume_value(instance, tick)
    if kind == "discrete-centroid":
        return centroid_value(instance.requests, instance.memory, tick)
    if kind == "tail-centroid":
        return tail_value(content, instance, tick)
    if kind == "staggered":
        return staggered_value(content, instance, tick)
    if kind == "price":
        total, _ = price_sum(content, Counter(instance.requests), instance.memory, tick)
        return Fraction(total, content.denominator)
    if kind == "profiles":
        return Fraction(profiles_value(content, instance, tick))
    evaluate = search_value if kind == "search" else branch_value
    return Fraction(evaluate(content, instance, tick))


# Policies


class Policy(NamedTuple):
    """A policy that has been read."""

    name: str
    strict: bool
    theta: Fraction
    reserve: bool


def read_policy(value: Any) -> Policy | None:
    """The policy of a claim, None for any other."""
    if value is None:
        return None
    form(type(value) is dict, "a policy that is no object")
    if value.get("name") == "svf-1bit":
        item = fields(value, "name rule theta admission")
        reserve = one_of(item["admission"], "true", "reserve") == "reserve"
        theta = rational(item["theta"])
    else:
        item = fields(value, "name rule")
        theta, reserve = Fraction(0), False
        one_of(item["name"], "svf", "sjf", "fcfs")
    return Policy(item["name"], one_of(item["rule"], "strict", "skip") == "strict", theta, reserve)


def rank(instance: Instance, policy: Policy) -> tuple[list[Any], list[int]]:
    """Each request's key, and the output at which the admission test takes it."""
    requests = instance.requests
    if policy.name != "svf-1bit":
        keys = {"svf": lambda r: r.volume, "sjf": lambda r: r.output, "fcfs": lambda r: r.arrival}
        return [keys[policy.name](r) for r in requests], [r.output for r in requests]
    mean, longest = {}, {}
    for long in (False, True):
        outputs = [r.output for r in requests if (r.output > policy.theta) == long]
        if outputs:
            mean[long], longest[long] = Fraction(sum(outputs), len(outputs)), max(outputs)
    means = [mean[r.output > policy.theta] for r in requests]
    ranks = [r.prompt * o + o * (o + 1) / 2 for r, o in zip(requests, means)]
    if not policy.reserve:
        return ranks, [r.output for r in requests]
    planned = [longest[r.output > policy.theta] for r in requests]
    fits = all(r.prompt + o <= instance.memory for r, o in zip(requests, planned))
    need(fits, "a request that does not fit at the longest output of its class")
    return ranks, planned


def first_admissible(
    t: int, prompt: int, output: int, running: list[tuple[int, int, int]], memory: int
) -> int:
    """The first admissible step from t on while the running (prompt, start, end) stay the same."""
    ends = sorted({end for _, _, end in running})

    def held(step: int) -> int:
        """The tokens that the running requests hold in a later step."""
        return sum(s + step - p for s, p, end in running if end >= step)

    while True:
        last = t + output
        for u in [end for end in ends if t < end < last] + [last]:
            excess = held(u) + prompt + u - t - memory
            if excess > 0:
                break
        else:
            return t
        if u < last:
            t = min(u, t + excess)
        else:
            t = min(end for end in ends if end >= last) - output + 1


def policy_starts(instance: Instance, policy: Policy, tick: Tick) -> list[int]:
    """The schedule of a policy, from event to event."""
    requests, memory = instance.requests, instance.memory
    ranks, planned = rank(instance, policy)
    order = sorted(range(len(requests)), key=lambda i: requests[i].arrival)
    starts: dict[int, int] = {}
    waiting: list[tuple[Any, int, int]] = []
    running: list[int] = []
    place, t = 0, requests[order[0]].arrival
    while len(starts) < len(requests):
        while place < len(order) and requests[order[place]].arrival <= t:
            i = order[place]
            bisect.insort(waiting, (ranks[i], requests[i].arrival, i))
            place += 1
        running = [i for i in running if starts[i] + requests[i].output > t]
        events = [requests[order[place]].arrival] if place < len(order) else []
        for entry in list(waiting):
            tick()
            i = entry[2]
            held = [(requests[j].prompt, starts[j], starts[j] + planned[j]) for j in running]
            step = first_admissible(t, requests[i].prompt, planned[i], held, memory)
            if step == t:
                starts[i] = t
                running.append(i)
                waiting.remove(entry)
            else:
                events.append(step)
                if policy.strict:
                    break
        events.extend(starts[i] + requests[i].output for i in running)
        t = min(events, default=t)
    return [starts[i] for i in range(len(requests))]


# Claims


def need_latency(instance: Instance, value: int, starts: list[int], tick: Tick) -> None:
    """Reject a schedule that is not feasible or has another total latency."""
    need(latency_of(instance, starts, tick) == value, "the schedule has another total latency")


def check_schedule(claim: dict, proof: dict, version: int, instance: Instance, tick: Tick) -> None:
    """The claims `schedule`, `optimal` and `within-factor`."""
    kind = claim["kind"]
    fields(claim, "kind total_latency" + (" factor" if kind == "within-factor" else ""))
    fields(proof, "schedule" + (" lower_bound" if kind != "schedule" else ""))
    total = number(claim["total_latency"], 0, None)
    factor = rational(claim["factor"]) if kind == "within-factor" else Fraction(0)
    starts = read_schedule(proof["schedule"], instance)
    bound = read_bound(proof["lower_bound"], version, instance) if kind != "schedule" else None
    need_latency(instance, total, starts, tick)
    if bound is not None:
        value = value_of(*bound, instance, tick)
        proved = value > total - 1 if kind == "optimal" else total <= factor * value
        need(proved, "the lower bound is too low")


def check_bound(claim: dict, proof: dict, version: int, instance: Instance, tick: Tick) -> None:
    """The claims `opt-lower-bound` and `preemptive-lower-bound`."""
    fields(claim, "kind bound")
    fields(proof, "lower_bound")
    claimed = rational(claim["bound"])
    kind, content = read_bound(proof["lower_bound"], version, instance)
    if claim["kind"] == "preemptive-lower-bound":
        need(kind in PREEMPTIVE, "not for preemptive runs")
        falls = kind != "price" or content.heights == sorted(content.heights, reverse=True)
        need(falls, "prices that increase")
    need(claimed <= value_of(kind, content, instance, tick), "the lower bound is too low")


def check_ratio(claim: dict, proof: dict, version: int, instance: Instance, tick: Tick) -> None:
    """The claim `ratio-at-least`."""
    fields(claim, "kind policy policy_total feasible_total ratio")
    policy = read_policy(claim["policy"])
    fields(proof, "witness" + (" policy_schedule" if policy is None else ""))
    above = number(claim["policy_total"], 0, None)
    below = number(claim["feasible_total"], 0, None)
    ratio = rational(claim["ratio"])
    witness = read_schedule(proof["witness"], instance)
    if policy is None:
        starts = read_schedule(proof["policy_schedule"], instance)
    else:
        starts = policy_starts(instance, policy, tick)
    need_latency(instance, below, witness, tick)
    need_latency(instance, above, starts, tick)
    need(Fraction(above, below) == ratio, "the ratio is another")


def check_chain(claim: dict, proof: dict, version: int, instance: Instance, tick: Tick) -> None:
    """The claim `svf-blocking-chain`."""
    fields(claim, "kind total_latency bound", "eta_bound")
    fields(proof, "schedule blocks")
    total = number(claim["total_latency"], 0, None)
    factors = [(Fraction(2), number(claim["bound"], 0, None))]
    if "eta_bound" in claim:
        peaks = [(2 * s + o + 1, 2 * (s + o)) for _, s, o in instance.requests]
        eta = min(Fraction(*pair) for pair in peaks)
        factors.append((1 / eta, number(claim["eta_bound"], 0, None)))
    blocks = [numbers(block) for block in array(proof["blocks"])]
    form(all(len(block) == 2 for block in blocks), "a block that is no pair")
    starts = read_schedule(proof["schedule"], instance)
    need(all(r.arrival == 0 for r in instance.requests), "not a backlog")
    free = instance.memory - max(s + o for _, s, o in instance.requests)
    need(free > 0, "eps is not below 1")
    need_latency(instance, total, starts, tick)
    order = sorted(range(len(starts)), key=lambda i: (instance.requests[i].volume, i))
    runs = [(starts[i], instance.requests[i]) for i in order]
    need(all(x[0] <= y[0] for x, y in zip(runs, runs[1:])), "starts that decrease in SVF order")
    begins, ends = [t for t, _ in blocks], [0] + [u for _, u in blocks]
    need(begins == ends[:-1] and ends[-1] >= runs[-1][0], "blocks that are no chain")
    firsts = [p for p, _ in runs]
    for t, u in blocks:
        place = bisect.bisect_right(firsts, t)
        need(place < len(runs), "a block after whose begin nothing starts")
        head, span = runs[place][1], u - t
        need(0 < span <= head.output, "a block that is empty or too long")
        held = []
        for p, r in runs[:place]:
            tick()
            if p + r.output >= u:
                held.append(r.prompt + u - p)
        need(sum(held) > instance.memory - head.prompt - span, "a head that is not blocked")
        steps = span * sum(held) - len(held) * span * (span - 1) // 2
        for factor, _ in factors:
            need(factor * steps > free * span, "a block that holds too little")
    before = [0, *itertools.accumulate(r.volume for _, r in runs)][:-1]
    outputs = sum(r.output for _, r in runs)
    for factor, bound in factors:
        for (p, _), volumes in zip(runs, before):
            need(p * free <= factor * volumes, "a start that is too late")
        need(bound == factor * sum(before) // free + outputs, "the bound is another")
        need(total <= bound, "a total latency above the bound")


CLAIMS = {
    "schedule": check_schedule,
    "optimal": check_schedule,
    "within-factor": check_schedule,
    "opt-lower-bound": check_bound,
    "preemptive-lower-bound": check_bound,
    "ratio-at-least": check_ratio,
    "svf-blocking-chain": check_chain,
}


def second_verdict(
    data: bytes,
    *,
    instance: bytes | None = None,
    beside: Path | None = None,
    seconds: int = 300,
) -> tuple[str, str]:
    """The verdict on a certificate, and the reason or the kind of claim."""
    deadline = time.monotonic() + seconds

    def tick() -> None:
        """Stop at the deadline."""
        within(time.monotonic() < deadline, "seconds")

    try:
        top = fields(read_json(data), "format version instance claim proof")
        form(top["format"] == "kvproof-certificate", "not a certificate")
        version = number(top["version"], 1, 2)
        found = find_instance(top["instance"], instance, beside)
        tick()
        claim, proof = top["claim"], top["proof"]
        form(type(claim) is dict and type(proof) is dict, "a claim or proof that is no object")
        kind = one_of(claim.get("kind"), *CLAIMS)
        CLAIMS[kind](claim, proof, version, found, tick)
        tick()
    except Malformed as error:
        return "malformed", str(error)
    except Rejected as error:
        return "rejected", str(error)
    except OverLimit as error:
        return "over a limit", str(error)
    except MemoryError:
        return "over a limit", "memory"
    return "verified", kind
