"""Do the mutants have teeth? With a fault put into the checker, they find a false claim."""

import json
import random
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import Any

import checker_mutants
import checker_samples
import checker_truth as truth
import pytest
from checker_search import following, search_bound

from kvproof.certificates.checker import Verdict, check, run
from kvproof.certificates.checker.core import (
    branch,
    claims,
    followed,
    model,
    profiles,
    staggered,
    starts,
    walks,
)
from kvproof.certificates.checker.core import search as plain
from kvproof.certificates.checker.core.budget import Budget
from kvproof.certificates.checker.core.model import Instance
from kvproof.certificates.checker.core.prices import Prices, price_bound
from kvproof.certificates.checker.fast import lanes
from kvproof.certificates.checker.fast import search as packed
from kvproof.certificates.checker.policies import chain, ratio
from kvproof.certificates.checker.policies.rules import Policy, simulate

Patch = Callable[[pytest.MonkeyPatch], None]


def roomier(patch: pytest.MonkeyPatch) -> None:
    right = claims.total_latency

    def wrong(starts: list[int], where: str, instance: Instance, budget: Budget) -> int:
        larger = Instance(**{**_columns(instance), "memory": instance.memory + 1})
        return right(starts, where, larger, budget)

    patch.setattr(claims, "total_latency", wrong)


def generous_centroid(patch: pytest.MonkeyPatch) -> None:
    right = claims.discrete_centroid_bound
    patch.setattr(claims, "discrete_centroid_bound", lambda i, b: right(i, b) + Fraction(1, 2))


def early_tails(patch: pytest.MonkeyPatch) -> None:
    """Take what is cut away as if it were nothing to the rest."""
    right = claims.tail_centroid_bound

    def wrong(cuts: list[int], where: str, instance: Instance, budget: Budget) -> Fraction:
        return right(cuts, where, instance, budget) + Fraction(sum(cuts), 2)

    patch.setattr(claims, "tail_centroid_bound", wrong)


def wider_group(patch: pytest.MonkeyPatch) -> None:
    """Take all requests to be as large as those of the group."""
    right = claims.staggered_bound

    def wrong(peak: int, output: int, together: int, i: Instance, budget: Budget) -> Fraction:
        rows = {"prompt": [max(s, peak - o) for s, o in zip(i.prompt, i.output, strict=True)]}
        rows["output"] = [max(o, output) for o in i.output]
        return right(peak, output, together, Instance(**{**_columns(i), **rows}), budget)

    patch.setattr(claims, "staggered_bound", wrong)


def dear_gaps(patch: pytest.MonkeyPatch) -> None:
    right = staggered._gaps_taken
    patch.setattr(staggered, "_gaps_taken", lambda n, m, b: right(n, m, b) * 2)


def free_memory_price(patch: pytest.MonkeyPatch) -> None:
    def wrong(prices: Prices, instance: Instance, budget: Budget) -> Fraction:
        return price_bound(prices, instance, budget) + Fraction(prices.sums[-1], prices.denominator)

    patch.setattr(claims, "price_bound", wrong)


def always_strict(patch: pytest.MonkeyPatch) -> None:
    def wrong(policy: Policy, instance: Instance, budget: Budget) -> list[int]:
        return simulate(Policy(policy.name, False, policy.theta, policy.reserve), instance, budget)

    patch.setattr(ratio, "simulate", wrong)


def any_digest(patch: pytest.MonkeyPatch) -> None:
    right = run._instance

    def wrong(value: Any, source: Any, own: Any, budget: Budget) -> Instance:
        if isinstance(value, dict) and "inline" in value:
            instance = model.read_instance(value["inline"], "i", budget)
            value = {**value, "digest": instance.digest}
        return right(value, source, own, budget)

    patch.setattr(run, "_instance", wrong)


def unread_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain, "_follow", lambda *_: None)


def eager_pruning(patch: pytest.MonkeyPatch) -> None:
    right = lanes.Lanes.__init__

    def wrong(
        self: lanes.Lanes, field: Any, vectors: Any, step: int, cutoff: int, budget: Budget
    ) -> None:
        right(self, field, vectors, step, cutoff - 2 * field.scale, budget)

    patch.setattr(lanes.Lanes, "__init__", wrong)


