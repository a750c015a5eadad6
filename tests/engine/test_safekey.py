"""SafeKey's losses on a tiny model: what is hidden does not matter, heads teach and are thrown away."""

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig

from safe_reasoning.config.methods import SafeKey
from safe_reasoning.core.records import write_rows
from safe_reasoning.training.key_sentence import HEADS, KeySentenceTrainer
from safe_reasoning.training.masked_pass import masked_loss, visible_without
from safe_reasoning.training.progress import Progress
from safe_reasoning.training.recipes.safekey_built import marked
from safe_reasoning.training.supervised import labels_of
from tests.support.trainings import configuration, make_pairs, train_here


def load(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def rows(number: int = 8) -> list[dict]:
    """Half harmful, half benign; the first two completion tokens are understood, two more are key."""
    return [
        {
            "prompt_id": f"p{i}",
            "prompt_ids": pair["prompt_ids"],
            "completion_ids": pair["chosen_ids"],
            "source": "x",
            "label": ("harmful", "benign")[i % 2],
            "spans": None if i == 3 else {"understanding": [0, 2], "key": [2, 4]},
        }
        for i, pair in enumerate(make_pairs(number, 300))
    ]


@pytest.fixture(scope="module")
def masked(tiny_model: Path) -> dict[str, torch.Tensor]:
    """Two rows of ten tokens, the second padded by three; tokens 2 to 4 hidden, 7 and later scored."""
    torch.manual_seed(0)
    ids = torch.randint(10, 300, (2, 10))
    attention = torch.ones_like(ids)
    attention[1, 7:] = 0
    hide, score = torch.zeros_like(ids), torch.zeros_like(ids)
    hide[:, 2:5] = 1
    score[0, 7:], score[1, 6] = 1, 1
    return {"ids": ids, "attention": attention, "hide": hide, "score": score}


def loss_of(model: Any, masked: dict[str, torch.Tensor], **changed: torch.Tensor) -> float:
    given = masked | changed
    visible = visible_without(given["attention"], given["hide"])
    with torch.no_grad():
        return float(masked_loss(model, given["ids"], visible, given["score"]))


def test_other_hidden_tokens_change_nothing_and_other_visible_ones_do(tiny_model: Path, masked: dict):
    model = load(tiny_model)
    loss = loss_of(model, masked)
    for place in (2, 3, 4):
        ids = masked["ids"].clone()
        ids[:, place] = 7
        assert loss_of(model, masked, ids=ids) == pytest.approx(loss, abs=1e-6)
    for place in (0, 1, 5, 6):
        ids = masked["ids"].clone()
        ids[:, place] = 7
        assert abs(loss_of(model, masked, ids=ids) - loss) > 1e-4, place
    follows = torch.zeros_like(masked["score"])
    follows[:, 5] = 1  # directly: the last hidden token sees itself
    others = [masked["ids"].clone() for _ in range(3)]
    others[1][:, 3], others[2][:, 4] = 7, 7
    found = [loss_of(model, masked, ids=ids, score=follows) for ids in others]
    assert found[1] == pytest.approx(found[0], abs=1e-6) and abs(found[2] - found[0]) > 1e-4


def test_padding_is_hidden_and_shifts_nothing(tiny_model: Path, masked: dict):
    model = load(tiny_model)
    loss = loss_of(model, masked)
    filled = masked["ids"].clone()
    filled[1, 7:] = 99
    assert loss_of(model, masked, ids=filled) == pytest.approx(loss, abs=1e-6)
    longer = {name: torch.nn.functional.pad(value, (0, 4)) for name, value in masked.items()}
    assert loss_of(model, longer) == pytest.approx(loss, abs=1e-5)


def test_with_nothing_hidden_it_is_the_plain_loss(tiny_model: Path, masked: dict):
    model, ids = load(tiny_model), masked["ids"]
    with torch.no_grad():
        log_probs = torch.log_softmax(model(ids[:1]).logits[0].double(), -1)
    expected = -float(sum(log_probs[place - 1, ids[0, place]] for place in (7, 8, 9)))
    only = {name: value[:1] for name, value in masked.items()} | {
        "hide": torch.zeros(1, 10, dtype=torch.long)
    }
    assert loss_of(model, only) == pytest.approx(expected, abs=1e-4)
    assert abs(loss_of(model, only | {"hide": masked["hide"][:1]}) - expected) > 1e-4


def test_the_first_token_stays_visible(masked: dict):
    visible = visible_without(masked["attention"], torch.ones_like(masked["ids"]))
    assert visible.tolist() == [[1] + [0] * 9] * 2


def trainer_of(tiny_model: Path, out: Path, **settings: float) -> KeySentenceTrainer:
    given = rows(4)
    made = [
        {"input_ids": row["prompt_ids"] + row["completion_ids"], "labels": labels_of(row)} for row in given
    ]
    return KeySentenceTrainer(
        settings=SafeKey(**settings), heads_seed=0, model=str(tiny_model),
        args=SFTConfig(
            output_dir=str(out), use_cpu=True, bf16=False, max_length=None, report_to="none",
            gradient_checkpointing=False, remove_unused_columns=False, model_init_kwargs={"dtype": "float32"},
        ),
        train_dataset=Dataset.from_list([marked(*both, (1, 2)) for both in zip(given, made, strict=True)]),
        processing_class=AutoTokenizer.from_pretrained(tiny_model),
    )  # fmt: skip


def losses(trainer: KeySentenceTrainer, places: tuple[int, ...] = (0, 1, 2, 3)) -> torch.Tensor:
    """The loss of a batch of all rows, or of some, in the last part of a training."""
    batch = trainer.data_collator([trainer.train_dataset[i] for i in places])
    trainer.state.max_steps = trainer.state.global_step = 10
    trainer._counts = (float(batch["key"].sum()), float(batch["understood"].any(1).sum()))
    return trainer.compute_loss(trainer.model, batch)


def test_the_loss_is_the_formula_written_out(tiny_model: Path, tmp_path: Path):
    plain = losses(trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0))
    keyed = losses(trainer_of(tiny_model, tmp_path, key_weight=0.5, head_weight=0))
    trainer = trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0.5, head_balance=0.25)
    headed = losses(trainer)
    model, key, head = load(tiny_model), [], []
    heads = getattr(trainer.model, HEADS)
    for row in rows(4):
        if row["spans"] is None:
            continue
        ids = torch.tensor([row["prompt_ids"] + row["completion_ids"]])
        hide = torch.zeros_like(ids)
        hide[0, 1:6] = 1  # all of the prompt of 8 but the template's 1 and 2
        with torch.no_grad():
            logits = model(ids, attention_mask=1 - hide, position_ids=torch.arange(ids.shape[1])[None]).logits
            key += [-torch.log_softmax(logits[0, p - 1], -1)[ids[0, p]] for p in (10, 11)]
            states = model.model(ids).last_hidden_state[0]
            found = heads.understood(states[8:10].mean(0)), heads.all(states[:10].mean(0))
        wanted = torch.tensor([float(row["label"] == "harmful")])
        bce = [torch.nn.functional.binary_cross_entropy_with_logits(logit, wanted) for logit in found]
        head.append(0.25 * bce[0] + 0.75 * bce[1])
    assert len(head) == 3 and len(key) == 6
    assert float(keyed - plain) == pytest.approx(0.5 * float(torch.stack(key).mean()), abs=1e-5)
    assert float(headed - plain) == pytest.approx(0.5 * float(torch.stack(head).mean()), abs=1e-5)


