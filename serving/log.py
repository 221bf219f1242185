"""What any engine logs of its requests: when each came and was done, and how long it was."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.exact import Column
from kvproof.scheduling.traces.cells import (
    NUMBER,
    BadCell,
    Time,
    listed,
    parse_count,
    parse_time,
    shown,
)
from kvproof.scheduling.traces.recognise import display_name, open_file, recognise
from kvproof.scheduling.traces.table import Table
from kvproof.serving.tgi import COLUMNS as TGI_COLUMNS
from kvproof.serving.tgi import is_tgi, tgi_table

#: What a column may stand for. A log needs arrival, prompt, output, and completion or latency.
ROLES = ("arrival", "completion", "latency", "first", "first_latency", "prompt", "output", "cached")

#: A time, and what says the same as so much after arrival.
_EITHER = (("completion", "latency"), ("first", "first_latency"))

#: Formats by name: the column of each role.
FORMATS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "log": {role: role for role in ROLES},
        # vLLM's request metrics
        "vllm": {
            "arrival": "arrival_time",
            "completion": "finished_time",
            "first": "first_token_time",
            "prompt": "num_prompt_tokens",
            "output": "num_generation_tokens",
        },
        # OpenTelemetry spans with the attributes of the GenAI conventions as columns
        "spans": {
            "arrival": "start_time",
            "latency": "gen_ai.latency.e2e",
            "first_latency": "gen_ai.latency.time_to_first_token",
            "prompt": "gen_ai.usage.prompt_tokens",
            "output": "gen_ai.usage.completion_tokens",
        },
        # SGLang's --export-metrics-to-file
        "sglang": {
            "arrival": "request_received_ts",
            "completion": "request_finished_ts",
            "latency": "e2e_latency",
            "prompt": "prompt_tokens",
            "output": "completion_tokens",
            "cached": "cached_tokens",
        },
        # Text Generation Inference's log
        "tgi": {name.removeprefix("tgi."): name for name in TGI_COLUMNS},
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineLog:
    """Requests that an engine has completed, with exact times.

    Parameters
    ----------
    source, format
        The file and the names of its columns, for messages.
    place, line
        What rows are called, and where each request stands, shape (n,).
    arrival, completion
        Times in units of the log, shape (n,).
    first
        When the first token came, or None where the log does not say.
    prompt, output
        Tokens, both at least 1, shape (n,).
    failed
        Rows with an output of 0 tokens, left out.
    cached
        A request part of whose prompt another had left in the cache, or None.
    """

    source: str
    format: str
    place: str
    line: tuple[int, ...]
    arrival: tuple[Fraction, ...]
    completion: tuple[Fraction, ...]
    first: tuple[Fraction, ...] | None
    prompt: Column
    output: Column
    failed: int
    cached: int | None = None

    def at(self, i: int) -> str:
        """Say where a request stands."""
        return f"{self.source}: {self.place} {self.line[i]}"


def read_log(
    path: str | os.PathLike[str], *, columns: Mapping[str, str] | None = None
) -> EngineLog:
    """Read a log: CSV, JSON lines or Parquet, with one completed request a row.

    Parameters
    ----------
    path
        The file.
    columns
        Columns by role, where they are called as in none of :data:`FORMATS`; they take the place
        of what the format says, a latency also that of the time at its end.

    Raises
    ------
    InputError
        The file cannot be read, a column is missing or there twice, or a cell is not what its
        column asks for.
    """
    where = display_name(path)
    with _open(path) as table:
        name, roles = _roles(where, table.columns, columns or {})
        wanted = list(roles)
        rows: list[dict[str, Time | int]] = []
        kind = ""  # of the first time
        lines: list[int] = []
        failed = 0
        for line, cells in table.rows([roles[role] for role in wanted]):
            row: dict[str, Time | int] = {}
            for role, cell in zip(wanted, cells, strict=True):
                try:
                    if role in ("prompt", "output", "cached"):
                        row[role] = parse_count(cell)
                        continue
                    time = parse_time(cell)
                    if "latency" in role:
                        if time.kind != NUMBER:
                            raise BadCell(f"expected a number, as latencies are, got {shown(cell)}")
                    elif (kind := kind or time.kind) != time.kind:
                        raise BadCell(f"a {time.kind} among times that each are a {kind}")
                    row[role] = time
                except BadCell as error:
                    raise InputError(
                        f"{where}: {table.place} {line}, column {shown(roles[role])}: {error}"
                    ) from None
            if row["output"] == 0:
                failed += 1
                continue
            if row["prompt"] == 0:
                raise InputError(
                    f"{where}: {table.place} {line}: a prompt of 0 tokens; an engine needs one"
                )
            rows.append(row)
            lines.append(line)
        place = table.place
    if not rows:
        raise InputError(f"{where}: no completed request")
    return _log(where, name, place, lines, rows, failed)


@contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[Table]:
    """Open a log: a table, or a text that only one engine writes."""
    where = display_name(path)
    with open_file(path) as file:
        known = is_tgi(file.peek()[:400])
        yield tgi_table(where, file) if known else recognise(where, file)


def _roles(
    where: str, columns: tuple[str, ...], given: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Return the format's name and the column of each role that is there."""
    for role, column in given.items():
        if role not in ROLES:
            raise InputError(f"a log has no role {role!r}; its roles are {', '.join(ROLES)}")
        if column not in columns:
            raise InputError(f"{where}: there is no column {shown(column)}")
    for time, latency in _EITHER:
        if time in given and latency in given:
            raise InputError(f"{time} and {latency} are both given; --column takes one of them")
    found = []
    for name, known in FORMATS.items():
        roles = {role: column for role, column in {**known, **given}.items() if column in columns}
        for time, latency in _EITHER:
            if time in roles and latency in roles:
                del roles[time if latency in given else latency]
        missing = [role for role in ("arrival", "prompt", "output") if role not in roles]
        if not {"completion", "latency"} & set(roles):
            missing.append("completion (or latency)")
        if not missing:
            for column in roles.values():
                if columns.count(column) > 1:
                    raise InputError(f"{where}: column {shown(column)} is there twice")
            return name, roles
        found.append((missing, name))
    missing, name = min(found, key=lambda one: len(one[0]))
    them = "it" if len(missing) == 1 else "them"
    raise InputError(
        f"{where}: no column for {', '.join(missing)} (as a log of the kind {name!r}); name "
        f"{them} by --column ROLE=NAME; the columns are {listed(columns)}"
    )


