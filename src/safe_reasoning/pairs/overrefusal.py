"""Over-refusal pairs of stage 2: compliance against refusal of a benign request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import cycle

from safe_reasoning.core.trace import Tokenizer, split_trace
from safe_reasoning.judging.base import Judge, Question
from safe_reasoning.pairs.rows import Pairs, Row, _checked, _count, _whole_pair, is_usable


def overrefusal_pairs(
    base: Sequence[Row],
    base_complies: Mapping[str, bool | None],
    aligned: Sequence[Row],
    judge: Judge,
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
) -> Pairs:
    """Stage 2 (paper section 3 step 8).

    The base model's normal answer to a benign prompt against the stage-1 model's refusal.

    Each refusal makes one pair; a prompt's refusals go round its compliant base rollouts. A refusal
    is a matter of the response, so both sides are whole completions, and prompt_ids is x alone.

    Args:
        base: the base model's rollouts of benign prompts (schema generations).
        base_complies: verdict on their responses by generation_id.
        aligned: the stage-1 model's completions of benign prompts.
        judge: says which of those comply; unscored ones are left out.
        prompts: rows of schema prompts by prompt_id.
        tokenizer: of the model.
    """
    normal: dict[str, list[Row]] = defaultdict(list)
    for row in base:
        if base_complies.get(row["generation_id"]) and is_usable(
            row["text"], row["finish_reason"], whole=True
        ):
            normal[row["prompt_id"]].append(row)
    counts = _count(aligned, "unscored", "complied", "no_compliant_base")
    refusals: dict[str, list[Row]] = defaultdict(list)
    usable = [row for row in aligned if is_usable(row["text"], row["finish_reason"], whole=True)]
    counts["unfinished"] = len(aligned) - len(usable)
    questions = [
        Question("complies", "response", prompts[row["prompt_id"]], split_trace(row["text"]).response or "")
        for row in usable
    ]
    for row, (complies, _) in zip(usable, judge.judge(questions), strict=True):
        if complies is None:
            counts["unscored"] += 1
        elif complies:
            counts["complied"] += 1
        elif not normal[row["prompt_id"]]:
            counts["no_compliant_base"] += 1
        else:
            refusals[row["prompt_id"]].append(row)
    rows = [
        _whole_pair(good, refusal, tokenizer, True, "overrefusal")
        for prompt_id, rejected in refusals.items()
        for good, refusal in zip(cycle(normal[prompt_id]), rejected, strict=False)
    ]
    counts["kept"] = len(rows)
    return _checked(rows, counts, tokenizer)
