"""The settings of a search as a run stores them, and the search that they make."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

from kvproof.adversary.campaign.campaign import Campaign
from kvproof.adversary.engines import ENGINES
from kvproof.adversary.genomes.space import Space
from kvproof.adversary.valuation.objective import Objective
from kvproof.adversary.witnesses.claims import make_claims
from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.theorem import Theorem
from kvproof.scheduling.arguments import as_fraction, as_integer
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.one_bit import OneBitSVF
from kvproof.scheduling.registry import find_policy

#: Up to so many requests each is a class of its own, unless classes are asked for.
FEW = 16

# Larger numbers are refused before they are looked at closer; seeds may be any.
_MOST = 2**62


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ``kvproof search`` is asked for; rationals as text, so that JSON holds them exactly.

    Parameters
    ----------
    policy, skip, theta, admission
        The policy and its rule.
    memory, requests, classes, max_eps, min_eps, span
        The space; `classes` 0 makes every request its own class, None decides by size.
    engine, evaluations, seed, families, baselines
        The search.
    bound
        Name of a theorem, an expression, or None.

    Raises
    ------
    InputError
        One is not of its kind, or a number is out of range whatever the others are.
    """

    policy: str = "svf"
    skip: bool = False
    theta: str | None = None
    admission: Literal["true", "reserve"] = "true"
    memory: int = 32_000
    requests: int = 2_000
    classes: int | None = None
    max_eps: str = "1"
    min_eps: str = "0"
    span: int = 0
    engine: str = "anneal"
    evaluations: int = 50_000
    seed: int = 0
    families: bool = False
    baselines: bool = True
    bound: str | None = None

    def __post_init__(self) -> None:
        for name, low in (("memory", 1), ("requests", 1), ("classes", 0), ("span", 0),
                          ("evaluations", 1), ("seed", 0)):  # fmt: skip
            value = getattr(self, name)
            if value is not None or name != "classes":
                high = None if name == "seed" else _MOST
                object.__setattr__(self, name, as_integer(f"search: {name}", value, low, high))
        for name in ("max_eps", "min_eps", "theta"):
            value = getattr(self, name)
            if value is not None or name != "theta":
                object.__setattr__(self, name, str(as_fraction(f"search: {name}", value)))
        for kind, what, names in (
            (str, "a text", ("policy", "admission", "engine", "bound")),
            (bool, "True or False", ("skip", "families", "baselines")),
        ):
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, kind) and (value is not None or name != "bound"):
                    raise InputError(f"search: {name} must be {what}, got {value!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as an archive stores them."""
        return asdict(self)

    @property
    def space(self) -> Space:
        """The space that is searched."""
        single = self.classes == 0 or (self.classes is None and self.requests <= FEW)
        return Space(
            memory=self.memory,
            requests=self.requests,
            classes=self.classes or 6,
            cap=Fraction(self.max_eps),
            floor=Fraction(self.min_eps),
            single=single,
            span=self.span,
        )

    def campaign(self, theorems: tuple[Theorem, ...] = THEOREMS) -> Campaign:
        """Return the search.

        Raises
        ------
        InputError
            A setting is wrong.
        """
        if self.engine not in ENGINES:
            raise InputError(f"engine {self.engine!r} is unknown; known: {', '.join(ENGINES)}")
        theta = None if self.theta is None else Fraction(self.theta)
        policy = find_policy(self.policy, theta=theta, admission=self.admission)
        plain = theta is None and self.admission == "true"
        if not plain and not isinstance(policy, OneBitSVF):
            raise InputError("search: theta and admission are svf-1bit's; leave them out")
        objective = Objective(space=self.space, policy=policy, skip=self.skip)
        return Campaign(
            objective=objective,
            claims=make_claims(objective, self.bound, theorems),
            engine=self.engine,
            evaluations=self.evaluations,
            seed=self.seed,
            from_families=self.families,
            baselines=self.baselines,
        )


def stored(data: object) -> Settings:
    """Return settings that an archive holds.

    Raises
    ------
    InputError
        There are none, or they are not of this version.
    """
    if data is None:
        raise InputError("ended before its settings were kept: begin it again in another folder")
    try:
        return Settings(**data)  # type: ignore[arg-type]
    except TypeError as error:
        raise InputError("its settings are those of another version of kvproof") from error
