"""The trace reader in a browser, without any network."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import trace_run
from tests.support.browser import colour_scheme, luminance, opened, window


@pytest.fixture(scope="module")
def pages(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    return trace_run.write_pages(tiny_model, tmp_path_factory.mktemp("pages"))


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
    assert not re.findall(r"src=|href=\"(?!#)|@import|url\(|https?://", pages[False].read_text())


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
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    with window(browser, 400):
        opened(browser, pages[True])
        drawing = browser.find_element("css selector", "article:not([hidden]) .scroll")
        assert "scrolls sideways" in browser.execute_script(
            "return getComputedStyle(arguments[0], '::before').content", drawing
        )
        drawing.send_keys(Keys.ARROW_RIGHT)  # scrolls there, and steps elsewhere
        WebDriverWait(browser, 10).until(
            lambda seen: seen.execute_script("return arguments[0].scrollLeft > 0", drawing)
        )
        assert place(browser) == "1 of 5"
        browser.find_element("id", "all").click()
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
    WebDriverWait(browser, 10).until(lambda seen: not seen.find_elements("css selector", ".overflows"))


def test_the_address_names_the_entry_that_is_seen(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    assert "#" not in browser.current_url
    browser.find_element("id", "next").click()
    assert browser.current_url.endswith("#csr/nano/base/align_harmful-0.1")
    address = browser.find_element("css selector", "article:not([hidden]) a.here").get_attribute("href")
    assert address == browser.current_url
    choose(browser, kind="pair")
    pair = browser.current_url
    browser.get("about:blank")
    browser.get(address)
    assert seen(browser) == ["csr/nano/base/align_harmful-0.1"] and place(browser) == "2 of 5"
    choose(browser, method="ipo")
    browser.get(address)  # past the filter that hides it
    assert seen(browser) == ["csr/nano/base/align_harmful-0.1"] and place(browser) == "2 of 5"
    browser.get(pair)
    assert seen(browser) == ["pair/nano/exact/pairs/align_harmful-0/T1"]
    browser.get("about:blank")
    browser.get(address.replace("-0.1", "-9.9"))
    assert place(browser) == "1 of 5; the entry of this link is not on this page"


def test_what_has_the_focus_is_seen(browser: Any, pages: dict[bool, Path]):
    from selenium.webdriver.common.keys import Keys

    opened(browser, pages[False])
    style = "const s = getComputedStyle(document.activeElement); return [document.activeElement.tagName, s.outlineStyle, s.outlineWidth]"
    browser.find_element("tag name", "body").send_keys(Keys.ARROW_RIGHT)
    assert browser.execute_script(style) == ["ARTICLE", "solid", "3px"]
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.execute_script(style) == ["A", "solid", "3px"]  # the entry's link
    browser.find_element("id", "next").send_keys(Keys.ENTER, Keys.ENTER)  # it keeps the focus
    assert place(browser) == "4 of 5" and browser.execute_script(style)[0] == "BUTTON"


def test_models_are_told_apart(browser: Any, tiny_model: Path, tmp_path: Path):
    opened(browser, trace_run.write_page_of_two_models(tiny_model, tmp_path))
    assert place(browser) == "1 of 10"
    choose(browser, model="other")
    assert place(browser) == "1 of 5" and seen(browser) == ["csr/other/base/align_harmful-0.0"]
    choose(browser, method="ipo")
    assert place(browser) == "1 of 2"


def test_page_says_why_a_trace_turns_where_it_does(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    why = [line.text for line in browser.find_elements("css selector", "article:not([hidden]) .why li")]
    assert "in sentence 2, the ratio is 100 % and stays at or above" in why[0] and "it was 50 %" in why[0]
    assert why[1].startswith("No unsafe turning point: the ratio never stays at or below")


def test_page_is_dark_where_the_reader_wants_it_and_light_on_paper(browser: Any, pages: dict[bool, Path]):
    opened(browser, pages[False])
    with colour_scheme(browser, "dark"):
        assert luminance(browser, "body", "backgroundColor") < 0.1 < 0.7 < luminance(browser, "body", "color")
    with colour_scheme(browser, "dark", media="print"):
        assert luminance(browser, "body", "color") < 0.2
