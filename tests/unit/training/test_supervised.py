"""SFT on labels of our own: the same batch as before, what is counted, what is refused, what keeps a row."""

import math
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_rows
from safe_reasoning.training.common import Task
from safe_reasoning.training.recipe import check_recipes
from safe_reasoning.training.recipes.sft_on import mixed
from safe_reasoning.training.retained import RetainingTrainer, kl_to
from safe_reasoning.training.supervised import label_counts, labelled, labels_of
from tests.support.trainings import configuration, make_pairs, train_here, write_data


def demonstrations(number: int = 6, **more: object) -> list[dict]:
    return [
        {
            "prompt_id": f"p{i}",
            "prompt_ids": pair["prompt_ids"],
            "completion_ids": pair["chosen_ids"],
            "source": "x",
            "label": ("harmful", "benign")[i % 2],
        }
        | more
        for i, pair in enumerate(make_pairs(number, 300))
    ]


def task(tiny_model: Path, **method: object) -> Task:
    return Task(configuration(**method), "nano", "m", 0, tiny_model, tiny_model)


def options(tiny_model: Path, out: Path, rows: list[dict], **more: object) -> dict:
    arguments = SFTConfig(
        output_dir=str(out), per_device_train_batch_size=len(rows), use_cpu=True, bf16=False, max_length=None,
        report_to="none", gradient_checkpointing=False, model_init_kwargs={"dtype": "float32"}, **more,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    return {"model": str(tiny_model), "processing_class": tokenizer, "args": arguments}


def batch_of(trainer: SFTTrainer) -> dict[str, torch.Tensor]:
    return trainer.data_collator([trainer.train_dataset[i] for i in range(len(trainer.train_dataset))])


def test_own_labels_are_those_of_a_completion_mask_bit_for_bit(tiny_model: Path, tmp_path: Path):
    rows = demonstrations()
    masks = [
        {
            "input_ids": row["prompt_ids"] + row["completion_ids"],
            "completion_mask": [0] * len(row["prompt_ids"]) + [1] * len(row["completion_ids"]),
        }
        for row in rows
    ]
    found = []
    for data, more in ((masks, {"completion_only_loss": True}), (labelled(task(tiny_model), rows), {})):
        trainer = SFTTrainer(
            **options(tiny_model, tmp_path, rows, **more), train_dataset=Dataset.from_list(data)
        )
        batch = batch_of(trainer)
        found.append((batch, trainer.compute_loss(trainer.model, dict(batch))))
    (theirs, loss), (ours, our_loss) = found
    assert set(theirs) == set(ours) and all(torch.equal(theirs[name], ours[name]) for name in ours)
    assert torch.equal(loss, our_loss)


def test_labels_begin_at_loss_from_and_may_be_others_than_the_tokens(tiny_model: Path):
    rows = demonstrations(4)
    rows[0]["loss_from"] = 2
    rows[1]["label_ids"] = [-100, 7] + [-100] * (len(rows[1]["completion_ids"]) - 2)
    rows[2] |= {"loss_from": None, "label_ids": None}
    assert labels_of(rows[0])[8:] == [-100, -100, *rows[0]["completion_ids"][2:]]
    assert [label for label in labels_of(rows[1]) if label != -100] == [7] and labels_of(rows[1])[9] == 7
    data = labelled(task(tiny_model), rows)
    wanted = [len(row["completion_ids"]) for row in rows]
    assert label_counts(rows, data) == {
        "harmful": wanted[0] - 2 + wanted[2],
        "benign": 1 + wanted[3],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss_from": 40}, "no token of the demonstration of p0 bears loss"),
        ({"label_ids": [-100] * 40}, "the demonstration of p0 has 40 label_ids for"),
    ],
)
def test_rows_that_teach_nothing_are_refused_by_name(tiny_model: Path, change: dict, said: str):
    with pytest.raises(UserError, match=said):
        labelled(task(tiny_model), [demonstrations(1)[0] | change])


def test_kl_is_the_hand_value_on_three_words():
    reference, model = torch.tensor([0.5, 0.25, 0.25]).log(), torch.tensor([0.25, 0.25, 0.5]).log()
    expected = 0.5 * math.log(2) + 0.25 * math.log(0.5)
    assert float(kl_to(reference + 3, model - 1)) == pytest.approx(expected, abs=1e-6)


def retaining(tiny_model: Path, out: Path, rows: list[dict], kl_weight: float) -> RetainingTrainer:
    marked = [
        made | {"retained": row["label"] == "benign"}
        for row, made in zip(rows, labelled(task(tiny_model), rows), strict=True)
    ]
    return RetainingTrainer(
        kl_weight=kl_weight,
        **options(tiny_model, out, rows, remove_unused_columns=False),
        train_dataset=Dataset.from_list(marked),
    )


def test_retained_rows_have_neither_loss_nor_gradient_at_the_start(tiny_model: Path, tmp_path: Path):
    rows = [row | {"label": "benign"} for row in demonstrations(4)]
    trainer = retaining(tiny_model, tmp_path, rows, 1.0)
    trainer.model.train()
    loss = trainer.compute_loss(trainer.model, batch_of(trainer))
    loss.backward()
    gradients = torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None])
    assert abs(float(loss.detach())) < 1e-6 and float(gradients.abs().max()) < 1e-6


