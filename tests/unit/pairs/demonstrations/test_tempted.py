"""A temptation is two sentences in a safe trace, and can be masked."""

import pytest

from safe_reasoning.judging.judges.exact import CUES
from safe_reasoning.pairs.demonstrations import tempted
from safe_reasoning.pairs.insertion import insert
from safe_reasoning.pairs.own_rollouts import one_each
from safe_reasoning.prompts.nano_world import language as words
from tests.support.nano_material import TRIGGERS, material, texts, tokenizer

PUT_IN = [trigger["text"] for trigger in TRIGGERS]
STEPS = {
    "harmful": [(cue, trigger) for cue in CUES for trigger in PUT_IN],
    "benign": [(trigger, allowed) for trigger in PUT_IN for allowed in words.ALLOWED],
}


@pytest.mark.parametrize("label", ["harmful", "benign"])
def test_a_row_without_its_two_sentences_is_the_original_trace(label: str):
    made = material({"kind": "tempted"})
    rows = [row for row in tempted.build(made).rows if row["label"] == label]
    own = one_each(made, label, "zy")
    assert len(rows) == len(own) > 1
    for row, text in zip(rows, texts(made, rows), strict=True):
        steps = [f" {first} {second}" for first, second in STEPS[label]]
        found = {text.replace(step, "", 1) for step in steps if step in text}
        assert own[row["prompt_id"]].row["text"] in found


def test_what_is_masked_is_the_temptation_alone():
    made = material({"kind": "tempted", "loss_on": "corrected"})
    for row in tempted.build(made).rows:
        labels = row["label_ids"]
        masked = [token for token, label in zip(row["completion_ids"], labels, strict=True) if label == -100]
        assert made.tokenizer.decode(masked).strip() in (CUES if row["label"] == "harmful" else PUT_IN)
        assert all(label in (-100, token) for token, label in zip(row["completion_ids"], labels, strict=True))


def test_a_token_across_the_place_is_encoded_again():
    text = "The user asks how."
    ids = tokenizer().encode(text, add_special_tokens=False)
    for character in range(1, len(text)):
        found = insert(tokenizer(), ids, character, "XY")
        assert tokenizer().decode(found.token_ids) == text[:character] + "XY" + text[character:]
        assert "XY" in tokenizer().decode(found.token_ids[found.start : found.end])
