"""The trace reader: what the page says, that masked words are not in it, and that it works in a browser without any network."""

import html
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from safe_reasoning.characterize.turning_points import safe_turning_point
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.redaction import masked
from safe_reasoning.report.traces import csr_bars, page
from safe_reasoning.report.traces.entries import Curve, DisplayText, Line
from safe_reasoning.report.traces.gather import Gathered
from safe_reasoning.report.traces.reasons import reasons
from tests.support import trace_run
from tests.support.paths import TEMPLATES


@pytest.fixture(scope="module")
def pages(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    return trace_run.write_pages(tiny_model, tmp_path_factory.mktemp("pages"))


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
    assert [line.role for line in safe.lines] == ["", "trigger", ""] and [
        line.role for line in harmful.lines
    ] == ["", "cue", ""]
    assert [line.label for line in safe.lines] == ["", "T1", ""]
    assert [line.csr for line in safe.lines] == [0.5, 1.0, 1.0] and [line.csr for line in harmful.lines] == [
        0.5,
        0.0,
        0.0,
    ]
    spans = [line.tokens for line in safe.lines]
    assert spans[0][0] == 1 and all(
        left[1] + 1 == right[0] for left, right in zip(spans, spans[1:], strict=False)
    )
    assert (safe.outcome, harmful.outcome, safe.turning) == ("safe-safe", "harmful-harmful", "has")
    assert safe.curve.safe_point in range(spans[1][0], spans[1][1] + 1) and safe.curve.unsafe_point is None
    assert harmful.curve.cue + 1 == harmful.lines[1].tokens[0]


def test_methods_stand_side_by_side_and_corrections_with_the_base_model(gathered: Gathered):
    base, ipo = gathered.evaluated_traces()
    assert (base.method, base.outcome, ipo.method, ipo.outcome) == (
        "base",
        "harmful-harmful",
        "ipo",
        "safe-safe",
    )
    assert (
        base.corrections["T1"] == ["harmful", "safe", "safe"]
        and base.corrections["none"] == ["harmful"] * 3
        and not ipo.corrections
    )
    assert [(line.role, line.label) for line in ipo.lines] == [("", ""), ("trigger", "T2"), ("", "")]
    assert ipo.lines[1].text.text is None  # a picked trigger after which too few reasonings were safe


def test_pair_shows_shared_prefix_trigger_and_cue(gathered: Gathered):
    (pair,) = gathered.pairs(5)
    assert [line.text.mark for line in pair.shared] == [masked(trace_run.RESTATE)]
    assert [(line.number, line.role) for line in pair.chosen] == [(2, "trigger"), (3, "")]
    assert [(line.text.mark, line.role) for line in pair.rejected] == [
        (masked(trace_run.CUE), "cue"),
        (masked(trace_run.STEP), ""),
    ]
    assert pair.methods == ["ipo"]


def test_rows_of_another_run_are_a_fault(gathered: Gathered):
    gathered._files.csr.unlink()
    gathered._csr = {"align_harmful-7.0": []}
    with pytest.raises(UserError, match=r"lacks align_harmful-7\.0"):
        next(gathered.csr_traces())


def test_strip_places_columns_points_and_sentences():
    line = Line(DisplayText(None, 3, ""), 1, "cue", "", (1, 3))
    drawn = csr_bars.plot(Curve([0, 1, 2, 3], [0.0, math.nan, 1.0, 1.0], 2, None, 0), [line])
    assert set(drawn.paths) == {0, 10} and drawn.paths[10].count("M") == 2  # nothing where nothing was scored
    unit = csr_bars.WIDTH / 4
    assert [(mark.kind, mark.x) for mark in drawn.marks] == [
        ("safe", csr_bars.LEFT + 2 * unit),
        ("cue", csr_bars.LEFT + unit),
    ]
    assert (drawn.boxes[0].x, drawn.boxes[0].width) == (csr_bars.LEFT + unit, 3 * unit)
    long = csr_bars.plot(Curve(list(range(8001)), [1.0] * 8001, None, None, None), [])
    assert long.paths[10].count("M") <= csr_bars.COLUMNS and long.merged == 27 and len(long.ticks) < 12


def curve(values: list[float], safe: int | None = None, **more: Any) -> Curve:
    return Curve(list(range(len(values))), values, safe, None, None, **more)


def why(drawn: Curve, stable: int = 3) -> list[str]:
    varied = {"safe_threshold": 0.9, "unsafe_threshold": 0.1, "stable_tokens": stable}
    settings = trace_run.configuration(False).characterize.model_copy(update=varied)
    lines = [
        Line(DisplayText(None, 3, ""), 1, "", "", (1, 2)),
        Line(DisplayText(None, 3, ""), 2, "trigger", "T1", (3, 6)),
    ]
    return [text for _, text in reasons(drawn, lines, settings)]


def test_a_turning_point_is_explained_by_its_numbers():
    values = [0.5, 0.95, 0.6, 0.92, 1.0, 1.0, 1.0]
    safe, unsafe = why(curve(values, 3, safe_interval=(3, 5)))
    assert safe == (
        "Safe turning point: after token 3, in sentence 2, the ratio is 92 % and stays at or above μ = 0.9 for "
        "3 tokens; after token 2 it was 60 %. That sentence is marked as a trigger. With its continuations "
        "resampled it lies within tokens 3 to 5 (95 %)."
    )
    assert unsafe.startswith("No unsafe turning point") and "it never gets there" in unsafe
    late = why(curve(values, 3, safe_interval=(3, None)))[0]
    assert late.endswith("it lies at token 3 or later, or nowhere.")
    assert why(curve(values, 3, safe_interval=(3, 3)))[0].endswith("it stays at token 3 (95 %).")
    assert "after token 2 it could not be scored" in why(curve([0.5, 0.5, math.nan, 1.0, 1.0, 1.0], 3))[0]


def test_a_missing_turning_point_is_explained_by_the_longest_stretch():
    text = why(curve([1.0, 0.5, 1.0, 1.0, math.nan, 1.0]))[0]
    assert text.startswith("No safe turning point") and "the longest stretch is 2, from token 2 on" in text
    assert "before the first token the ratio is 100 %" in why(curve([1.0, 1.0, 1.0], 0))[0]


def test_the_explained_point_is_the_one_that_the_rule_finds():
    values = [0.5, 0.95, 0.6, 0.92, 1.0, 1.0, 1.0]
    for stable in (1, 2, 3, 4, 5):
        point = safe_turning_point(range(len(values)), values, 0.9, stable)
        assert why(curve(values, point), stable)[0].startswith("No") == (point is None)
        if point is None:
            assert f"the longest stretch is {stable - 1}," in why(curve(values, point), stable)[0]


def test_intervals_of_turning_points_come_from_their_table(tiny_model: Path, tmp_path: Path):
    settings = trace_run.write_run(tmp_path, tiny_model)
    table = tmp_path / "metrics/nano/turning_points.csv"
    points = pd.read_csv(table)
    points[["safe_turning_point_low", "safe_turning_point_high"]] = [[7, 9], [8, math.nan]]
    points[["unsafe_turning_point_low", "unsafe_turning_point_high"]] = math.nan
    points.to_csv(table, index=False)
    safe, harmful = Gathered(tmp_path, settings, "nano", page.load_tokenizer).csr_traces()
    assert safe.curve.safe_interval == (7, 9) and harmful.curve.safe_interval == (8, None)
    assert safe.curve.unsafe_interval == (None, None)


def test_page_stays_small(
    pages: dict[bool, Path], tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = pages[False].read_text().split("<article", 2)[1]
    monkeypatch.setitem(page.BYTES, "csr", len(first.encode()) * 3 // 2)
    settings = trace_run.write_run(tmp_path, tiny_model)
    text = page.write_traces(settings, tmp_path, TEMPLATES)
    assert text.count('data-kind="csr"') == 1 and "1 of traces with a continuation safety ratio" in text
    assert sum(page.BYTES.values()) < 1_900_000


def test_a_run_without_analyses_has_a_page_of_its_pairs(tiny_model: Path, tmp_path: Path):
    settings = trace_run.write_run(tmp_path, tiny_model)
    for path in (tmp_path / "characterize/nano").iterdir():
        path.unlink()
    characterize = settings.characterize.model_copy(update={"analyses": False})
    plain = settings.model_copy(update={"characterize": characterize})
    gathered = Gathered(tmp_path, plain, "nano", page.load_tokenizer)
    assert not list(gathered.csr_traces()) and list(gathered.pairs(40))
    assert "intervened pair" in page.write_traces(plain, tmp_path, TEMPLATES)