def hopeless_starts(patch: pytest.MonkeyPatch) -> None:
    """Look ahead as if nothing more could start."""
    patch.setattr(packed, "WORTH", 10**9)
    patch.setattr(lanes.Lanes, "least", lambda _, one, other: one)


def blind_dominance(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(packed.Search, "_undominated", lambda _, key, states, dominance: states[:1])
    patch.setattr(plain.PlainSearch, "_undominated", lambda _, t, states: states[:1])


def narrow_windows(patch: pytest.MonkeyPatch) -> None:
    right = starts.by_vector

    def wrong(proof: starts.SearchProof, *given: Any) -> Any:
        return right(replace(proof, target=proof.target - 2), *given)

    patch.setattr(packed, "by_vector", wrong)
    patch.setattr(plain, "by_vector", wrong)


def short_windows(patch: pytest.MonkeyPatch) -> None:
    """Shorten windows one start too far."""
    right = branch.Branching.shortened

    def wrong(self: branch.Branching, v: int, windows: branch.Windows) -> branch.Windows | None:
        left = right(self, v, windows)
        if left is None:
            return None
        shorter = [
            [(first, last - (last < end)) for (first, last), (_, end) in zip(*both, strict=True)]
            for both in zip(left, windows, strict=True)
        ]
        closed = any(first > last for own in shorter for first, last in own)
        return None if closed else shorter

    patch.setattr(branch.Branching, "shortened", wrong)


def lost_start(patch: pytest.MonkeyPatch) -> None:
    """Let neither child of a split have the start p + 1."""
    right = branch.Branching.split

    def wrong(self: branch.Branching, windows: branch.Windows, c: int, i: int, p: int) -> Any:
        return [right(self, windows, c, i, p + 1)[0], right(self, windows, c, i, p)[1]]

    patch.setattr(branch.Branching, "split", wrong)


def one_sided_split(patch: pytest.MonkeyPatch) -> None:
    """Take the child that starts later as closed."""
    right = branch.Branching.split
    patch.setattr(branch.Branching, "split", lambda *split: [None, right(*split)[1]])


def unshared_split(patch: pytest.MonkeyPatch) -> None:
    """Give the later child's begin to the requests before, too."""
    right = branch.Branching.split

    def wrong(self: branch.Branching, windows: branch.Windows, c: int, i: int, p: int) -> Any:
        later, sooner = right(self, windows, c, i, p)
        if later is not None:
            later[c] = [(max(first, p + 1), last) for first, last in later[c]]
            if any(first > last for first, last in later[c]):
                later = None
        return [later, sooner]

    patch.setattr(branch.Branching, "split", wrong)


def worthless_table(patch: pytest.MonkeyPatch) -> None:
    """Take V as 0."""
    right = walks.Table.row

    def wrong(self: walks.Table, t: int) -> Any:
        return array("q", [0] * len(right(self, t)))

    patch.setattr(walks.Table, "row", wrong)


def skipped_rows(patch: pytest.MonkeyPatch) -> None:
    """Take V of the next step but one."""
    right = walks.Table.row

    def wrong(self: walks.Table, t: int) -> Any:
        return right(self, min(t + 2, max(self.kept)))

    patch.setattr(walks.Table, "row", wrong)


def dear_rest(patch: pytest.MonkeyPatch) -> None:
    """Let what is left cost a step more than it does."""
    right = followed.Followed.begin

    def wrong(self: followed.Followed, t: int) -> None:
        right(self, t)
        self.rest = [x + self.unit for x in self.rest]

    patch.setattr(followed.Followed, "begin", wrong)


def emptied(patch: pytest.MonkeyPatch) -> None:
    """Forget that what is priced is held in place of other tokens."""
    right = followed.Followed.begin

    def wrong(self: followed.Followed, t: int) -> None:
        right(self, t)
        self.empty = 0

    patch.setattr(followed.Followed, "begin", wrong)


def dear_end(patch: pytest.MonkeyPatch) -> None:
    """Let nobody start, where it costs less, once its class is not followed any more."""
    right = followed.Followed.begin

    def wrong(self: followed.Followed, t: int) -> None:
        right(self, t)
        self.rest = [max(x, self.worth.get(c, x)) for c, x in enumerate(self.rest)]

    patch.setattr(followed.Followed, "begin", wrong)


def high_floor(patch: pytest.MonkeyPatch) -> None:
    """Leave out children that could lead to a total one or two below the target."""
    right = profiles.ProfileSearch.__init__

    def wrong(self: profiles.ProfileSearch, target: int, scale: int, *given: Any) -> None:
        right(self, target, scale, *given)
        self.cutoff -= 2 * scale

    patch.setattr(profiles.ProfileSearch, "__init__", wrong)


def few_ways(patch: pytest.MonkeyPatch) -> None:
    """Start at most one request of a class in a step."""
    right = walks.profiles_of

    def wrong(*given: Any) -> tuple[walks.Profiles, walks.Found]:
        made, found = right(*given)
        ways = list(made.ways)
        once = [[w for w in some if max(ways[w]) < 2] for some in made.larger]
        return made._replace(larger=once), found

    patch.setattr(profiles, "profiles_of", wrong)


def twice_in_parts(patch: pytest.MonkeyPatch) -> None:
    """Count what arrives early in the second part, too."""
    right = claims.parts_of

    def wrong(until: list[int], instance: Instance, budget: Budget) -> list[Instance]:
        first, second, *others = right(until, instance, budget)
        names = ("arrival", "prompt", "output")
        both = {name: getattr(first, name)[:1] + getattr(second, name) for name in names}
        return [first, Instance(**{**_columns(second), **both}), *others]

    patch.setattr(claims, "parts_of", wrong)


def half_more(patch: pytest.MonkeyPatch) -> None:
    """Round the bound of a part up to the integer after the next."""
    patch.setattr(claims, "ceil", lambda bound: ceil(bound + Fraction(1, 2)))


def _columns(instance: Instance) -> dict[str, Any]:
    names = ("memory", "arrival", "prompt", "output", "digest")
    return {name: getattr(instance, name) for name in names}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (roomier, None),
        (generous_centroid, "discrete-centroid"),
        (early_tails, "tail-centroid"),
        (wider_group, "staggered"),
        (dear_gaps, "staggered"),
        (free_memory_price, "price"),
        (always_strict, "ratio-at-least"),
        (any_digest, None),
        (unread_blocks, "svf-blocking-chain"),
        (eager_pruning, "search"),
        (hopeless_starts, "search"),
        (blind_dominance, "search"),
        (narrow_windows, "search"),
        (short_windows, "branch"),
        (lost_start, "branch"),
        (one_sided_split, "branch"),
        (unshared_split, "branch"),
        (worthless_table, "profiles"),
        (high_floor, "profiles"),
        (few_ways, "profiles"),
        (twice_in_parts, "parts"),
        (half_more, "parts"),
    ],
)
def test_mutants_find_a_fault(
    fault: Patch, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants of all certificates, or of those with one kind of claim or lower bound."""
    fault(monkeypatch)
    rng = random.Random(0)
    for _ in range(300):
        for base in checker_samples.samples(checker_samples.random_tiny(rng), rng):
            kinds = {base["claim"]["kind"], base["proof"].get("lower_bound", {}).get("kind")}
            if kind and kind not in kinds:
                continue
            for _ in range(10):
                data = checker_mutants.mutant(base, rng)
                accepted = check(data).verdict is Verdict.VERIFIED
                if accepted and not checker_mutants.proved_again(data):
                    return
    raise AssertionError("no mutant found it")


@pytest.mark.parametrize(
    "fault",
    [None, worthless_table, skipped_rows, dear_rest, emptied, dear_end],
)
def test_claims_of_a_target_find_a_fault_of_what_is_followed(
    fault: Patch | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No target above OPT is proved, but with a fault some are."""
    if fault is not None:
        fault(monkeypatch)
    rng, false = random.Random(0), 0
    for _ in range(100 if fault is None else 400):
        if false > 3:
            break
        tiny = checker_samples.random_tiny(rng)
        opt, (denominator, runs) = truth.opt(tiny), checker_samples.closed_form_prices(tiny)
        given = following(tiny, runs, denominator, rng)
        proof, _ = search_bound(tiny, runs, denominator, opt, rng, given)
        if proof["target"] > opt:
            claim = {"kind": "opt-lower-bound", "bound": f"{proof['target']}/1"}
            data = checker_samples.certificate(tiny, claim, {"lower_bound": proof})
            false += check(json.dumps(data).encode()).verdict is Verdict.VERIFIED
    assert (false > 3) if fault else (false == 0)
