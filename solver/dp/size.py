"""What is too large for the certified engine."""

from __future__ import annotations

from kvproof.scheduling.errors import LimitError
from kvproof.solver.dp.states import packing_of
from kvproof.solver.dp.trajectory import refuse_size
from kvproof.solver.model import INSTEAD, Model
from kvproof.solver.windows import MAX_STEPS, MAX_TERMS


def refuse(model: Model, search: bool) -> None:
    """Refuse at once what is too large for the certified engine, before prices are climbed.

    Raises
    ------
    LimitError
        Too many steps, or starts in them; for the search also too many different requests, or too
        large a table.
    """
    if model.steps > MAX_STEPS:
        raise LimitError(
            f"exact search: about {model.steps:,} steps are too many (at most {MAX_STEPS:,}); "
            f"{INSTEAD}"
        )
    if model.classes * model.steps > MAX_TERMS:
        raise LimitError(
            f"exact search: {model.classes:,} kinds of request over about {model.steps:,} steps "
            f"are too many (at most {MAX_TERMS:,} starts in all); {INSTEAD}"
        )
    if search:
        packing_of(model)
        refuse_size(model)
