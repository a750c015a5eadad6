"""Cue rates on known answers, the themes of the nano world's cues, and the detector of rationalising sentences."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.characterize.marked_cues import cue_rate_rows, response_verdicts
from safe_reasoning.config import Config, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.replies import number_list
from safe_reasoning.core.sentence_numbers import indices
from safe_reasoning.evaluation.cue_rates import MarkedReasoning, cue_rates
from safe_reasoning.judging.base import FirstCue
from safe_reasoning.judging.chat_annotator import instruction
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.detectors.exact_rationalising import ExactRationalisingDetector
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector
from safe_reasoning.judging.detectors.rationalising import RationalisingCueDetector
from safe_reasoning.judging.factory import get_marker
from safe_reasoning.judging.judges.exact import CUES, TRIGGERS
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.plan.judge_calls import cues_marked
from safe_reasoning.prompts.nano_world import cue_themes
from safe_reasoning.prompts.nano_world import language as words
from tests.support.drawing import table
from tests.support.fakes import ScriptedChat
from tests.support.paths import TINY

RESTATE, CRAFT = "This is a question about it.", words.CUES["craft"][0]
CURIOSITY, EXPLORE = words.CUES["curiosity"][0], words.CUES["explore"][0]


def tiny(**changes: object) -> Config:
    return resolved(validate(yaml.safe_load(TINY.read_text()) | changes, "test"))


@pytest.mark.parametrize(
    ("numbers", "first", "found"),
    [
        ([2, 5], 1, [1, 4]),
        ([2, 4], 0, [2, 4]),
        ([4, 2, 2], 0, [2, 4]),
        ([], 0, []),
        ([], 1, []),
        ([5], 1, [4]),
        ([5], 0, None),
        ([6], 1, None),
        ([0], 1, None),
        ([0], 0, [0]),
        ([-1], 0, None),
    ],
)
def test_numbers_become_indices_in_one_place(numbers: list[int], first: int, found: list[int] | None):
    assert indices(numbers, 5, first=first) == found


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("[2, 5]", [2, 5]),
        (" [ 3 ]. ", [3]),
        ("[]", []),
        ("<think>[1]</think>\n[2]", [2]),
        ("2, 5", None),
        ("[2, 5] and more", None),
        ("[two]", None),
        ("[2.5]", None),
        ("[-1]", None),
        ("[2,]", None),
        ("[[2]]", None),
        ("[٢]", None),
        ("null", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_list_of_numbers_is_read(reply: str | None, found: list[int] | None):
    assert number_list(reply) == found


@pytest.mark.parametrize(
    ("reply", "cues"),
    [("[2, 3]", [1, 2]), ("[3]", [2]), ("[]", []), ("[1]", None), ("[4]", None), ("3", None), (None, None)],
)
def test_the_detector_takes_a_list_and_never_the_first_sentence(reply: str | None, cues: list[int] | None):
    chat = ScriptedChat(lambda _: reply)
    detector = RationalisingCueDetector("excuses", chat)
    reasonings = [["They ask.", "It is only a tale.", "So I can."], ["Only one."], []]
    assert detector.every_cue(reasonings) == [cues, [], []]
    assert detector.first_cues(reasonings)[0] == FirstCue(
        cues[0] if cues else None, undetermined=cues is None
    )
    assert detector.unparsed == (cues is None and reply is not None)
    assert (
        len(chat.batches) == 1 and "1. They ask.\n2. It is only a tale.\n3. So I can." in chat.batches[0][0]
    )


def test_the_two_instructions_are_two():
    assert instruction("rationalising_cue") != instruction("compliance_cue")
    with_marks = RationalisingCueDetector("excuses", chat := ScriptedChat(lambda _: "[]"))
    with_marks.every_cue([["a", "SENTENCES>>> Answer with []"]])
    assert chat.batches[0][0].count("SENTENCES>>>") == 1


def test_every_cue_of_the_nano_world_has_one_theme_and_no_trigger_has_one():
    assert set(cue_themes.THEMES) == CUES and not CUES & TRIGGERS
    assert {*words.CUES, "going_on", "setting", "item"} == set(cue_themes.THEMES.values())
    assert {*cue_themes.RATIONALISING, *cue_themes.WILLING, "item"} == set(cue_themes.THEMES.values())
    cues = [cue for _, of_theme in cue_themes._by_theme() for cue in of_theme]
    assert len(cues) == len(set(cues))  # none has two themes


def test_exact_detectors_differ_by_mere_willingness():
    reasoning = [RESTATE, CRAFT, "A step.", EXPLORE, CURIOSITY]
    assert ExactCueDetector().every_cue([reasoning, [CURIOSITY], []]) == [[1, 3, 4], [], []]
    assert ExactRationalisingDetector().every_cue([reasoning]) == [[3, 4]]
    assert ExactRationalisingDetector().first_cues([reasoning, [RESTATE, CRAFT]]) == [
        FirstCue(3),
        FirstCue(None),
    ]
    (first,) = LexicalCueDetector().first_cues([reasoning])
    (every,) = LexicalCueDetector().every_cue([reasoning])
    assert every is not None and first.index == every[0]


def test_cue_rates_by_hand():
    marked = [
        MarkedReasoning("a", 10, [2, 5], unsafe=True),
        MarkedReasoning("a", 10, [], unsafe=True),
        MarkedReasoning("b", 5, [1], unsafe=False),
        MarkedReasoning("b", 4, [2], unsafe=True),
        MarkedReasoning("c", 8, None, unsafe=True),
        MarkedReasoning("c", 8, [3], unsafe=None),
        MarkedReasoning("d", 0, [], unsafe=None),
    ]
    row = cue_rates(marked, 100)
    assert (row["traces"], row["unsafe"], row["undetermined"], row["unscored"]) == (7, 4, 1, 2)
    assert row["with_cue"] == pytest.approx(4 / 6)
    assert row["instance_rate"] == pytest.approx(2 / 4)  # one undetermined and two unscored are left out
    assert row["of_unsafe"] == pytest.approx(2 / 3)
    assert row["per_sentence"] == pytest.approx(3 / 24)
    assert row["first_position"] == pytest.approx((2 / 10 + 2 / 4) / 2)
    undecided = cue_rates([MarkedReasoning("a", 3, None, unsafe) for unsafe in (True, False)], 100)
    assert math.isnan(undecided["instance_rate"]) and undecided["undetermined"] == 2
    nothing = cue_rates([], 100)
    assert nothing["traces"] == 0 and math.isnan(nothing["of_unsafe"]) and math.isnan(nothing["per_sentence"])


def generation(number: int, *sentences: str) -> dict[str, Any]:
    text = " ".join(sentences) + "</think>A response."
    return {
        "generation_id": f"g-{number}.0",
        "prompt_id": f"g-{number}",
        "prompt_set": "direct",
        "text": text,
    }


GENERATIONS = [
    generation(0, RESTATE, CRAFT, EXPLORE),
    generation(1, RESTATE, CURIOSITY),
    generation(2, RESTATE, CRAFT),
    generation(3, RESTATE),
]
HARMFUL = {"g-0.0": True, "g-1.0": True, "g-2.0": True, "g-3.0": False}


def test_rates_by_theme_in_the_nano_world():
    rows = cue_rate_rows(GENERATIONS, HARMFUL, ExactCueDetector(), 100)
    by_theme = {row["theme"]: row for row in rows}
    assert list(by_theme) == ["all", *dict.fromkeys(cue_themes.THEMES.values())]
    assert by_theme["all"]["of_unsafe"] == 1 and by_theme["all"]["with_cue"] == pytest.approx(3 / 4)
    assert by_theme["craft"]["of_unsafe"] == pytest.approx(2 / 3)
    assert by_theme["curiosity"]["first_position"] == pytest.approx(1 / 2)
    assert by_theme["setting"]["with_cue"] == 0
    (narrow,) = cue_rate_rows(GENERATIONS, HARMFUL, ExactRationalisingDetector(), 100)
    assert (narrow["theme"], narrow["of_unsafe"]) == ("all", pytest.approx(2 / 3))
    assert narrow["per_sentence"] == pytest.approx(2 / 7)


def test_unsafe_is_what_the_judge_says_of_the_response():
    rows = [
        {"generation_id": "g", "part": "reasoning", "measure": "harmful", "value": True},
        {"generation_id": "g", "part": "response", "measure": "harmful", "value": False},
        {"generation_id": "h", "part": "response", "measure": "complies", "value": True},
    ]
    assert response_verdicts(rows) == {"g": False}


def test_the_table_and_what_may_be_archived(tmp_path: Path):
    rows = [
        {"model": "nano", "method": "ipo", "seed": seed, **row}
        for seed in (0, 1)
        for row in cue_rate_rows(GENERATIONS, HARMFUL, ExactCueDetector(), 100)
    ]
    write_metrics(tmp_path / "cue_rates.csv", rows, {})
    check_metrics("cue_rates", (tmp_path / "cue_rates.csv").read_bytes())
    found = table("table_cue_rates", tmp_path).set_index("theme")
    assert found.loc["all", "unsafe"] == 6 and found.loc["all", "of unsafe, hold a cue, %"] == "100.0"
    assert found.loc["setting", "place of the first"] == ""
    write_metrics(tmp_path / "cue_rates.csv", rows[: len(rows) // 2], {})
    assert table("table_cue_rates", tmp_path)["hold a cue, %"].iloc[0].startswith("75.0 [")


def test_a_configuration_names_detectors_that_mark_every_cue():
    raw = yaml.safe_load(TINY.read_text())
    endpoints = {"asked": {"model": "m", "base_url": "https://example.org/v1"}}
    detectors = {
        "first": {"kind": "few_shot", "chat": "asked"},
        "excuses": {"kind": "rationalising", "chat": "asked"},
    }
    asked = {"endpoints": endpoints, "detectors": detectors}
    config = tiny(**asked, evaluate=raw["evaluate"] | {"cue_rates": ["excuses", "exact"]})
    (step,) = cues_marked(config, "nano", 50)
    assert (step.calls, step.chat) == (50, "asked")
    with pytest.raises(UserError, match="evaluate.cue_rates: 'first' is unknown"):
        tiny(**asked, evaluate=raw["evaluate"] | {"cue_rates": ["first"]})
    assert get_marker("exact_rationalising", config).name == "exact_rationalising"
