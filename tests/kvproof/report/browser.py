"""A headless Chromium that shows a page, and what it says of it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Width in pixels, colour scheme.
LOOKS = ((1200, "light"), (1200, "dark"), (390, "light"), (390, "dark"))


def missing() -> str | None:
    """Say what is needed to open a page and is not there."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "the package selenium is not installed"
    for name in ("chromium", "chromedriver"):
        if shutil.which(name) is None:
            return f"{name} is not installed (Debian: chromium, chromium-driver)"
    return None


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def open(self, path: Path, *, width: int = 1200, scheme: str = "light") -> None:
        """Load a page into a window of this width and colour scheme."""
        self._driver.get_log("browser")  # what another page said
        self._driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        self._driver.get(path.resolve().as_uri())

    def ask(self, script: str) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self._driver.execute_script(script)

    def errors(self) -> list[str]:
        """Return what the console was told since the page was opened."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        import base64

        size = self._driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        area = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"clip": area, "captureBeyondViewport": True}
        )
        return base64.b64decode(shot["data"])

    def saved(self, folder: Path) -> None:
        """Let downloads go to a folder."""
        self._driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
        )


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Run a headless Chromium with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--hide-scrollbars", f"--user-data-dir={profile}"):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
