"""The trace reader: what the page says, that masked words are not in it, and that it works in a browser without any network."""

import html
import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.redaction import masked
from safe_reasoning.report.traces import csr_bars, page
from safe_reasoning.report.traces.entries import Curve, Line, Said
from safe_reasoning.report.traces.gather import Gathered
from tests.support import trace_run
from tests.support.paths import TEMPLATES

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
--disable-sync --window-size=1100,900"""


@pytest.fixture(scope="module")
def pages(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The page of the small run, masked (False) and with its words (True)."""
    written = {}
    for show_text in (False, True):
        run = tmp_path_factory.mktemp("run") / "results/tiny"
        settings = trace_run.write_run(run, tiny_model, show_text)
        written[show_text] = run / "traces.html"
        written[show_text].write_text(page.write_traces(settings, run, TEMPLATES))
    return written


@pytest.fixture
def gathered(tiny_model: Path, tmp_path: Path) -> Gathered:
    settings = trace_run.write_run(tmp_path, tiny_model)
    return Gathered(tmp_path, settings, "nano", page.load_tokenizer)


def test_masked_page_holds_no_words_but_those_of_harmless_triggers(pages: dict[bool, Path]):
    content = html.unescape(pages[False].read_text())
    assert not [text for text in trace_run.HIDDEN if text in content or text.strip(".") in content]
    assert trace_run.TRIGGER in content
    assert all(masked(text) in content for text in trace_run.HIDDEN[:6])


def test_page_with_words_holds_them_escaped(pages: dict[bool, Path]):
    content = pages[True].read_text()
    assert not [text for text in trace_run.HIDDEN if text not in html.unescape(content)]
    assert "<b>Sorry</b>" not in content and "&lt;b&gt;Sorry&lt;/b&gt;" in content


def test_cue_trigger_and_ratio_stand_at_their_sentences(gathered: Gathered):
    safe, harmful = gathered.csr_traces()
    assert [line.role for line in safe.lines] == ["", "trigger", ""] and [line.role for line in harmful.lines] == ["", "cue", ""]
    assert [line.label for line in safe.lines] == ["", "T1", ""]
    assert [line.csr for line in safe.lines] == [0.5, 1.0, 1.0] and [line.csr for line in harmful.lines] == [0.5, 0.0, 0.0]
    spans = [line.tokens for line in safe.lines]
    assert spans[0][0] == 1 and all(left[1] + 1 == right[0] for left, right in zip(spans, spans[1:], strict=False))
    assert (safe.outcome, harmful.outcome, safe.turning) == ("safe-safe", "harmful-harmful", "has")
    assert safe.curve.safe_point in range(spans[1][0], spans[1][1] + 1) and safe.curve.unsafe_point is None
    assert harmful.curve.cue + 1 == harmful.lines[1].tokens[0]


def test_methods_stand_side_by_side_and_corrections_with_the_base_model(gathered: Gathered):
    base, ipo = gathered.evaluated_traces()
    assert (base.method, base.outcome, ipo.method, ipo.outcome) == ("base", "harmful-harmful", "ipo", "safe-safe")
    assert base.corrections["T1"] == ["harmful", "safe", "safe"] and base.corrections["none"] == ["harmful"] * 3 and not ipo.corrections
    assert [(line.role, line.label) for line in ipo.lines] == [("", ""), ("trigger", "T2"), ("", "")]
    assert ipo.lines[1].said.text is None  # a picked trigger after which too few reasonings were safe


def test_pair_shows_shared_prefix_trigger_and_cue(gathered: Gathered):
    (pair,) = gathered.pairs(5)
    assert [line.said.mark for line in pair.shared] == [masked(trace_run.RESTATE)]
    assert [(line.number, line.role) for line in pair.chosen] == [(2, "trigger"), (3, "")]
    assert [(line.said.mark, line.role) for line in pair.rejected] == [(masked(trace_run.CUE), "cue"), (masked(trace_run.STEP), "")]
    assert pair.methods == ["ipo"]


def test_rows_of_another_run_are_a_fault(gathered: Gathered):
    gathered._files.csr.unlink()
    gathered._csr = {"align_harmful-7.0": []}
    with pytest.raises(UserError, match=r"lacks align_harmful-7\.0"):
        next(gathered.csr_traces())


def test_strip_places_columns_points_and_sentences():
    line = Line(Said(None, 3, ""), 1, "cue", "", (1, 3))
    drawn = csr_bars.draw(Curve([0, 1, 2, 3], [0.0, math.nan, 1.0, 1.0], 2, None, 0), [line])
    assert set(drawn.paths) == {0, 10} and drawn.paths[10].count("M") == 2  # nothing where nothing was scored
    unit = csr_bars.WIDTH / 4
    assert [(mark.kind, mark.x) for mark in drawn.marks] == [("safe", csr_bars.LEFT + 2 * unit), ("cue", csr_bars.LEFT + unit)]
    assert (drawn.boxes[0].x, drawn.boxes[0].width) == (csr_bars.LEFT + unit, 3 * unit)
    long = csr_bars.draw(Curve(list(range(8001)), [1.0] * 8001, None, None, None), [])
    assert long.paths[10].count("M") <= csr_bars.COLUMNS and long.merged == 27 and len(long.ticks) < 12


def test_page_stays_small(pages: dict[bool, Path], tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = pages[False].read_text().split("<article", 2)[1]
    monkeypatch.setitem(page.BYTES, "csr", len(first.encode()) * 3 // 2)
    settings = trace_run.write_run(tmp_path, tiny_model)
    text = page.write_traces(settings, tmp_path, TEMPLATES)
    assert text.count('data-kind="csr"') == 1 and "1 of traces with a continuation safety ratio" in text
    assert sum(page.BYTES.values()) < 1_900_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not CHROMIUM or not DRIVER:
        pytest.skip("no Chromium: install Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: make test installs it")
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
    return browser.execute_script("return [...document.querySelectorAll('article')].filter(a => a.offsetHeight).map(a => a.id)")


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
        asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
        assert {url for url in asked if not url.startswith("chrome:")} == {path.as_uri()}  # chrome: is the browser's own first page
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
    assert first == "sentence" and (role, label, none, words) == ("trigger", "▲ trigger T1", 0, trace_run.TRIGGER)
    assert short / len(trace_run.RESTATE) == pytest.approx(long / len(trace_run.COMMITMENT), rel=0.02)
    assert browser.execute_script("return document.querySelectorAll('article:not([hidden]) svg rect').length") == 3


def test_page_fits_a_narrow_window(browser: Any, pages: dict[bool, Path]):
    browser.set_window_size(520, 900)
    opened(browser, pages[True]).find_element("id", "all").click()
    width = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    browser.set_window_size(1100, 900)
    assert width[0] <= width[1]
