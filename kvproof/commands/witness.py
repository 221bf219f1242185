"""``kvproof witness``: what a search has found."""

from pathlib import Path

import click

from kvproof.options import json_option


@click.group("witness")
def command() -> None:
    """Look at the witnesses of a search."""


@command.command("list")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def list_(folder: Path, as_json: bool) -> int:
    """List the witnesses of the run in FOLDER, best first."""
    from kvproof.adversary.campaign.archive import Archive
    from kvproof.output import print_json
    from kvproof.scheduling.exact import as_pq, decimal

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
        print("No witness yet.")
    for number, e in entries:
        note = f"  VIOLATES {e.violates}" if e.violates else ""
        print(
            f"{number:>4}  {decimal(e.ratio, 4, up=False):>9}  eps {float(e.eps):<8.4g}"
            f"{e.requests:>9,} requests  {e.engine} at {e.evaluations:,}{note}"
        )
    return 0


@command.command("show")
@click.argument("witness", type=click.Path(path_type=Path))
@click.option("--number", type=click.IntRange(min=1), help="With a folder: which of its list.")
@click.option("--out", type=click.Path(), help="Write its file.")
def show(witness: Path, number: int | None, out: str | None) -> int:
    """Show the classes of WITNESS, a file, or the best (or --number) of a run's folder."""
    import tempfile

    from kvproof.adversary.campaign.archive import Archive
    from kvproof.adversary.witnesses.replay import in_words
    from kvproof.adversary.witnesses.witness_file import read_witness
    from kvproof.output import write_file
    from kvproof.scheduling.errors import InputError
    from kvproof.scheduling.exact import decimal

    with tempfile.TemporaryDirectory(prefix="kvproof-") as place:
        path = witness
        if witness.is_dir():
            archive = Archive(witness)
            try:
                entries = archive.entries()
            finally:
                archive.close()
            if not entries or (number or 1) > len(entries):
                raise InputError(f"{witness}: has {len(entries)} witnesses")
            best = max(range(len(entries)), key=lambda i: entries[i].ratio)
            path = Path(place, "witness.json")
            path.write_bytes(entries[best if number is None else number - 1].certificate)
        written = read_witness(path)
        if out is not None:
            write_file(out, path.read_bytes())
    instance = written.feasible.instance
    named = "a policy of its own" if written.policy is None else (
        f"{written.policy['name']}, {written.policy['rule']}"
    )  # fmt: skip
    print(
        f"{named}: ratio at least {decimal(written.ratio, 6, up=False)}; memory "
        f"{instance.memory:,}, eps {float(instance.eps):.4g}, {instance.requests:,} requests"
    )
    for line in in_words(written.feasible):
        print("  " + line)
    return 0
