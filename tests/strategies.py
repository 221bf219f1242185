"""Hypothesis strategies for instances, used all over the tests."""

from hypothesis import strategies as st

from kvproof.scheduling.instance import Instance


@st.composite
def instances(draw, *, max_requests=8, max_memory=30, max_arrival=25, counts=False):
    """Small instances in which requests compete: peaks up to the memory, ties, s = 0."""
    memory = draw(st.integers(1, max_memory))
    rows = draw(
        st.lists(
            st.integers(1, memory).flatmap(
                lambda o: st.tuples(
                    st.integers(0, max_arrival), st.integers(0, memory - o), st.just(o)
                )
            ),
            min_size=1,
            max_size=max_requests,
        )
    )
    arrival, prompt, output = zip(*rows, strict=True)
    count = None
    if counts:
        count = draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows)))
    return Instance(memory=memory, arrival=arrival, prompt=prompt, output=output, count=count)


def backlogs(**options):
    return instances(max_arrival=0, **options)
