"""Rows with a reset: own harm as context, then the reset and a safe rollout, which alone bear loss."""

import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.core.trace import RESET_TAG, displayed, reasoning_tokens, split_trace
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.pairs.demonstration import resolved
from safe_reasoning.pairs.demonstrations.reset import build, reset_id
from safe_reasoning.training.new_tokens import add_tokens
from safe_reasoning.training.recipes.dpo_on import pair_of
from safe_reasoning.training.supervised import labels_of
from tests.support.nano_material import material, tokenizer
from tests.support.paths import TINY


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


def test_the_dpo_form_prefers_the_reset_to_harm_and_the_safe_rollout_to_a_false_reset():
    made = material({"kind": "reset"})
    rows = [row for row in build(made).rows if row.get("rejected_ids")]
    tag, eos = reset_id(tokenizer()), tokenizer().eos_token_id
    harmful = {(*one.row["token_ids"], eos) for one in made.rollouts if one.z_safe is False and one.is_whole}
    assert {row["label"] for row in rows} == {"harmful"} and len(rows) % 2 == 0
    early = []
    for row, twin in zip(rows[::2], rows[1::2], strict=True):
        true, false = pair_of(row), pair_of(twin)
        # After the same harmful beginning: the reset and the safe rollout, or the harm that followed
        context = row["completion_ids"][: row["loss_from"]]
        assert true["prompt_ids"] == [*row["prompt_ids"], *context]
        assert true["chosen_ids"] == [tag, *twin["completion_ids"]]
        assert (*context, *true["rejected_ids"]) in harmful and tag not in true["rejected_ids"]
        # The safe rollout, or a reset in its midst and the harm
        assert false["prompt_ids"] == twin["prompt_ids"] and false["chosen_ids"] == twin["completion_ids"]
        place = false["rejected_ids"].index(tag)
        assert false["rejected_ids"][:place] == twin["completion_ids"][:place]
        assert false["rejected_ids"][place + 1 :] == row["rejected_ids"]
        assert 0 < place <= reasoning_tokens(tokenizer(), twin["completion_ids"])
        early.append(place)
    assert len(set(early)) > 2


@pytest.mark.parametrize(
    ("method", "fits"),
    [
        ({"recipe": "backtrack_built"}, True),
        ({"recipe": "dpo_on", "start": "b"}, True),
        ({"recipe": "sft_on", "start": "after"}, True),
        ({"recipe": "dpo_on"}, False),
        ({"recipe": "sft_on", "start": "ipo"}, False),
    ],
)
def test_rows_with_the_token_need_a_start_that_has_it(method: dict, fits: bool):
    rows = {"demonstrations": "reset", "learning_rate": 1e-4}
    methods = {
        "ipo": {"recipe": "ipo", "learning_rate": 1e-4},
        "b": {"recipe": "backtrack_built", **rows},
        "after": {"recipe": "sft", "start": "b", "learning_rate": 1e-4},
        "m": {**method, **rows},
    }
    config = validate(yaml.safe_load(TINY.read_text()) | {"methods": methods}, "test")
    if fits:
        assert resolved(config)
        return
    with pytest.raises(UserError, match=r"methods.m: reset holds a token that the base lacks: take recipe"):
        resolved(config)


def test_what_is_displayed_of_a_row_is_the_safe_rollout():
    rows = build(material({"kind": "reset"})).rows
    import copy

    grown = copy.deepcopy(tokenizer())
    add_tokens(grown, [RESET_TAG])
    text = grown.decode(rows[0]["completion_ids"], skip_special_tokens=True)
    assert text.count(RESET_TAG) == 1 and split_trace(text).kind == "complete"
    assert displayed(text) == grown.decode(rows[1]["completion_ids"], skip_special_tokens=True)
