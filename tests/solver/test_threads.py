"""Calls beside their callers: side by side, after a fork, ended at a deadline or by Ctrl-C."""

import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from kvproof.solver.deadline import until
from kvproof.solver.threads import aside, gather, listening, new_flag


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


@pytest.fixture
def usual():
    """Ctrl-C as it is in a program that says nothing of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def lose_an_interrupt():
    with suppress(KeyboardInterrupt):  # as a finaliser does
        signal.raise_signal(signal.SIGINT)


def test_a_lost_ctrl_c_is_raised_when_it_is_asked_for(usual):
    ask = until(None)

    def raised():
        try:
            return ask()
        except KeyboardInterrupt:
            return True

    for _ in range(2):
        with listening():
            assert not raised()
            lose_an_interrupt()
            assert raised()
        assert not raised()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_whoever_hears_ctrl_c_already_goes_on_to(usual):
    def theirs(*_):
        pass

    signal.signal(signal.SIGINT, theirs)
    with listening():
        assert signal.getsignal(signal.SIGINT) is theirs
    assert signal.getsignal(signal.SIGINT) is theirs


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_of_one_job_ends_the_others(error):
    def fails(_):
        raise error

    def until_told(flag):
        for _ in range(5_000):
            if flag[0]:
                return
            time.sleep(0.001)

    flag = new_flag()
    with ThreadPoolExecutor(2) as pool, pytest.raises(error):
        gather([pool.submit(fails, flag), pool.submit(until_told, flag)], flag)
    assert flag[0]


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
