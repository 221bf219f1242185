import numpy as np

from kvproof.scheduling.instance import Instance
from kvproof.serving.run import EngineRun, Timeline


def test_a_run_is_summed_up_exactly():
    instance = Instance(memory=20, arrival=[0, 3], prompt=[4, 2], output=[3, 2])
    zeros = np.zeros(9, dtype=np.int64)
    run = EngineRun(
        instance=instance,
        first=np.array([1, 5]),
        completion=np.array([3, 9]),
        preemptions=np.array([0, 1]),
        tokens=15,
        timeline=Timeline(step=np.arange(9), blocks=zeros, running=zeros, waiting=zeros),
    )
    assert (run.total_latency, run.mean_latency, run.steps) == (9, 9 / 2, 9)
    assert run.time_to_first.tolist() == [1, 2]
    assert run.recomputed == 4
    for most in (3, 4):  # never more than was asked for
        assert run.timeline.sampled(most).step.tolist() == [0, 3, 6]
    assert run.timeline.sampled(100).step.tolist() == list(range(9))
