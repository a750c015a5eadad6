"""Losses: what TRL computes is the paper's formula written out, and training moves the
probabilities its way.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from safe_reasoning.pairs.siblings import sibling_pairs
from safe_reasoning.training.preference import TokenDPOTrainer
from safe_reasoning.training.recipes.dpo_full import whole_traces
from safe_reasoning.training.shared_prefix import SharedPrefix, pack
from tests.support.trainings import configuration, make_pairs, train_here, write_data


def log_probability(model: torch.nn.Module, prompt: list[int], completion: list[int]) -> torch.Tensor:
    """Log-probabilities of the completion's tokens, shape (tokens,), in float64."""
    ids = torch.tensor([prompt + completion])
    logits = model(input_ids=ids).logits[0].double()
    return torch.log_softmax(logits, -1)[len(prompt) - 1 : -1].gather(1, ids[0, len(prompt) :, None])[:, 0]


def expected_loss(
    policy: torch.nn.Module, reference: torch.nn.Module, pairs: list[dict], beta: float, nll_weight: float
) -> float:
    """The paper's loss written out, without TRL."""
    preference, nll = [], []
    with torch.no_grad():
        for pair in pairs:
            ratios = [
                log_probability(policy, pair["prompt_ids"], pair[side]).sum()
                - log_probability(reference, pair["prompt_ids"], pair[side]).sum()
                for side in ("chosen_ids", "rejected_ids")
            ]
            preference.append(-torch.nn.functional.logsigmoid(beta * (ratios[0] - ratios[1])))
            nll.append(-log_probability(policy, pair["prompt_ids"], pair["chosen_ids"]))
    return float(torch.stack(preference).mean() + nll_weight * torch.cat(nll).mean())


def trl_loss(
    tiny_model: Path, pairs: list[dict], nll_weight: float, out: Path, shift: float = 0.02
) -> tuple[float, float]:
    """(TRL's loss, the written-out loss) for a policy that differs from its reference."""
    from datasets import Dataset
    from trl import DPOConfig

    arguments = DPOConfig(
        output_dir=str(out), per_device_train_batch_size=len(pairs), use_cpu=True, bf16=False, beta=0.1, max_length=None, report_to="none",
        loss_type=["sigmoid", "sft"] if nll_weight else ["sigmoid"], loss_weights=[1.0, nll_weight] if nll_weight else None,
        precompute_ref_log_probs=True, gradient_checkpointing=False, model_init_kwargs={"dtype": "float32"},
    )  # fmt: skip
    rows = [{key: pair[key] for key in ("prompt_ids", "chosen_ids", "rejected_ids")} for pair in pairs]
    trainer = TokenDPOTrainer(
        model=str(tiny_model),
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(tiny_model),
    )
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter += shift * torch.randn_like(parameter)
    trainer.model.eval()
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(rows))])
    with torch.no_grad():
        measured = float(trainer.compute_loss(trainer.model, batch))
    reference = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    return measured, expected_loss(trainer.model.double(), reference, pairs, 0.1, nll_weight)


@pytest.mark.parametrize("nll_weight", [0.0, 0.2])
def test_ipo_loss_is_dpo_on_prompt_and_prefix_plus_nll(tiny_model: Path, tmp_path: Path, nll_weight: float):
    measured, expected = trl_loss(tiny_model, make_pairs(6, 300), nll_weight, tmp_path)
    assert measured == pytest.approx(expected, abs=2e-5)
    assert abs(measured - np.log(2)) > 1e-3  # the policy does differ from the reference


def uneven_pairs() -> list[dict]:
    """Pairs whose sides begin alike, go on alike, or are one token long."""
    pairs = make_pairs(6, 300)
    pairs[0]["rejected_ids"] = pairs[0]["chosen_ids"][:3] + [7, 8]
    pairs[1]["rejected_ids"] = pairs[1]["chosen_ids"] + [9] * 20
    pairs[2]["chosen_ids"] = [5]
    pairs[3]["rejected_ids"] = [6]
    pairs[4]["prompt_ids"] = pairs[4]["prompt_ids"] * 9
    pairs[5]["rejected_ids"] = list(pairs[5]["chosen_ids"])
    return pairs


def test_a_prefix_computed_once_has_the_losses_and_gradients_of_trl(tiny_model: Path):
    """Against the trainer as it comes, side by side in float32, on the same batch."""
    from trl.trainer.dpo_trainer import DataCollatorForPreference
    from trl.trainer.utils import add_fused_lm_head

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    fields = ("log_probs", "entropy", "mean_logits", "is_top1")
    add_fused_lm_head(model, outputs=fields)
    batch = DataCollatorForPreference(pad_token_id=0)(uneven_pairs())
    labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
    rows = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = []
    for computed in (model, SharedPrefix(model)):
        output = computed(**rows, labels=labels, fused_lm_head=True, use_cache=False)
        chosen, rejected = output.log_probs.sum(1).chunk(2)
        loss = -torch.nn.functional.logsigmoid(0.1 * (chosen - rejected)).mean() - 0.2 * chosen.mean()
        model.zero_grad()
        loss.backward()
        gradient = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
        found.append((output, loss.detach(), gradient))
    (theirs, loss, gradient), (ours, our_loss, our_gradient) = found
    for name in fields:
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), atol=1e-5, rtol=0)
    assert float(our_loss) == pytest.approx(float(loss), abs=1e-5)
    assert float((our_gradient - gradient).norm() / gradient.norm()) < 1e-5


