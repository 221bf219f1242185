import json
import os
from fractions import Fraction

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.serving.log import read_log


def write(tmp_path, text, name="log.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_log_is_read_exactly(tmp_path):
    text = "arrival,completion,first,prompt,output\n0.1,2.35,1.1,5,3\n0.2,9,0.25,1,2\n3,4,3,7,0\n"
    log = read_log(write(tmp_path, text))
    assert (log.format, log.failed, log.line) == ("log", 1, (2, 3))
    assert log.arrival == (Fraction(1, 10), Fraction(1, 5))
    assert log.completion == (Fraction(47, 20), 9)
    assert log.first == (Fraction(11, 10), Fraction(1, 4))
    assert (log.prompt.tolist(), log.output.tolist()) == ([5, 1], [3, 2])
    # a clock may be too coarse to tell two times apart
    log = read_log(write(tmp_path, "arrival,completion,first,prompt,output\n3,3,3,5,1\n"))
    assert log.arrival == log.first == log.completion == (3,)


def test_vllms_metrics_and_spans_are_known(tmp_path):
    row = {
        "arrival_time": 1700000000.25, "first_token_time": 1700000001,
        "finished_time": 1700000003.5, "num_prompt_tokens": 12, "num_generation_tokens": 4,
        "other": None,
    }  # fmt: skip
    log = read_log(write(tmp_path, json.dumps(row) + "\n", "log.jsonl"))
    assert log.format == "vllm"
    assert log.completion[0] - log.arrival[0] == Fraction(13, 4)
    span = {
        "start_time": "2026-01-05T10:00:00.5Z", "gen_ai.latency.e2e": 2.5,
        "gen_ai.latency.time_to_first_token": 0.5, "gen_ai.usage.prompt_tokens": 12,
        "gen_ai.usage.completion_tokens": 4,
    }  # fmt: skip
    log = read_log(write(tmp_path, json.dumps(span) + "\n", "span.jsonl"))
    assert log.format == "spans"
    assert log.completion[0] - log.arrival[0] == Fraction(5, 2)
    assert log.first is not None
    assert log.first[0] - log.arrival[0] == Fraction(1, 2)


def test_sglangs_exported_metrics_are_known(tmp_path):
    row = {
        "request_parameters": "{}", "id": "a", "finish_reason": {"type": "length", "length": 4},
        "prompt_tokens": 12, "completion_tokens": 4, "cached_tokens": 0, "e2e_latency": 3.3,
        "request_received_ts": 1700000000.25, "request_finished_ts": 1700000003.5,
        "response_sent_to_client_ts": 1700000003.6,
    }  # fmt: skip
    path = tmp_path / "sglang-request-metrics-20260105_10.log"
    path.write_text(json.dumps(row) + "\n")
    log = read_log(path)
    assert (log.format, log.cached) == ("sglang", None)
    assert log.completion[0] - log.arrival[0] == Fraction(13, 4)
    del row["request_finished_ts"]
    path.write_text("".join(json.dumps(row | {"cached_tokens": n}) + "\n" for n in (0, 1)))
    log = read_log(path)
    assert (log.format, log.cached) == ("sglang", 1)
    assert log.completion[0] - log.arrival[0] == Fraction(33, 10)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs a pipe that has a name")
def test_a_pipe_is_read_once():
    read, write = os.pipe()
    try:
        with open(write, "w") as file:  # more than is read ahead, less than a pipe holds
            file.write("arrival,completion,prompt,output\n" + "1,20,300,4\n" * 2_000)
        assert len(read_log(f"/dev/fd/{read}").line) == 2_000
    finally:
        os.close(read)


def test_columns_of_other_names_are_named(tmp_path):
    path = write(tmp_path, "t,e2e,in,out\n1,2,3,4\n")
    named = {"arrival": "t", "latency": "e2e", "prompt": "in", "output": "out"}
    log = read_log(path, columns=named)
    assert (log.arrival, log.completion, log.first) == ((1,), (3,), None)


def test_a_latency_that_is_named_goes_before_the_time_at_its_end(tmp_path):
    path = write(tmp_path, "arrival,completion,first,prompt,output,e2e,ttft\n1,9,3,2,3,5,4\n")
    log = read_log(path, columns={"latency": "e2e"})
    assert (log.completion, log.first) == ((6,), (3,))
    log = read_log(path, columns={"first_latency": "ttft"})
    assert (log.completion, log.first) == ((9,), (5,))
    for named in (
        {"completion": "completion", "latency": "e2e"},
        {"first": "first", "first_latency": "ttft"},
    ):
        with pytest.raises(InputError, match="are both given"):
            read_log(path, columns=named)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("arrival,completion,prompt,output\n", "no completed request"),
        ("arrival,completion,prompt,output\n1,2,3,0\n", "no completed request"),
        (
            "arrival,prompt,output\n1,2,3\n",
            "no column for completion (or latency) (as a log of ",
        ),
        ("a,b\n1,2\n", "no column for arrival, prompt, output, completion (or latency) ("),
        ("arrival,completion,prompt,output\n1,2,x,3\n", "line 2, column 'prompt': expected"),
        ("arrival,completion,prompt,output\n1,2,0,3\n", "line 2: a prompt of 0 tokens"),
        ("arrival,completion,prompt,output\n1,soon,2,3\n", "column 'completion': expected a time"),
        (
            "arrival,completion,prompt,output\n3,2,2,3\n",
            "line 2: arrival and completion are",
        ),
        (
            "arrival,completion,first,prompt,output\n1,5,6,2,3\n",
            "first token and completion are out of order",
        ),
        (
            "arrival,completion,prompt,output\n1,2026-01-01 10:00:00,2,3\n",
            "a date-time among times that each are a number",
        ),
        (
            "arrival,latency,prompt,output\n1,2026-01-01 10:00:00,2,3\n",
            "column 'latency': expected a number",
        ),
        ("arrival,completion,prompt,output,prompt\n1,9,2,3,4\n", "column 'prompt' is there twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, complaint):
    with pytest.raises(InputError, match=r"log\.csv") as error:
        read_log(write(tmp_path, text))
    assert complaint in str(error.value)


def test_names_for_columns_are_checked(tmp_path):
    path = write(tmp_path, "arrival,completion,prompt,output\n1,2,3,4\n")
    with pytest.raises(InputError, match="a log has no role 'begin'; its roles are arrival"):
        read_log(path, columns={"begin": "arrival"})
    with pytest.raises(InputError, match="there is no column 'begin'"):
        read_log(path, columns={"arrival": "begin"})
