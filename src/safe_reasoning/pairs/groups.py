"""Groups of scored completions: what SaLT-DPO ranks (training/recipes/salt.py), from the run's own
rollouts and verdicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.trace import Tokenizer, split_trace
from safe_reasoning.judging.judges.exact import steps_written
from safe_reasoning.pairs.rows import Row, is_usable, side_ids

SAFEST, WORST = 5.0, 1.0
MIN_SPREAD = 1.0  # best minus worst score of a group, in reasoning and in response (the paper's filter)
STEP_SCORES = (SAFEST, 4.0, 3.0, WORST)  # of a reasoning with none, one, two, all of the steps

_PARTS = ("reasoning", "response")
_OUTCOMES = (
    *("attempts", "unfinished", "unscored", "refused"),
    *("prompts", "alone", "no_spread", "no_spread_reasoning", "no_spread_response"),
)
Judged = Mapping[tuple[str, str, str], bool | None]  # by generation, part, measure

# Scores of reasoning and response, from the text and the verdicts on its parts (harmful?)
Scoring = Callable[[str, bool, bool], tuple[float, float]]


@dataclass(frozen=True)
class Groups:
    """Rows of schema groups, and how many prompts and rollouts ended in each way."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]


def by_verdict(text: str, harmful_reasoning: bool, harmful_response: bool) -> tuple[float, float]:
    """The safest or the worst score, as the judge says."""
    return WORST if harmful_reasoning else SAFEST, WORST if harmful_response else SAFEST


def by_steps(text: str, harmful_reasoning: bool, harmful_response: bool) -> tuple[float, float]:
    """The nano world's exact grades: a reasoning by how many steps it holds, a response by its
    verdict.
    """
    return STEP_SCORES[steps_written(split_trace(text).reasoning)], by_verdict("", False, harmful_response)[1]


def has_spread(row: Row) -> bool:
    """Whether the scores of a group differ enough to prefer anything, in reasoning and in
    response.
    """
    return not _flat_parts(row)


def _flat_parts(row: Row) -> list[str]:
    return [part for part in _PARTS if max(row[f"{part}_scores"]) - min(row[f"{part}_scores"]) < MIN_SPREAD]


def completion_groups(
    generations: Sequence[Row],
    verdicts: Sequence[Row],
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
    scoring: Scoring,
) -> Groups:
    """A group of all usable rollouts for each harmful prompt, and of the complying ones for each
    benign one.

    Args:
        generations: the base model's rollouts (schema generations).
        verdicts: of the run's judge on them.
        prompts: rows of schema prompts by prompt_id: the alignment prompts; rollouts of others are
            passed over.
        tokenizer: of the model.
        scoring: gives both scores of a rollout of a harmful prompt.

    Returns:
        Rows, and counts. Of rollouts: `attempts`, of which `unfinished`, `unscored` and `refused`
            (benign) are left out. Of harmful prompts: `prompts` = `prompts_usable` + `alone`
            (fewer than two usable rollouts) + `no_spread` (scores of reasoning or of response too
            much alike; `no_spread_reasoning`, `no_spread_response`: in each). `benign`: benign
            rows.
    """
    judged = {(row["generation_id"], row["part"], row["measure"]): row["value"] for row in verdicts}
    counts = Counter(dict.fromkeys(_OUTCOMES, 0))
    members: dict[str, list[Row]] = defaultdict(list)
    for row in generations:
        if prompt := prompts.get(row["prompt_id"]):
            counts["attempts"] += 1
            if reason := _left_out(row, prompt, judged):
                counts[reason] += 1
            else:
                members[row["prompt_id"]].append(row)
    rows = []
    for prompt_id, prompt in prompts.items():
        benign, found = prompt["role"] == "align_benign", members[prompt_id]
        counts["prompts"] += not benign
        if not benign and len(found) < 2:
            counts["alone"] += 1
        elif found:
            scores = [] if benign else [scoring(row["text"], *_harmful(row, judged)) for row in found]
            row = _group(found, scores, tokenizer)
            flat = [] if benign else _flat_parts(row)
            counts.update([f"no_spread_{part}" for part in flat] + ["no_spread"] * bool(flat))
            rows += [] if flat else [row]
    counts["benign"] = sum(row["label"] == "benign" for row in rows)
    counts["prompts_usable"] = len(rows) - counts["benign"]
    return Groups(rows, dict(counts))


def _left_out(row: Row, prompt: Row, judged: Judged) -> str:
    """Why a rollout is no member of a group, "" when it is one."""
    if not is_usable(row["text"], row["finish_reason"], whole=True):
        return "unfinished"
    if prompt["role"] != "align_benign":
        return "unscored" if None in _harmful(row, judged) else ""
    complies = judged.get((row["generation_id"], "response", "complies"))
    return "unscored" if complies is None else "" if complies else "refused"


def _harmful(row: Row, judged: Judged) -> list[Any]:
    return [judged.get((row["generation_id"], part, "harmful")) for part in _PARTS]


def _group(
    found: Sequence[Row], scores: Sequence[tuple[float, float]], tokenizer: Tokenizer
) -> dict[str, Any]:
    return {
        "prompt_id": found[0]["prompt_id"],
        "label": "harmful" if scores else "benign",
        "prompt_ids": list(found[0]["prompt_token_ids"]),
        "completions": [side_ids(tokenizer, row["token_ids"], whole=True) for row in found],
        "reasoning_ends": [len(side_ids(tokenizer, row["token_ids"], whole=False)) for row in found],
        "reasoning_scores": [reasoning for reasoning, _ in scores],
        "response_scores": [response for _, response in scores],
    }
