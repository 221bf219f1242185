"""``kvproof shrink``: a smaller witness for the same."""

from fractions import Fraction
from typing import TYPE_CHECKING

import click

from kvproof.options import Rational, json_option, witness_argument
from kvproof.scheduling.words import counted

if TYPE_CHECKING:
    from kvproof.adversary.witnesses.witness import Witness


@click.command("shrink")
@witness_argument
@click.option("--keep", type=Rational(), help="Ratio to keep [default: that of the witness].")
@click.option("--max-eps", type=Rational(most=1), help="Keep eps at or below this, too.")
@click.option("--policy", help="For a policy of your own: package.module:Name.")
@click.option("--skip", is_flag=True, help="With --policy: backfill.")
@click.option("--tries", type=click.IntRange(min=1), default=4_000, show_default=True,
              help="Candidates to try.")  # fmt: skip
@click.option("--out", type=click.Path(), metavar="FILE",
              help="File to write [default: WITNESS with -small; needed for - or a "
              "folder].")  # fmt: skip
@json_option
def command(
    witness: str,
    number: int | None,
    keep: Fraction | None,
    max_eps: Fraction | None,
    policy: str | None,
    skip: bool,
    tries: int,
    out: str | None,
    as_json: bool,
) -> int:
    """Make WITNESS smaller while its ratio stays at least --keep.

    Smaller is: fewer requests, fewer classes, fewer tokens, less memory, in this order. The file is
    compressed where its name ends in .gz.
    """
    from pathlib import Path

    from kvproof.adversary.witnesses.replay import in_words, load
    from kvproof.adversary.witnesses.shrink import shrink
    from kvproof.adversary.witnesses.witness_file import check_fresh
    from kvproof.files import STDIN, Outputs, written
    from kvproof.inputs import witness_file, witness_source
    from kvproof.output import say
    from kvproof.scheduling.errors import InputError
    from kvproof.scheduling.exact import as_pq, decimal
    from kvproof.streams import print_json

    if skip and policy is None:
        raise click.UsageError("--skip goes with --policy: a witness names its own rule")
    path = Path(witness)
    if out is None:
        if witness == STDIN or path.is_dir():
            raise click.UsageError("say where to write the smaller witness: --out FILE")
        bare = Path(path.stem if path.suffix.lower() == ".gz" else path.name)
        out = str(path.with_name(f"{bare.stem}-small.json{path.name[len(bare.name) :]}"))
    target = Outputs(witness_source(witness)).file(out)
    with witness_file(witness, number) as file:
        begun = load(str(file), policy=policy, skip=skip)
    least = begun.ratio if keep is None else keep
    if begun.ratio < least:
        ratio = decimal(begun.ratio, 6, up=False)
        raise InputError(f"{witness}: its ratio is {ratio}, below --keep")

    def keeps(smaller: "Witness") -> bool:
        return smaller.ratio >= least and (max_eps is None or smaller.instance.eps <= max_eps)

    small = shrink(begun, keeps, tries=tries)
    if max_eps is not None and small.instance.eps > max_eps:
        eps = decimal(small.instance.eps, 6, up=True)
        raise InputError(
            f"{witness}: its eps is {eps}, above --max-eps, and no smaller witness was found that "
            "keeps to it"
        )
    check_fresh([small.data])
    before, after = begun.instance, small.instance
    # a result and its file: neither is lost where the other cannot be written
    try:
        target.write_packed(small.data)
    finally:
        if as_json:
            print_json({"command": "shrink", "file": written(target), "ratio": as_pq(small.ratio),
                        "requests": after.requests, "memory": after.memory,
                        "requests_before": before.requests, "eps": as_pq(after.eps)})  # fmt: skip
        else:
            ratio = decimal(small.ratio, 6, up=False)
            say(
                f"{before.requests:,} -> {counted(after.requests, 'request')}, memory "
                f"{before.memory:,} -> {after.memory:,}, ratio {ratio}, eps {float(after.eps):.4g}"
            )
            for line in in_words(small.feasible):
                say("  " + line)
    if not as_json:
        say(f"Witness: {out} (accepted by the checker)")
    return 0
