"""Pages in a real browser: every picture is drawn, and the console says nothing."""

import json
import time

import pytest

from kvproof.__main__ import run
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.usage import hold_all, requests_of
from tests.conftest import ROOT
from tests.kvproof.report.browser import LOOKS

np = pytest.importorskip("numpy")
EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
DRAWN = """
return Array.from(document.querySelectorAll('.picture'), box => ({
    traces: box.data.length,
    paths: box.querySelectorAll('.scatterlayer path, .barlayer path').length,
    wide: box.querySelector('svg.main-svg').getBoundingClientRect().width,
}))"""


def looked_at(chromium, path, looks=LOOKS):
    """Open a page in each look; every picture is drawn, nothing is wider than the window."""
    for width, scheme in looks:
        chromium.open(path, width=width, scheme=scheme)
        assert chromium.errors() == []
        drawn = chromium.ask(DRAWN)
        assert chromium.ask("return document.body.dataset.drawn") == f"{len(drawn)} of {len(drawn)}"
        for picture in drawn:
            assert picture["traces"] > 0
            assert picture["paths"] > 0
            assert 250 < picture["wide"] <= width
        assert chromium.ask("return document.documentElement.scrollWidth") <= width
        paper = chromium.ask("return getComputedStyle(document.documentElement).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert drawn
    return drawn


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    assert run(["verify", EXAMPLE, "--memory", "60000", "--backlog", "--report", str(path)]) == 0
    return path


def test_verify(chromium, page):
    assert len(looked_at(chromium, page)) == 2


def test_zooming_in_shows_each_request(chromium, page):
    chromium.open(page)
    said = "return document.querySelector('.seen').textContent"
    assert "too many to draw each" in chromium.ask(said)
    for _ in range(5):
        chromium.ask("document.querySelector('[aria-label=\"zoom in\"]').click()")
    assert "is drawn" in chromium.ask(said)
    assert chromium.errors() == []
    chromium.ask("document.querySelector('[aria-label=\"the whole schedule\"]').click()")
    assert "too many to draw each" in chromium.ask(said)


def test_a_long_time_axis_is_drawn(chromium, tmp_path):
    far = Instance(memory=9, arrival=[0, 10**10], prompt=[4, 0], output=[2, 3])
    (tmp_path / "i.json").write_text(json.dumps(far.to_json()))
    page = tmp_path / "r.html"
    assert run(["verify", str(tmp_path / "i.json"), "--policy", "svf", "--report", str(page)]) == 0
    chromium.open(page)
    assert chromium.errors() == []
    assert chromium.ask("return document.body.dataset.drawn") == "2 of 2"
    said = chromium.ask("return document.querySelector('.seen').textContent")
    assert said == "Steps 0 to 10,000,000,003: each of the 2 requests that run there is drawn."
    marks = chromium.ask(
        "return document.querySelectorAll('.picture')[1].data.filter(t => t.mode === 'markers')"
        ".map(t => [t.x, t.y])"
    )
    assert marks == [[[10**10 + 1.5, 1.5], [0.5, 2.5]]]


def test_a_certificate_can_be_saved(chromium, page, tmp_path):
    chromium.open(page)
    chromium.saved(tmp_path)
    chromium.ask("document.querySelector('button[data-file]').click()")
    file = tmp_path / "svf.json.gz"
    for _ in range(200):
        if file.exists():
            break
        time.sleep(0.05)
    assert run(["check", str(file)]) == 0


def test_the_trapezoids_stack_to_the_tokens_held(chromium, tmp_path):
    rng = np.random.default_rng(5)
    n = 60
    instance = Instance(memory=100, arrival=np.sort(rng.integers(0, 60, n)),
                        prompt=rng.integers(0, 30, n), output=rng.integers(1, 20, n))  # fmt: skip
    (tmp_path / "i.json").write_text(json.dumps(instance.to_json()))
    page = tmp_path / "r.html"
    assert run(["verify", str(tmp_path / "i.json"), "--policy", "svf", "--report", str(page)]) == 0
    chromium.open(page)
    traces = chromium.ask(
        "return document.querySelectorAll('.picture')[1].data.map(t => ({x: t.x, y: t.y,"
        "fill: t.fill || null}))"
    )
    area, top = 0.0, {}
    for trace in traces:
        if trace["fill"] != "toself":
            continue
        outlines = [[]]
        for x, y in zip(trace["x"], trace["y"], strict=True):
            if x is None:
                outlines.append([])
            else:
                outlines[-1].append((x, y))
                top[x] = max(top.get(x, 0), y)
        for points in outlines:
            ends = zip(points, [*points[1:], points[0]], strict=True)
            area += abs(sum(a * d - b * c for (a, b), (c, d) in ends)) / 2
    # a request covers prompt + age - 1/2 tokens in each step, on average
    full = instance.expanded()
    assert area == float((full.volume - full.output / 2).sum())
    schedule = simulate(instance, SVF())
    usage = np.zeros(schedule.makespan + 2, np.int32)
    hold_all(usage, requests_of(instance), schedule.starts)
    assert max(top.values()) == usage.max() <= instance.memory
