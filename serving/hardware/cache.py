"""From ``MODEL@SIZE`` to the tokens that a KV cache holds, with the arithmetic shown.

    llama-3.1-8b@80GiB
    llama-3.1-70b@4x80GiB,dtype=fp8,utilisation=0.95,reserve=2GiB

Whole bytes throughout: what is taken away is rounded up, what is left is rounded down. A layer
with a sliding window is counted as if it kept every token: then what fits in so many tokens fits
the engine, and the other way round only where no request outgrows the window.
"""

import json
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import MAX_MEMORY
from kvproof.serving.hardware.models import find_model
from kvproof.serving.hardware.shape import COUNTED, ModelShape, shape_of

#: Bits of one number.
DTYPES = {"fp32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "fp4": 4, "int4": 4}
_UNITS = {
    letter + mark: base**power
    for base, mark in ((1024, "iB"), (1000, "B"))
    for power, letter in ((1, "K"), (2, "M"), (3, "G"), (4, "T"))
}
_SIZE = re.compile(r"(?:(\d{1,5})x)?(\d{1,9}(?:\.\d{1,9})?)([KMGT]i?B)")
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([MBT]?)")
_HELP = "MODEL@SIZE, such as llama-3.1-8b@80GiB or llama-3.1-70b@4x80GiB,dtype=fp8"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model on a group of equal GPUs that share it by tensor parallelism.

    Parameters
    ----------
    name, shape, parameters
        The model; its parameters in all.
    gpus, size
        GPUs, and the bytes of memory that each has.
    dtype, kv
        Types of the weights and of the cache (:data:`DTYPES`).
    utilisation
        Share of a GPU's memory that the engine may use, above 0, at most 1.
    reserve
        Bytes of each GPU set aside for activations and the like.

    Raises
    ------
    InputError
        The heads cannot be shared by so many GPUs, or a value is out of its range.
    """

    name: str
    shape: ModelShape
    parameters: int
    gpus: int
    size: int
    dtype: str = "bf16"
    kv: str = "bf16"
    utilisation: Fraction = Fraction(9, 10)
    reserve: int = 0

    def __post_init__(self) -> None:
        heads, kv_heads = self.shape.heads, self.shape.kv_heads
        uneven = self.gpus < 1 or heads % self.gpus
        if self.shape.latent is None and not uneven:
            uneven = kv_heads % self.gpus and self.gpus % kv_heads
        if uneven:
            raise InputError(
                f"{self.name}: {heads} heads and {kv_heads} key-value heads cannot be shared by "
                f"{self.gpus} GPUs evenly; take a number of GPUs that divides them"
            )
        if not 0 < self.utilisation <= 1:
            raise InputError(f"{self.name}: utilisation must be above 0 and at most 1")

    @property
    def usable(self) -> int:
        """Bytes of each GPU that the engine may use."""
        return int(self.size * self.utilisation)

    @property
    def weights(self) -> int:
        """Bytes of weights on each GPU: its share, and what each holds in full."""
        numbers = self.parameters + self.shape.copied(self.gpus)
        return -(-numbers * DTYPES[self.dtype] // (8 * self.gpus))

    @property
    def per_token(self) -> int:
        """Bytes of cache that a token takes on each GPU."""
        return -(-self.shape.cache_numbers(self.gpus) * DTYPES[self.kv] // 8)

    @property
    def left(self) -> int:
        """Bytes of each GPU that are left for the cache; below 0 where the model does not fit."""
        return self.usable - self.weights - self.reserve

    @property
    def tokens(self) -> int:
        """Tokens that the cache holds, each in every layer.

        Raises
        ------
        InputError
            The model is too large for the memory, or the cache for what an instance may have.
        """
        tokens = self.left // self.per_token
        if tokens < 1:
            need = Fraction(self.weights + self.reserve + self.per_token) / self.utilisation
            raise InputError(
                f"{self.name} does not fit {self.gpus} x {_gib(self.size)}: the weights take "
                f"{_gib(self.weights)} of the {_gib(self.usable)} that may be used on each GPU "
                f"({_gib(self.reserve)} reserved); each needs more than {_gib(need)}, or take "
                "more GPUs or a smaller dtype"
            )
        if tokens > MAX_MEMORY:
            raise InputError(f"{self.name}: {tokens:,} tokens are more than {MAX_MEMORY:,}")
        return tokens

    @property
    def lasting_tokens(self) -> int | None:
        """Tokens for which the layers without a window have room, if the others took none.

        No requests of an engine hold more of them at once, however short they are: a lower bound on
        OPT at this memory holds for the engine. None where every layer has a window.
        """
        lasting = self.shape.lasting_numbers(self.gpus) * DTYPES[self.kv]
        return self.left * 8 // lasting if lasting else None

    def in_short(self) -> str:
        """Return the arithmetic in a line."""
        each = "" if self.gpus == 1 else f"{self.gpus} GPUs, each "
        shape, windows = self.shape, ""
        if shape.window is not None:
            windows = (
                f"; {shape.windowed} of {shape.layers} layers keep a window of {shape.window:,} "
                "tokens and are counted in full: bounds on OPT hold for requests up to that size, "
                "with longer ones the engine may do better ('kvproof memory' says more)"
            )
        return (
            f"{each}{_gib(self.size)} x {_plain(self.utilisation)} - {_gib(self.weights)} of "
            f"weights - {_gib(self.reserve)} reserved, at {self.per_token:,} bytes a token{windows}"
        )

    def arithmetic(self) -> list[str]:
        """Return the steps from the GPU's memory to the tokens, in words."""
        shape = self.shape
        if shape.latent is not None:
            kept = f"{shape.layers} layers x {shape.latent} (latent and rotary key)"
        else:
            heads = -(-shape.kv_heads // self.gpus)
            kept = f"{shape.layers} layers x 2 x {heads} heads x {shape.head_dim}"
        share = f" / {self.gpus} GPUs" if self.gpus > 1 else ""
        copied = shape.copied(self.gpus)
        more = f" and {copied:,} held by more than one GPU" if copied else ""
        held = f"{self.parameters:,} parameters{more}, {self.dtype}"
        each = " on each GPU" if self.gpus > 1 else ""
        return [
            f"usable: {self.size:,} bytes x {_plain(self.utilisation)} = {self.usable:,}{each}",
            f"weights: {held}{share} = {self.weights:,} bytes",
            f"reserved: {self.reserve:,} bytes",
            f"left for the cache: {self.left:,} bytes",
            f"a token: {kept}, {self.kv} = {self.per_token:,} bytes{each}",
            f"tokens: {self.left:,} / {self.per_token:,} = {self.tokens:,}",
            *self._about_windows(),
        ]

    def _about_windows(self) -> list[str]:
        """Return what the number of tokens means where layers have a window."""
        shape = self.shape
        if shape.window is None:
            return []
        full, lasting = shape.layers - shape.windowed, self.lasting_tokens
        if lasting is None:
            beyond = "beyond the window no number of tokens bounds what the engine holds"
        else:
            beyond = (
                f"take {lasting:,}, the room in the {full} layers without a window, for bounds on "
                "OPT that hold for the engine whatever the lengths"
            )
        keep = f"{shape.windowed} of {shape.layers} layers keep only the last {shape.window:,}"
        exact = f"{self.tokens:,} is exact for requests of up to {shape.window:,} tokens"
        return [
            f"windows: {keep} tokens of a request; they are counted as if they kept all",
            f"  {exact} (prompt and output), too few for longer ones: what fits here fits",
            f"  {beyond}",
        ]


def parse_deployment(text: str) -> Deployment:
    """Read ``MODEL@[Nx]SIZE[,dtype=D][,kv=D][,utilisation=U][,reserve=SIZE][,parameters=P]``.

    MODEL is a name of :data:`~kvproof.serving.hardware.models.MODELS` or the path of a
    ``config.json`` or of its folder; `parameters` (``7.6B`` or all digits) is needed for a family
    whose parameters do not follow from its shape.

    Raises
    ------
    InputError
        The text is not of this form, or names a model or file that is not there.
    """
    model, at, rest = text.rpartition("@")
    if not at or not model:
        raise InputError(f"{text!r}: expected {_HELP}")
    place, *settings = rest.split(",")
    match = _SIZE.fullmatch(place)
    if match is None:
        raise InputError(f"{text!r}: {place!r} is no size, such as 80GiB, 24GB or 4x80GiB")
    given: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name not in ("dtype", "kv", "utilisation", "reserve", "parameters"):
            raise InputError(
                f"{text!r}: {setting!r} is no setting; known: dtype=fp8, kv=fp8, utilisation=0.9, "
                "reserve=2GiB, parameters=7.6B"
            )
        if name in given:
            raise InputError(f"{text!r}: {name} is given twice")
        given[name] = value
    for name in ("dtype", "kv"):
        if given.get(name, "bf16") not in DTYPES:
            raise InputError(f"{text!r}: {name} must be one of {', '.join(DTYPES)}")
    shape = _shape(model)
    parameters = shape.parameters
    if "parameters" in given:
        parameters = _count(text, given["parameters"])
    if parameters is None:
        raise InputError(
            f"{model}: the parameters do not follow from this config.json (they do for language "
            f"models alone of type {', '.join(sorted(COUNTED))}); add ,parameters=7.6B with the "
            "published number"
        )
    return Deployment(
        name=model,
        shape=shape,
        parameters=parameters,
        gpus=int(match[1] or 1),
        size=math.floor(_bytes(text, match[2] + match[3])),
        dtype=given.get("dtype", "bf16"),
        kv=given.get("kv", "bf16"),
        utilisation=_share(text, given.get("utilisation", "0.9")),
        reserve=math.ceil(_bytes(text, given.get("reserve", "0GiB"))),
    )


def config_file(model: str) -> Path | None:
    """Return the file that a model is read from; None for a name of the list."""
    path = Path(model)
    if path.is_dir():
        return path / "config.json"
    return path if path.suffix == ".json" or path.is_file() else None


def _shape(model: str) -> ModelShape:
    path = config_file(model)
    if path is None:
        return find_model(model).shape
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"{path}: expected a JSON object, the config.json of a model")
    return shape_of(config, where=str(path))


def _bytes(text: str, size: str) -> Fraction:
    match = _SIZE.fullmatch(size)
    if match is None or match[1]:
        raise InputError(f"{text!r}: {size!r} is no size, such as 2GiB or 500MB")
    return Fraction(match[2]) * int(_UNITS[match[3]])


def _count(text: str, count: str) -> int:
    match = _COUNT.fullmatch(count)
    if match is None:
        raise InputError(f"{text!r}: parameters must be a number such as 7.6B, got {count!r}")
    number = Fraction(match[1]) * {"": 1, "M": 10**6, "B": 10**9, "T": 10**12}[match[2]]
    if number < 1:
        raise InputError(f"{text!r}: parameters must be at least 1, got {count!r}")
    return -(-number.numerator // number.denominator)


def _share(text: str, share: str) -> Fraction:
    if not re.fullmatch(r"\d(?:\.\d{1,9})?", share) or not 0 < Fraction(share) <= 1:
        raise InputError(
            f"{text!r}: utilisation must be above 0 and at most 1, such as 0.9, got {share!r}"
        )
    return Fraction(share)


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"


def _gib(size: int | Fraction) -> str:
    return f"{float(Fraction(size) / 2**30):,.1f} GiB"
