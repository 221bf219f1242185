"""Predicted lengths on the command line: options, where they come from, table and JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from kvproof.options import Rational, refuse_idle, together

if TYPE_CHECKING:
    from rich.table import Table

    from kvproof.bounds.predicted import PredictedVerdict
    from kvproof.certificates.proofs import BoundKind
    from kvproof.inputs import Input
    from kvproof.latencies import Unit
    from kvproof.scheduling.exact import Column
    from kvproof.scheduling.policies import Policy

#: Policies that predictions are tried on unless others are named.
POLICIES = ("svf", "svf-1bit", "sjf", "fcfs")
_OPTIONS = ("seed", "margin", "underprediction")
#: An option of verify alone.
certificate_option = click.option(
    "--certificate",
    type=click.Path(),
    metavar="FILE",
    help="With predictions and one --policy: write what can be checked of its run: its factor, or "
    "where it preempts the bound on all runs.",
)


#: What says that lengths are predicted, and what follows where they are wrong.
prediction_options = together(
    click.option(
        "--predicted",
        metavar="COLUMN",
        help="Policies know the output lengths of this column of TRACE only.",
    ),
    click.option(
        "--noise",
        metavar="lognormal:SIGMA|factor:K|bits:B",
        help="Policies know the true lengths made wrong: times exp(SIGMA x normal), within "
        "a factor of K, or the mean of 2^B classes.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Of what is drawn at random.",
    ),
    click.option(
        "--margin",
        type=Rational(most=1000),
        default="1",
        show_default=True,
        help="With predictions: admission sets aside so many times the predicted length.",
    ),
    click.option(
        "--underprediction",
        type=click.Choice(["preempt", "avoid"]),
        default="preempt",
        show_default=True,
        help="Who exceeds its prediction runs on; preempt: where memory runs out, the last "
        "in order are stopped and computed again; avoid: admission knows true lengths.",
    ),
)


def are_asked_for(
    predicted: str | None, noise: str | None, underprediction: str, *, seeded: bool = False
) -> bool:
    """Whether lengths are predicted; refuse options of it that have no effect.

    `seeded` says that the seed is for something else, too.
    """
    from kvproof.scheduling.noise import parse_noise

    if predicted is not None and noise is not None:
        raise click.UsageError("--predicted and --noise: give one of them")
    if noise is not None:
        parse_noise(noise)  # speaks up before a long file is read
    if predicted is None and noise is None:
        for option in _OPTIONS:
            if option == "seed" and seeded:
                continue
            with_sample = ", or verify's --sample" if option == "seed" else ""
            refuse_idle(option, f"it goes with --predicted or --noise{with_sample}")
        return False
    if predicted is not None and not seeded:
        refuse_idle("seed", "it goes with --noise")
    if underprediction == "avoid":
        refuse_idle("margin", "--underprediction avoid admits by true lengths")
    return True


def predictions(source: Input, noise: str | None, seed: int) -> Column:
    """Return the predicted lengths: of the column that was read, or the true ones made wrong."""
    import numpy as np

    from kvproof.scheduling.noise import parse_noise

    if source.predicted is not None:
        return source.predicted
    assert noise is not None  # are_asked_for has made sure
    return parse_noise(noise).predict(source.instance, np.random.default_rng(seed))


def facts(
    predicted: str | None,
    noise: str | None,
    seed: int,
    margin: Fraction,
    underprediction: str,
) -> dict[str, Any]:
    """Return where predictions come from and what follows where they are wrong, for JSON."""
    return {
        "predicted": predicted,
        "noise": noise,
        "seed": None if noise is None else seed,
        "margin": str(margin),
        "underprediction": underprediction,
    }


def words(about: dict[str, Any]) -> str:
    """Say the same in a line."""
    from kvproof.scheduling.exact import in_full

    if about["predicted"] is not None:
        origin = f"lengths predicted by column {about['predicted']}"
    else:
        origin = f"lengths predicted with noise {about['noise']}, seed {about['seed']}"
    if about["underprediction"] == "avoid":
        return f"{origin}; they order, and admission knows the true ones"
    margin = "" if about["margin"] == "1" else f" times {in_full(Fraction(about['margin']))}"
    return f"{origin}; they order and{margin} admit, and what outgrows the memory is preempted"


def predicted_json(verdicts: list[PredictedVerdict], step: Fraction | None) -> list[dict[str, Any]]:
    """Return an object for each policy."""
    from kvproof.latencies import statistics_json
    from kvproof.output import exact_and_decimal

    return [
        {
            "policy": v.policy,
            "total_latency": v.run.total_latency,
            **exact_and_decimal("mean_latency", v.run.mean_latency, 2, up=True),
            "makespan": v.run.makespan,
            "preemptions": int(v.run.preemptions.sum()),
            "recomputed_tokens": v.run.recomputed,
            "total_latency_known": v.known_total,
            **exact_and_decimal("price", v.price, 4, up=True),
            **exact_and_decimal("lower_bound", v.bound.value, 4, up=False),
            "lower_bound_kind": v.bound.kind,
            "lower_bound_unpreempted": v.bound.unpreempted,
            **exact_and_decimal("factor", v.factor, 4, up=True),
            **exact_and_decimal("cut_at_least", v.cut.at_least, 4, up=False),
            **exact_and_decimal("cut_at_most", v.cut.at_most, 4, up=True),
            "statistics": statistics_json(v.run.statistics, step),
        }
        for v in verdicts
    ]


def predicted_table(verdicts: list[PredictedVerdict]) -> Table:
    """Return a table with a line for each policy; 60 columns suffice for totals of nine digits."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.scheduling.exact import decimal

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("policy", no_wrap=True)
    for head in ("mean\nlatency", "times\nstopped", "proved\nfactor", "price", "can be\ncut by"):
        table.add_column(head, justify="right", no_wrap=True)
    for v in verdicts:
        least, most = v.cut.percentages()
        table.add_row(
            v.policy,
            f"{float(v.run.mean_latency):,.1f}",
            f"{int(v.run.preemptions.sum()):,}",
            decimal(v.factor, 4, up=True),
            decimal(v.price, 4, up=True),
            f"{least}–{most}%",
        )
    return table


