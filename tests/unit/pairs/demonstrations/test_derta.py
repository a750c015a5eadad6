"""DeRTa's rows: how many labels, which token, and what they teach a model of two-word chains."""

import math

import torch
from transformers.loss.loss_utils import ForCausalLMLoss

from safe_reasoning.pairs.demonstrations import corrected, derta
from safe_reasoning.pairs.material import Material
from safe_reasoning.pairs.rows import reasoning_prefix
from safe_reasoning.training.supervised import labels_of
from tests.support.nano_material import material, texts, with_responses


def made(**settings: object) -> tuple[Material, list[dict], dict[str, int]]:
    found = material({"kind": "derta", **settings})
    built = derta.build(found)
    return found, built.rows, built.counts


def test_without_turning_and_without_prefixes_it_is_sft_on_corrected_traces():
    _, rows, counts = made(rto_keep=0.0, no_prefix=1.0)
    plain = corrected.build(material({"kind": "corrected", "loss_on": "whole"})).rows
    harmful = [labels_of(row) for row in rows if row["label"] == "harmful"]
    assert harmful == [labels_of(row) for row in plain] and harmful
    assert counts["rto"] == 0 == counts["labels"] and counts["benign"]


def test_a_share_of_the_positions_bears_the_turning_token():
    for start in ("start", "cue"):
        found, rows, counts = made(rto_keep=0.25, rto_from=start, rto_copies=2)
        turned = [row for row in rows if row.get("label_ids")]
        assert len(turned) == counts["rto"] == 2 * len(found.pairs)
        number, seen = 0, set()
        for row, pair in zip(turned, [pair for pair in found.pairs for _ in range(2)], strict=True):
            prefix = reasoning_prefix(pair)
            assert row["completion_ids"] == prefix + pair["rejected_ids"]
            first = len(prefix) if start == "cue" else 0
            kept = [n for n, label in enumerate(row["label_ids"]) if label != -100]
            assert len(kept) == round(0.25 * (len(row["completion_ids"]) - first)) and min(kept) >= first
            number += len(kept)
            seen |= {row["label_ids"][n] for n in kept}
        assert number == counts["labels"]
        assert [found.tokenizer.decode([token]) for token in seen] == [" Wait"]


def test_a_safe_end_comes_after_a_random_prefix_that_bears_no_loss():
    found, rows, counts = made(no_prefix=0.0)
    for row, pair in zip(rows[: counts["mle"]], found.pairs, strict=True):
        harmful = reasoning_prefix(pair) + pair["rejected_ids"]
        cut = row["loss_from"]
        assert 1 <= cut < len(harmful) - 1 and row["completion_ids"][:cut] == harmful[:cut]
        ends = found.tokenizer.decode(row["completion_ids"][cut:])
        assert found.tokenizer.decode(pair["chosen_ids"]).strip() == ends.strip()


def test_a_safe_end_closes_the_reasoning_once_where_pairs_hold_responses():
    """A prefix that reached into the response would be followed by a second closing tag."""
    found = with_responses(material({"kind": "derta", "no_prefix": 0.0}))
    built = derta.build(found)
    ends = built.rows[: built.counts["mle"]]
    assert [text.count("</think>") for text in texts(found, ends)] == [1] * len(found.pairs)
    eos = found.tokenizer.eos_token_id
    assert all(row["completion_ids"].index(eos) == len(row["completion_ids"]) - 1 for row in ends)
    _, plain, _ = made(no_prefix=0.0)
    cuts = [row["loss_from"] for row in plain[: len(ends)]]
    assert [row["loss_from"] for row in ends] == cuts, "responses move no cut"


def test_on_two_word_chains_the_loss_is_the_hand_value_and_turning_gets_likelier_everywhere():
    """Five tokens, a uniform table: a label costs ln 5. A step raises token 4 after each prefix."""
    row = {"prompt_ids": [0], "completion_ids": [1, 2, 3], "label_ids": [4, 4, 4], "loss_from": 0}
    ids, labels = torch.tensor([[0, 1, 2, 3]]), torch.tensor([labels_of(row)])
    table = torch.zeros(5, 5, requires_grad=True)
    loss = ForCausalLMLoss(table[ids], labels, vocab_size=5)
    assert math.isclose(float(loss.detach()), math.log(5), rel_tol=1e-6)
    loss.backward()
    after = torch.softmax(table.detach() - table.grad, -1)[:, 4]
    assert (after[:3] > 0.2).all() and torch.allclose(after[3:], torch.tensor(0.2))
