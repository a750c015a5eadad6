"""A harmful beginning, a reset, and a safe trace: what BackTrack learns from (arXiv 2409.14586).

The base's own harmful reasoning is cut at a random token after its first cue; the reset token and a
safe rollout of the same prompt follow, and bear the loss. As in the paper each comes with the safe
rollout alone, so that resets are no habit. Benign rows are own answers. After a reset the reasoning
goes on: no new think tag is opened.

For its DPO form (recipe `dpo_on`) a row also holds what is turned away from: going on with the harm
instead of the reset, and in the safe rollout a reset that harm follows.
"""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from typing import Any

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import RESET_TAG, reasoning_tokens, split_trace
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import benign_rows, passes
from safe_reasoning.training.new_tokens import add_tokens

KIND = Kind(
    settings=KindSettings,
    needs=lambda settings: ("rollouts",),
    empty="sample more rollouts (characterize.rollouts): a prompt needs a harmful and a safe one",
    rows=lambda settings, counts: counts.harmful * counts.rollouts + counts.benign,
    new_tokens=True,
)


def reset_id(tokenizer: Any) -> int:
    """The id that the reset token will have in the grown vocabulary."""
    (found,) = add_tokens(copy.deepcopy(tokenizer), [RESET_TAG])
    return found


def build(material: Material) -> Built:
    """Rows with a reset and rows of the safe rollout alone, by turns, then benign rows.

    The n-th safe rollout of a prompt meets its n-th harmful one. Counts: `attempts` (harmful
    rollouts) = `no_cue` (or undetermined) + `no_safe_rollout` (none left) + `resets`.
    """
    safe: dict[str, list[Judged]] = defaultdict(list)
    harmful: list[Judged] = []
    for judged in sorted(material.rollouts, key=lambda each: int(each.row["sample"])):
        if judged.label == "harmful" and judged.is_whole and passes(judged, "zy"):
            safe[judged.row["prompt_id"]].append(judged)
        elif judged.z_safe is False and split_trace(judged.row["text"]).kind == "complete":
            harmful.append(judged)
    counts = {"attempts": len(harmful), "no_cue": 0, "no_safe_rollout": 0, "resets": 0}
    tag, rows = reset_id(material.tokenizer), []
    cues = find_cues(material.tokenizer, [each.row["token_ids"] for each in harmful], material.detector)
    for judged, (cue, _) in zip(harmful, cues, strict=True):
        left = safe[judged.row["prompt_id"]]
        if cue is None:
            counts["no_cue"] += 1
        elif not left:
            counts["no_safe_rollout"] += 1
        else:
            counts["resets"] += 1
            good = material.whole(left.pop(0))
            safe_ids, harm = good["completion_ids"], _harm(material, judged)
            kept = _cut(material, "reset", judged.row["generation_id"], harm, cue.token)
            early = _cut(material, "false reset", judged.row["generation_id"], safe_ids, 0)
            rows += [
                {
                    **good,
                    "completion_ids": [*harm[:kept], tag, *safe_ids],
                    "loss_from": kept,
                    "rejected_ids": harm,
                },
                {**good, "rejected_ids": [*safe_ids[:early], tag, *harm]},
            ]
    return Built([*rows, *benign_rows(material)], counts)


def _harm(material: Material, judged: Judged) -> list[int]:
    """A harmful rollout, with the end of sequence where it ended by itself."""
    ended = judged.row["finish_reason"] == "stop"
    return [*judged.row["token_ids"], *([material.tokenizer.eos_token_id] if ended else [])]


def _cut(material: Material, name: str, generation_id: str, ids: list[int], least: int) -> int:
    """How many tokens come before a reset: more than `least`, at most the reasoning."""
    end = reasoning_tokens(material.tokenizer, ids)
    rng = random.Random(derive_seed(name, generation_id, material.config.world_seed))
    return rng.randrange(min(least + 1, end), end + 1)
