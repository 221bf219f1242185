"""The pictures say what the schedule says."""

import xml.etree.ElementTree as ET

from kvproof.pictures import gantt, schedule_svg
from kvproof.scheduling.schedule import Schedule
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


def test_svg_is_well_formed_and_draws_every_request():
    text = schedule_svg(SCHEDULE, title='a "title" & <more>')
    root = ET.fromstring(text)
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == 'a "title" & <more>'
    assert all(title.startswith("request") for title in titles[1:])
    assert len(titles) == 1 + SCHEDULE.instance.requests
