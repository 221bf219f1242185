import numpy as np
import pytest

from kvproof.scheduling.errors import InputError
from kvproof.scheduling.instance import Instance
from kvproof.serving.requests import held_instance


def sent(prompt, output, count=None):
    zeros = [0] * len(prompt)
    return Instance(memory=1000, arrival=zeros, prompt=prompt, output=output, count=count)


def test_an_engine_holds_one_token_less_than_it_was_sent():
    instance, dropped = held_instance(sent([5, 1], [3, 6], [2, 1]), memory=7, source="t")
    assert (instance.memory, dropped) == (7, 0)
    assert instance.prompt.tolist() == [4, 4, 0]
    assert instance.output.tolist() == [3, 3, 6]


def test_what_can_never_fit_is_refused_beforehand_or_dropped():
    requests = sent([5, 6, 1], [3, 3, 8])
    with pytest.raises(InputError, match="2 of 3 requests can never fit 7 tokens") as error:
        held_instance(requests, memory=7, source="t.csv")
    assert "request 1: 6 + 3, request 2: 1 + 8" in str(error.value)
    assert "(8 tokens) or --oversize drop" in str(error.value)
    instance, dropped = held_instance(requests, memory=7, source="t.csv", oversize="drop")
    assert (instance.rows, dropped) == (1, 2)
    with pytest.raises(InputError, match="no request fits 6 tokens"):
        held_instance(requests, memory=6, source="t.csv", oversize="drop")


def test_an_empty_prompt_is_refused():
    with pytest.raises(InputError, match=r"t.csv: request 1 has a prompt of 0 tokens"):
        held_instance(sent([5, 0], [3, 3]), memory=70, source="t.csv")


def test_the_requests_stay_in_their_order():
    rng = np.random.default_rng(0)
    prompt, output = rng.integers(1, 90, 50), rng.integers(1, 90, 50)
    instance, dropped = held_instance(sent(prompt, output), memory=100, source="t", oversize="drop")
    kept = prompt - 1 + output <= 100
    assert dropped == (~kept).sum() > 0
    assert instance.prompt.tolist() == (prompt[kept] - 1).tolist()
