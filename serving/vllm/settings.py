"""What an operator may set: ``--additional-config '{"kvproof": {...}}'``, read once at start-up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any, Self

from kvproof.scheduling.arguments import as_fraction
from kvproof.scheduling.errors import InputError

#: Where a request carries its expected output length: ``extra_args``, over HTTP ``vllm_xargs``.
HINT = "predicted_output_tokens"
#: Above this a priority of 64 bits would not hold a date's worth of aging.
MAX_AGING = 2**32


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How requests are ordered.

    Parameters
    ----------
    hint
        Name of the field of a request that holds its expected output length in tokens.
    aging
        Token-steps of volume that a second of waiting is worth, 0 to 2^32.
    patience
        No request that arrives more than so many seconds later goes before another; needs aging.
        Above 0, at most 2^32, or None: without end.
    predictor
        Asked once for the expected output length of a request without a usable hint: takes vLLM's
        request, returns a number of tokens.
    threshold, short, long
        For the one-bit scheduler: an output is long above the threshold; the mean output of
        either class. Below 2^31.

    Raises
    ------
    InputError
        A value is of the wrong type or out of its range.
    """

    hint: str = HINT
    aging: Fraction = Fraction(0)
    patience: Fraction | None = None
    predictor: Callable[[Any], object] | None = None
    threshold: int = 256
    short: int = 64
    long: int = 512

    def __post_init__(self) -> None:
        if not isinstance(self.hint, str) or not self.hint:
            raise InputError(f"kvproof: hint must be the name of a field, got {self.hint!r}")
        if not 0 <= self.aging <= MAX_AGING:
            raise InputError(f"kvproof: aging must be 0 to {MAX_AGING}, got {self.aging}")
        if self.patience is not None and not 0 < self.patience <= MAX_AGING:
            raise InputError(
                f"kvproof: patience must be above 0 and at most {MAX_AGING}, got {self.patience}"
            )
        if self.patience is not None and not self.aging:
            raise InputError("kvproof: patience has no effect without aging; set both")
        for name, least in (("threshold", 0), ("short", 1), ("long", 1)):
            value = getattr(self, name)
            if type(value) is not int or not least <= value < 2**31:
                raise InputError(
                    f"kvproof: {name} must be an integer, {least} to {2**31 - 1}, got {value!r}"
                )

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Read the object under the key ``kvproof`` of vLLM's additional configuration.

        Raises
        ------
        InputError
            It is no object, has an unknown key, or a value is out of its range.
        """
        given = config.get("kvproof", {}) if isinstance(config, Mapping) else {}
        if not isinstance(given, Mapping):
            raise InputError(f"kvproof: additional_config must hold an object, got {given!r}")
        known = tuple(cls.__dataclass_fields__)
        if unknown := sorted(set(map(str, given)) - set(known)):
            raise InputError(f"kvproof: unknown setting {unknown[0]!r}; known: {', '.join(known)}")
        values = {name: value for name, value in given.items() if value is not None}
        for name in ("aging", "patience"):
            if name in values:
                values[name] = _number(name, values[name])
        if "predictor" in values:
            values["predictor"] = _load(values["predictor"])
        return cls(**values)


def _number(name: str, value: object) -> Fraction:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise InputError(f"kvproof: {name} must be a number, got {value!r}")
    return as_fraction(f"kvproof: {name}", value)


def _load(name: object) -> Callable[[Any], object]:
    """Import ``package.module:name``."""
    if not isinstance(name, str) or name.count(":") != 1:
        raise InputError(f"kvproof: predictor must be package.module:name, got {name!r}")
    module, _, attribute = name.partition(":")
    try:
        found: object = getattr(import_module(module), attribute)
    except Exception as error:  # a user's module may raise anything
        raise InputError(
            f"kvproof: predictor {name} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not callable(found):
        raise InputError(f"kvproof: predictor {name} is no function")
    return found
