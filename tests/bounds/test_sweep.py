import warnings

import numpy as np
import pytest

from kvproof.bounds.plotting import pyplot
from kvproof.bounds.sweep import sweep
from kvproof.bounds.sweep_plot import plot
from kvproof.bounds.verify import verify
from kvproof.bounds.waiting import memory_without_waiting
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import FCFS, SVF


def instances() -> list[Instance]:
    rng = np.random.default_rng(3)
    arrival, prompt, output = (rng.integers(low, high, 30) for low, high in
                               ((0, 99), (0, 9), (1, 20)))  # fmt: skip
    return [
        Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)
        for memory in (40, 45, 5_000)
    ]


def test_what_the_caller_is_warned_of_is_left_to_the_caller():
    before = list(warnings.filters)
    list(sweep([40], instances()[:1], [SVF()]))
    assert warnings.filters == before


@pytest.mark.parametrize("workers", [1, 2])
def test_points_are_what_verify_says(workers):
    made = instances()
    points = list(sweep([40, 45, 5_000], made, [SVF(), FCFS()], workers=workers))
    assert [point.memory for point in points] == [40, 45, 5_000]
    assert [point.waits for point in points] == [True, True, False]
    for point, instance in zip(points, made, strict=True):
        for row, policy in zip(point.rows, (SVF(), FCFS()), strict=True):
            verdict = verify(instance, policy)
            assert (row.total_latency, row.factor) == (
                verdict.schedule.total_latency,
                verdict.factor,
            )
            assert row.statistics == verdict.statistics
        assert min(row.cut.at_least for row in point.rows) == 0


def test_in_just_enough_memory_nobody_waits():
    instance = instances()[0]
    enough = memory_without_waiting(instance)
    made = [
        Instance(
            memory=memory, arrival=instance.arrival, prompt=instance.prompt, output=instance.output
        )
        for memory in (enough - 1, enough)
    ]
    points = list(sweep([enough - 1, enough], made, [SVF()]))
    assert [point.waits for point in points] == [True, False]
    assert [point.rows[0].statistics.waiting.max > 0 for point in points] == [True, False]


def test_the_legend_hides_no_curve(monkeypatch):
    points = list(sweep([40, 45], instances()[:2], [SVF(), FCFS()]))
    drawn = []
    with monkeypatch.context() as patched:
        patched.setattr(pyplot(), "close", drawn.append)
        plot(points, over="memory", title="t", kind="png")
    (figure,) = drawn
    (legend,) = [axes.get_legend() for axes in figure.axes if axes.get_legend() is not None]
    box = legend.get_window_extent()
    assert len(legend.get_texts()) == 3
    assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)
    assert figure.bbox.x1 >= box.x1
    pyplot().close(figure)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_picture_is_the_same_each_time(kind):
    points = list(sweep([40, 45], instances()[:2], [SVF(), FCFS()]))
    drawn = [plot(points, over="memory", title="t", kind=kind) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(b"<?xml" if kind == "svg" else b"\x89PNG")
