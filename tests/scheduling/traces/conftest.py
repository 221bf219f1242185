"""Trace files for tests: small ones that a test writes, and the published ones where present."""

from collections.abc import Callable
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "traces"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a trace file; its name gives nothing away, for the content must."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "trace"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Give the path of a published trace, or skip where it is not at hand."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.is_file():
            pytest.skip(f"{name} is not at hand")
        return path

    return find