def test_the_loss_is_nll_of_some_rows_and_kl_of_the_others(tiny_model: Path, tmp_path: Path):
    """Written out in float64, for a model that has moved away from its base."""
    rows = demonstrations(4)
    trainer = retaining(tiny_model, tmp_path, rows, 0.5)
    base = {name: value.double() for name, value in trainer.model.state_dict().items()}
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
        measured = float(trainer.compute_loss(trainer.model, batch_of(trainer)))
    nll, kl = [], []
    model = trainer.model.double()
    moved = {name: value.clone() for name, value in model.state_dict().items()}
    for row in rows:
        ids = torch.tensor([row["prompt_ids"] + row["completion_ids"]])
        found = []
        for weights in (base, moved):
            model.load_state_dict(weights)
            with torch.no_grad():
                found.append(torch.log_softmax(model(input_ids=ids).logits[0, 7:-1], -1))
        if row["label"] == "benign":
            kl.append((found[0].exp() * (found[0] - found[1])).sum(-1))
        else:
            nll.append(-found[1].gather(1, ids[0, 8:, None])[:, 0])
    expected = float(torch.cat(nll).mean() + 0.5 * torch.cat(kl).mean())
    assert measured == pytest.approx(expected, abs=2e-5) and float(torch.cat(kl).mean()) > 1e-3


def test_a_mix_keeps_its_shares(tiny_model: Path):
    rows = demonstrations(30)
    few = [row for row in rows if row["label"] == "harmful"] + rows[1:8:2]
    half = {"harmful": 0.5, "benign": 0.5}
    options = {"recipe": "sft_on", "demonstrations": "kept_rollouts", "mix": half}
    for limit, wanted in ((6, 3), (10, 4), (None, 4)):  # four benign rows: no more harmful ones
        labels = [row["label"] for row in mixed(task(tiny_model, **options, max_examples=limit), few)]
        assert len(labels) == 2 * wanted and labels.count("benign") == wanted
    with pytest.raises(UserError, match="holds no benign rows: leave benign out of methods.m.mix"):
        mixed(task(tiny_model, **options), [row | {"label": "harmful"} for row in rows])


def test_a_training_by_the_recipe_counts_its_labels(tiny_model: Path, tmp_path: Path):
    """Rows as files of earlier versions hold them, with the loss of sft_safe."""
    files = {"demonstrations": write_data(tmp_path)["demonstrations"]}
    options = {"max_steps": 3, "learning_rate": 1e-3}
    summaries = [
        train_here(tmp_path, tiny_model, configuration(recipe=recipe, **options, **more), recipe, **files)
        for recipe, more in (("sft_safe", {}), ("sft_on", {"demonstrations": "kept_rollouts"}))
    ]
    tokens = sum(len(pair["chosen_ids"]) for pair in make_pairs(16, 300))
    assert summaries[1]["labels"] == {"unlabelled": tokens}
    assert summaries[0]["weights_sha256"] == summaries[1]["weights_sha256"]
    assert summaries[0]["loss_curve"] == summaries[1]["loss_curve"]


def test_the_micro_batch_does_not_change_a_training_that_retains(tiny_model: Path, tmp_path: Path):
    write_rows(tmp_path / "rows.parquet", "demonstrations", demonstrations(8), {})
    method = {"recipe": "sft_on", "demonstrations": "kept_rollouts", "kl_weight": 2.0, "max_steps": 3}
    curves = []
    for micro in (4, 1):
        config = configuration(**method, micro_batch_size=micro)
        made = train_here(
            tmp_path, tiny_model, config, f"micro{micro}", demonstrations=str(tmp_path / "rows.parquet")
        )
        curves.append([point["loss"] for point in made["loss_curve"]])
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


def test_the_base_of_a_lora_training_is_the_model_without_its_adapter(tiny_model: Path, tmp_path: Path):
    write_rows(tmp_path / "rows.parquet", "demonstrations", demonstrations(8, label="benign"), {})
    made = train_here(
        tmp_path,
        tiny_model,
        configuration(
            recipe="sft_on", demonstrations="kept_rollouts", kl_weight=1.0, max_steps=2, lora_rank=2
        ),
        "lora",
        demonstrations=str(tmp_path / "rows.parquet"),
    )
    assert [abs(point["loss"]) < 1e-6 for point in made["loss_curve"]] == [True, True]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ({"recipe": "sft_on"}, "methods.m: the recipe sft_on needs `demonstrations`: name some"),
        (
            {"recipe": "sft", "demonstrations": "primer"},
            "methods.m: the recipe sft reads no `demonstrations`",
        ),
    ],
)
def test_a_recipe_and_its_demonstrations_belong_together(method: dict, said: str):
    with pytest.raises(UserError, match=said):
        check_recipes(configuration(**method))


def test_shares_that_are_no_whole_are_refused():
    with pytest.raises(UserError, match="mix: the shares add up to 0.9: make them 1 together"):
        configuration(recipe="sft_on", demonstrations="primer", mix={"harmful": 0.5, "benign": 0.4})
