"""What benchmarks/vllm_orders.py reckons of a server's answers; for the server: test_server.py."""

import json
import sys

import pytest

from benchmarks.vllm_orders import in_order, keys_of, main, order_arguments, patience_of
from benchmarks.vllm_server import spread
from kvproof.scheduling.instance import Instance
from kvproof.serving.vllm.policies import find_engine_policy

# arrival, first token, completion, prompt, output
ROWS = [(10.0, 11.0, 20.0, 3, 9), (10.25, 13.0, 14.0, 2, 2), (10.5, 12.0, 15.0, 2, 4)]
HELD = Instance(memory=100, arrival=[0] * 3, prompt=[2, 1, 1], output=[9, 2, 4])


def test_pairs_count_that_waited_together_and_whose_keys_differ():
    assert in_order([0, 1, 2], ROWS) == 2 / 3  # the second and third, not in order
    assert in_order([0, 2, 1], ROWS) == 1
    assert in_order([0, 2, 2], ROWS) == 1
    late = [*ROWS, (30.0, 31.0, 32.0, 1, 1)]  # came when all were done
    assert in_order([0, 2, 1, -5], late) == 1


@pytest.mark.parametrize(
    ("name", "keys"),
    [("fcfs", [10.0, 10.25, 10.5]), ("sjf", [9, 2, 4]), ("svf", [63, 5, 14])],
)
def test_each_order_has_its_key(name, keys):
    assert keys_of(find_engine_policy(name), HELD, ROWS, {}) == keys


def test_one_bit_knows_its_classes_and_patience_caps_a_volume():
    bit = {"threshold": 4, "short": 3, "long": 9}
    assert keys_of(find_engine_policy("svf-1bit"), HELD, ROWS, bit) == [63, 9, 9]
    waiting = {"aging": 10.0, "patience": 1.5}
    assert keys_of(find_engine_policy("svf"), HELD, ROWS, waiting) == [15, 7, 19]


def test_patience_is_the_tail_of_fcfs_and_the_mean_volume_is_worth_it():
    assert patience_of(HELD, 4.0) == {"aging": (63 + 5 + 14) / 3 / 4.0, "patience": 4.0}
    assert spread([3.0, 1.0, 2.0, 4.0]) == (2.5, 2.0, 4.0)


def test_a_server_is_told_of_its_order():
    assert order_arguments(find_engine_policy("sjf"), {}) == ["--scheduling-policy", "priority"]
    told = order_arguments(find_engine_policy("svf"), {"aging": 1})
    assert told[:-1] == ["--scheduling-policy", "fcfs", "--scheduler-cls",
                         "kvproof.serving.vllm.SVFScheduler", "--additional-config"]  # fmt: skip
    assert json.loads(told[-1]) == {"kvproof": {"aging": 1}}


@pytest.mark.parametrize(
    ("orders", "complaint"), [("svf;fifo", "'fifo' is unknown"), ("svf, patience;fcfs", "before")]
)
def test_orders_that_cannot_be_run_are_refused(monkeypatch, capsys, orders, complaint):
    monkeypatch.setattr(sys, "argv", ["vllm_orders", "trace.csv", "--orders", orders])
    with pytest.raises(SystemExit):
        main()
    assert complaint in capsys.readouterr().err
