"""Scheduling policies: small objects that say which waiting request goes first.

A policy has a ``name`` and either

- ``key(instance)``: a static key for each request, smallest first; ties go by arrival, then by
  index (SVF, SJF, FCFS, and anything a user writes in five lines), or
- ``next_batch(instance, waiting)``: the waiting requests to start next, in order (Sorted-F).

A key policy may also have ``release(instance)``: no request starts before its release, and the
strict rule waits for the head's.

It may have ``toll(instance)`` instead: a :class:`Toll`, steps of credit that each start costs;
credit comes at one step a step from the first arrival on, and while it is negative (beyond what is
lent) nothing starts.

What admission may use is the true output length, unless the key policy also has
``reserved(instance)``: the output length that is set aside for each request while it runs.

    class ShortestPromptFirst:
        name = "shortest-prompt"

        def key(self, instance):
            return instance.prompt

The command line takes such a class as ``package.module:ShortestPromptFirst``, or by name through
the entry-point group ``kvproof.policies``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from kvproof.scheduling.errors import InputError, KvproofError
from kvproof.scheduling.exact import Column, exact_sum
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.sorting import stable_order


@runtime_checkable
class KeyPolicy(Protocol):
    """A policy with a static key; `instance` has one row for each request."""

    name: str

    def key(self, instance: Instance) -> npt.NDArray[Any]:
        """Return the keys, shape (n,), smallest first."""


@runtime_checkable
class BatchPolicy(Protocol):
    """A policy that forms batches; each runs strictly before the next is formed."""

    name: str

    def next_batch(self, instance: Instance, waiting: Column) -> Column:
        """Return a non-empty ordered selection of `waiting` (indices, ascending)."""


Policy = KeyPolicy | BatchPolicy


class SVF:
    """Smallest volume first: key ``prompt * output + output * (output + 1) / 2`` (2606.22327)."""

    name = "svf"

    def key(self, instance: Instance) -> Column:
        """Return the volumes."""
        return instance.volume


class SJF:
    """Shortest job first by output length; with the admission test this is MC-SF (2502.07115)."""

    name = "sjf"

    def key(self, instance: Instance) -> Column:
        """Return the output lengths."""
        return instance.output


class FCFS:
    """First come, first served."""

    name = "fcfs"

    def key(self, instance: Instance) -> Column:
        """Return the arrivals."""
        return instance.arrival


def keys_of(requests: Instance, policy: KeyPolicy) -> npt.NDArray[Any]:
    """Return a policy's keys, as int64 or float64 that order as they do.

    Raises
    ------
    InputError
        They are not numbers, one for each request, or one is NaN.
    """
    key = ask_column(policy, policy.key, requests)
    if key.shape != (requests.rows,):
        raise InputError(
            f"policy {policy.name}: key has shape {key.shape}, expected ({requests.rows},)"
        )
    if key.dtype.kind not in "iubfO":
        raise InputError(f"policy {policy.name}: keys must be numbers, got {key.dtype}")
    if key.dtype.kind in "fO":
        wrong = ask(policy, np.not_equal, key, key)
        if wrong.any():
            raise InputError(f"policy {policy.name}: the key of request {wrong.argmax()} is NaN")
    # Fractions, say, beyond int64, or finer than float64: rank them
    if key.dtype.kind in "uO" or key.dtype.itemsize > 8:
        ranks: Column = ask(policy, np.unique, key, False, True)[1]
        return ranks
    return key.astype(np.float64 if key.dtype.kind == "f" else np.int64, copy=False)


def key_order(requests: Instance, key: npt.NDArray[Any]) -> Column:
    """Return the requests ordered by key, then arrival, then index."""
    if requests.is_backlog and key.dtype == np.int64:
        return requests.by_volume if requests.keeps_volume(key) else stable_order(key)
    return np.lexsort((requests.arrival, key))


def reserved_outputs(requests: Instance, policy: Policy) -> Column:
    """Return the output length that admission takes for each request.

    Raises
    ------
    InputError
        The policy's reservations are not integers, one for each request, from its output
        length up to what fits the memory.
    """
    reserve = getattr(policy, "reserved", None)
    answer = None if reserve is None else ask(policy, reserve, requests)
    if answer is None:
        return requests.output
    reserved = ask_column(policy, lambda: answer)
    if reserved.shape != (requests.rows,) or reserved.dtype.kind not in "iu":
        raise InputError(
            f"policy {policy.name}: reserved() must return {requests.rows} integers, got "
            f"{reserved.dtype} of shape {reserved.shape}"
        )
    wrong = (reserved < requests.output) | (reserved > requests.memory - requests.prompt)
    if wrong.any():
        i = int(wrong.argmax())
        raise InputError(
            f"policy {policy.name}: request {i} reserves {reserved[i]}, which must be from its "
            f"output {requests.output[i]} to {requests.memory - requests.prompt[i]}"
        )
    return reserved.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Toll:
    """What starts cost under a policy that spaces them.

    Parameters
    ----------
    cost
        For each request, shape (n,), over `unit`: steps of credit.
    unit
        The denominator.
    cap
        Steps of credit that can be saved.
    lent
        Over `unit`: how much credit a start may lack.
    """

    cost: Column
    unit: int
    cap: int
    lent: int = 0


def toll_of(requests: Instance, policy: Policy, release: Column) -> Toll | None:
    """Return what starts cost, or None where they are free; `release` is of :func:`releases`.

    Raises
    ------
    InputError
        The policy's answer is neither None nor a :class:`Toll` of integers at least 0, or they
        are too large.
    """
    toll = getattr(policy, "toll", None)
    if toll is None:
        return None
    answer = ask(policy, toll, requests)
    if answer is None:
        return None
    if (
        not isinstance(answer, Toll)
        or not all(isinstance(n, int | np.integer) for n in (answer.unit, answer.cap, answer.lent))
        or answer.unit < 1
        or min(answer.cap, answer.lent) < 0
    ):
        raise InputError(
            f"policy {policy.name}: toll() must return None or a Toll of integers, unit >= 1, "
            "cap, lent >= 0"
        )
    unit, cap, lent = int(answer.unit), int(answer.cap), int(answer.lent)
    cost = ask_column(policy, lambda: answer.cost)
    if cost.shape != (requests.rows,) or cost.dtype.kind not in "iu" or cost.min() < 0:
        raise InputError(f"policy {policy.name}: toll() needs {requests.rows} costs, at least 0")
    # credit is counted from the first arrival
    latest = int(release.max() - requests.arrival.min()) + exact_sum(requests.output)
    most = (latest + cap + 1) * unit + lent
    if cost.max() >= 2**62 or most + exact_sum(cost.astype(np.int64)) >= 2**62:
        raise InputError(f"policy {policy.name}: costs over {unit} are beyond 62 bits")
    return replace(answer, cost=cost.astype(np.int64), unit=unit, cap=cap, lent=lent)


def releases(requests: Instance, policy: Policy) -> Column:
    """Return the step before which each request may not start: its arrival, or the policy's word.

    Raises
    ------
    InputError
        The policy's releases are not integers from 0 to 2^62, one for each request.
    """
    release = getattr(policy, "release", None)
    if release is None:
        return requests.arrival
    answer = ask_column(policy, release, requests)
    if answer.shape != (requests.rows,) or answer.dtype.kind not in "iu":
        raise InputError(
            f"policy {policy.name}: release() must return {requests.rows} integers, got "
            f"{answer.dtype} of shape {answer.shape}"
        )
    if answer.min() < 0 or answer.max() > 2**62:
        raise InputError(f"policy {policy.name}: releases must be from 0 to 2^62")
    return np.maximum(answer.astype(np.int64), requests.arrival)


def refuse_beside_batches(policy: BatchPolicy) -> None:
    """Refuse what a policy that forms batches must not have.

    Raises
    ------
    InputError
        It says what is reserved, when requests are released, or what starts cost.
    """
    for method in ("reserved", "release", "toll"):
        if getattr(policy, method, None) is not None:
            raise InputError(
                f"policy {policy.name}: {method}() is for policies with a key; leave it out of one "
                "that forms batches"
            )


def ask_column(policy: Policy, method: Callable[..., Any], *arguments: Any) -> npt.NDArray[Any]:
    """Call a policy's method as :func:`ask` does; return the answer as an array."""
    made: npt.NDArray[Any] = ask(policy, lambda: np.asarray(method(*arguments)))
    return made


def ask(policy: Policy, method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a policy's method; whatever goes wrong inside is an InputError that names the policy."""
    try:
        return method(*arguments)
    except KvproofError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"policy {policy.name} failed: {type(error).__name__}: {error}") from error
