"""The report in a browser, drawn from the stored demo: dark, narrow, on paper, by keyboard."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.config import load
from safe_reasoning.report.page import write_report
from tests.support.browser import colour_scheme, computed, luminance, opened, window
from tests.support.paths import ROOT, TEMPLATES

DEMO = ROOT / "results/reference/demo"
CLIPPED = "return [...document.querySelectorAll('.scroll')].filter(b => b.scrollWidth > b.clientWidth + 1)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Beside the files that it links to."""
    run = tmp_path_factory.mktemp("report") / "demo"
    for part in ("figures", "tables", "metrics"):
        shutil.copytree(DEMO / part, run / part)
    text = write_report(load(DEMO / "config.yaml"), run / "figures", run / "tables", TEMPLATES)
    (run / "report.html").write_text(text)
    return run / "report.html"


def test_links_lead_to_the_data_behind_each_figure_and_table(browser: Any, report: Path):
    opened(browser, report)
    assert not browser.get_log("browser")
    links = browser.execute_script(
        "return [...document.querySelectorAll('.data a')].map(a => a.getAttribute('href'))"
    )
    assert len(links) > 60 and not [link for link in links if not (report.parent / link).is_file()]
    without = browser.execute_script(
        "return [...document.querySelectorAll('figure')].filter(f => !f.querySelector('.data a[href^=figures]')).length"
    )
    assert without == 0


def test_every_picture_has_a_title(browser: Any, report: Path):
    opened(browser, report)
    titles = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(s => document.getElementById(s.getAttribute('aria-labelledby'))?.textContent)"
    )
    assert len(titles) > 8 and all(titles) and len(set(titles)) == len(titles)


def test_verdicts_are_counted_in_small_letters(browser: Any, report: Path):
    opened(browser, report)
    assert float(computed(browser, ".tally b", "fontSize")[:-2]) <= float(
        computed(browser, "body", "fontSize")[:-2]
    )


def test_page_is_dark_where_the_reader_wants_it_and_light_on_paper(browser: Any, report: Path):
    opened(browser, report)
    with colour_scheme(browser, "dark"):
        assert luminance(browser, "body", "backgroundColor") < 0.1 < 0.7 < luminance(browser, "body", "color")
        for part in (".what", "td.reproduced", "td.not-reproduced", "th", "tr.paper td"):
            assert (
                luminance(browser, part, "backgroundColor") < 0.3 < 0.6 < luminance(browser, part, "color")
            ), part
        assert computed(browser, "figure svg", "backgroundColor") == "rgb(255, 255, 255)"  # drawn in black
    with colour_scheme(browser, "dark", media="print"):
        assert luminance(browser, "body", "color") < 0.2 and luminance(browser, "th", "backgroundColor") > 0.8


def test_paper_keeps_heads_with_what_they_head(browser: Any, report: Path):
    opened(browser, report)
    with colour_scheme(browser, "light", media="print"):
        for selector in ("h2", "h2 + p", ".caption"):
            assert computed(browser, selector, "breakAfter") == "avoid", selector
        assert computed(browser, "figure", "breakInside") == "avoid"
        assert computed(browser, ".scroll thead", "display") == "table-header-group"  # again on each page
        small, text = (float(computed(browser, s, "fontSize")[:-2]) for s in ("td .small", "td.ours"))
        assert small < text


def test_a_narrow_window_says_which_boxes_scroll_and_keys_scroll_them(browser: Any, report: Path):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    with window(browser, 400):
        opened(browser, report)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
        clipped = browser.execute_script(CLIPPED)
        assert len(clipped) > 10
        for box in clipped:
            assert box.get_attribute("tabindex") == "0" and box.get_attribute("aria-label")
            hint = "return getComputedStyle(arguments[0], '::before').content"
            assert "scrolls sideways" in browser.execute_script(hint, box)
        clipped[0].send_keys(Keys.ARROW_RIGHT)
        style = "const s = getComputedStyle(arguments[0]); return [s.outlineStyle, s.outlineWidth]"
        assert browser.execute_script(style, clipped[0]) == ["solid", "3px"]
        scrolled = "return arguments[0].scrollLeft > 0"
        WebDriverWait(browser, 10).until(lambda seen: seen.execute_script(scrolled, clipped[0]))
    still = browser.execute_script("return document.querySelectorAll('.scroll[tabindex=\\'0\\']').length")
    assert still < len(clipped)  # a wide window hides less
