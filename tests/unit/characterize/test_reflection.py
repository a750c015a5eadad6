"""Reflections and unsafe exploration, counted by hand."""

from typing import Any

import pytest

from safe_reasoning.characterize.reflection import (
    Reasoning,
    drawn_reasonings,
    exploring_share,
    reflections_per_100_tokens,
)
from safe_reasoning.judging.awareness import speaks_of_safety
from safe_reasoning.prompts.nano_world import language as words
from tests.support.fakes import PROMPT_IDS, KeywordDetector, generation, ids, tokenizer

TRIGGER, LATE = words.TRIGGERS["rule"][1][0], words.LATE_TRIGGERS[1]
ROLES = {"set": "safety", "benign": "overrefusal", "train": "align_harmful"}


def reasoning(*sentences: str, tokens: int = 25) -> Reasoning:
    return Reasoning([1], [7] * tokens, list(sentences))


def test_reflections_are_sentences_that_speak_of_safety_for_100_tokens():
    read = [reasoning("I think.", TRIGGER, LATE), reasoning("I think.", tokens=75)]
    assert reflections_per_100_tokens(read, speaks_of_safety("exact")) == 2
    assert reflections_per_100_tokens(read[1:], speaks_of_safety("exact")) == 0


@pytest.mark.parametrize(
    ("read", "share"),
    [
        ([reasoning("I ask.", "I look.", "I will do it.", "I mix.")], 0.5),
        ([reasoning("I will do it.", "I mix.")], 0.0),  # the first sentence is never a cue
        ([reasoning("I ask.", "I will."), reasoning("I ask.", "I stop.")], 0.25),
        ([reasoning()], 0.0),
    ],
)
def test_exploration_begins_at_the_first_cue(read: list[Reasoning], share: float):
    assert exploring_share(read, KeywordDetector()) == share


def test_the_first_reasoning_of_each_drawn_prompt_by_kind():
    def row(name: str, prompt: str, kind: str = "set") -> dict[str, Any]:
        text = f"The user asks. {name}.\n</think>\nSorry, no."
        return generation(name, text, prompt) | {"prompt_set": kind}

    rows = [row("one", "p0"), row("two", "p0"), row("three", "p1"), row("four", "p2", "train")]
    rows += [row("five", "p3", "benign"), generation("six", "\n</think>\nNo.", "p4") | {"prompt_set": "x"}]
    found = drawn_reasonings(rows, ROLES, tokenizer(), 9, 0)
    assert {kind: len(read) for kind, read in found.items()} == {"harmful": 2, "benign": 1}
    first = found["harmful"][0]
    assert first.sentences == ["The user asks.", "one."] and first.prompt_ids == PROMPT_IDS
    assert first.ids == ids("The user asks. one.\n")
    (other,) = drawn_reasonings(rows, ROLES, tokenizer(), 1, 0)["harmful"]
    again = [r | {"text": r["text"], "sample": 1} for r in rows]
    assert drawn_reasonings(again, ROLES, tokenizer(), 1, 0)["harmful"] == [other]
