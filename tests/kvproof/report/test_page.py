"""The page as a file: what it holds, and that nothing in it runs but its own."""

import base64
import gzip
import html
import json
import os
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kvproof.__main__ import run
from kvproof.certificates.checker import check
from kvproof.report.memory import MOST_REQUESTS, memory_picture
from kvproof.report.page import MOST_CARRIED, Download, Page, Picture, Table, within_budget
from kvproof.report.parts import latency_picture
from kvproof.scheduling.feasibility import check_schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.policies import SVF
from kvproof.scheduling.schedule import Schedule
from kvproof.scheduling.simulate import simulate
from kvproof.scheduling.usage import held_at, hold_all, requests_of
from tests.conftest import ROOT

np = pytest.importorskip("numpy")
EXAMPLE = str(ROOT / "examples" / "azure_code_1000.csv")
INPUT = (EXAMPLE, "--memory", "60000", "--backlog", "--limit", "150")


class Parts(HTMLParser):
    """The page's scripts by their attributes, its text, and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.loads, self.words, self._inside = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("script", "style"):
            self._inside = (tag, given)
        self.loads += [given[name] for name in ("src", "href") if name in given]

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = None

    def handle_data(self, data):
        if self._inside is None:
            self.words.append(data)
        elif self._inside[0] == "script":
            self.scripts.append((self._inside[1], data))

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def verify_page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "r.html"
    policies = "svf,fcfs"
    assert run(["verify", *INPUT, "--bound", "price", "--policy", policies,
                "--report", str(path)]) == 0  # fmt: skip
    return path


def test_the_page_says_what_verify_says(verify_page, capsys):
    page = Parts(verify_page.read_text())
    capsys.readouterr()
    assert run(["verify", *INPUT, "--bound", "price", "--policy", "svf,fcfs", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["digest"] in page.text
    for row in data["policies"]:
        assert f"{row['total_latency']:,}" in page.text
        assert f"{row['factor_decimal']:.4f}" in page.text
    assert page.loads == ["data:,"]  # the icon: nothing is fetched
    assert "kvproof" in page.text
    assert "plotly.js" in page.text


def test_the_answer_names_how_a_policy_was_run(tmp_path):
    page = tmp_path / "r.html"
    assert run(["verify", *INPUT, "--policy", "svf", "--compact", "--report", str(page)]) == 0
    assert "svf compact (" in Parts(page.read_text()).text


def test_the_certificates_that_it_carries_hold(verify_page):
    page = Parts(verify_page.read_text())
    files = [base64.b64decode(data) for given, data in page.scripts if "id" in given]
    assert len(files) == 2
    for data in files:
        assert check(data).verdict == "verified"
        claim = json.loads(gzip.decompress(data))["claim"]
        assert claim["kind"] == "within-factor"
        assert f"{claim['total_latency']:,}" in page.text


def made_by(page):
    """Return the commands that a page names for its certificates."""
    named = re.findall(r"<pre[^>]*>(kvproof certify [^<]*)</pre>", page.read_text())
    return [shlex.split(html.unescape(line)) for line in named]


def test_the_commands_that_it_names_are_certifys(tmp_path, monkeypatch):
    from kvproof.commands.certify import command

    (tmp_path / "own.py").write_text(
        "from kvproof.scheduling.policies import SVF\nclass Mine(SVF):\n    name = 'mine'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kvproof.report.page.MOST_CARRIED", 0)
    arguments = ["verify", *INPUT[:-1], "20", "--latency", "steps", "--theta", "9", "--admission",
                 "reserve", "--policy", "svf,svf-1bit, own:Mine", "--report", "r.html"]  # fmt: skip
    assert run(arguments) == 0
    named = made_by(tmp_path / "r.html")
    found = {}
    for words in named:
        context = command.make_context("certify", words[2:])
        found[context.params["policy"]] = context.params
        assert run(words[1:]) == 0
    assert set(found) == {"svf", "svf-1bit", "own:Mine"}
    assert found["svf-1bit"]["theta"] == 9
    assert found["svf"]["theta"] is None


def test_latencies_of_one_decade_leave_the_axis_to_itself():
    for outputs, powers in (([3, 5], False), ([3, 5, 700], True)):
        n = len(outputs)
        instance = Instance(memory=900, arrival=[0] * n, prompt=[0] * n, output=outputs)
        schedule = Schedule(instance=instance, starts=[0] * n)
        picture = latency_picture({"a": schedule}, unit="step")
        assert ("dtick" in picture.data["layout"]["xaxis"]) == powers


def test_the_picture_is_drawn_from_the_schedule(verify_page):
    page = Parts(verify_page.read_text())
    pictures = [json.loads(d) for g, d in page.scripts if g.get("type") == "application/json"]
    assert [picture["kind"] for picture in pictures] == ["chart", "memory"]
    memory = pictures[1]
    instance = Instance(memory=memory["memory"], **memory["requests"])
    for schedule in memory["schedules"]:
        kind = simulate(instance, SVF())
        check_schedule(type(kind)(instance=instance, starts=schedule["starts"]))
    assert memory["schedules"][0]["starts"] == kind.starts.tolist()
    assert len(memory["prices"]["x"]) == len(memory["prices"]["y"]) > 1


def test_hostile_names_are_shown_and_never_run():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    table = Table(caption=evil, head=(evil,), rows=((evil,),))
    page = Page(
        title=evil, answer=evil, command=evil, facts=((evil, evil),), made_with=((evil, evil),),
        tables=(table,), remarks=(evil,),
        pictures=(Picture(title=evil, caption=evil, table=table,
                          data={"kind": "chart", "traces": [{"name": evil}], "layout": {}}),),
        downloads=(Download(name=evil, says=evil, data=b"x"),
                   Download(name=evil, says=evil, data=None, made_by=evil)),
    )  # fmt: skip
    parts = Parts(page.to_bytes().decode())
    assert all("alert(1)" not in data for given, data in parts.scripts if not given)
    assert "x" not in parts.loads
    named = [json.loads(d) for g, d in parts.scripts if g.get("type") == "application/json"]
    assert named[0]["traces"][0]["name"] == evil
    assert parts.text.count("<script>alert(1)</script>") >= 10


def test_a_file_name_with_markup_is_inert(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "<script>alert(1)<!--.json"
    instance = Instance(memory=9, arrival=[0, 0, 2], prompt=[3, 1, 2], output=[2, 4, 1])
    (tmp_path / name).write_text(json.dumps(instance.to_json()))
    assert run(["verify", name, "--policy", "svf", "--report", "r.html"]) == 0
    parts = Parts((tmp_path / "r.html").read_text())
    assert name in parts.text
    assert sum("alert(1)" in data for _, data in parts.scripts) == 0


def test_a_file_name_that_is_not_utf8_is_shown_with_question_marks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"caf\xe9.json")
    instance = Instance(memory=9, arrival=[0, 2], prompt=[1, 3], output=[2, 4])
    Path(name).write_text(json.dumps(instance.to_json()))
    assert run(["verify", name, "--policy", "svf", "--report", "r.html"]) == 0
    assert "caf?.json" in Parts(Path("r.html").read_text()).text
    asked = ["verify", name, "--policy", "svf", "--sweep", "rate=1", "--plot"]
    assert run([*asked, "p.svg"]) == run([*asked, "p.png"]) == 0
    assert "caf?.json: 2 requests" in Path("p.svg").read_text()


def test_held_tokens_are_those_of_the_kernel(vector):
    instance = Instance(
        memory=vector["memory"],
        **{name: vector[name] for name in ("arrival", "prompt", "output")},
    )
    schedule = simulate(instance, SVF())
    usage = np.zeros(schedule.makespan + 2, np.int32)
    hold_all(usage, requests_of(instance), schedule.starts)
    steps = np.arange(len(usage))
    rows = np.ones(instance.requests, bool)
    assert held_at(schedule, steps, rows).tolist() == usage.tolist()


def test_beyond_what_a_page_carries_memory_is_summed_up():
    n = MOST_REQUESTS + 1
    instance = Instance(memory=1000, arrival=[0] * n, prompt=[5, *[9] * (n - 1)], output=[3] * n)
    schedule = simulate(instance, SVF())
    picture = memory_picture({"svf": schedule}, unit="step")
    assert picture.data["kind"] == "chart"
    assert f"{MOST_REQUESTS:,}" in picture.caption
    held = np.sum([trace["y"] for trace in picture.data["traces"]], axis=0)
    assert 0 < held.max() <= instance.memory


def test_certificates_beyond_the_budget_are_named_not_carried():
    half = bytes(MOST_CARRIED // 2 + 1)
    files = [Download(name=name, says="x", data=half, made_by=f"make {name}") for name in "ab"]
    kept = within_budget(files)
    assert [file.data is None for file in kept] == [False, True]
    page = Page(title="t", answer="a", command="c", facts=(), made_with=(), downloads=kept)
    text = Parts(page.to_bytes().decode()).text
    assert "make b" in text
    assert "Each is a file that proves its claim. Whoever" in text


@pytest.mark.parametrize("name", ["trace.csv", "folder/r.html", ""])
def test_a_report_replaces_no_input_and_is_refused_before_any_work(tmp_path, monkeypatch, capsys,
                                                                   name):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.csv").write_text("nonsense")
    assert run(["verify", "trace.csv", "--memory", "10", "--report", name]) == 2
    assert "kvproof: " in capsys.readouterr().err
    assert (tmp_path / "trace.csv").read_text() == "nonsense"


def test_the_licence_of_what_is_shipped_stands_beside_it():
    assets = ROOT / "kvproof" / "report" / "assets"
    head = (assets / "plotly-basic.min.js").read_text(encoding="utf-8")[:300]
    assert re.search(r"plotly\.js \(basic - minified\) v\d+\.\d+\.\d+", head)
    assert "MIT" in head
    assert "Permission is hereby granted" in (assets / "plotly-LICENSE").read_text()
