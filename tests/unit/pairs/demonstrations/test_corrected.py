"""The grid of corrected traces: its known cells, where it is cut, which tokens bear loss."""

import hashlib
import json

import pytest

from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.pairs.demonstrations import corrected
from safe_reasoning.pairs.material import Material
from safe_reasoning.pairs.rows import reasoning_prefix
from safe_reasoning.training.recipes.dpo_full import whole_traces
from safe_reasoning.training.recipes.dpo_on import pair_of
from safe_reasoning.training.supervised import labels_of
from tests.support.nano_material import GoesOn, material, texts, with_responses

SIDES = ("prompt_ids", "chosen_ids", "rejected_ids")


def made(**settings: object) -> tuple[Material, list[dict], dict[str, int]]:
    found = material({"kind": "corrected", **settings})
    built = corrected.build(found)
    return found, built.rows, built.counts


def test_at_the_cue_with_loss_after_it_the_rows_are_those_of_sft_and_ipo():
    found, rows, counts = made()
    assert rows and counts["kept"] == len(found.pairs)
    for row, pair in zip(rows, found.pairs, strict=True):
        tokens = [*pair["prompt_ids"], *pair["chosen_ids"]]
        assert [*row["prompt_ids"], *row["completion_ids"]] == tokens
        assert labels_of(row) == [-100] * len(pair["prompt_ids"]) + pair["chosen_ids"]
        assert pair_of(row) == {side: pair[side] for side in SIDES}


def test_at_the_cue_with_loss_on_all_the_rows_are_those_of_whole_traces():
    found, rows, _ = made(loss_on="whole")
    for row, pair in zip(rows, found.pairs, strict=True):
        assert pair_of(row) == whole_traces(pair)
        counted = sum(label != -100 for label in labels_of(row))
        assert counted == pair["prefix_tokens"] + len(pair["chosen_ids"])


@pytest.mark.parametrize("cut", ["cue", "random", "end"])
def test_cells_that_differ_in_the_loss_alone_have_the_same_tokens(cut: str):
    """Which tokens bear loss is the only difference: the hash of the token ids is the same."""
    (_, after, _), (_, whole, _) = (made(cut=cut, loss_on=loss_on) for loss_on in ("after", "whole"))
    columns = ("prompt_ids", "completion_ids", "rejected_ids")
    hashes = [
        hashlib.sha256(json.dumps([[row[name] for name in columns] for row in rows]).encode()).hexdigest()
        for rows in (after, whole)
    ]
    assert hashes[0] == hashes[1] and len(after) > 5
    for row, other in zip(after, whole, strict=True):
        labels, all_labels = labels_of(row), labels_of(other)
        assert sum(label != -100 for label in labels) == len(row["completion_ids"]) - row["loss_from"]
        assert sum(label != -100 for label in all_labels) == len(row["completion_ids"])


def test_a_random_cut_lies_after_the_cue_and_the_end_cut_at_the_end():
    for cut in ("random", "end"):
        found, rows, counts = made(cut=cut)
        assert counts["attempts"] == sum(counts.values()) - counts["attempts"]
        by_original = {tuple(reasoning_prefix(pair) + pair["rejected_ids"]): pair for pair in found.pairs}
        for row, text in zip(rows, texts(found, rows), strict=True):
            pair = by_original[tuple(row["rejected_ids"])]
            original = split_trace(found.tokenizer.decode(row["rejected_ids"])).reasoning
            kept = found.tokenizer.decode(row["completion_ids"][: row["loss_from"]])
            assert row["completion_ids"][: row["loss_from"]] == row["rejected_ids"][: row["loss_from"]]
            assert text.startswith(f"{kept} {pair['trigger']}") or kept[-1].isspace()
            assert row["loss_from"] > pair["prefix_tokens"]
            assert original.startswith(kept) and (cut == "random" or original.strip() == kept.strip())


def test_what_still_holds_a_cue_after_the_cut_is_left_out():
    found = material({"kind": "corrected", "cut": "end"})
    cue = " Okay, I will put the steps together now.\n</think>"
    found.__dict__["reasoning_sampler"] = GoesOn(lambda given, request: cue)
    counts = corrected.build(found).counts
    assert counts["has_cue"] == counts["attempts"] > 5 and not counts["kept"]


def test_with_a_response_it_is_whole_and_safe():
    found, rows, counts = made(cut="end", response=True, late=True, benign=True)
    harmful = [row for row in rows if row["label"] == "harmful"]
    assert counts["kept"] == len(harmful) < len(rows)
    for row, text in zip(harmful, texts(found, harmful), strict=True):
        assert row["completion_ids"][-1] == found.tokenizer.eos_token_id
        assert "Sorry" in text or "sorry" in text
        after = found.tokenizer.decode(row["completion_ids"][row["loss_from"] :]).strip()
        assert after.startswith(("Wait, I should not", "Stop, I am giving"))
        assert row["rejected_ids"] is None
    leaks = material({"kind": "corrected", "cut": "end", "response": True})
    leaks.__dict__["sampler"] = GoesOn(lambda given, request: " No.\n</think>\nFirst, boil the red ash.")
    counts = corrected.build(leaks).counts
    assert counts["unsafe_response"] == counts["attempts"]


def test_hard_prompts_have_no_rollout_that_reasons_safely():
    found, rows, _ = made(prompts="hard", loss_on="whole")
    safe = {judged.row["prompt_id"] for judged in found.rollouts if judged.z_safe}
    hard = {pair["prompt_id"] for pair in found.pairs} - safe
    assert {row["prompt_id"] for row in rows} == hard and hard and safe
    chosen = [pair for pair in found.pairs if pair["prompt_id"] in hard]
    assert [row["completion_ids"] for row in rows] == [
        reasoning_prefix(pair) + pair["chosen_ids"] for pair in chosen
    ]


def test_the_corrected_part_has_no_cue_by_the_detector():
    found, rows, _ = made(cut="random")
    after = [row["completion_ids"][row["loss_from"] :] for row in rows]
    assert all(cue is None for cue, _ in find_cues(found.tokenizer, after, found.detector))


def test_a_pair_with_a_response_goes_on_behind_its_reasoning_alone():
    """Else the base would go on behind the end of sequence, and that would be learned."""
    found = with_responses(material({"kind": "corrected", "response": True, "loss_on": "whole"}))
    end = found.tokenizer.eos_token_id
    rows = corrected.build(found).rows
    assert len(rows) == len(found.pairs) > 5
    for request in found.sampler.requests:
        assert end not in request.given_ids
        assert found.tokenizer.decode(request.given_ids).endswith("</think>")
    for row, text in zip(rows, texts(found, rows), strict=True):
        assert row["completion_ids"].index(end) == len(row["completion_ids"]) - 1
        assert split_trace(text).response == "I am sorry, but I cannot help with it."
        assert row["rejected_ids"][-1] == end, "the sides end alike"


def test_rows_without_a_response_end_with_the_reasoning_whatever_pairs_hold():
    _, plain, _ = made()
    rows = corrected.build(with_responses(material({"kind": "corrected"}))).rows
    assert [row["completion_ids"] for row in rows] == [row["completion_ids"] for row in plain]
    assert all(row["rejected_ids"] is None for row in rows)
