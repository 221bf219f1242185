"""Text Generation Inference's log, with lines as its router writes them."""

import json
import os
from fractions import Fraction

import pytest

from kvproof.__main__ import run
from kvproof.scheduling.errors import InputError
from kvproof.serving.log import read_log

START = (
    "2024-12-10T21:49:50.317182Z  INFO text_generation_router::server: "
    "router/src/server.rs:2402: Connected\n"
)
CHAT = (
    '2024-12-10T21:50:03.478010Z  INFO chat_completions{total_time="735.200735ms" '
    'validation_time="955.594µs" queue_time="73.176µs" inference_time="734.172108ms" '
    'time_per_token="36.708605ms" seed="Some(13465365087046561476)"}: '
    "text_generation_router::server: router/src/server.rs:622: Success\n"
)
PARAMETERS = (
    '2024-12-10T21:50:09.5Z  INFO compat_generate{default_return_full_text=true}:generate{'
    "parameters=GenerateParameters { best_of: None, max_new_tokens: Some(100), "
    'stop: ["\\" total_time=\\"1ns\\""], seed: Some(42) } '
    'total_time="4.065504959s" validation_time="440.038965ms" queue_time="94.981µs" '
    'inference_time="3.625371193s" time_per_token="38.982485ms" seed="None"}: '
    "text_generation_router::server: router/src/server.rs:402: Success\n"
)  # fmt: skip
WARNING = "2024-12-10T21:50:04.000000Z  WARN text_generation_router: router/src/main.rs:1: slow\n"


def write(tmp_path, text):
    path = tmp_path / "tgi.log"
    path.write_text(text, encoding="utf-8")
    return path


def test_answered_requests_are_read_exactly_and_nothing_else_is(tmp_path):
    log = read_log(write(tmp_path, START + CHAT + WARNING + PARAMETERS))
    assert (log.format, log.line, log.first) == ("tgi", (2, 4), None)
    latencies = [c - a for a, c in zip(log.arrival, log.completion, strict=True)]
    assert latencies == [Fraction(735_200_735, 10**9), Fraction(4_065_504_959, 10**9)]
    assert log.completion[1] - log.completion[0] == Fraction(6_021_990, 10**6)
    assert log.output.tolist() == [20, 93]  # 734.172108 ms / 36.708605 ms, 3625.371193 / 38.982485
    assert log.prompt.tolist() == [1, 1]


def test_a_time_soon_after_a_second_is_read_exactly(tmp_path):
    log = read_log(write(tmp_path, START + CHAT.replace("03.478010Z", "03.000010Z") + CHAT))
    assert log.completion[1] - log.completion[0] == Fraction(478, 1000)
    assert log.completion[0] - log.arrival[0] == Fraction(735_200_735, 10**9)


def test_a_time_before_that_of_the_clock_is_read_exactly(tmp_path):
    early = CHAT.replace("2024-12-10T21:50:03.478010Z", "1970-01-01T00:00:00.25Z")
    log = read_log(write(tmp_path, START + early))
    assert log.completion[0] - log.arrival[0] == Fraction(735_200_735, 10**9)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs a pipe that has a name")
def test_a_pipe_is_read_once():
    read, write = os.pipe()
    try:
        with open(write, "w", encoding="utf-8") as file:  # more than is read ahead
            file.write(START + CHAT * 80)
        assert len(read_log(f"/dev/fd/{read}").line) == 80
    finally:
        os.close(read)


def test_colours_are_no_part_of_a_line(tmp_path):
    coloured = START + "\x1b[2m" + CHAT.replace("Z  INFO", "Z\x1b[0m \x1b[32m INFO\x1b[0m")
    assert read_log(write(tmp_path, coloured)).output.tolist() == [20]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("735.200735ms", "735ish", "expected a duration such as 986.532642ms, got '735ish'"),
        ("734.172108ms", "1.5ns", "finer than a nanosecond"),
        ("36.708605ms", "0ns", "tell no number of tokens"),
        ("36.708605ms", "35.1ms", "tell no number of tokens"),
        ("36.708605ms", "1ns", "tell no number of tokens"),  # it tells several
        ("time_per_token", "other", "without total_time, inference_time and time_per_token"),
        ("2024-12-10T21:50:03", "2024-13-10T21:50:03", "no such date"),
        ("03.478010Z", "03.4780100000Z", "a time finer than a nanosecond"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, old, new, complaint):
    path = write(tmp_path, START + CHAT.replace(old, new))
    with pytest.raises(InputError, match=r"tgi\.log: line 2: ") as error:
        read_log(path)
    assert complaint in str(error.value)


def test_a_log_without_answers_is_refused(tmp_path):
    with pytest.raises(InputError, match="no completed request"):
        read_log(write(tmp_path, START + WARNING))


def test_the_command_bounds_such_a_run_and_says_what_it_does_not_know(tmp_path, capsys):
    path = write(tmp_path, START + CHAT + PARAMETERS)
    assert run(["certify-run", str(path), "--memory", "5000", "--step", "0.02", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "tgi"
    assert "each counts as one token" in told["notes"][0]
    assert told["lower_bound"] == "113/50"  # (20 + 93) steps of 0.02 s
