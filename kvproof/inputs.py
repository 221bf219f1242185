"""From the words of the command line to an instance and policies."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.instance_file import is_instance_file, read_instance
from kvproof.scheduling.traces import read_trace


@dataclass(frozen=True, kw_only=True)
class Input:
    """An instance, what it was read from, and what a reader must know about how."""

    instance: Instance
    source: str
    format: str
    step: Fraction | None
    notes: tuple[str, ...]


def load(
    trace: str,
    *,
    memory: int | None,
    backlog: bool,
    step: Fraction,
    limit: int | None,
    oversize: Literal["error", "drop"],
) -> Input:
    """Read a trace or an instance file as the shared input options say.

    Raises
    ------
    InputError
        The file is not what it should be, or a trace comes without ``--memory``.
    """
    path = Path(trace)
    if is_instance_file(path):
        instance, notes = read_instance(path, memory=memory, limit=limit, oversize=oversize)
        instance = instance.backlog() if backlog else instance
        return Input(instance=instance, source=trace, format="instance", step=None, notes=notes)
    read = read_trace(path)
    if memory is None:
        raise InputError(f"{trace}: a trace has no memory of its own; give --memory TOKENS")
    instance, said = read.to_instance(
        memory=memory, step=step, backlog=backlog, limit=limit, oversize=oversize
    )
    return Input(
        instance=instance, source=trace, format=read.format.name, step=step, notes=said.lines()
    )
