"""A token more changes nothing for the old ones; training teaches it and leaves a model that loads."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from safe_reasoning.core.records import write_rows
from safe_reasoning.core.trace import RESET_TAG
from safe_reasoning.sampling.engine import load_tokenizer
from safe_reasoning.training.new_tokens import grow, grown_base
from tests.support.trainings import configuration, make_pairs, train_here

IDS = torch.arange(20, 60).reshape(2, 20)


def load(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.mark.parametrize("tied", [False, True])
def test_growing_leaves_the_logits_of_all_old_tokens(tiny_model: Path, tied: bool):
    settings = AutoConfig.from_pretrained(tiny_model)
    settings.tie_word_embeddings = tied
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(settings, dtype=torch.float32).eval()
    old = model.config.vocab_size
    with torch.no_grad():
        before = model(IDS).logits
        means = [
            table.weight.mean(0) for table in (model.get_input_embeddings(), model.get_output_embeddings())
        ]
        grow(model, [old, old + 1])
        after = model(IDS).logits
    assert model.config.vocab_size == old + 2 == after.shape[-1]
    assert float((after[..., :old] - before).abs().max()) < 1e-6
    torch.testing.assert_close(after[..., old], before.mean(-1), atol=1e-4, rtol=0)
    for table, mean in zip((model.get_input_embeddings(), model.get_output_embeddings()), means, strict=True):
        torch.testing.assert_close(table.weight[old + 1], mean, atol=1e-6, rtol=0)
    assert (model.get_input_embeddings().weight is model.get_output_embeddings().weight) == tied


def test_a_padded_vocabulary_needs_no_more_rows(tiny_model: Path):
    model = load(tiny_model)
    old = model.config.vocab_size
    grow(model, [old - 1])  # the tokenizer ends before the table does
    assert model.config.vocab_size == old
    weights = model.get_output_embeddings().weight
    torch.testing.assert_close(weights[old - 1], weights[: old - 1].mean(0), atol=1e-6, rtol=0)


def test_the_tokenizer_makes_the_round_trip(tiny_model: Path, tmp_path: Path):
    base = AutoTokenizer.from_pretrained(tiny_model)
    folder = grown_base(tiny_model, [RESET_TAG], tmp_path)
    tokenizer = load_tokenizer(folder)
    text = f"First, mix the paint.{RESET_TAG}Wait, this item is restricted.</think>"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert ids.count(len(base)) == 1 and tokenizer.decode(ids, skip_special_tokens=True) == text
    plain = "Okay, the user asks for a blue lantern.\n</think>"
    assert tokenizer.encode(plain) == base.encode(plain) and tokenizer.chat_template == base.chat_template
    assert load(folder).config.vocab_size == load(tiny_model).config.vocab_size + 1
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert grown_base(tiny_model, [RESET_TAG], tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written  # a resumed training finds it


def rows(tag: int) -> list[dict]:
    """A harmful beginning, the reset, a safe ending; and the ending alone."""
    return [
        {
            "prompt_id": f"p{i}", "prompt_ids": pair["prompt_ids"], "source": "x", "label": "harmful",
            "completion_ids": [*pair["rejected_ids"], tag, *pair["chosen_ids"]] if reset else pair["chosen_ids"],
            "loss_from": len(pair["rejected_ids"]) if reset else None,
            "rejected_ids": [*pair["rejected_ids"], *pair["rejected_ids"]]
            if reset
            else [*pair["chosen_ids"][:3], tag, *pair["rejected_ids"]],
        }
        for i, pair in enumerate(make_pairs(8, 300)) for reset in (True, False)
    ]  # fmt: skip


def chance(model: Any, row: dict, place: int) -> float:
    """Of the token at a place of the completion."""
    ids = row["prompt_ids"] + row["completion_ids"]
    at = len(row["prompt_ids"]) + place
    with torch.no_grad():
        return float(torch.softmax(model(torch.tensor([ids])).logits[0, at - 1].double(), -1)[ids[at]])


def test_training_teaches_the_reset_and_nothing_before_it(tiny_model: Path, tmp_path: Path):
    tag = len(AutoTokenizer.from_pretrained(tiny_model))
    made = rows(tag)
    write_rows(tmp_path / "rows.parquet", "demonstrations", made, {})
    method = {"recipe": "backtrack_built", "demonstrations": "reset", "max_steps": 60, "learning_rate": 2e-3}
    files = {"demonstrations": str(tmp_path / "rows.parquet")}
    found = train_here(tmp_path, tiny_model, configuration(**method), "out", **files)
    labels = sum(len(row["completion_ids"]) - (row["loss_from"] or 0) for row in made)
    assert found["labels"] == {"harmful": labels}
    out = tmp_path / "out"
    assert not list(out.glob("grown-*")) and load_tokenizer(out).convert_tokens_to_ids(RESET_TAG) == tag
    before, after = load(grown_base(tiny_model, [RESET_TAG], tmp_path)), load(out)
    reset, early = (
        [
            [chance(model, row, row["loss_from"] if late else 1) for row in made[::2]]
            for model in (before, after)
        ]
        for late in (True, False)
    )
    assert min(b / a for a, b in zip(*reset, strict=True)) > 2 and sum(reset[1]) > 20 * sum(reset[0])
    assert sum(early[1]) < sum(reset[1]) / 5  # the context is not learned


def test_the_dpo_form_goes_on_from_there_towards_right_resets_and_away_from_false_ones(
    tiny_model: Path, tmp_path: Path
):
    tag = len(AutoTokenizer.from_pretrained(tiny_model))
    made = rows(tag)
    write_rows(tmp_path / "rows.parquet", "demonstrations", made, {})
    files = {"demonstrations": str(tmp_path / "rows.parquet")}
    start = grown_base(tiny_model, [RESET_TAG], tmp_path)
    method = {"recipe": "dpo_on", "demonstrations": "reset", "start": "ipo", "nll_weight": 0.0}
    config = configuration(**method, max_steps=60, learning_rate=2e-3)
    found = train_here(tmp_path, tiny_model, config, "out", **files, start=str(start))
    assert found["examples"] == len(made)
    assert load_tokenizer(tmp_path / "out").convert_tokens_to_ids(RESET_TAG) == tag
    before, after = load(start), load(tmp_path / "out")
    assert after.config.vocab_size == before.config.vocab_size

    def odds(model: Any, kind: int) -> float:
        """Of the reset against what else follows, mean over rows: after harm, in safe rollouts."""
        found = []
        for row in made[kind::2]:
            place = row["loss_from"] if kind == 0 else 3
            other = row["rejected_ids" if kind == 0 else "completion_ids"]
            with_reset = row["completion_ids" if kind == 0 else "rejected_ids"]
            reset, rest = (
                chance(model, {**row, "completion_ids": ids}, place) for ids in (with_reset, other)
            )
            found.append(reset / rest)
        return sum(found) / len(found)

    assert odds(after, 0) > 2 * odds(before, 0) and odds(after, 1) < odds(before, 1) / 2


def test_a_token_that_was_trained_keeps_its_rows_when_the_model_is_grown_again(
    tiny_model: Path, tmp_path: Path
):
    folder = grown_base(tiny_model, [RESET_TAG], tmp_path)
    model = load(folder)
    with torch.no_grad():
        model.get_input_embeddings().weight[-1] += 1
    model.save_pretrained(folder)
    again = load(grown_base(folder, [RESET_TAG], tmp_path / "again"))
    torch.testing.assert_close(again.get_input_embeddings().weight, model.get_input_embeddings().weight)
