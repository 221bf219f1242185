"""HiGHS, imported when a programme is solved and not before; nothing it says is trusted."""

import sys
from functools import cache
from importlib.util import find_spec
from typing import Any

from kvproof.scheduling.errors import InputError


def quiet_model(purpose: str) -> tuple[Any, float]:
    """Return an empty model that prints nothing and uses one thread, and its infinity.

    Raises
    ------
    InputError
        The package ``highspy`` is not installed; the message says what for.
    """
    try:
        import highspy as package
    except ImportError:
        raise InputError(f"{purpose} the package highspy; it is not installed") from None
    highspy: Any = package
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    return highs, float(highspy.kHighsInf)


def highs_is_usable() -> bool:
    """Whether HiGHS is installed; it cannot be loaded beside OR-tools, which has a copy."""
    return _is_installed() and "ortools" not in sys.modules


@cache
def _is_installed() -> bool:
    return find_spec("highspy") is not None