def test_the_heads_teach_the_trunk(tiny_model: Path, tmp_path: Path):
    gradients = []
    for weight in (0.0, 0.5):
        trainer = trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=weight)
        losses(trainer).backward()
        gradients.append(
            torch.cat([p.grad.flatten() for n, p in trainer.model.named_parameters() if HEADS not in n])
        )
    assert float((gradients[1] - gradients[0]).abs().max()) > 1e-5


def test_heads_that_deepspeed_made_bfloat16_give_float32_losses(tiny_model: Path, tmp_path: Path):
    plain = losses(trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0))
    trainer = trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0.5)
    exact = losses(trainer)
    getattr(trainer.model, HEADS).bfloat16()
    rounded = losses(trainer)
    assert rounded.dtype == torch.float32
    assert 0 < abs(float(rounded.detach() - exact.detach())) < 0.02 * float(exact.detach() - plain.detach())


def test_rows_without_spans_reach_the_heads_with_gradients_of_zero(tiny_model: Path, tmp_path: Path):
    """Processes reduce the same gradients, whichever rows they have."""
    plain = losses(trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0), (3,))
    trainer = trainer_of(tiny_model, tmp_path, key_weight=0, head_weight=0.5)
    loss = losses(trainer, (3,))
    loss.backward()
    assert float(loss.detach()) == float(plain.detach())
    gradients = [weight.grad for weight in getattr(trainer.model, HEADS).parameters()]
    assert len(gradients) == 4 and all(given is not None and not given.any() for given in gradients)


