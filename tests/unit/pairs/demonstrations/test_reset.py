"""Rows with a reset: own harm as context, then the reset and a safe rollout, which alone bear loss."""

from safe_reasoning.core.records import to_table
from safe_reasoning.core.trace import RESET_TAG, displayed, reasoning_tokens, split_trace
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.pairs.demonstrations.reset import build, reset_id
from safe_reasoning.training.new_tokens import add_tokens
from safe_reasoning.training.supervised import labels_of
from tests.support.nano_material import material, tokenizer


def test_rows_with_a_reset_and_their_twins_without():
    made = material({"kind": "reset"})
    built = build(made)
    to_table("demonstrations", built.rows)
    counts = built.counts
    assert counts["attempts"] == counts["no_cue"] + counts["no_safe_rollout"] + counts["resets"]
    assert counts["resets"] > 4
    tag = reset_id(tokenizer())
    assert tag == len(tokenizer())  # the tokenizer itself is as it was
    harmful = [row for row in built.rows if row["label"] == "harmful"]
    resets, twins = harmful[::2], harmful[1::2]
    assert len(harmful) == 2 * counts["resets"] and len(built.rows) > len(harmful)
    originals = {tuple(each.row["token_ids"]): each for each in made.rollouts}
    for row, twin in zip(resets, twins, strict=True):
        ids, kept = row["completion_ids"], row["loss_from"]
        assert ids[kept] == tag and ids.count(tag) == 1 and ids[kept + 1 :] == twin["completion_ids"]
        assert twin.get("loss_from") is None and row["prompt_ids"] == twin["prompt_ids"]
        assert originals[tuple(twin["completion_ids"][:-1])].z_safe
        (source,) = [o for o in originals.values() if o.row["prompt_id"] == row["prompt_id"] and list(o.row["token_ids"][:kept]) == ids[:kept] and o.z_safe is False][:1]  # fmt: skip
        whole = list(source.row["token_ids"])
        ((cue, _),) = find_cues(tokenizer(), [whole], ExactCueDetector())
        assert cue is not None and cue.token < kept <= reasoning_tokens(tokenizer(), whole)
        labels = labels_of(row)[len(row["prompt_ids"]) :]
        assert set(labels[:kept]) <= {-100} and labels[kept:] == ids[kept:]
    assert len({row["loss_from"] for row in resets}) > 2


def test_what_is_displayed_of_a_row_is_the_safe_rollout():
    rows = build(material({"kind": "reset"})).rows
    import copy

    grown = copy.deepcopy(tokenizer())
    add_tokens(grown, [RESET_TAG])
    text = grown.decode(rows[0]["completion_ids"], skip_special_tokens=True)
    assert text.count(RESET_TAG) == 1 and split_trace(text).kind == "complete"
    assert displayed(text) == grown.decode(rows[1]["completion_ids"], skip_special_tokens=True)
