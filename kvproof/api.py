"""What the command line does, as functions; policies by object or by name.

Each raises InputError where an argument is unknown or out of range, and RejectedError where a
schedule turns out infeasible, as a policy of one's own may make it.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kvproof.adversary.campaign.campaign import CampaignResult, Observer
from kvproof.bounds.predicted import PredictedVerdict
from kvproof.bounds.predicted import verify_predicted as _verify_predicted
from kvproof.bounds.verify import Verdict
from kvproof.bounds.verify import verify as _verify
from kvproof.certificates.build import Certificate
from kvproof.certificates.certify import Claim
from kvproof.certificates.certify import certify as _certify
from kvproof.certificates.checker import Result as CheckResult
from kvproof.certificates.checker import check as _check
from kvproof.certificates.headroom import Headroom
from kvproof.certificates.lower_bounds import LowerBound, find_bound
from kvproof.certificates.proofs import BoundKind
from kvproof.files import Outputs
from kvproof.scheduling.arguments import as_fraction, as_integer, of_type
from kvproof.scheduling.compact import compact as shift_left
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.instance import Instance, as_instance
from kvproof.scheduling.noise import parse_noise
from kvproof.scheduling.policies import BatchPolicy, KeyPolicy, Policy
from kvproof.scheduling.registry import BUILTIN, find_policy
from kvproof.scheduling.request_columns import refuse_masked
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate as _simulate
from kvproof.serving.hardware.cache import parse_deployment
from kvproof.solver.headroom import find_headroom


def simulate(
    instance: Instance,
    policy: Policy | str = "svf",
    *,
    skip: bool = False,
    compact: bool = False,
) -> Schedule:
    """Return the schedule of a policy, by the strict rule or with skipping.

    `compact` then moves each start, in order, to the first step at which it fits.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> kv.simulate(two, "svf")
    <Schedule: total latency 11, mean latency 5.5, makespan 8, requests 2>
    >>> kv.simulate(two, "svf").starts
    array([3, 0])
    """
    schedule = _simulate(as_instance(instance), _policy(policy), skip=skip)
    return shift_left(schedule) if compact else schedule


def verify(
    instance: Instance,
    policy: Policy | str = "svf",
    *,
    skip: bool = False,
    compact: bool = False,
    bound: LowerBound | BoundKind | str | None = None,
) -> Verdict:
    """Schedule an instance by a policy and say what is proved about the schedule.

    `bound` is a lower bound on OPT for this instance, or the kind of one; None or ``"best"``: the
    best that needs no search.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> verdict = kv.verify(two, "fcfs")
    >>> verdict.schedule.total_latency, verdict.factor
    (13, Fraction(13, 8))
    """
    instance = as_instance(instance)
    if bound is not None and not isinstance(bound, LowerBound):  # None: together with the schedule
        bound = lower_bound(instance, bound)
    whose = instance if bound is None or bound.instance is None else bound.instance
    if whose is not instance and whose.digest != instance.digest:
        raise InputError(
            f"bound: the LowerBound is of instance {whose.digest[:12]}, and this is "
            f"{instance.digest[:12]}; give lower_bound(...) of this one"
        )
    return _verify(instance, _policy(policy), skip=skip, compact=compact, lower_bound=bound)


def verify_predicted(
    instance: Instance,
    policy: Policy | str,
    predicted: Column | Sequence[int] | str,
    *,
    seed: int = 0,
    margin: Fraction | int | str = 1,
    avoid: bool = False,
    bound: BoundKind | str | None = None,
) -> PredictedVerdict:
    """Run a policy that knows predicted output lengths only, and say what is proved all the same.

    `predicted` is a length for each request, or noise on the true ones, as ``"lognormal:0.5"``,
    with its `seed`. See :func:`kvproof.bounds.predicted.verify_predicted`.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[2, 2], output=[4, 4])
    >>> kv.verify_predicted(two, "fcfs", [1, 1]).run.preemptions
    array([0, 1])
    """
    instance = as_instance(instance)
    times = as_fraction("margin", margin)
    if times <= 0:
        raise InputError(f"margin must be above 0, got {margin}")
    if isinstance(predicted, str):
        rng = np.random.default_rng(as_integer("seed", seed, 0))
        lengths = parse_noise(predicted).predict(instance, rng)
    else:
        refuse_masked("predictions: the column", predicted)
        try:
            lengths = np.asarray(predicted)
        except ValueError:
            raise InputError("predictions: expected a flat list of integers") from None
    (verdict,) = _verify_predicted(
        instance,
        [_policy(policy)],
        lengths,
        margin=times,
        avoid=avoid,
        bound=_kind(bound),
    )
    return verdict


def cache_tokens(deployment: str) -> int:
    """Return the tokens that a model's KV cache holds on its GPUs.

    >>> import kvproof as kv
    >>> kv.cache_tokens("llama-3.1-8b@80GiB")
    467291
    """
    return parse_deployment(of_type(str, deployment, "a text, as 'llama-3.1-8b@80GiB'")).tokens


def lower_bound(instance: Instance, kind: BoundKind | str | None = None) -> LowerBound:
    """Return a lower bound on OPT, of a kind of ``BoundKind``: outputs, volume, price, ...

    None or ``"best"`` is the best of those that need no search; ``"price"`` searches for prices.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> kv.lower_bound(two, "outputs")
    <LowerBound: OPT at least 8, kind outputs>
    """
    return replace(find_bound(as_instance(instance), _kind(kind)), instance=instance)


def headroom(
    instance: Instance,
    policy: Policy | str = "fcfs",
    *,
    skip: bool = False,
    time_limit: float | None = 30,
    trials: int | None = None,
    evaluations: int | None = None,
) -> Headroom:
    """Return by how much a better schedule can cut a policy's mean latency, at least and at most.

    See :func:`kvproof.solver.headroom.find_headroom` for the limits.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> kv.headroom(two, "fcfs").sentence()[:45]
    'fcfs: mean latency can be cut by at least 15.'
    """
    return find_headroom(
        as_instance(instance),
        _policy(policy),
        skip=skip,
        time_limit=time_limit,
        trials=trials,
        evaluations=evaluations,
    )


def certify(
    instance: Instance,
    claim: Claim | str = Claim.WITHIN_FACTOR,
    *,
    policy: Policy | str = "svf",
    skip: bool = False,
    compact: bool = False,
    bound: BoundKind | str | None = None,
    witnesses: Sequence[Policy | str] = BUILTIN,
) -> Certificate:
    """Return a certificate: a claim about a policy's schedule or about OPT, with its proof.

    See :func:`kvproof.certificates.certify.certify` for the parameters.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> kv.check(kv.certify(two, "schedule", policy="sjf")).verdict.value
    'verified'
    """
    if isinstance(witnesses, str) or not isinstance(witnesses, Iterable):
        raise InputError(f"expected a list of policies as witnesses, got {witnesses!r}")
    return _certify(
        as_instance(instance),
        _member(Claim, "claim", claim),
        policy=_policy(policy),
        skip=skip,
        compact=compact,
        bound=_kind(bound),
        witnesses=[_policy(witness) for witness in witnesses],
    )


def check(source: Certificate | str | Path | bytes) -> CheckResult:
    """Put a certificate, its file or its bytes to the independent checker.

    It never raises for what a certificate contains; look at ``.verdict``.
    """
    source = of_type((Certificate, str, Path, bytes), source, "a Certificate, its file or bytes")
    return _check(source.to_bytes() if isinstance(source, Certificate) else source)


def search(
    policy: str = "svf",
    *,
    out: Path | str | None = None,
    workers: int = 1,
    observe: Observer | None = None,
    **settings: Any,
) -> CampaignResult:
    """Look for instances on which a policy is bad; every ratio found is certified.

    Parameters
    ----------
    policy
        By name, as a run that can be resumed stores it.
    out
        A new folder in which the run is kept, as ``kvproof search --resume`` takes it; None: the
        run is not kept.
    workers
        Processes that evaluate.
    observe
        Called with an :class:`~kvproof.adversary.campaign.campaign.Update` after each batch.
    settings
        Fields of :class:`~kvproof.adversary.campaign.settings.Settings`: `memory`, `requests`,
        `max_eps`, `evaluations`, `seed`, `engine`, `bound`, ...

    Raises
    ------
    InputError
        A setting is wrong, or `out` is a file, holds a run already or somebody else's files.
    """
    from kvproof.adversary.campaign.archive import FILE, Archive
    from kvproof.adversary.campaign.campaign import run
    from kvproof.adversary.campaign.settings import Settings
    from kvproof.adversary.valuation.workers import make_workers

    known = [one.name for one in fields(Settings)]
    for name in settings:
        if name not in known:
            raise InputError(f"search: setting {name!r} is unknown; known: {', '.join(known)}")
    asked = Settings(policy=policy, **settings)
    campaign = asked.campaign()
    workers = as_integer("search: workers", workers, 1, 256)
    if observe is not None and not callable(observe):
        raise InputError(f"search: observe must be a function or None, got {observe!r}")
    with tempfile.TemporaryDirectory(prefix="kvproof-") as scratch:
        folder = Path(scratch)
        if out is not None:
            name = of_type((str, Path), out, "a folder's name as out")
            folder = Outputs().folder(name, mark=FILE)
        if (folder / FILE).exists():
            raise InputError(f"{folder} holds a run already")
        folder.mkdir(parents=True, exist_ok=True)
        archive = Archive(folder, create=True)
        try:
            archive.write("settings", asked.to_json())
            with make_workers(workers, None) as evaluators:
                return run(campaign, archive, evaluators, observe or _unobserved)
        finally:
            archive.close()


def _unobserved(update: object) -> None:
    """Say nothing."""


def _policy(policy: object) -> Policy:
    if isinstance(policy, str):
        return find_policy(policy)
    if not isinstance(policy, KeyPolicy | BatchPolicy):
        raise InputError(f"expected a policy or its name, as 'svf', got {policy!r}")
    return policy


def _kind(bound: BoundKind | str | None) -> BoundKind | None:
    return None if bound in (None, "best") else _member(BoundKind, "bound", bound)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that a notebook shows; ``svg`` is its text."""

    svg: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg


def draw(schedule: Schedule, *, title: str | None = None) -> Picture:
    """Draw the memory that a schedule holds over time, request by request.

    >>> import kvproof as kv
    >>> two = kv.Instance(memory=10, arrival=[0, 0], prompt=[5, 2], output=[5, 3])
    >>> kv.draw(kv.simulate(two)).svg.startswith("<svg")
    True
    """
    from kvproof.pictures import schedule_svg

    of_type(Schedule, schedule, "a Schedule")
    return Picture(svg=schedule_svg(schedule, title=of_type(str | None, title, "a text as title")))


_Kind = TypeVar("_Kind", bound=StrEnum)


def _member(kinds: type[_Kind], what: str, name: str) -> _Kind:
    try:
        return kinds(name)
    except ValueError:
        known = ", ".join(kinds)
        raise InputError(f"{what} {name!r} is unknown; known: {known}") from None
