"""One certificate, from file to verdict."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Optional, Union

from .claims import CLAIMS
from .limits import DEFAULT, Budget, Limits
from .model import Instance, read_instance
from .reader import Source, fields, integer, load, text
from .verdict import Malformed, Refusal, Rejected, Result, Verdict
from .walls import walls

_DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST_NAME = 200
# Plain names below the certificate's folder: nothing absolute, no "..", no hidden file.
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def check(
    source: Union[str, Source],
    *,
    instance: Union[str, Source, None] = None,
    limits: Limits = DEFAULT,
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
    walled
        Whether the whole process is held to the limits meanwhile (:mod:`.walls`).

    Returns
    -------
    Result
        Never raises for what a certificate contains.
    """
    budget = Budget(limits)
    budget.start()
    own = None if instance is None else _path(instance)
    try:
        with walls(budget) if walled else nullcontext():
            words = _establish(_path(source), own, budget)
    except Refusal as refusal:
        return Result(refusal.verdict, reason=str(refusal))
    except (MemoryError, RecursionError) as error:
        return Result(Verdict.OVER_LIMIT, reason=f"this needs too much: {type(error).__name__}")
    except Exception as error:
        # A fault of the checker: it says so, and is no verdict on the certificate.
        return Result(Verdict.INTERNAL_ERROR, reason=f"{type(error).__name__} in the checker")
    return Result(Verdict.VERIFIED, claim_in_words=words)


def _path(source: Union[str, Source]) -> Source:
    return Path(source) if isinstance(source, str) else source


def _establish(source: Source, own: Optional[Source], budget: Budget) -> str:
    """Return what the certificate proves, in words, or raise a `Refusal`."""
    value = fields(load(source, budget), "certificate", "format version instance claim proof")
    text(value["format"], "format", "kvproof-certificate")
    integer(value["version"], "version", 1, 1)
    claim = value["claim"]
    if not isinstance(claim, dict) or "kind" not in claim:
        raise Malformed("claim: expected an object with a kind")
    kind = text(claim["kind"], "claim.kind", *CLAIMS)
    instance = _instance(value["instance"], source, own, budget)
    words = CLAIMS[kind](claim, value["proof"], instance, budget)
    budget.check()
    return f"{words}; instance: {instance}"


def _instance(value: object, source: Source, own: Optional[Source], budget: Budget) -> Instance:
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
        if len(name) > LONGEST_NAME or not _FILE.fullmatch(name):
            raise Malformed("instance.file: expected a plain relative name")
        if own is None:
            path = source.parent.joinpath(name) if isinstance(source, Path) else None
            if path is None or not path.is_file():
                raise Malformed(f"instance.file: there is no file {name!r} beside the certificate")
            places.append(("instance.file", load(path, budget)))
    if own is not None:
        places.append(("the given instance", load(own, budget)))
    for where, place in places:
        instance = read_instance(place, where, budget)
        if instance.digest != digest:
            raise Rejected(
                f"{where}: its digest is {instance.digest}, and the claim is about {digest}"
            )
    return instance
