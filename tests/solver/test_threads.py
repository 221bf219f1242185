"""Calls beside their callers: side by side, after a fork, ended at a deadline or by Ctrl-C."""

import multiprocessing
import subprocess
import sys
import threading
import time

import pytest

from kvproof.solver.threads import aside


def test_a_call_runs_in_another_thread_and_hands_back_what_it_returns_or_raises():
    caller = threading.get_ident()
    assert aside(lambda _: threading.get_ident()) != caller
    with pytest.raises(ZeroDivisionError):
        aside(lambda _: 1 // 0)
    assert aside(lambda flag: bool(flag[0])) is False  # and the next one begins anew


def test_callers_in_several_threads_do_not_wait_for_each_other():
    together = threading.Barrier(4, timeout=20)
    callers = [threading.Thread(target=aside, args=(lambda _: together.wait(),)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert not together.broken


def test_the_deadline_sets_the_flag_and_what_the_call_then_returns_counts():
    def until_told(flag):
        while not flag[0]:
            time.sleep(0.001)
        return "told"

    assert aside(until_told, time.monotonic() + 0.05) == "told"


def _twice(value):
    return aside(lambda _: 2 * value)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    assert _twice(1) == 2
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_twice, (21,)).get(timeout=30) == 42


# what a Ctrl-C does that strikes while the main thread waits for the new one to have begun
INTERRUPTED = """
import threading
from kvproof.solver.threads import aside

start = threading.Thread.start

def interrupted(thread):
    start(thread)
    threading.Thread.start = start
    raise KeyboardInterrupt

threading.Thread.start = interrupted
try:
    aside(lambda flag: None)
except KeyboardInterrupt:
    print("interrupted, then", aside(lambda flag: bool(flag[0])))
"""


def test_ctrl_c_while_a_thread_is_started_leaves_none_that_the_end_waits_for():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "interrupted, then False\n"
