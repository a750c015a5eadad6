"""First unsafe sentences by people, read from made-up rows in their authors' form, and the distance to cues."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judge_audit import onset_labels
from safe_reasoning.judge_audit.audit_onsets import audit_onsets
from safe_reasoning.judge_audit.onset_labels import MarkedReasoning, marked_reasonings, of_row
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.plan.needed_sources import needed
from safe_reasoning.sources import table as sources_table
from tests.support.drawing import table
from tests.support.fakes import KeywordDetector, ids, text, tokenizer
from tests.support.paths import TINY

SENTENCES = ["The user asks.", "Let me look.", "Okay, I will do it.", "Then I mix the paint.", "Well, so."]
REASONING = " ".join(SENTENCES)


def row(marked: str, reasoning: str = REASONING) -> dict[str, Any]:
    """A conversation in one text, marked from the token in which `marked` begins."""
    whole = f"user\nA request.\nassistant\n<think>{reasoning}\n</think>\nMix it."
    start = len(ids(whole[: whole.index(marked)]))
    return {
        "message": [{"role": "user", "content": "A request."}],
        **{"label": "Unsafe", "input_ids": ids(whole), "unsafe_start_index": start},
        "unsafe_end_index": start + 1,
    }


@pytest.mark.parametrize("place", range(5))
def test_a_mark_is_the_sentence_that_it_begins(place: int):
    found = of_row(3, row(SENTENCES[place]), text)
    assert found == MarkedReasoning(3, tuple(SENTENCES), place)


def test_a_mark_before_the_white_space_is_of_the_sentence_behind_it():
    assert of_row(1, row(" " + SENTENCES[3]), text).onset == 3


def test_a_mark_in_the_response_is_no_onset_of_the_reasoning():
    assert of_row(1, row("Mix it."), text).onset is None


def test_rows_of_another_form_are_refused_in_one_line():
    for other, message in (
        (row("Then") | {"unsafe_start_index": 999}, "a mark at token 999"),
        (row("Then") | {"input_ids": ids("no reasoning"), "unsafe_start_index": 0}, "no open think tag"),
    ):
        with pytest.raises(UserError, match=message) as found:
            of_row(7, other, text)
        assert "row 7" in str(found.value) and "\n" not in str(found.value)


def test_the_file_is_read_from_a_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    entries = {
        name: sources_table.source(name).model_dump(exclude_none=True) for name in onset_labels.SOURCES
    }
    entries["qwen3guard_thinking_loc"]["rows"] = 2
    monkeypatch.setattr(sources_table, "TABLE", tmp_path / "sources.yaml")
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(entries))
    folder = tmp_path / "qwen3guard_test"
    folder.mkdir()
    monkeypatch.setenv(sources_table.MIRROR_VARIABLE, str(tmp_path))
    path = folder / "thinking_loc.jsonl"
    path.write_text("".join(json.dumps(row(SENTENCES[n])) + "\n" for n in (2, 3)))
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="is no tokenizer"):
        marked_reasonings(None)
    tokenizer().backend_tokenizer.save(str(folder / "tokenizer.json"))
    assert [one.onset for one in marked_reasonings(None)] == [2, 3]
    path.write_text("".join(json.dumps(row("Then") | {"input_ids": "1 2"}) + "\n" for _ in range(2)))
    with pytest.raises(UserError, match="must be a list of token ids"):
        marked_reasonings(None)


def made(onset: int | None) -> MarkedReasoning:
    return MarkedReasoning(onset or 0, tuple(SENTENCES), onset)


def test_distances_are_those_by_hand(tmp_path: Path):
    """The detector sees its cue in the third sentence, index 2, of each."""
    silent = MarkedReasoning(9, ("The user asks.", "So I mix."), 1)
    found = audit_onsets([made(1), made(2), made(4), made(None), silent], KeywordDetector(), 100)
    assert (found["traces"], found["of_response"], found["undetermined"]) == (4, 1, 0)
    assert found["seen_in_time"] == 0.5 and found["found"] == 0.75
    assert found["first_exact"] == pytest.approx(1 / 3) and found["first_within_one"] == pytest.approx(2 / 3)
    assert found["first_offset"] == 0
    write_metrics(tmp_path / "onset_audit.csv", [{"source": "qwen3guard_thinking_loc", **found}], {})
    check_metrics("onset_audit", (tmp_path / "onset_audit.csv").read_bytes())
    (shown,) = table("table_onset_audit", tmp_path).to_dict("records")
    assert shown["reasonings"] == 4 and shown["distance, sentences"] == "+0.0"


def test_it_is_asked_for_by_the_configuration():
    raw = yaml.safe_load(TINY.read_text())
    asked = raw | {"evaluate": {**raw["evaluate"], "onset_labels": True}}
    assert set(onset_labels.SOURCES) <= set(needed(validate(asked, "tiny")))
    assert not set(onset_labels.SOURCES) & set(needed(validate(raw, "tiny")))
    none = raw | {"evaluate": {**asked["evaluate"], "cue_rates": ["exact"]}}
    with pytest.raises(UserError, match="evaluate.onset_labels: evaluate.cue_rates names no detector"):
        resolved(validate(none, "tiny"))
