"""From the words of the command line to an instance and policies."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from kvproof.files import called, readable
from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column, as_pq, in_full
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.instance_file import fit, is_instance_file, read_part
from kvproof.scheduling.traces import DEFAULT_STEP, read_trace
from kvproof.scheduling.words import counted


@dataclass(frozen=True, kw_only=True)
class Input:
    """An instance, what it was read from, and what a reader must know about how.

    `rows` says which row of the file, from 0, each row of the instance is; `variant` makes the
    instance again at another rate (beside the one asked for) or memory; `predicted` are the
    predicted output lengths, where a column of them was asked for; `files` names the file of each
    row, where there are several; `sample` says what a sample was taken of.
    """

    instance: Instance
    rows: npt.NDArray[np.integer[Any]]
    source: str
    format: str
    step: Fraction | None
    notes: tuple[str, ...]
    variant: "Variant"
    predicted: Column | None = None
    files: npt.NDArray[np.object_] | None = None
    sample: dict[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `verify` says of its input."""
        instance, load = self.instance, self.instance.load
        return {
            "command": "verify",
            "source": self.source,
            "format": self.format,
            "step": None if self.step is None else as_pq(self.step),
            "notes": list(self.notes),
            "sample": self.sample,
            "requests": instance.requests,
            "memory": instance.memory,
            "digest": instance.digest,
            "backlog": instance.is_backlog,
            "eps": as_pq(instance.eps),
            "load": None if load is None else as_pq(load),
        }


class Variant(Protocol):
    """Makes the instance of an input again: so many times as fast, in so many tokens."""

    def __call__(self, *, rate: Fraction = Fraction(1), memory: int | None = None) -> Instance:
        """Return the instance."""


def load(
    trace: str,
    *,
    memory: int | None,
    backlog: bool,
    step: Fraction | None,
    limit: int | None,
    oversize: Literal["error", "drop"],
    rate_scale: Fraction | None = None,
    predicted: str | None = None,
    sample: tuple[int, int] | None = None,
) -> Input:
    """Read a trace or an instance file as the shared input options say.

    `sample` is how many requests to take at random, before all else, and the seed.

    Raises
    ------
    InputError
        The file is not what it should be, a trace comes without ``--memory``, or an instance
        file with ``--step``.
    """
    if backlog and rate_scale is not None:
        raise InputError(f"{trace}: --rate-scale changes nothing on a --backlog; leave one out")
    scale = Fraction(1) if rate_scale is None else rate_scale
    said: tuple[str, ...] = ()
    if rate_scale is not None:
        said = (f"arrivals at {in_full(rate_scale)} times the rate of the source",)
    with readable(trace) as path:
        if is_instance_file(path):
            if step is not None:
                raise InputError(f"{trace}: an instance counts in steps already; leave out --step")
            if predicted is not None:
                raise InputError(f"{trace}: an instance has no column {predicted}; take --noise")
            if sample is not None:
                raise InputError(f"{trace}: an instance is taken as it is; leave out --sample")
            part = partial(read_part, path, limit=limit, oversize=oversize)
            whole, rows, notes = part(memory=memory)
            whole = whole.backlog() if backlog else whole
            if whole.is_backlog and rate_scale is not None:
                raise InputError(
                    f"{trace}: --rate-scale changes nothing on a backlog; leave it out"
                )

            def again(*, rate: Fraction = Fraction(1), memory: int | None = None) -> Instance:
                drop = oversize == "drop"
                try:
                    made = whole if memory is None else fit(whole, memory, drop=drop)[0]
                    return made if rate * scale == 1 else made.at_rate(rate * scale)
                except InputError as error:
                    raise InputError(f"{trace}: {error}") from error

            return Input(
                instance=again(),
                rows=rows,
                source=trace,
                format="instance",
                step=None,
                notes=(*notes, *said),
                variant=again,
            )
        if memory is None and path.exists():  # said before a long file is read
            raise InputError(f"{trace}: a trace has no memory of its own; give --memory TOKENS")
        read = read_trace(path, predicted=predicted)
        if memory is None:
            raise InputError(f"{trace}: a trace has no memory of its own; give --memory TOKENS")
        taken = None
        if sample is not None:
            number, seed = sample
            taken = {"requests": number, "of": len(read), "seed": seed}
            said = (
                f"a sample of {number:,} of {counted(len(read), 'request')}, seed {seed}",
                *said,
            )
            read = read.sample(number, seed=seed)
        capacity = memory
        seconds = DEFAULT_STEP if step is None else step
        make = partial(
            read.to_instance, step=seconds, backlog=backlog, limit=limit, oversize=oversize
        )

        def variant(*, rate: Fraction = Fraction(1), memory: int | None = None) -> Instance:
            return make(memory=capacity if memory is None else memory, rate_scale=rate * scale)[0]

        instance, about = make(memory=memory, rate_scale=scale)
        return Input(
            instance=instance,
            rows=read.places.rows_in_files(about.rows),
            source=trace,
            format=read.format.name,
            step=seconds,
            notes=(*about.lines(), *said),
            variant=variant,
            predicted=None
            if read.predicted is None
            else read.predicted[np.isin(read.columns.row, about.rows)],
            files=read.places.files_named(about.rows),
            sample=taken,
        )


def witness_source(name: str) -> str:
    """Return the file that a witness is read from: that of its name, or a run's archive."""
    from kvproof.adversary.campaign.archive import FILE

    return str(Path(name, FILE)) if Path(name).is_dir() else name


@contextmanager
def witness_file(name: str, number: int | None) -> Iterator[Path]:
    """Give the file of a witness: a file, ``-``, or one of the list of a run's folder.

    Parameters
    ----------
    name
        The file or folder.
    number
        Which of a folder's list, from 1; None: the best.

    Raises
    ------
    InputError
        The folder holds no such witness, or a number comes with a file.
    """
    from kvproof.adversary.campaign.archive import Archive

    if not Path(name).is_dir():
        if number is not None:
            raise InputError(f"{name}: is one witness; --number goes with a run's folder")
        with readable(name) as path:
            yield path
        return
    archive = Archive(Path(name))
    try:
        entries = archive.entries()
    finally:
        archive.close()
    if not entries:
        raise InputError(f"{name}: the run has no witness yet; go on with it (search --resume)")
    if number is not None and number > len(entries):
        raise InputError(f"{name}: --number {number}: the last of its witnesses is {len(entries)}")
    best = max(range(len(entries)), key=lambda i: entries[i].ratio)
    with tempfile.TemporaryDirectory(prefix="kvproof-") as folder:
        path = Path(folder, "witness.json")
        path.write_bytes(entries[best if number is None else number - 1].certificate)
        with called(path, name):
            yield path
