"""Where a theorem speaks: traffic, information, rule, policy and range of eps."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import Shape, svf_shape


class Traffic(StrEnum):
    """How requests arrive."""

    BACKLOG = "backlog"
    LIGHT = "Poisson, light"
    HEAVY = "Poisson, heavy"
    ARRIVALS = "any arrivals"


class Information(StrEnum):
    """What a policy knows of an output length before the request ends."""

    EXACT = "exact length"
    ONE_BIT = "one bit"
    DISTRIBUTION = "distribution only"
    NOTHING = "nothing"


class Rule(StrEnum):
    """What happens behind a head that does not fit; OWN is a rule that is neither."""

    STRICT = "strict"
    SKIP = "skip"
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The cases that a theorem covers.

    Parameters
    ----------
    traffic
        BACKLOG, or ARRIVALS for instances with any arrivals (backlogs among them).
    policy
        Name of the policy, ``"opt"`` for statements about OPT alone, ``"any"`` for statements
        about every deterministic policy with this information, ``"best"`` for the best of them,
        ``"each"`` for each policy of this toolkit.
    information
        What that policy knows.
    rule
        Its rule, or None where the theorem speaks of both.
    below
        eps must be below this; None: at most 1.
    shape
        How prompts and outputs must go along SVF order.
    load_below
        The load must be below this, where the theorem needs it.
    """

    traffic: Traffic
    policy: str
    information: Information = Information.EXACT
    rule: Rule | None = None
    below: Fraction | None = None
    shape: Shape = Shape.ANY
    load_below: Fraction | None = None

    def covers(self, instance: Instance) -> bool:
        """Whether the instance's traffic, eps and order are in the domain.

        Never where that is about Poisson traffic: such theorems speak of distributions.
        """
        if self.traffic in (Traffic.LIGHT, Traffic.HEAVY):
            return False
        if self.traffic is Traffic.BACKLOG and not instance.is_backlog:
            return False
        if self.below is not None and instance.eps >= self.below:
            return False
        shapes = list(Shape)
        if self.shape is Shape.ANY:
            return True
        return shapes.index(svf_shape(instance.expanded())) >= shapes.index(self.shape)

    def covers_policy(self, policy: str, rule: str) -> bool:
        """Whether the theorem speaks of this policy under this rule."""
        return self.policy in (policy, "each") and self.rule in (None, rule)

    def __str__(self) -> str:
        if self.policy == "opt":
            who = "OPT"
        else:
            who = {
                "any": f"every deterministic policy that knows: {self.information}",
                "best": f"the best policy that knows: {self.information}",
                "each": "each policy here",
            }.get(self.policy, self.policy)
        rule = "" if self.rule is None else f", {self.rule}"
        eps = "" if self.below is None else f", eps < {self.below}"
        load = "" if self.load_below is None else f", load < {self.load_below}"
        shape = "" if self.shape is Shape.ANY else f", {self.shape}"
        return f"{self.traffic}; {who}{rule}{eps}{shape}{load}"
