"""Pages in a real browser, without any network."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
--disable-sync --window-size=1100,900"""


def start(profile: Path) -> Any:
    """A headless Chromium with this folder for its profile; where there is none the test is skipped."""
    if not CHROMIUM or not DRIVER:
        pytest.skip("no Chromium: install Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: make test installs it"
    )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(DRIVER))


def opened(browser: Any, path: Path) -> Any:
    """The browser with a page of its own: what it logged of others is gone."""
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


@contextlib.contextmanager
def colour_scheme(browser: Any, scheme: str, media: str = "screen") -> Iterator[None]:
    """The page as a reader sees it who prefers light or dark, on screen or on paper."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    yield
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@contextlib.contextmanager
def window(browser: Any, width: int) -> Iterator[None]:
    """A window of that many pixels, narrower than a desktop's can be."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def computed(browser: Any, selector: str, key: str) -> str:
    """A style of the first element that matches."""
    value: str = browser.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, key
    )
    return value


def luminance(browser: Any, selector: str, key: str) -> float:
    """How bright a colour of the first element that matches is, 0 to 1 (mean of its channels)."""
    return sum(int(part) for part in re.findall(r"\d+", computed(browser, selector, key))[:3]) / (3 * 255)
