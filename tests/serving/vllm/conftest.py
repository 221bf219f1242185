import random

import pytest

from kvproof.scheduling.instance import Instance


def random_requests(rnd, memory, *, most=40):
    """Requests of all shapes that fit the memory, half of the time a backlog."""
    n = rnd.randint(1, 8) if rnd.random() < 0.5 else rnd.randint(8, most)
    rows = []
    for _ in range(n):
        output = rnd.randint(1, max(1, memory // 2))
        prompt = rnd.randint(0, min(memory - output, rnd.choice([2, memory])))
        rows.append((rnd.choice([0, rnd.randint(0, 40)]), prompt, output))
    if rnd.random() < 0.5:
        rows = [(0, prompt, output) for _, prompt, output in rows]
    arrival, prompt, output = zip(*rows, strict=True)
    return Instance(memory=memory, arrival=arrival, prompt=prompt, output=output)


@pytest.fixture
def rnd(request):
    return random.Random(request.node.name)
