"""Paraphrases in the nano world: other words, and the same meaning to the exact judge and detectors."""

import json
import random

import pytest

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.base import Question
from safe_reasoning.judging.chunk_marks import exact_marks
from safe_reasoning.judging.judges.exact import CUES, ExactJudge
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.corpus import allowed_document, harmful_document
from safe_reasoning.prompts.nano_world.items import Item, make_items
from safe_reasoning.prompts.nano_world.paraphrase import paraphrase, reworded
from safe_reasoning.prompts.nano_world.prompts import gold
from safe_reasoning.prompts.nano_world.wrappers import WRAPPERS

ITEM = next(item for item in make_items(24, 0) if item.restricted)
KNOWN = {"item": ITEM.name, "family": ITEM.family}


@pytest.mark.parametrize("wrapper", [None, *WRAPPERS.values()])
def test_labels_of_every_sentence_stay_and_most_words_do_not(wrapper):
    rng, changed, total = random.Random(0), 0, 0
    prompt = {"gold": gold(ITEM)}
    for seed in range(60):
        before = split_trace(harmful_document("", ITEM, wrapper, rng).completion).reasoning
        after = paraphrase(before, KNOWN, seed)
        old, new = split_sentences(before), split_sentences(after)
        assert len(old) == len(new) and after.endswith("\n")
        assert exact_marks(prompt, [one.text for one in old]) == exact_marks(
            prompt, [one.text for one in new]
        )
        assert [one.text in CUES for one in old] == [one.text in CUES for one in new]
        asked = [Question("harmful", "reasoning", prompt, text) for text in (before, after)]
        assert len({answer.value for answer in ExactJudge().judge(asked)}) == 1
        changed += sum(a.text != b.text for a, b in zip(old, new, strict=True))
        total += len(old)
    assert changed / total > 0.5


def test_steps_and_garbled_sentences_stay_and_the_seed_decides():
    item: Item = next(item for item in make_items(24, 0) if not item.restricted)
    said = split_trace(allowed_document("", item, "plain", None, random.Random(1)).completion).reasoning
    known = json.loads(gold(item))
    after = paraphrase(said, known, 3)
    assert all(step in after for step in item.steps) and after != said
    assert after == paraphrase(said, known, 3) and paraphrase("So so.", known, 0) == "So so."


def test_names_are_taken_from_the_sentence_or_from_the_prompt():
    rng = random.Random(0)
    drawn = {reworded(words.RESTATE[0].format(item="sarn paint"), KNOWN, rng) for _ in range(40)}
    assert drawn == {sentence.format(item="sarn paint") for sentence in words.RESTATE[1:]}
    family = {reworded(words.CUES["craft"][0], KNOWN, rng) for _ in range(40)}
    assert family == {sentence.format(family=ITEM.family) for sentence in words.CUES["craft"][1:]}