def test_pairs_are_computed_with_fewer_tokens():
    from trl.trainer.dpo_trainer import DataCollatorForPreference

    batch = DataCollatorForPreference(pad_token_id=0)(uneven_pairs())
    packed = pack(batch["input_ids"], batch["attention_mask"], batch["input_ids"])
    assert packed.inputs["input_ids"].numel() < 0.6 * batch["input_ids"].numel()


def test_shared_prefix_cancels_in_full_trace_dpo(tiny_model: Path, tmp_path: Path):
    """Whole traces and suffixes have the same DPO loss; with the NLL term they do not."""
    pairs = make_pairs(6, 300)
    whole = [whole_traces(pair) for pair in pairs]
    assert whole[0]["prompt_ids"] + whole[0]["chosen_ids"] == pairs[0]["prompt_ids"] + pairs[0]["chosen_ids"]
    plain = [trl_loss(tiny_model, rows, 0.0, tmp_path / str(i))[0] for i, rows in enumerate((pairs, whole))]
    with_nll = [
        trl_loss(tiny_model, rows, 0.2, tmp_path / str(i + 2))[0] for i, rows in enumerate((pairs, whole))
    ]
    assert plain[0] == pytest.approx(plain[1], abs=1e-5)
    assert abs(with_nll[0] - with_nll[1]) > 1e-3


def test_a_preference_for_a_step_is_the_same_on_whole_trajectories(tiny_model: Path, tmp_path: Path):
    """STAIR stores trajectories up to the step, ARMOR trains the step alone: one loss without NLL."""
    made = make_pairs(6, 300)
    common = {"prompt_ids": [11, 12, 13], "safe": 8, "unscored": 0, "continuations": 8}
    nodes = [
        {**common, "node_id": f"{i}{side}", "parent_id": str(i), "prompt_id": str(i), "prefix_ids": pair["prompt_ids"],
         "step_ids": pair[side], "safe": 8 * (side == "chosen_ids")}
        for i, pair in enumerate(made) for side in ("chosen_ids", "rejected_ids")
    ]  # fmt: skip
    pairs = sibling_pairs(nodes, 0.5, 0.8).rows
    whole = [whole_traces(pair) for pair in pairs]
    assert len(pairs) == 6 and all(len(row["chosen_ids"]) > 8 for row in whole)
    found = [trl_loss(tiny_model, rows, 0.0, tmp_path / str(i)) for i, rows in enumerate((pairs, whole))]
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    assert found[0][0] == pytest.approx(found[0][1], abs=2e-5) and abs(found[0][0] - np.log(2)) > 1e-3


@pytest.fixture(scope="module")
def margins(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Log-probabilities of each pair's chosen and rejected side, shape (pairs, 2), by model."""
    folder = tmp_path_factory.mktemp("direction")
    pairs = write_data(folder)["pairs"]
    train_here(folder, tiny_model, configuration(max_steps=12), "ipo", pairs=pairs)
    train_here(folder, tiny_model, configuration(recipe="sft", max_steps=12), "sft", pairs=pairs)
    found = {}
    for name, place in (("base", tiny_model), ("ipo", folder / "ipo"), ("sft", folder / "sft")):
        model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float64)
        with torch.no_grad():
            found[name] = np.array(
                [
                    [
                        float(log_probability(model, pair["prompt_ids"], pair[side]).sum())
                        for side in ("chosen_ids", "rejected_ids")
                    ]
                    for pair in make_pairs(16, 300)
                ]
            )
    return found


def test_ipo_prefers_the_chosen_side_of_every_pair_more_than_before(margins: dict[str, np.ndarray]):
    moved = margins["ipo"] - margins["base"]
    assert (moved[:, 0] > moved[:, 1]).all(), "chosen minus rejected must rise"
    assert moved[:, 0].mean() > 0 > moved[:, 1].mean(), "the chosen side rises, the rejected falls"


def test_sft_raises_the_chosen_side_and_does_not_push_the_rejected_one_away(
    margins: dict[str, np.ndarray],
):
    moved = {name: margins[name] - margins["base"] for name in ("ipo", "sft")}
    assert (moved["sft"][:, 0] > 0).all()
    margin = {name: (change[:, 0] - change[:, 1]).mean() for name, change in moved.items()}
    assert margin["ipo"] > margin["sft"]


def test_the_micro_batch_changes_neither_losses_nor_weights(tiny_model: Path, tmp_path: Path):
    """The NLL is a mean over the tokens of a step: a token weighs the same however the step is cut."""
    pairs = write_data(tmp_path)["pairs"]
    losses, weights = [], []
    for micro in (4, 2, 1):
        name = f"micro{micro}"
        method = configuration(max_steps=4, batch_size=4, micro_batch_size=micro, nll_weight=1.0)
        train_here(tmp_path, tiny_model, method, name, pairs=pairs)
        trained = json.loads((tmp_path / name / "training.json").read_text())
        losses.append([entry["loss"] for entry in trained["loss_curve"]])
        model = AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype=torch.float64)
        weights.append(torch.cat([parameter.flatten() for parameter in model.parameters()]).detach())
    for other, moved in zip(losses[1:], weights[1:], strict=True):
        assert other == pytest.approx(losses[0], rel=1e-4)
        assert float((moved - weights[0]).norm() / weights[0].norm()) < 1e-4
