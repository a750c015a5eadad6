"""The trace reader in a browser, without any network."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import trace_run

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
--disable-sync --window-size=1100,900"""


@pytest.fixture(scope="module")
def pages(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    return trace_run.write_pages(tiny_model, tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not CHROMIUM or not DRIVER:
        pytest.skip("no Chromium: install Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not installed: make test installs it"
    )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def opened(browser: Any, path: Path) -> Any:
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


def seen(browser: Any) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelectorAll('article')].filter(a => a.offsetHeight).map(a => a.id)"
    )


def place(browser: Any) -> str:
    return browser.execute_script("return document.getElementById('place').textContent")


def choose(browser: Any, **values: str) -> None:
    for name, value in values.items():
        browser.execute_script(
            "const s = document.querySelector(`select[name=${arguments[0]}]`); s.value = arguments[1];"
            "if (s.value !== arguments[1]) throw Error('no such choice'); s.dispatchEvent(new Event('change'))",
            name,
            value,
        )


def test_page_loads_without_errors_and_without_the_network(browser: Any, pages: dict[bool, Path]):
    for path in pages.values():
        opened(browser, path)
        assert not browser.get_log("browser")
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = {
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }
        assert {url for url in asked if not url.startswith("chrome:")} == {
            path.as_uri()
        }  # chrome: is the browser's own first page
    assert not re.findall(r"(?:src|href)=|@import|url\(|https?://", pages[False].read_text())


def test_keys_and_buttons_step_through_the_entries(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    from selenium.webdriver.common.keys import Keys

    assert place(browser) == "1 of 5" and seen(browser) == ["csr/nano/base/align_harmful-0.0"]
    body = browser.find_element("tag name", "body")
    body.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert place(browser) == "3 of 5" and seen(browser) == ["evaluated/nano/base/direct-0.0"]
    body.send_keys(Keys.ARROW_LEFT)
    assert place(browser) == "2 of 5"
    browser.find_element("id", "previous").click()
    browser.find_element("id", "previous").click()  # stays at the first
    assert place(browser) == "1 of 5"
    browser.find_element("name", "kind").send_keys(Keys.ARROW_RIGHT)  # in a list arrows choose
    assert place(browser).startswith("1 of")


def test_filters_choose_entries(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    choose(browser, method="ipo")
    assert place(browser) == "1 of 2"  # its trace and the pair it learned from
    choose(browser, method="", outcome="harmful-harmful")
    assert place(browser) == "1 of 2"
    choose(browser, turning="has")
    assert seen(browser) == ["csr/nano/base/align_harmful-0.1"]
    choose(browser, kind="pair")
    assert place(browser) == "nothing matches" and not seen(browser)
    choose(browser, outcome="", turning="")
    assert place(browser) == "1 of 1"
    choose(browser, kind="")
    browser.find_element("id", "all").click()
    assert len(seen(browser)) == 5 and place(browser) == "5 entries"


def test_masked_sentences_are_blocks_of_their_length(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    lines = browser.execute_script(
        "return [...document.querySelectorAll('article:not([hidden]) .lines li')].map(l => [l.className, l.querySelector('.role').textContent,"
        "l.querySelector('.block')?.getBoundingClientRect().width ?? 0, l.querySelector('.said')?.textContent ?? ''])"
    )
    (_, first, short, _), (role, label, none, words), (_, _, long, _) = lines
    assert first == "sentence" and (role, label, none, words) == (
        "trigger",
        "▲ trigger T1",
        0,
        trace_run.TRIGGER,
    )
    assert short / len(trace_run.RESTATE) == pytest.approx(long / len(trace_run.COMMITMENT), rel=0.02)
    assert (
        browser.execute_script("return document.querySelectorAll('article:not([hidden]) svg rect').length")
        == 3
    )


def test_page_fits_a_narrow_window(browser: Any, pages: dict[bool, Path]):
    browser.set_window_size(520, 900)
    opened(browser, pages[True]).find_element("id", "all").click()
    width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    browser.set_window_size(1100, 900)
    assert width[0] <= width[1]
