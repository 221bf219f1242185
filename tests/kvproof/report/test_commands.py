"""Each command's page: what it says, and that it is drawn."""

import json

import pytest

from kvproof.__main__ import run
from kvproof.adversary.campaign import rungs
from kvproof.scheduling.instance import Instance
from tests.conftest import ROOT
from tests.kvproof.report.browser import LOOKS
from tests.kvproof.report.test_browser import looked_at
from tests.kvproof.report.test_page import Parts

EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
INPUT = (EXAMPLE, "--memory", "60000", "--backlog", "--limit", "60")
SMALL = ("--memory", "60", "--requests", "8")
#: command line, number of pictures, what JSON calls the numbers that the page must show
COMMANDS = {
    "verify": (("verify", *INPUT, "--replicas", "3"), 2, ("digest", "requests")),
    "solve": (("solve", "i.json"), 2, ("total_latency", "lower_bound", "digest")),
    "headroom": (("headroom", *INPUT, "--time-limit", "1"), 2, ("sentence", "digest")),
    "search": (("search", *SMALL, "--evaluations", "128", "--out", "s"), 2, ("requests",)),
    "frontier": (("frontier", "--memory", "64", "--requests", "8", "--evaluations", "1"), 1, ()),
    "experiment": (("experiment", "poisson", "--loads", "0.8,1.1", "--requests", "60", "--runs",
                    "2"), 6, ()),
}  # fmt: skip


@pytest.fixture(scope="module", params=COMMANDS)
def made(request, tmp_path_factory):
    """A command's page, what it has to show, and the JSON that was printed beside it."""
    arguments, pictures, keys = COMMANDS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    instance = Instance(memory=20, arrival=[0, 0, 0, 0, 2, 3], prompt=[4, 0, 6, 2, 1, 9],
                        output=[2, 3, 5, 7, 9, 4])  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "i.json").write_text(json.dumps(instance.to_json()))
        # three rungs of the frontier show what ten do
        patch.setitem(rungs.frontier.__kwdefaults__, "caps", rungs.CAPS[-3:])
        patch.setattr("sys.argv", ["kvproof", *arguments, "--report", "r.html"])
        said = []
        patch.setattr("kvproof.streams.print_json", said.append)
        code = run([*arguments, "--report", "r.html", "--json"])
    assert code == 0
    return request.param, folder / "r.html", pictures, {key: said[0][key] for key in keys}


def test_it_says_what_the_command_says(made):
    command, path, pictures, said = made
    page = Parts(path.read_text())
    assert page.loads == ["data:,"]
    for value in said.values():
        assert (f"{value:,}" if isinstance(value, int) else value) in page.text
    assert f"kvproof {command}" in page.text
    assert "--report r.html" in page.text
    drawn = [data for given, data in page.scripts if given.get("type") == "application/json"]
    assert len(drawn) == pictures
    assert path.stat().st_size < 5_000_000


def test_it_is_drawn(chromium, made):
    _, path, pictures, _ = made
    assert len(looked_at(chromium, path, LOOKS[::3])) == pictures
