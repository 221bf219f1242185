import pytest

from tests.kvproof.report.browser import browser, missing


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A headless Chromium; the test is skipped where there is none."""
    what = missing()
    if what is not None:
        pytest.skip(f"no page can be opened here: {what}")
    with browser(tmp_path_factory.mktemp("profile")) as window:
        yield window
