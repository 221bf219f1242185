"""The notebook of the documentation runs, and what it shows is tables and pictures."""

import pytest

from tests.conftest import ROOT

nbformat = pytest.importorskip("nbformat")  # the environments of the oldest and newest lack it
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("polars")


def test_the_notebook_runs_and_shows_tables_and_pictures():
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # kept without what it printed
    folder = {"metadata": {"path": str(ROOT)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=folder).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    kinds = [set(out.get("data", {})) for out in shown]
    assert sum("image/svg+xml" in kind for kind in kinds) == 2
    assert sum("text/html" in kind for kind in kinds) >= 6
    said = "".join(out.get("text", "") for out in shown)
    assert "a feasible schedule has total latency 56, at most 56/39 " in said
