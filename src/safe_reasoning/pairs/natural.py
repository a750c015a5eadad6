"""Natural pairs: a safe against a harmful rollout of one prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.pairs.rows import Pairs, Row, _checked, _count, _whole_pair, is_usable


def natural_pairs(
    generations: Sequence[Row],
    harmful: Mapping[str, bool | None],
    tokenizer: Tokenizer,
    append_response: bool,
) -> Pairs:
    """Safe against harmful rollouts of one prompt: the baseline without intervention.

    The n-th safe rollout meets the n-th harmful one, so no rollout is used twice. prompt_ids is x
    alone: sides that begin alike keep their common tokens, which add nothing to the preference.

    Args:
        generations: rollouts of harmful prompts (schema generations).
        harmful: verdict on the reasoning by generation_id; unscored rollouts are left out.
        tokenizer: of the model.
        append_response: as in `intervened_pairs`.
    """
    sides: dict[str, dict[bool, list[Row]]] = defaultdict(lambda: {False: [], True: []})
    counts = _count(generations, "unscored")
    for row in generations:
        verdict = harmful.get(row["generation_id"])
        if verdict is None:
            counts["unscored"] += 1
        elif not is_usable(row["text"], row["finish_reason"], append_response):
            counts["unfinished"] += 1
        else:
            sides[row["prompt_id"]][verdict].append(row)
    rows = [
        _whole_pair(safe, bad, tokenizer, append_response, "natural")
        for by_verdict in sides.values()
        for safe, bad in zip(by_verdict[False], by_verdict[True], strict=False)
    ]
    counts["kept"] = len(rows)
    return _checked(rows, counts, tokenizer)
