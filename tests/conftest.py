import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# Shared machines are slow at times: nothing is timed. CI tries the same examples every time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_collection_modifyitems(items):
    """Begin with what compiles every kernel: at the end other processes would wait for it."""
    items.sort(key=lambda item: item.name != "test_warming_compiles_every_kernel")


def pytest_generate_tests(metafunc):
    """Give every test that asks for a `vector` each of the 300 small instances with answers."""
    if "vector" in metafunc.fixturenames:
        vectors = json.loads((ROOT / "tests" / "vectors" / "small.json").read_text())["instances"]
        metafunc.parametrize("vector", vectors, ids=range(len(vectors)))


@pytest.fixture(scope="session")
def conversation_trace():
    """Path of the Azure conversation trace; the test is skipped where it is absent."""
    path = ROOT.parent / "shared" / "traces" / "AzureLLMInferenceTrace_conv.csv"
    if not path.exists():
        pytest.skip("the Azure conversation trace is not here")
    return path
