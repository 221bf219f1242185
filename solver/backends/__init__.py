"""Third-party solvers behind one protocol; what they say is tested, or marked as their word."""

from importlib.util import find_spec
from typing import Protocol

from kvproof.solver.backends.process import Claim
from kvproof.solver.model import Model
from kvproof.solver.windows import Windows


class Backend(Protocol):
    """A solver of the time-indexed programme."""

    name: str

    def solve(
        self, model: Model, windows: Windows, *, target: int, time_limit: float | None = None
    ) -> Claim:
        """Look for the cheapest schedule below `target` that starts within the windows.

        Raises
        ------
        LimitError
            The programme would be too large to build.
        InputError
            The solver failed.
        """


def available_backends() -> list[str]:
    """Return the names of the backends that are installed."""
    from kvproof.solver.backends.pulp import pulp_backends

    return [*pulp_backends(), *(["cpsat"] if find_spec("ortools") is not None else [])]


def find_backend(name: str) -> Backend:
    """Return ``cpsat``, or the PuLP solver of this name.

    Raises
    ------
    InputError
        It is not installed.
    """
    if name == "cpsat":
        from kvproof.solver.backends.cpsat import CpSat

        return CpSat()
    from kvproof.solver.backends.pulp import Pulp  # it brings PuLP along

    return Pulp(name)
