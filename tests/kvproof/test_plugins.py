"""The example packages under examples/: found by their entry points, and of use."""

import tomllib

import pytest

import kvproof as kv
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Both packages on the path, with the metadata that an installer writes."""
    for folder in ("policy_plugin", "trace_plugin"):
        monkeypatch.syspath_prepend(EXAMPLES / folder / "src")
        project = tomllib.loads((EXAMPLES / folder / "pyproject.toml").read_text())["project"]
        info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\n")
        lines = []
        for group, entries in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)


def test_the_policy_is_found_by_name_and_lets_nobody_starve(installed):
    instance = kv.Instance(
        memory=20, arrival=[0, *range(12)], prompt=[8] + [4] * 12, output=[12] + [6] * 12
    )
    assert kv.find_policy("svf-aged").name == "svf-aged"
    aged, plain = kv.simulate(instance, "svf-aged"), kv.simulate(instance, "svf")
    kv.check_schedule(aged)
    assert aged.latency.max() < plain.latency.max()  # the large one, passed over again and again
    assert plain.total_latency < aged.total_latency


def test_the_trace_format_is_recognised_by_its_columns(installed):
    trace = kv.read_trace(EXAMPLES / "trace_plugin" / "access.csv")
    assert trace.format.name == "access-log"
    instance, _ = trace.to_instance(memory=2000, step="0.02")
    assert instance.arrival.tolist() == [0, 2, 4, 11]
    assert instance.prompt.tolist() == [120, 900, 60, 410]


def test_without_the_packages_neither_is_known():
    with pytest.raises(kv.InputError, match="policy 'svf-aged' is unknown"):
        kv.find_policy("svf-aged")
    with pytest.raises(kv.InputError, match="are of no known trace format"):
        kv.read_trace(EXAMPLES / "trace_plugin" / "access.csv")
