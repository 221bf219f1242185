"""Policies by name: the built-in ones, those of entry points, and ``package.module:Name``."""

import hashlib
import importlib
import inspect
import sys
from fractions import Fraction
from importlib.metadata import entry_points
from pathlib import Path

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.one_bit import Admission, OneBitSVF
from kvproof.scheduling.policies import FCFS, SJF, SVF, BatchPolicy, KeyPolicy, Policy

GROUP = "kvproof.policies"
#: Built in as well, and run when they are named.
MORE = ("svf-bucket", "svf-paced", "sorted-f-swap", "sorted-f-lp")
BUILTIN = ("svf", "svf-1bit", "sjf", "fcfs", "sorted-f")


def find_policy(
    name: str, *, theta: Fraction | None = None, admission: Admission = "true"
) -> Policy:
    """Return the policy called `name`.

    Parameters
    ----------
    name
        A built-in name, the name of an entry point of the group ``kvproof.policies``, or
        ``package.module:Name``, looked for in the current folder too.
    theta, admission
        Passed to svf-1bit.

    Raises
    ------
    InputError
        There is no such policy, it cannot be loaded, or it is not a policy.
    """
    match name:
        case "svf":
            return SVF()
        case "sjf":
            return SJF()
        case "fcfs":
            return FCFS()
        case "svf-1bit":
            return OneBitSVF(theta=theta, admission=admission)
        case "svf-bucket":
            from kvproof.scheduling.bucket import BucketSVF

            return BucketSVF()
        case "svf-paced":
            from kvproof.scheduling.paced import PacedSVF

            return PacedSVF()
        case "sorted-f":
            from kvproof.scheduling.sorted_f import SortedF  # it brings Numba along

            return SortedF()
        case "sorted-f-swap":
            from kvproof.scheduling.swaps import SortedFSwap

            return SortedFSwap()
        case "sorted-f-lp":  # of a floor above: loaded by name, as anyone's own
            return _loaded("kvproof.solver.lp_order:LPOrder")
    return _loaded(name)


def _loaded(name: str) -> Policy:
    try:
        if ":" in name:
            if "" not in sys.path:
                sys.path.insert(0, "")  # a console script does not look in the current folder
            module, _, attribute = name.partition(":")
            found = getattr(importlib.import_module(module), attribute)
        else:
            entries = entry_points(group=GROUP, name=name)
            if not entries:
                known = ", ".join(
                    [*BUILTIN, *MORE, *sorted(e.name for e in entry_points(group=GROUP))]
                )
                raise InputError(
                    f"policy {name!r} is unknown; known: {known}; or give package.module:Name"
                )
            found = next(iter(entries)).load()
        policy = found() if isinstance(found, type) else found
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's module does when it is loaded
        raise InputError(
            f"policy {name!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(policy, KeyPolicy | BatchPolicy) or not isinstance(policy.name, str):
        raise InputError(f"policy {name!r} needs a name and either key() or next_batch()")
    return policy


def name_of(policy: Policy) -> str:
    """Return a policy's name; of one that only bears the name of one built in, module:Name."""
    name, kind = policy.name, type(policy)
    if name in (*BUILTIN, *MORE) and kind is not type(find_policy(name)):
        return f"{kind.__module__}:{kind.__qualname__}"
    return name


def source_of(policy: Policy) -> str | None:
    """Return a digest of the file that defines a policy, or None where there is no such file."""
    try:
        file = inspect.getsourcefile(type(policy))
        return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except (OSError, TypeError):
        return None
