import pytest

QUICK = "kvproof.solver.dp.quick.quick_search"


@pytest.fixture(autouse=True)
def _long_way(request, monkeypatch):
    """Leave the short search out, which would close most small instances before all else."""
    if "quick" not in request.fixturenames:
        monkeypatch.setattr(QUICK, lambda *_: None)


@pytest.fixture(params=["quick", "long"])
def quick(request, monkeypatch):
    """Run a test as it is for users, and without the short search."""
    if request.param == "long":
        monkeypatch.setattr(QUICK, lambda *_: None)
    return request.param
