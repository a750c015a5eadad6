"""Length control on benign prompts: the shortest own answer that complies against the longest.

SAFER's other half of its length control (training/recipes/dpo_tree_short.py). Both sides are whole
completions of the base, equally good by the judge, so that length alone is preferred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.pairs.rows import Pairs, Row, _checked, _count, _whole_pair, is_usable

SOURCE = "short_answers"


def short_answers(
    rollouts: Sequence[Row], complies: Mapping[str, bool | None], tokenizer: Tokenizer
) -> Pairs:
    """A pair for each benign prompt with two complying rollouts of different length.

    Args:
        rollouts: the base's rollouts of benign prompts (schema generations), in any order.
        complies: verdict on their responses by generation_id.
        tokenizer: of the model.

    Returns:
        Rows of schema pairs, by prompt, and counts. Of rollouts: `attempts` = `unfinished` +
            `unscored` + `refused` + `kept`. Of prompts with a kept one: `alone` and `same_length`
            give no pair.
    """
    counts = _count(rollouts, "unscored", "refused", "alone", "same_length")
    kept: dict[str, list[Row]] = defaultdict(list)
    for row in rollouts:
        found = complies.get(row["generation_id"])
        if not is_usable(row["text"], row["finish_reason"], whole=True):
            counts["unfinished"] += 1
        elif not found:
            counts["unscored" if found is None else "refused"] += 1
        else:
            counts["kept"] += 1
            kept[row["prompt_id"]].append(row)
    rows = []
    for prompt_id in sorted(kept):
        if len(kept[prompt_id]) < 2:
            counts["alone"] += 1
            continue
        ordered = sorted(kept[prompt_id], key=_by_length)
        if len(ordered[0]["token_ids"]) == len(ordered[-1]["token_ids"]):
            counts["same_length"] += 1
            continue
        rows.append(_whole_pair(ordered[0], ordered[-1], tokenizer, True, SOURCE))
    return _checked(rows, counts, tokenizer)


def _by_length(row: Row) -> tuple[int, int]:
    """Tokens of a completion; of equals an order that knows nothing of their place."""
    return len(row["token_ids"]), derive_seed(*row["token_ids"])
