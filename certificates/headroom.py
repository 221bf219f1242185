"""How much of a policy's latency a better schedule can still cut: at least, and at most."""

from dataclasses import dataclass
from fractions import Fraction

from kvproof.certificates.build import (
    Certificate,
    ratio_certificate,
    within_factor_certificate,
)
from kvproof.certificates.lower_bounds import LowerBound
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import decimal
from kvproof.scheduling.policies import Policy
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.shown import Shown


@dataclass(frozen=True, kw_only=True)
class Cut:
    """By which share the latency of a schedule can be cut: at least, and at most.

    Parameters
    ----------
    total, best
        Total latencies of the schedule and of the best one known, ``best <= total``.
    bound
        A lower bound on OPT.
    """

    total: int
    best: int
    bound: Fraction

    @property
    def at_least(self) -> Fraction:
        """``1 - best/total``: the best schedule does."""
        return 1 - Fraction(self.best, self.total)

    @property
    def at_most(self) -> Fraction:
        """``1 - bound/total``: no schedule costs less than the bound."""
        return 1 - self.bound / self.total

    @property
    def nothing(self) -> bool:
        """Whether the bound leaves nothing to cut, as totals are integers."""
        return self.bound > self.total - 1

    def percentages(self) -> tuple[str, str]:
        """Return both with one decimal, rounded to the side that stays true."""
        return (
            decimal(self.at_least * 100, 1, up=False),
            decimal(self.at_most * 100, 1, up=True),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Headroom(Shown):
    """A policy's schedule between the best one that is known and a lower bound on OPT.

    With U the policy's total latency, B that of the best schedule and L the bound, the mean
    latency can be cut by at least ``1 - B/U``, for that schedule does, and by at most ``1 - L/U``,
    for no schedule costs less than L.

    Parameters
    ----------
    policy, skip
        Whose schedule, and by which rule.
    schedule
        The policy's own; feasible.
    best
        The best schedule that is known of the same requests; feasible, at most as costly.
    found_by
        What found it, in a few words.
    lower_bound
        On OPT, for the same requests.
    interrupted
        Whether Ctrl-C ended the search for both; what was found by then is kept.

    Raises
    ------
    InputError
        The schedules are of different requests, or the best one costs more.
    """

    policy: Policy
    skip: bool
    schedule: Schedule
    best: Schedule
    found_by: str
    lower_bound: LowerBound
    interrupted: bool = False

    def __post_init__(self) -> None:
        if self.best.instance.digest != self.schedule.instance.digest:
            raise InputError("headroom: the two schedules are of different requests")
        if self.best.total_latency > self.schedule.total_latency:
            raise InputError("headroom: the best schedule costs more than the policy's own")

    @property
    def cut(self) -> Cut:
        """By which share the mean latency can be cut."""
        return Cut(
            total=self.schedule.total_latency,
            best=self.best.total_latency,
            bound=self.lower_bound.value,
        )

    def sentence(self) -> str:
        """Say it in a sentence; percentages are rounded to the side that stays true."""
        name, cut = self.policy.name, self.cut
        if cut.nothing:
            return f"{name}: no schedule has a lower mean latency (proved)."
        least, most = cut.percentages()
        proved = f"by at most {most} percent (proved)"
        if not cut.at_least:
            return f"{name}: no better schedule was found; mean latency can be cut {proved}."
        shown = f"by at least {least} percent (a schedule is shown)"
        return f"{name}: mean latency can be cut {shown} and {proved}."

    def facts(self) -> dict[str, str]:
        """Return the policy, both halves and what they rest on."""
        least, most = self.cut.percentages()
        return {
            "policy": f"{self.policy.name} ({'skip' if self.skip else 'strict'})",
            "total latency": f"{self.schedule.total_latency:,}",
            "can be cut by at least": f"{least} percent",
            "shown by": self.found_by,
            "by at most": f"{most} percent",
            "proved by": f"{self.lower_bound.kind}",
        }

    def certificates(self) -> dict[str, Certificate]:
        """Return what proves each half: ``{"at-least": ..., "at-most": ...}``.

        The first, absent where nothing better is known, is ``ratio-at-least``: the policy costs U
        and a schedule that it holds B. The second is ``within-factor``: U is at most U / L times
        OPT.
        """
        found = {"at-most": within_factor_certificate(self.schedule, self.lower_bound)}
        if self.cut.at_least:
            better = ratio_certificate(self.policy, self.schedule, self.best, skip=self.skip)
            found = {"at-least": better, **found}
        return found
