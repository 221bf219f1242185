"""What tests of several commands read."""

import json

import pytest

from tests.kvproof.common import WITNESS

INSTANCE = {
    "format": "kvproof-instance",
    "version": 1,
    "memory": 9,
    "arrival": [0, 0, 1],
    "prompt": [1, 2, 3],
    "output": [3, 4, 2],
}


@pytest.fixture
def instance(tmp_path):
    path = tmp_path / "i.json"
    path.write_text(json.dumps(INSTANCE))
    return path


@pytest.fixture
def witness(tmp_path):
    path = tmp_path / "w.json"
    path.write_bytes(WITNESS.read_bytes())
    return path
