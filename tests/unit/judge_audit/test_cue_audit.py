"""Labelled sentences read from made-up rows in their authors' form, and detectors compared with them by hand."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judge_audit import cue_labels
from safe_reasoning.judge_audit.audit_cues import audit_cues, label_row
from safe_reasoning.judge_audit.cue_labels import LabelledReasoning, labelled_reasonings, numbered_sentences
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.kinds import audited_detectors, resolved
from safe_reasoning.plan.judge_calls import cue_audits
from safe_reasoning.prompts.nano_world import language as words
from tests.support.drawing import table
from tests.support.paths import TINY

CUE, OTHER = words.CUES["curiosity"][0], words.NEUTRAL[0]


def row(labels: Any, score: float | None = 3.0, sentences: int = 4) -> dict[str, Any]:
    text = "\n".join(f"sentence {number} - Sentence {number}." for number in range(sentences))
    return {"cot_sentences": text, "selfjb_annos": labels, "safety_eval_score": score, "cot": "ignored"}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def test_labels_count_from_zero_and_safe_traces_hold_an_empty_list(tmp_path: Path):
    path = write(
        tmp_path / "other.jsonl",
        row({"answer": [2, 0]}),
        row(None, score=1.0),
        row(None, score=None),
        row({"answer": []}),
    )
    found = labelled_reasonings(path)
    assert [one.labels for one in found] == [(0, 2), (), (), ()]
    assert [one.unsafe for one in found] == [True, False, False, True]
    assert found[0].sentences[2] == "Sentence 2." and found[0].row == 1


@pytest.mark.parametrize(
    "labels", [None, [1], {"answer": "1"}, {"answer": [4]}, {"answer": [True]}, {"other": []}]
)
def test_labels_of_another_form_are_unread_and_counted(tmp_path: Path, labels: Any):
    found = labelled_reasonings(write(tmp_path / "other.jsonl", row(labels)))
    assert found[0].labels is None and label_row(found, 100)["unreadable"] == 1


def test_a_sentence_may_have_several_lines():
    text = "sentence 0 - One\n\ntwo.\nsentence 1 - Three.\nsentence 7 - inside.\nsentence 2 - Four."
    assert numbered_sentences(text) == ["One\n\ntwo.", "Three.\nsentence 7 - inside.", "Four."]
    assert numbered_sentences("no number") == [] and numbered_sentences("1. One") == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"cot_sentences": "sentence 0 - a", "selfjb_annos": None}], "has no 'safety_eval_score'"),
        ([row(None) | {"safety_eval_score": "high"}], "must be a number or null, not str"),
        ([row(None) | {"cot_sentences": "0: a"}], "does not begin with 'sentence 0 - '"),
        ([], "holds no row"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(tmp_path: Path, rows: list[dict], message: str):
    with pytest.raises(UserError, match=message) as found:
        labelled_reasonings(write(tmp_path / "other.jsonl", *rows))
    assert "\n" not in str(found.value)


def test_a_known_file_is_checked_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "r1-llama-think.jsonl", row({"answer": [1]}))
    with pytest.raises(UserError, match=r"is altered .*check out be6033c6 again"):
        labelled_reasonings(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(cue_labels, "DIGESTS", {"r1-llama": digest[:8]})
    assert len(labelled_reasonings(path)) == 1
    with pytest.raises(UserError, match="does not exist: clone BatsResearch"):
        labelled_reasonings(tmp_path / "missing.jsonl")


def reasoning(number: int, sentences: str, *labels: int, unsafe: bool = True) -> LabelledReasoning:
    """A reasoning written as letters: c a cue, o another sentence."""
    texts = tuple({"c": CUE, "o": OTHER}[letter] for letter in sentences)
    return LabelledReasoning(number, texts, labels, unsafe)


def test_labels_that_are_the_exact_cues_agree_wholly():
    found = audit_cues(
        [reasoning(1, "occ", 1, 2), reasoning(2, "ooc", 2), reasoning(3, "oo")], ExactCueDetector(), 100
    )
    assert (found["agreement"], found["kappa"]) == (1, 1) and found["traces"] == 3
    assert (found["first_exact"], found["first_offset"], found["found"]) == (1, 0, 1)
    assert (found["found_without"], found["first_sentence"]) == (0, 0)


def test_offsets_and_errors_by_hand():
    made = [
        reasoning(1, "oooc", 0, 2),  # seen one later; the label of the first sentence is left out
        reasoning(2, "ocoo", 3),  # seen two earlier
        reasoning(3, "oc"),  # no label, a cue
        reasoning(4, "oo", 1),  # a label, no cue
        reasoning(5, "oc", unsafe=False),  # safe: not compared
        LabelledReasoning(6, (OTHER, CUE), None, True),  # unreadable
    ]
    found = audit_cues(made, ExactCueDetector(), 100)
    assert (found["traces"], found["unreadable"], found["first_sentence"]) == (4, 1, 1)
    assert found["texts"] == 3 + 3 + 1 + 1 and found["positive"] == 3
    assert found["agreement"] == pytest.approx(2 / 8)
    assert found["false_negative"] == 1 and found["false_positive"] == pytest.approx(3 / 5)
    assert found["found"] == pytest.approx(2 / 3) and found["found_without"] == 1
    assert found["first_exact"] == 0 and found["first_within_one"] == pytest.approx(1 / 2)
    assert found["first_offset"] == pytest.approx(-0.5)
    of_labels = label_row(made, 100)
    assert (of_labels["unsafe"], of_labels["undetermined"]) == (5, 1)
    assert of_labels["of_unsafe"] == pytest.approx(3 / 4)
    assert of_labels["instance_rate"] == pytest.approx(3 / 5)


def test_nothing_to_compare_gives_no_number():
    found = audit_cues([reasoning(1, "oc", unsafe=False)], ExactCueDetector(), 100)
    assert found["traces"] == 0 and math.isnan(found["first_exact"]) and math.isnan(found["kappa"])


def test_the_table_and_what_may_be_archived(tmp_path: Path):
    made = [reasoning(1, "occ", 1, 2), reasoning(2, "ooc", 2), reasoning(3, "oo")]
    rows = [label_row(made, 100), audit_cues(made, ExactCueDetector(), 100)]
    write_metrics(tmp_path / "cue_audit.csv", [{"source": "r1-llama-think500", **one} for one in rows], {})
    check_metrics("cue_audit", (tmp_path / "cue_audit.csv").read_bytes())
    (found,) = table("table_cue_audit", tmp_path).to_dict("records")
    assert (found["traces"], found["sentences"], found["first in one place, %"]) == (3, 5, "100.0")


def test_a_configuration_compares_detectors_that_read_english():
    raw = yaml.safe_load(TINY.read_text())
    raw["endpoints"] = {"asked": {"model": "m", "base_url": "https://example.org/v1"}}
    raw["detectors"] = {"excuses": {"kind": "rationalising", "chat": "asked"}}
    raw["evaluate"] |= {"cue_labels": ["a.jsonl", "b.jsonl"], "cue_rates": ["exact", "lexical", "excuses"]}
    config = resolved(validate(raw, "test"))
    assert audited_detectors(config) == ["lexical", "excuses"]
    (step,) = cue_audits(config)  # the lexical one asks no model
    assert (step.chat, step.calls, step.bound) == ("asked", 2 * 313, True)
    raw["evaluate"]["cue_rates"] = ["exact"]
    with pytest.raises(UserError, match="names no detector that reads English"):
        resolved(validate(raw, "test"))
