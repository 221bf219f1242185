"""``kvproof witness``: what a search has found."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kvproof.options import json_option, witness_argument
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.adversary.witnesses.witness_file import WitnessFile


@click.group("witness")
def command() -> None:
    """Look at the witnesses of a search."""


@command.command("list", short_help="List the witnesses of a run, best first.")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def list_(folder: Path, as_json: bool) -> int:
    """List the witnesses of the run in FOLDER, best first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.adversary.campaign.archive import Archive
    from kvproof.output import console, print_table, say
    from kvproof.scheduling.exact import as_pq, decimal
    from kvproof.streams import print_json

    archive = Archive(folder)
    try:
        entries = sorted(enumerate(archive.entries(), 1), key=lambda item: -item[1].ratio)
    finally:
        archive.close()
    if as_json:
        print_json({"command": "witness list", "witnesses": [
            {"number": number, "engine": e.engine, "evaluations": e.evaluations,
             "ratio": as_pq(e.ratio), "eps": as_pq(e.eps), "requests": e.requests,
             "memory": e.memory, "violates": e.violates}
            for number, e in entries
        ]})  # fmt: skip
        return 0
    if not entries:
        say("No witness yet.")
        return 0
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    violated = any(e.violates for _, e in entries)
    for head in ("number", "ratio", "eps", "requests", "engine", "evaluations"):
        table.add_column(head, justify="left" if head == "engine" else "right", no_wrap=True)
    if violated:
        table.add_column("violates")
    for number, e in entries:
        ratio, at = decimal(e.ratio, 4, up=False), f"{float(e.eps):.4g}"
        cells = (str(number), ratio, at, f"{e.requests:,}", e.engine, f"{e.evaluations:,}")
        table.add_row(*cells, *([e.violates or ""] if violated else []))
    print_table(console(), table)
    return 0


@command.command("show", short_help="Show the classes of a witness.")
@witness_argument
@click.option("--out", type=click.Path(), metavar="FILE", help="Write its file.")
@json_option
def show(witness: str, number: int | None, out: str | None, as_json: bool) -> int:
    """Show the classes of WITNESS: a file, - or the best (or --number) of a run's folder.

    --out is compressed where its name ends in .gz.
    """
    from kvproof.adversary.witnesses.replay import in_words
    from kvproof.adversary.witnesses.witness_file import (
        bytes_of,
        parse_witness,
        uncompressed,
    )
    from kvproof.files import Outputs
    from kvproof.inputs import witness_file, witness_source
    from kvproof.scheduling.exact import as_pq, decimal
    from kvproof.streams import print_json

    target = None if out is None else Outputs(witness_source(witness)).file(out)
    with witness_file(witness, number) as path:
        data = bytes_of(path)  # once: a pipe gives it no second time
        written = parse_witness(data, name=str(path))
    instance = written.feasible.instance
    # a result and its file: neither is lost where the other cannot be written
    try:
        if target is not None:
            target.write_packed(uncompressed(data))
    finally:
        if as_json:
            print_json({
                "command": "witness show",
                "policy": written.policy,
                "ratio": as_pq(written.ratio),
                "eps": as_pq(instance.eps),
                "requests": instance.requests,
                "memory": instance.memory,
                "instance": instance.merged().to_json(),
            })  # fmt: skip
        else:
            _print(written, in_words(written.feasible), decimal(written.ratio, 6, up=False))
    return 0


def _print(written: "WitnessFile", classes: list[str], ratio: str) -> None:
    from kvproof.output import say

    instance = written.feasible.instance
    named = "a policy of its own" if written.policy is None else (
        f"{written.policy['name']}, {written.policy['rule']}"
    )  # fmt: skip
    requests = counted(instance.requests, "request")
    say(
        f"{named}: the file claims a ratio of at least {ratio} (kvproof replay checks it); memory "
        f"{instance.memory:,}, eps {float(instance.eps):.4g}, {requests}"
    )
    for line in classes:
        say("  " + line)
