from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.traces import BUILTIN, GROUP, TraceFormat, formats
from kvproof.scheduling.traces.formats import find_format


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ("TIMESTAMP,ContextTokens,GeneratedTokens", "azure"),
        ("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type", "burstgpt"),
        (
            "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Log Type",
            "burstgpt",  # the second release, with two columns inserted
        ),
        ("hash_ids,output_length,input_length,timestamp", "mooncake"),  # any order
        ("arrived_at,num_prefill_tokens,num_decode_tokens", "vidur"),
        ("prompt,output", "lengths"),
        ("ContextTokens,GeneratedTokens", "azure"),  # its lengths alone
        ("prompt,output,TIMESTAMP,ContextTokens,GeneratedTokens", "azure"),  # times win
    ],
)
def test_found_by_column_names(columns: str, name: str) -> None:
    assert find_format(columns.split(","), where="t").name == name


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("TIMESTAMP,ContextTokens", "t: column 'GeneratedTokens' is missing from this azure"),
        ("output", "t: column 'prompt' is missing from this lengths trace"),
        (
            "5,472,18",
            "t: columns '5', '472', '18' are of no known trace format; known: azure (TIME",
        ),
        ("timestamp,contexttokens", "'input_length', 'output_length' is missing"),
    ],
)
def test_not_found(columns: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find_format(columns.split(","), where="t")
    assert message in str(caught.value)


def test_built_in_names_are_unique() -> None:
    assert len({each.name for each in BUILTIN}) == len(BUILTIN)


@pytest.mark.parametrize(
    "wrong", [{"unit": Fraction(0)}, {"unit": Fraction(-1)}, {"time": "p"}, {"output": "p"}]
)
def test_a_format_is_validated_where_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="trace format mine"):
        TraceFormat(**({"name": "mine", "prompt": "p", "output": "o"} | wrong))


def plug_in(monkeypatch: pytest.MonkeyPatch, load: Any) -> None:
    entry = SimpleNamespace(name="mine", value="mine:FORMAT", load=load)
    monkeypatch.setattr(formats, "entry_points", lambda group: [entry] * (group == GROUP))


def test_a_users_format(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = TraceFormat(name="mine", time="at", prompt="prompt", output="output")
    plug_in(monkeypatch, lambda: mine)
    assert find_format(["at", "prompt", "output"], where="t") is mine
    assert find_format(["prompt", "output"], where="t").name == "lengths"


def test_a_users_format_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, lambda: 1 / 0)
    with pytest.raises(InputError, match=r"'mine' \(mine:FORMAT\) does not load: ZeroDiv"):
        find_format(["at"], where="t")
    assert find_format(BUILTIN[0].columns, where="t") is BUILTIN[0]  # does not disturb the others


def test_a_users_format_of_the_wrong_type(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, lambda: "format")
    with pytest.raises(InputError, match="is not a TraceFormat"):
        find_format(["at"], where="t")
