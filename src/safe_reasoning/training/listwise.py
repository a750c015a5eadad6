r"""SaLT-DPO's loss: preference over groups of scored completions, reasoning and response apart.

For a segment s (reasoning, response) of completion i, r_i is the mean over its tokens of
log pi / pi_ref, and

    q_i \propto exp(beta r_i)      p_i \propto exp(score_i / tau)      L_s = - sum_i p_i log q_i

The joint term L_joint has the whole completion as its segment and the lower of both scores. With
the mean over benign tokens of KL(pi_ref || pi), full vocabulary,

    L = L_reasoning + L_response + L_joint + kl_weight KL

Source: SaLT-DPO, "Objective". The equations are the paper's; no code is public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer
from trl.trainer.utils import selective_log_softmax

from safe_reasoning.config.methods import Salt
from safe_reasoning.training.common import Row
from safe_reasoning.training.retained import kl_to


def listwise_loss(ratios: Tensor, scores: Tensor, beta: float, tau: float) -> Tensor:
    """Cross-entropy between the target of the scores and the preference that the policy implies.

    Args:
        ratios: mean log-ratio of each completion of a group, shape (completions, ...).
        scores: of each, same shape; higher is better.
        beta: factor on the ratios.
        tau: temperature of the target; towards 0 it is the best completion alone.

    Returns:
        A loss for each of the other dimensions.
    """
    target = torch.softmax(scores / tau, 0)
    return -(target * torch.log_softmax(beta * ratios, 0)).sum(0)


def kl_to_reference(reference: Tensor, trained: Tensor, counted: Tensor) -> Tensor:
    """KL(reference || trained) over the full vocabulary, mean over a row's tokens, then over rows.

    Args:
        reference: logits, shape (rows, tokens, vocabulary).
        trained: logits, same shape.
        counted: 1 for a token whose distribution counts, shape (rows, tokens).
    """
    return ((kl_to(reference, trained) * counted).sum(1) / counted.sum(1)).mean()


def segment_means(model: Any, batch: Mapping[str, Tensor]) -> Tensor:
    """Mean log-probability of the tokens of reasoning, response and both: (completions, 3)."""
    logits = model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).logits
    log_probs = selective_log_softmax(logits[:, :-1].float(), batch["input_ids"][:, 1:])
    segments = batch["segments"][:, 1:]
    masks = torch.stack([segments == 1, segments == 2, segments > 0], 1).float()
    return (masks * log_probs[:, None]).sum(2) / masks.sum(2)


def group_length(row: Row) -> int:
    """Tokens of the longest completion of a group, prompt included."""
    return len(row["prompt_ids"]) + max(map(len, row["completions"]))


class GroupCollator:
    """Groups as one batch, padded on the right: a row for each completion.

    A group is a row of schema groups, with `reference`, its segments' means under the reference
    (completions, 3), and `benign`, prompt and completion ids of a benign row, or none.
    """

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id

    def __call__(self, groups: Sequence[Row]) -> dict[str, Tensor]:
        """Ids and masks by completion; `segments` is 1 for reasoning, 2 for response; `sizes` are
        the completions of each group.
        """
        rows = [
            (group["prompt_ids"], ids, end)
            for group in groups
            for ids, end in zip(group["completions"], group["reasoning_ends"], strict=True)
        ]
        segments = [[0] * len(p) + [1] * end + [2] * (len(ids) - end) for p, ids, end in rows]
        batch = self._sequences("", [(prompt, ids) for prompt, ids, _ in rows])
        batch["segments"] = _padded(segments, 0)
        batch["sizes"] = torch.tensor([len(group["completions"]) for group in groups])
        batch["scores"] = torch.tensor([scores for group in groups for scores in _scores(group)])
        if all("reference" in group for group in groups):
            batch["reference"] = torch.cat([torch.as_tensor(group["reference"]) for group in groups])
        if benign := [group["benign"] for group in groups if group.get("benign")]:
            batch |= self._sequences("benign_", benign)
            counted = [[0] * len(prompt) + [1] * len(ids) for prompt, ids in benign]
            batch["benign_counted"] = _padded(counted, 0)
        return batch

    def _sequences(
        self, prefix: str, rows: Sequence[tuple[Sequence[int], Sequence[int]]]
    ) -> dict[str, Tensor]:
        whole = [[*prompt, *ids] for prompt, ids in rows]
        return {
            f"{prefix}input_ids": _padded(whole, self._pad_id),
            f"{prefix}attention_mask": _padded([[1] * len(ids) for ids in whole], 0),
        }


def _scores(group: Row) -> list[list[float]]:
    """Scores of reasoning, response and both of each completion."""
    return [
        [reasoning, response, min(reasoning, response)]
        for reasoning, response in zip(group["reasoning_scores"], group["response_scores"], strict=True)
    ]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


class ListwiseTrainer(Trainer):
    """The transformers Trainer with SaLT-DPO's loss: a mean over the groups of a step, however it
    is cut into micro-batches.
    """

    def __init__(self, *, settings: Salt, reference: Any, **options: Any) -> None:
        super().__init__(**options)
        self.model_accepts_loss_kwargs = False  # the loss of a micro-batch is a mean over its rows
        self._settings = settings
        self._reference = reference

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The loss of a batch of `GroupCollator`."""
        settings = self._settings
        ratios = segment_means(model, inputs) - inputs["reference"]
        sizes = inputs["sizes"].tolist()
        losses = [
            listwise_loss(ratio, scores, settings.beta, settings.tau).sum()
            for ratio, scores in zip(ratios.split(sizes), inputs["scores"].split(sizes), strict=True)
        ]
        loss = torch.stack(losses).mean()
        if settings.kl_weight and "benign_input_ids" in inputs:
            loss = loss + settings.kl_weight * self._kl(model, inputs)
        return (loss, None) if return_outputs else loss

    def _kl(self, model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        rows = {
            "input_ids": inputs["benign_input_ids"],
            "attention_mask": inputs["benign_attention_mask"],
            "use_cache": False,
        }
        with torch.no_grad():
            reference = self._reference(**rows).logits
        # A token's distribution is that of the place before it
        return kl_to_reference(
            reference[:, :-1], model(**rows).logits[:, :-1], inputs["benign_counted"][:, 1:]
        )
