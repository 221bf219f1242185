"""Whether a run reproduces in shape what the paper's figures claim, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kvproof.bounds.experiments.poisson import NAMES, Result

#: One bit counts as close where it recovers this share of what SVF gains over FCFS.
CLOSE = 0.5
#: A gain may fall by this much from one load to the next and still count as growing.
NOISE = 0.001


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A claim of the figures and how far it holds here.

    Parameters
    ----------
    claim, detail
        In words, and the figures.
    holds
        At every load that was run; None: at none of them could it be tested.
    up_to
        The largest load up to which it holds throughout; None: not even at the least.
    """

    claim: str
    holds: bool | None
    up_to: float | None
    detail: str

    @property
    def verdict(self) -> str:
        """Reproduced, up to where, or not; or not tested."""
        if self.holds is None:
            return "could not be tested"
        if self.holds:
            return "reproduced"
        if self.up_to is not None:
            return f"reproduced up to load {self.up_to:g}, NOT beyond"
        return "NOT reproduced"


def findings(result: Result) -> tuple[Finding, ...]:
    """Judge the claims: SVF best on average, one bit close, and of several loads gains growing."""
    svf, bit, fcfs = (result.of(name) for name in ("svf", "svf-1bit", "fcfs"))
    loads = [cell.load for cell in svf]
    better = {
        load: [
            f"{cell.policy} by {-cell.excess.mean / base.mean.mean:.1%} at load {load:g}"
            for name in NAMES[1:]
            for cell in result.of(name)
            if cell.load == load and cell.excess.high < 0
        ]
        for load, base in zip(loads, svf, strict=True)
    }
    # only where some policy is significantly better or worse
    differ = [
        load
        for load in loads
        if better[load]
        or any(
            cell.load == load and cell.excess.low > 0
            for name in NAMES[1:]
            for cell in result.of(name)
        )
    ]
    beaten = [one for several in better.values() for one in several]
    # only where there is something to gain: FCFS significantly worse than SVF
    shares = {
        one.load: 1 - one.excess.mean / other.excess.mean
        for one, other in zip(bit, fcfs, strict=True)
        if other.excess.low > 0
    }
    gains = [f.mean.mean / s.mean.mean for f, s in zip(fcfs, svf, strict=True)]
    grows = [True, *(b >= a * (1 - NOISE) for a, b in pairwise(gains))]
    found = (
        _finding(
            "SVF has the least mean latency",
            differ,
            [not better[load] for load in differ],
            "better than SVF: " + "; ".join(beaten)
            if beaten
            else f"no policy is significantly better{'' if differ else ', nor worse'} "
            "(paired 95 percent intervals)",
        ),
        _finding(
            "one bit is close: it recovers at least half of what SVF gains over FCFS",
            list(shares),
            [share >= CLOSE for share in shares.values()],
            ", ".join(f"{share:.0%} at load {load:g}" for load, share in shares.items())
            or "SVF gains nothing significant over FCFS at these loads",
        ),
    )
    if len(loads) == 1:
        return found
    return (
        *found,
        _finding(
            "the gain of SVF over FCFS grows with load",
            loads,
            grows if gains[-1] > gains[0] or not all(grows) else [False] * len(loads),
            "mean latency of FCFS over SVF: "
            + ", ".join(f"{gain:.3g} at {load:g}" for gain, load in zip(gains, loads, strict=True)),
        ),
    )


def _finding(claim: str, loads: Sequence[float], holds: Sequence[bool], detail: str) -> Finding:
    good = holds.index(False) if False in holds else len(holds)
    return Finding(
        claim=claim,
        holds=good == len(holds) if holds else None,
        up_to=loads[good - 1] if good else None,
        detail=detail,
    )
