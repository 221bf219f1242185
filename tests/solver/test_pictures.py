"""The pictures say what the schedule says."""

import json
import tracemalloc
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from kvproof.__main__ import run
from kvproof.gantt import gantt
from kvproof.pictures import MOST_SHAPES, schedule_png, schedule_svg
from kvproof.scheduling.policies import FCFS, SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.usage import hold_all, requests_of
from tests.solver.common import make

INSTANCE = make(9, [(0, 4, 2), (0, 0, 3), (3, 2, 5)])
SCHEDULE = Schedule(instance=INSTANCE, starts=[0, 1, 4])


def test_gantt_shows_waiting_running_and_memory():
    lines = gantt(SCHEDULE, width=40).splitlines()
    assert lines[0].endswith("│▆▇")
    assert lines[1].endswith("│·▂▃▄")
    assert lines[2].endswith("│   ·▄▅▆▇█")
    assert lines[-2].split() == ["mem", "▅▇▂▃▃▄▅▆▇"]


def test_gantt_keeps_to_the_width():
    far = make(9, [(0, 4, 2), (500, 4, 2)])
    for line in gantt(Schedule(instance=far, starts=[0, 500]), width=60).splitlines()[:-1]:
        assert len(line) <= 60


def test_a_long_time_axis_takes_no_memory():
    far = Schedule(instance=make(9, [(0, 4, 2), (10**10, 0, 3)]), starts=[0, 10**10])
    tracemalloc.start()
    text, rows = schedule_svg(far), gantt(far, width=60).splitlines()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10**7
    assert text.count("<title>request") == 2
    assert rows[0].endswith("│█")
    assert rows[1].endswith(" ▄")
    assert rows[-2].split() == ["mem", "▆", "▃"]


def test_gantt_shows_the_most_that_is_held_in_a_column():
    many = make(60, [(7 + i // 3, i % 11, 1 + i % 13) for i in range(50)])
    schedule = simulate(many, SVF())
    held = np.zeros(schedule.makespan + 1, np.int32)
    hold_all(held, requests_of(many), schedule.starts)
    for width in (20, 37, 400):
        *_, bar, scale = gantt(schedule, width).splitlines()
        per = int(scale.split("(")[1].split()[0]) if "(" in scale else 1
        columns = [held[k : k + per].max() for k in range(8, len(held), per)]
        assert bar[6:] == "".join(" ▁▂▃▄▅▆▇█"[-(-8 * int(most) // 60)] for most in columns)


def test_svg_is_well_formed_and_draws_every_request():
    text = schedule_svg(SCHEDULE, title='a "title" & <more>')
    root = ET.fromstring(text)
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == 'a "title" & <more>'
    assert all(title.startswith("request") for title in titles[1:])
    assert len(titles) == 1 + SCHEDULE.instance.requests


def test_png_is_a_picture():
    pytest.importorskip("matplotlib")
    data = schedule_png(SCHEDULE)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"


def test_many_requests_are_summed_up_and_said_to_be():
    n = MOST_SHAPES + 1
    many = make(50, [(i // 9, 1 + i % 3, 2) for i in range(n)])
    text = schedule_svg(simulate(many, SVF()))
    titles = [node.text for node in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}title")]
    assert all(title.startswith("volume up to") for title in titles[1:])
    assert 1 < len(titles) <= 6
    assert "summed up by volume" in text


def test_draw_writes_what_its_name_says(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "i.json").write_text(json.dumps(INSTANCE.to_json()))
    assert run(["draw", "i.json", "--policy", "fcfs", "--out", "a.svg"]) == 0
    assert run(["draw", "i.json", "--policy", "fcfs", "--out", "a.png"]) == 0
    said = capsys.readouterr().out
    total = simulate(INSTANCE, FCFS()).total_latency
    assert f"fcfs (strict): 3 requests, total latency {total}" in said
    assert f"total latency {total}</title>" in (tmp_path / "a.svg").read_text()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    for name in ("a.gif", "i.json", "svg"):
        assert run(["draw", "i.json", "--out", name]) == 2
        assert name in capsys.readouterr().err


def test_large_numbers_and_long_names_find_room():
    size = 50_000_000
    large = make(5 * size, [(10**12 + i, i + 1, size - i) for i in range(10)])
    name = "package.module:" + "A" * 80
    root = ET.fromstring(schedule_svg(simulate(large, SVF()), title=f"{name}: 10 requests"))
    _, _, width, height = (float(number) for number in root.get("viewBox").split())
    colours, headings = 0, 0
    for node in root.iter("{http://www.w3.org/2000/svg}text"):
        size = float(node.get("font-size"))
        if "transform" in node.attrib:  # the name of an axis stands left of its numbers
            continue
        wide = len(node.text) * 0.5 * size  # digits and commas take no less
        share = {"end": 1.0, "middle": 0.5, None: 0.0}[node.get("text-anchor")]
        begin = float(node.get("x")) - share * wide
        assert begin >= 25
        assert begin + wide <= width
        assert float(node.get("y")) < height
        colours += node.text.startswith("up to")
        headings += size == 21
    assert colours == 5
    assert headings > 1


def test_pictures_of_ordinary_size_have_one_line_and_room():
    root = ET.fromstring(schedule_svg(SCHEDULE))
    assert root.get("viewBox") == "0 0 980 548"
    headings = [n for n in root.iter("{http://www.w3.org/2000/svg}text") if n.get("y") == "38"]
    assert len(headings) == 1


def test_a_class_that_holds_nothing_has_no_edge():
    # the small ones run in step 6 alone, which is not one of the 1,000 that are looked at
    rows = [(5, 1, 1)] * 600 + [(0, 0, 10**5)] * 600
    text = schedule_svg(simulate(make(10**8, rows), SVF()))
    titles = [node.text for node in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}title")]
    assert titles[1:] == ["volume up to 5,000,050,000"]


def test_a_number_stays_in_its_shape():
    # it has most room in the last step, which is narrower than the number
    schedule = simulate(make(14, [(0, 0, 1)] * 10 + [(0, 0, 3), (60, 0, 10)]), SVF())
    ends = dict(enumerate((schedule.starts + schedule.instance.expanded().output).tolist()))
    for node in ET.fromstring(schedule_svg(schedule)).iter("{http://www.w3.org/2000/svg}text"):
        if node.get("pointer-events") == "none":
            right = 84 + 860 * ends[int(node.text)] / schedule.makespan
            assert float(node.get("x")) + 3.5 * len(node.text) <= right
