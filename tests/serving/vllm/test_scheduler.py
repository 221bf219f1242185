"""kvproof's schedulers within vLLM: hints, predictors, an operator's priorities."""

import gc
import logging
import math
from types import SimpleNamespace

import pytest

from kvproof.scheduling.errors import InputError
from kvproof.serving import vllm as room
from kvproof.serving.vllm.engine import EngineSettings, build_scheduler, load_vllm
from kvproof.serving.vllm.priority import WIDTH, held_volume

pytest.importorskip("vllm")
pytestmark = pytest.mark.filterwarnings("default")  # those of vLLM and torch are theirs

ENGINE = EngineSettings(blocks=64, block_size=4)
CLASSES = ["SVFScheduler", "SVFSyncScheduler", "OneBitSVFScheduler", "OneBitSVFSyncScheduler",
           "SVFFutureScheduler", "SVFFutureSyncScheduler"]  # fmt: skip


def scheduler(name="SVFScheduler", **settings):
    return build_scheduler(getattr(room, name), ENGINE, longest=200, kvproof=settings)


def request(name="0", *, prompt=10, most=50, extra=None, priority=0, arrival=5.0):
    vllm = load_vllm()
    return vllm.Request(
        request_id=name,
        prompt_token_ids=[7] * prompt,
        sampling_params=vllm.SamplingParams(max_tokens=most, extra_args=extra),
        pooling_params=None,
        arrival_time=arrival,
        priority=priority,
    )


def priority_of(one, **fields):
    made = request(**fields)
    one.add_request(made)
    return made.priority


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_orders_by_priority_and_changes_nothing_else(name):
    one = scheduler(name, threshold=20, short=5, long=30)
    assert one.policy.value == "priority"
    extra = {"predicted_output_tokens": 12}
    expected = 5 if "OneBit" in name else 12
    assert priority_of(one, extra=extra) == held_volume(10, expected)
    base = load_vllm().Scheduler if "Sync" in name else load_vllm().AsyncScheduler
    assert isinstance(one, load_vllm().AsyncScheduler) == ("Sync" not in name)
    assert type(one).schedule is base.schedule
    assert type(one).update_from_output is base.update_from_output


@pytest.mark.parametrize(
    "hint", ["12", "abc", -3, 0, [12], None, {"a": 1}, True, math.nan, math.inf, 2**63, 51, 1e308]
)
def test_an_absurd_hint_falls_back_on_max_tokens(hint):
    extra = {"predicted_output_tokens": hint}
    assert priority_of(scheduler(), extra=extra) == held_volume(10, 50)


def test_the_bucket_is_there_for_both_kinds_of_scheduling():
    for name in ("SVFBucketScheduler", "SVFBucketSyncScheduler"):
        one = scheduler(name)
        assert isinstance(one, load_vllm().AsyncScheduler) == ("Sync" not in name)
        assert type(one).update_from_output is load_vllm().Scheduler.update_from_output
        key = priority_of(one, extra={"predicted_output_tokens": 12})
        assert key == held_volume(10, 12)


def test_hints_are_read_from_the_field_that_is_named():
    one = scheduler(hint="length")
    assert priority_of(one, name="a", extra={"length": 7}) == held_volume(10, 7)
    other = {"predicted_output_tokens": 7}
    assert priority_of(one, name="b", extra=other) == held_volume(10, 50)
    assert priority_of(one, name="c", extra=None) == held_volume(10, 50)


