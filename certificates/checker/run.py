"""One certificate, from file to verdict."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Optional, Union

from .core.claims import CLAIMS, RULES, Case, LowerBound
from .core.model import Instance, read_instance
from .core.reader import fields, integer, text
from .core.search import search_bound
from .core.starts import read_search
from .core.verdict import Malformed, Refusal, Rejected
from .fast.search import packed_search_bound
from .file import Source, load
from .hints import read_hints
from .limits import DEFAULT, Limits, Meter
from .policies.chain import svf_blocking_chain
from .policies.ratio import ratio_at_least
from .result import Result, Verdict, refused
from .version1 import in_version_2
from .walls import walls

_DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST_NAME = 200
ALL_CLAIMS = {
    **CLAIMS,
    "svf-blocking-chain": svf_blocking_chain,
    "ratio-at-least": ratio_at_least,
}
SEARCH = "target scale denominator prices vectors layers"  # the fields of such a bound
# Plain names below the certificate's folder: nothing absolute, no "..", no hidden file.
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def is_plain_name(name: str) -> bool:
    """Whether a certificate may refer to its instance by this name."""
    return len(name) <= LONGEST_NAME and _FILE.fullmatch(name) is not None


def check(
    source: Union[str, Source],
    *,
    instance: Union[str, Source, None] = None,
    limits: Limits = DEFAULT,
    plain: bool = False,
    walled: bool = False,
) -> Result:
    """Check one certificate.

    Parameters
    ----------
    source
        The certificate's file, or its bytes, or the number of an open file (0: standard input).
    instance
        The caller's own instance, to which the claim must refer; None takes the one that the
        certificate carries or names.
    limits
        How much the check may cost.
    plain
        Whether searches, too, are gone through by the core alone, which takes up to six times as
        long, and far longer where it cannot raise profiles.
    walled
        Whether the whole process is held to the limits meanwhile (:mod:`.walls`).

    Returns
    -------
    Result
        Never raises for what a certificate contains.
    """
    budget = Meter(limits)
    budget.start()
    own = None if instance is None else _path(instance)
    try:
        with walls(budget) if walled else nullcontext():
            words = _establish(_path(source), own, plain, budget)
    except Refusal as refusal:
        return refused(refusal)
    except (MemoryError, RecursionError) as error:
        return Result(Verdict.OVER_LIMIT, reason=f"this needs too much: {type(error).__name__}")
    except Exception as error:
        # A fault of the checker: it says so, and is no verdict on the certificate.
        return Result(Verdict.INTERNAL_ERROR, reason=f"{type(error).__name__} in the checker")
    return Result(Verdict.VERIFIED, claim_in_words=words)


def _path(source: Union[str, Source]) -> Source:
    return Path(source) if isinstance(source, str) else source


def _establish(source: Source, own: Optional[Source], plain: bool, budget: Meter) -> str:
    """Return what the certificate proves, in words, or raise a `Refusal`."""
    value = fields(load(source, budget), "certificate", "format version instance claim proof")
    text(value["format"], "format", "kvproof-certificate")
    version = integer(value["version"], "version", 1, 2)
    claim = value["claim"]
    if not isinstance(claim, dict) or "kind" not in claim:
        raise Malformed("claim: expected an object with a kind")
    kind = text(claim["kind"], "claim.kind", *ALL_CLAIMS)
    instance = _instance(value["instance"], source, own, budget)
    proof = value["proof"]
    if version == 1:
        proof = in_version_2(proof, budget)
    rules = {**RULES, "search": (SEARCH, "followed", _search(plain))}
    words = ALL_CLAIMS[kind](claim, proof, Case(instance, rules, budget))
    budget.check()
    if not plain and "search" in _kinds_of_bounds(proof):
        words += " (its search packed, as by --fast; --plain trusts the core alone)"
    plural = "s" if instance.size > 1 else ""
    about = f"{instance.size:,} request{plural} at memory {instance.memory:,}"
    return f"{words}; instance: {about} (digest {instance.digest})"


def _search(plain: bool) -> LowerBound:
    value = search_bound if plain else packed_search_bound
    return lambda found, instance, budget: value(
        read_search(found, read_hints, instance, budget), instance, budget
    )


def _kinds_of_bounds(proof: object) -> list[object]:
    bound = proof.get("lower_bound") if isinstance(proof, dict) else None
    if not isinstance(bound, dict):
        return []
    return [part["kind"] for part in bound.get("parts", [bound])]


def _instance(value: object, source: Source, own: Optional[Source], budget: Meter) -> Instance:
    """Return the instance with the certificate's digest, from each place that has it."""
    inline = isinstance(value, dict) and "inline" in value
    found = fields(value, "instance", "digest inline" if inline else "digest file")
    digest = text(found["digest"], "instance.digest")
    if not _DIGEST.fullmatch(digest):
        raise Malformed("instance.digest: expected 64 hexadecimal digits, in lower case")
    places: list[tuple[str, object]] = []
    if inline:
        places.append(("instance.inline", found["inline"]))
    else:
        name = text(found["file"], "instance.file")
        if not is_plain_name(name):
            raise Malformed("instance.file: expected a plain relative name")
        if own is None:
            path = source.parent.joinpath(name) if isinstance(source, Path) else None
            if path is None or not path.is_file():
                where = "beside the certificate; another place is named by --instance"
                raise Malformed(f"instance.file: there is no file {name!r} {where}")
            places.append(_loaded("instance.file", path, budget))
    if own is not None:
        places.append(_loaded("the given instance", own, budget))
    for where, place in places:
        instance = read_instance(place, where, budget)
        if instance.digest != digest:
            raise Rejected(
                f"{where}: its digest is {instance.digest}, and the claim is about {digest}"
            )
    return instance


def _loaded(where: str, source: Source, budget: Meter) -> tuple[str, object]:
    try:
        return where, load(source, budget)
    except Malformed as error:
        raise Malformed(f"{where}: {error}") from error
