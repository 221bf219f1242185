"""``kvproof memory``: how many tokens a model's KV cache holds on given GPUs."""

from typing import TYPE_CHECKING, Any

import click

from kvproof.options import json_option

if TYPE_CHECKING:
    from rich.table import Table


@click.command("memory")
@click.argument("deployment", required=False, metavar="[MODEL@SIZE]")
@json_option
def command(deployment: str | None, as_json: bool) -> None:
    """Say how many tokens a KV cache holds, with the arithmetic; without an argument, list models.

    MODEL@[Nx]SIZE[,SETTING=VALUE...], without spaces: MODEL is one of the list, or the path of a
    config.json; N GPUs share it by tensor parallelism, each of SIZE, as 80GiB or 24GB. --memory of
    the other commands takes the same word.

    \b
    dtype=       type of the weights [bf16]:
                 fp32, bf16, fp16, fp8, int8, fp4, int4
    kv=          type of the cache [bf16]
    utilisation= share of the memory to be used [0.9]
    reserve=     kept for activations [0GiB]
    parameters=  7.6B, where a config.json does not tell

    A layer with a sliding window is counted as if it kept every token: never too many.
    """  # noqa: D301  (the mark by which click keeps lines as they are)
    from kvproof.output import console
    from kvproof.serving.hardware.cache import parse_deployment
    from kvproof.streams import print_json

    if deployment is None:
        models = _models()
        if as_json:
            print_json({"command": "memory", "models": models})
        else:
            _print_models(models)
        return
    found = parse_deployment(deployment)
    tokens = found.tokens
    if as_json:
        print_json(
            {
                "command": "memory",
                "model": found.name,
                "gpus": found.gpus,
                "bytes_per_gpu": found.size,
                "dtype": found.dtype,
                "kv": found.kv,
                "usable": found.usable,
                "weights": found.weights,
                "reserved": found.reserve,
                "left": found.left,
                "bytes_per_token": found.per_token,
                "parameters": found.parameters,
                "tokens": tokens,
                "windowed_layers": found.shape.windowed,
                "window": found.shape.window,
                "tokens_without_windowed_layers": found.lasting_tokens,
            }
        )
        return
    out = console()
    for line in found.arithmetic():
        out.print(line)


def _models() -> list[dict[str, Any]]:
    from kvproof.serving.hardware.models import MODELS

    rows = []
    for model in MODELS:
        shape = model.shape
        latent = shape.latent is not None
        rows.append(
            {
                "model": model.name,
                "parameters": shape.parameters,
                "layers": shape.layers,
                "kv_heads": None if latent else shape.kv_heads,
                "head_dim": None if latent else shape.head_dim,
                "latent": shape.latent,
                "bytes_per_token": 2 * shape.cache_numbers(1),
                "windowed_layers": shape.windowed,
                "window": shape.window,
                "source": f"https://huggingface.co/{model.source}",
            }
        )
    return rows


def _print_models(models: list[dict[str, Any]]) -> None:
    from kvproof.output import console, fits, print_table

    out = console()
    tables = [_table(models, wide=wide) for wide in (True, False)]
    # where neither fits, paragraphs have room for all
    print_table(out, next((table for table in tables if fits(out, table)), tables[0]))
    out.print()
    out.print(
        "Bytes a token at 16 bits on one GPU. A window: so many layers keep only the last tokens "
        "of a request (512 in 22); they are counted in full. From the config.json of each model "
        "on huggingface.co (--json has the addresses); parameters follow from its shapes, or are "
        "those of the published weights where it sees as well."
    )


def _table(models: list[dict[str, Any]], *, wide: bool) -> "Table":
    """Return a row for each model; what is kept for each layer only where it is `wide`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    heads = ["parameters", "layers", "window", *(["kept a layer"] if wide else []), "bytes a token"]
    for head in heads:
        table.add_column(
            head if wide else head.replace("bytes ", "bytes\n"), justify="right", no_wrap=True
        )
    for row in models:
        kept = row["latent"] or f"2 x {row['kv_heads']} x {row['head_dim']}"
        window = "" if row["window"] is None else f"{row['window']:,} in {row['windowed_layers']}"
        table.add_row(
            row["model"],
            f"{row['parameters'] / 10**9:,.1f}B",
            str(row["layers"]),
            window,
            *([str(kept)] if wide else []),
            f"{row['bytes_per_token']:,}",
        )
    return table