def test_an_operators_priority_stays_the_first_key():
    one = scheduler()
    small, large = {"predicted_output_tokens": 1}, {"predicted_output_tokens": 50}
    keys = [
        priority_of(one, name="a", priority=-1, extra=large),
        priority_of(one, name="b", priority=0, extra=small),
        priority_of(one, name="c", priority=0, extra=large),
        priority_of(one, name="d", priority=1, extra=small),
    ]
    assert keys == sorted(keys)
    assert [key // WIDTH for key in keys] == [-1, 0, 0, 1]


def test_aging_adds_the_date_of_arrival():
    one = scheduler(aging="1/2")
    extra = {"predicted_output_tokens": 3}
    assert priority_of(one, extra=extra, arrival=1e9) == held_volume(10, 3) + 500_000_000


def test_patience_caps_what_a_volume_counts():
    one = scheduler(aging="1/2", patience=20)
    assert priority_of(one, name="a", arrival=8.0) == 10 + 4
    small = {"predicted_output_tokens": 1}
    assert priority_of(one, name="b", prompt=4, extra=small, arrival=8.0) == 4 + 4


def test_a_predictor_is_asked_where_there_is_no_hint(monkeypatch):
    asked = []

    def predict(made):
        asked.append(made.request_id)
        return {"a": 6, "b": "six", "c": 9.5}[made.request_id]

    monkeypatch.setitem(__import__("sys").modules, "predictors", SimpleNamespace(predict=predict))
    one = scheduler(predictor="predictors:predict")
    assert priority_of(one, name="a") == held_volume(10, 6)
    assert priority_of(one, name="b") == held_volume(10, 50)
    assert priority_of(one, name="c") == held_volume(10, 10)
    hinted = {"predicted_output_tokens": 4}
    assert priority_of(one, name="d", extra=hinted) == held_volume(10, 4)
    assert asked == ["a", "b", "c"]


def test_a_predictor_is_asked_once_for_each_request_and_nothing_is_kept(monkeypatch):
    asked = []

    def predict(made):
        asked.append(made.request_id)
        return 30

    monkeypatch.setitem(__import__("sys").modules, "predictors", SimpleNamespace(predict=predict))
    for name in ("SVFFutureSyncScheduler", "SVFBucketSyncScheduler"):
        one = scheduler(name, predictor="predictors:predict")
        for k in range(12):
            one.add_request(request(str(k), prompt=40))
        for _ in range(5):  # no more fit, and in every step it is asked whether one does
            one.schedule()
        assert one.running
        assert one.waiting
        assert asked == [str(k) for k in range(12)]
        one.finish_requests(asked, one.running[0].status.FINISHED_ABORTED)
        gc.collect()
        assert not one._predicted
        asked.clear()


@pytest.fixture
def told():
    """What kvproof logs; whom else vLLM hands it to differs by version."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("vllm.kvproof")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_a_predictor_that_raises_is_logged_once_and_stops_nothing(monkeypatch, told):
    def predict(made):
        raise SystemExit(f"no model for {made.request_id}")

    monkeypatch.setitem(__import__("sys").modules, "predictors", SimpleNamespace(predict=predict))
    one = scheduler(predictor="predictors:predict")
    assert priority_of(one, name="a") == held_volume(10, 50)
    assert priority_of(one, name="b") == held_volume(10, 50)
    assert sum("predictor fails" in record.msg for record in told) == 1


def test_a_version_that_was_not_tried_is_named_and_serves(monkeypatch, told):
    from kvproof.serving.vllm import scheduler as module

    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "WARNING")
    scheduler()
    assert not any("was tried with" in record.msg for record in told)
    monkeypatch.setattr(module, "__version__", "0.99.1")
    assert priority_of(scheduler()) == held_volume(10, 50)
    (line,) = (r.getMessage() for r in told if "was tried with" in r.msg)
    assert "vLLM 0.99.1 is none of the versions" in line
    assert "0.32.0" in line


def test_wrong_settings_are_refused_when_the_engine_starts():
    with pytest.raises(InputError, match="unknown setting 'agging'"):
        scheduler(agging=3)


def test_a_vllm_that_is_built_in_another_way_is_named(monkeypatch):
    def other(**fields):
        raise TypeError("unexpected keyword argument 'policy'")

    monkeypatch.setattr(load_vllm().config, "SchedulerConfig", other)
    with pytest.raises(
        InputError, match=r"this vLLM .* in another way .*'policy'.*tried: 0.21.0, "
    ):
        scheduler()


def test_a_preempted_request_keeps_its_key():
    one = scheduler()
    made = request(extra={"predicted_output_tokens": 3})
    one.add_request(made)
    one.schedule()
    key = made.priority
    one.running.remove(made)
    one._preempt_request(made, 0.0)
    assert made.priority == key
    assert one.waiting.peek_request() is made