def _log(
    where: str,
    name: str,
    place: str,
    lines: list[int],
    rows: list[dict[str, Time | int]],
    failed: int,
) -> EngineLog:
    def column(role: str) -> list[Fraction] | None:
        if role not in rows[0]:
            return None
        times = [row[role] for row in rows]
        return [Fraction(t.digits, 10**t.decimals) for t in times if isinstance(t, Time)]

    def absolute(time: str, latency: str) -> list[Fraction] | None:
        after = column(latency)
        if after is None:
            return column(time)
        return [a + b for a, b in zip(arrival, after, strict=True)]

    arrival = column("arrival") or []
    completion = absolute("completion", "latency") or []
    first = absolute("first", "first_latency")
    log = EngineLog(
        source=where,
        format=name,
        place=place,
        line=tuple(lines),
        arrival=tuple(arrival),
        completion=tuple(completion),
        first=None if first is None else tuple(first),
        prompt=np.array([row["prompt"] for row in rows], dtype=np.int64),
        output=np.array([row["output"] for row in rows], dtype=np.int64),
        failed=failed,
        cached=next((i for i, row in enumerate(rows) if row.get("cached")), None),
    )
    for i, (a, c) in enumerate(zip(arrival, completion, strict=True)):
        f = c if first is None else first[i]
        if not a <= f <= c:
            between = "" if first is None else ", first token"
            raise InputError(f"{log.at(i)}: arrival{between} and completion are out of order")
    return log