def trained(tiny_model: Path, folder: Path, name: str, **more: Any) -> dict:
    method = {"max_steps": 10, "mix": {"harmful": 0.5, "benign": 0.5}, "demonstrations": "understood", **more}
    write_rows(folder / "rows.parquet", "demonstrations", rows(), {})
    config = configuration(**{"recipe": "safekey_built", **method})
    return train_here(folder, tiny_model, config, name, demonstrations=str(folder / "rows.parquet"))


def test_with_both_weights_zero_it_is_sft_step_by_step(tiny_model: Path, tmp_path: Path):
    off = trained(tiny_model, tmp_path, "off", safekey={"key_weight": 0, "head_weight": 0})
    sft = trained(tiny_model, tmp_path, "sft", recipe="sft_on")
    assert off["loss_curve"] == sft["loss_curve"] and off["weights_sha256"] == sft["weights_sha256"]


def test_the_extra_losses_come_in_the_last_steps_and_the_heads_are_thrown_away(
    tiny_model: Path, tmp_path: Path
):
    passes = mock.patch("safe_reasoning.training.key_sentence.masked_loss", side_effect=masked_loss)
    with passes as counted:
        found = trained(tiny_model, tmp_path, "whole", safekey={"last_share": 0.4})
    assert counted.call_count == 4 == found["extra_steps"] and found["rows_with_spans"] == 7
    sft = trained(tiny_model, tmp_path, "sft", recipe="sft_on")
    curves = [[point["loss"] for point in run["loss_curve"]] for run in (found, sft)]
    assert curves[0][:6] == curves[1][:6] and all(
        a > b for a, b in zip(curves[0][6:], curves[1][6:], strict=True)
    )
    names = [set(load_file(folder / "model.safetensors")) for folder in (tiny_model, tmp_path / "whole")]
    assert names[0] == names[1]


def test_a_killed_training_goes_on_with_its_heads(tiny_model: Path, tmp_path: Path):
    settings = {"safekey": {"last_share": 0.8}, "micro_batch_size": 2}
    whole = trained(tiny_model, tmp_path, "whole", **settings)

    class Killed(BaseException):
        pass

    def die(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 7:
            raise Killed

    with mock.patch.object(Progress, "on_step_begin", die, create=True), pytest.raises(Killed):
        trained(tiny_model, tmp_path, "broken", **settings)
    (checkpoint,) = (tmp_path / "broken").glob("checkpoint-*")
    assert any(name.startswith(HEADS) for name in load_file(checkpoint / "model.safetensors"))
    again = trained(tiny_model, tmp_path, "broken", **settings)
    assert again["weights_sha256"] == whole["weights_sha256"]


def test_the_micro_batch_does_not_change_the_loss(tiny_model: Path, tmp_path: Path):
    found = [
        trained(tiny_model, tmp_path, f"m{m}", micro_batch_size=m, max_steps=4, safekey={"last_share": 1})
        for m in (4, 1)
    ]
    curves = [[point["loss"] for point in run["loss_curve"]] for run in found]
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)
    assert json.loads((tiny_model / "config.json").read_text())["vocab_size"] >= 300