def show_predicted(
    trace: str,
    policies: list[Policy],
    bound: BoundKind | None,
    latency: Unit | None,
    certificate: str | None,
    about: dict[str, Any],
    as_json: bool,
    reading: dict[str, Any],
) -> None:
    """Run and show policies that know predicted lengths only."""
    from kvproof.bounds.predicted import verify_predicted
    from kvproof.certificates.checker import check
    from kvproof.files import Outputs, written
    from kvproof.inputs import load
    from kvproof.latencies import print_statistics, unit_of
    from kvproof.output import console, other_bound, print_table, progress_bar
    from kvproof.scheduling.exact import decimal
    from kvproof.streams import print_json
    from kvproof.verdicts import print_heading

    if latency is not None and as_json:
        refuse_idle("latency", "--json has steps and seconds")
    if certificate is not None and len(policies) > 1:
        raise click.UsageError("--certificate is about one run: name one --policy")
    target = None if certificate is None else Outputs(trace).file(certificate)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {trace}", total=None)
        source = load(trace, predicted=about["predicted"], **reading)
        step = None if latency is None else unit_of(source, latency)
        lengths = predictions(source, about["noise"], about["seed"] or 0)
        found = verify_predicted(
            source.instance,
            policies,
            lengths,
            margin=Fraction(about["margin"]),
            avoid=about["underprediction"] == "avoid",
            bound=bound,
            progress=lambda stage: bar.update(task, description=stage),
        )
        data, proof = b"", None
        notes: list[str] = []
        if target is not None:
            bar.update(task, description="checking")
            made = found[0].certificate()
            notes = other_bound(made, found[0].bound)
            data = made.to_bytes(compress=target.compressed)
            proof = check(data)
    # a result and its file: neither is lost where the other cannot be written
    try:
        if target is not None and proof is not None:
            target.write_verified(data, proof)
    finally:
        if as_json:
            print_json(
                {
                    **source.to_json(),
                    "notes": [*source.notes, *notes],
                    "rule": "strict",
                    **about,
                    "certificate": written(target),
                    "policies": predicted_json(found, source.step),
                }
            )
        else:
            out = console()
            print_heading(out, source, words(about), *notes)
            print_table(out, predicted_table(found))
            out.print()
            least = decimal(found[0].bound.value, 0, up=False, commas=True)
            run = "No run without preemption" if found[0].bound.unpreempted else "No run"
            out.print(
                f"{run}, whatever it knows, has a total latency below {least} (bound: "
                f"{found[0].bound.kind}). Price: total latency over that of the same policy with "
                "the true lengths."
            )
            if latency is not None and step is not None:
                runs = [(v.policy, v.run.statistics) for v in found]
                print_statistics(out, runs, latency, step)
    if proof is not None and not as_json:
        console().print(f"{certificate}: verified: {proof.claim_in_words}", soft_wrap=True)
