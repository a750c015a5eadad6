"""SaLT-DPO's loss against values by hand, and which completions make a group."""

import math
from pathlib import Path

import pytest
import torch

from safe_reasoning.core.errors import UserError
from safe_reasoning.training.common import Task
from safe_reasoning.training.listwise import GroupCollator, kl_to_reference, listwise_loss
from safe_reasoning.training.recipes.salt import draw, groups_to_train
from tests.support.trainings import configuration, make_groups

RATIOS, SCORES = torch.tensor([0.3, -0.2, 0.1]), torch.tensor([5.0, 1.0, 4.0])


def test_two_completions_and_no_temperature_are_dpo_on_mean_log_ratios():
    """-log sigmoid(0.5 (0.3 + 0.2)) = log(1 + e^-0.25) by hand."""
    loss = listwise_loss(torch.tensor([0.3, -0.2]), torch.tensor([5.0, 1.0]), beta=0.5, tau=1e-3)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-0.25)), abs=1e-6)
    assert float(loss) == pytest.approx(
        float(-torch.nn.functional.logsigmoid(torch.tensor(0.5 * 0.5))), abs=1e-6
    )


def test_three_completions_have_the_value_of_the_formula_written_out():
    weights = [math.exp(s / 0.25 - 20) for s in SCORES.tolist()]
    shares = [math.exp(0.5 * r) for r in RATIOS.tolist()]
    expected = -sum(
        w / sum(weights) * math.log(q / sum(shares)) for w, q in zip(weights, shares, strict=True)
    )
    assert float(listwise_loss(RATIOS, SCORES, 0.5, 0.25)) == pytest.approx(expected, abs=1e-6)
    assert weights[2] / weights[0] == pytest.approx(math.exp(-4))  # a point is worth a factor of 55


def test_equal_scores_teach_nothing_at_the_start_and_the_order_is_no_matter():
    ratios = torch.zeros(3, requires_grad=True)
    loss = listwise_loss(ratios, torch.full((3,), 4.0), 0.5, 0.25)
    loss.backward()
    assert float(loss) == pytest.approx(math.log(3), abs=1e-6)
    assert ratios.grad is not None and float(ratios.grad.abs().max()) < 1e-7
    for order in ([1, 2, 0], [2, 1, 0]):
        other = listwise_loss(RATIOS[order], SCORES[order], 0.5, 0.25)
        assert float(other) == pytest.approx(float(listwise_loss(RATIOS, SCORES, 0.5, 0.25)), abs=1e-6)


def test_unequal_scores_raise_the_best_completion():
    ratios = torch.zeros(3, requires_grad=True)
    listwise_loss(ratios, SCORES, 0.5, 0.25).backward()
    assert ratios.grad is not None and ratios.grad[0] < 0 < min(ratios.grad[1], ratios.grad[2])


def test_kl_over_three_tokens_is_the_value_by_hand_and_leaves_out_what_does_not_count():
    reference = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]]))
    trained = torch.log(torch.tensor([[[0.25, 0.25, 0.5], [0.1, 0.1, 0.8]]]))
    expected = 0.5 * math.log(2) - 0.25 * math.log(2)
    assert float(kl_to_reference(reference, trained, torch.tensor([[1, 0]]))) == pytest.approx(
        expected, abs=1e-6
    )
    same = reference.clone().requires_grad_()
    loss = kl_to_reference(reference, same, torch.tensor([[1, 1]]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert same.grad is not None and float(same.grad.abs().max()) < 1e-7


def test_a_batch_marks_reasoning_and_response_and_hides_padding():
    (group,) = [row for row in make_groups(1, 300) if row["label"] == "harmful"]
    batch = GroupCollator(pad_id=0)([{**group, "benign": ([1, 2], [3, 4, 5])}])
    for number, (ids, end) in enumerate(zip(group["completions"], group["reasoning_ends"], strict=True)):
        segments = batch["segments"][number].tolist()
        assert segments[:6] == [0] * 6 and segments.count(1) == end
        assert segments.count(2) == len(ids) - end
        assert int(batch["attention_mask"][number].sum()) == 6 + len(ids)
    assert batch["scores"][1].tolist() == [1.0, 1.0, 1.0] and batch["sizes"].tolist() == [3]
    assert batch["benign_input_ids"].tolist() == [[1, 2, 3, 4, 5]]
    assert batch["benign_counted"].tolist() == [[0, 0, 1, 1, 1]]


def test_a_drawn_group_keeps_its_members_together_and_differs_in_safety():
    row = make_groups(1, 300, size=8)[0] | {"response_scores": [1.0] * 7 + [5.0]}
    for seed in range(20):
        group = draw(row, 4, seed)
        assert group is not None and len(group["completions"]) == 4
        assert len(set(group["reasoning_scores"])) > 1 < len(set(group["response_scores"]))
        for ids, end, score in zip(
            group["completions"], group["reasoning_ends"], group["response_scores"], strict=True
        ):
            place = row["completions"].index(ids)
            assert (end, score) == (row["reasoning_ends"][place], row["response_scores"][place])
    assert draw(row | {"response_scores": [5.0] * 8}, 4, 0) is None
    assert draw(row, 20, 0) == row  # all, where there are no more


def test_every_group_has_a_benign_row_unless_nothing_is_to_be_kept(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"vocab_size": 300}')
    rows = make_groups(6, 300)

    def task(**salt: float) -> Task:
        return Task(configuration(recipe="salt", salt=salt), "nano", "m", 0, tmp_path, tmp_path)

    groups = groups_to_train(task(group=3), rows)
    assert len(groups) == 6 and len({str(group["benign"]) for group in groups}) == 3
    assert all(group["benign"] is None for group in groups_to_train(task(kl_weight=0), rows))
    with pytest.raises(UserError, match="no benign completions"):
        groups_to_train(task(), rows[:6])
    alike = [row | {"response_scores": [1.0] * 3} for row in rows[:6]]
    with pytest.raises(UserError, match="differs in safety"):
        groups_to_train(task(), [*alike, *rows[6:]])
    with pytest.raises(UserError, match="token 300"):
        groups_to_train(task(), [rows[0] | {"completions": [[300], [1], [2]]}, *rows[1:]])
