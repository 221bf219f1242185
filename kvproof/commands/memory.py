"""``kvproof memory``: how many tokens a model's KV cache holds on given GPUs."""

from typing import Any

import click

from kvproof.options import json_option


@click.command("memory")
@click.argument("deployment", required=False, metavar="[MODEL@SIZE]")
@json_option
def command(deployment: str | None, as_json: bool) -> None:
    """Say how many tokens a KV cache holds, with the arithmetic; without an argument, list models.

    MODEL@[Nx]SIZE[,dtype=D][,kv=D][,utilisation=U][,reserve=SIZE][,parameters=P]: MODEL is one of
    the list, or the path of a config.json; N GPUs share it by tensor parallelism; D is the type of
    the weights or the cache (bf16 unless given: fp32, bf16, fp16, fp8, int8, fp4, int4); U is the
    share of the memory that may be used (0.9); reserve is kept for activations (0GiB).
    --memory of the other commands takes the same word.
    """
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
            }
        )
        return
    out = console()
    for line in found.arithmetic():
        out.print(line, soft_wrap=True)


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
                "source": f"https://huggingface.co/{model.source}",
            }
        )
    return rows


def _print_models(models: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from kvproof.output import console, fits

    out = console()
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for name in ("parameters", "layers", "kept a layer", "bytes a token"):
        table.add_column(name, justify="right", no_wrap=name != "kept a layer")
    for row in models:
        kept = row["latent"] or f"2 x {row['kv_heads']} x {row['head_dim']}"
        table.add_row(
            row["model"],
            f"{row['parameters'] / 10**9:,.1f}B",
            str(row["layers"]),
            str(kept),
            f"{row['bytes_per_token']:,}",
        )
    if not fits(out, table):
        for column in table.columns:
            column.header = str(column.header).replace(" ", "\n")
    out.print(table)
    out.print()
    out.print(
        "Bytes a token at 16 bits on one GPU. From the config.json of each model on huggingface.co "
        "(--json has the addresses); parameters follow from its shapes."
    )
