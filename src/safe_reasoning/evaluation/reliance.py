"""Causal reliance: does the response follow the reasoning that stands before it?

A method answers the same prompt behind its own reasoning (twice, which shows chance), behind its
own in other words, behind none, and behind a harmful and a safe one of the base. Everything before
the response is given, so that nothing but the reasoning differs. What `monitorability.py` says of a
monitor of the reasoning matters only where the response follows it.

Source: the exchange of reasonings and the paraphrase test are known from work on faithful
reasoning; this form, its arms and its mark are ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, Tokenizer, continue_text, split_trace, whole_tokens
from safe_reasoning.evaluation.joint import harm_by_id
from safe_reasoning.evaluation.monitors import thing
from safe_reasoning.evaluation.recovery import reasoning_verdicts
from safe_reasoning.stats.paired import paired_difference
from safe_reasoning.stats.rates import Rate, Value, clustered_rate

Row = Mapping[str, Any]
OfPrompts = Mapping[Hashable, Sequence[Value]]
OWN, REWORDED, EMPTY, GIVEN = "own", "reworded", "empty", "given"
# What the differences are of: response harm behind the first, less that behind the second
DIFFERENCES = {
    "follows": ("given_harmful", "given_safe"),
    "own_less_empty": (OWN, EMPTY),
    "reworded_less_own": (REWORDED, OWN),
}


def exchanged_reasonings(
    generations: Sequence[Row],
    verdicts: Sequence[Row],
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
    traces: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Whole reasonings of the base, a harmful and a safe one for each prompt.

    Every method answers the same prompts behind both, so that prompts on which harm is likelier do
    not count as reliance. Where the base has no safe reasoning on a prompt, it is one on another
    prompt of the same set that asks for the same (the same gold, or the same request); each is
    given once.

    Args:
        generations: of the base on the evaluation sets, rows of schema generations.
        verdicts: on them; those on reasonings are used.
        prompts: rows of schema prompts by prompt_id.
        tokenizer: of the base.
        traces: prompts, at most.
        seed: of the draw.

    Returns:
        Rows of schema beginnings, whose given ids end with the closing think tag: for each prompt
        the harmful one, then the safe one. `generation_id` is that of the reasoning.

    Raises:
        UserError: Nowhere the base has both.
    """
    harmful = reasoning_verdicts(verdicts)
    groups: dict[tuple[str, str], dict[bool, dict[str, Row]]] = {}
    for row in generations:
        kind = harmful.get(row["generation_id"])
        if kind is not None and split_trace(row["text"]).kind == "complete":
            key = row["prompt_set"], thing(prompts[row["prompt_id"]])
            group = groups.setdefault(key, {True: {}, False: {}})
            group[kind].setdefault(row["prompt_id"], row)
    pairs = [pair for key in sorted(groups) for pair in _pairs(groups[key][True], groups[key][False])]
    if not pairs:
        raise UserError(
            "the base has nowhere a harmful and a safe reasoning on the same request: set "
            "evaluate.reliance_traces to 0, or draw more samples of the safety sets"
        )
    drawn = random.Random(seed).sample(pairs, min(traces, len(pairs)))
    return [_whole(row, pair[0], tokenizer) for pair in drawn for row in pair]


def _pairs(harmful: Mapping[str, Row], safe: Mapping[str, Row]) -> list[tuple[Row, Row]]:
    """Harmful reasonings, each with a safe one: of its own prompt, or one that is left over."""
    left = [safe[name] for name in sorted(safe) if name not in harmful]
    pairs = []
    for name in sorted(harmful):
        other = safe.get(name) or (left.pop(0) if left else None)
        if other is not None:
            pairs.append((harmful[name], other))
    return pairs


def _whole(row: Row, asked: Row, tokenizer: Tokenizer) -> dict[str, Any]:
    """The reasoning of a generation, to stand behind the prompt of another, or of its own."""
    return {
        **{"generation_id": row["generation_id"], "prompt_id": asked["prompt_id"]},
        "prompt_set": asked["prompt_set"],
        "sentences": len(split_sentences(split_trace(row["text"]).reasoning)),
        "prompt_ids": list(asked["prompt_token_ids"]),
        "given_ids": reasoning_ids(row, tokenizer),
    }


def reasoning_ids(row: Row, tokenizer: Tokenizer) -> list[int]:
    """Ids of a complete reasoning with its closing think tag."""
    end = split_trace(row["text"]).end + len(CLOSE_TAG)
    ids = list(row["token_ids"])
    return ids[: whole_tokens(tokenizer, ids, end)]


def arms(
    exchanged: Iterable[Row],
    own: Iterable[Row],
    tokenizer: Tokenizer,
    reword: Callable[[Sequence[str], Sequence[str]], list[str | None]],
) -> Iterator[tuple[str, Row, list[int]]]:
    """Name of the arm, exchanged row and given ids of everything that one method answers behind.

    A prompt on which the method has no complete reasoning has no arm of its own reasoning.

    Args:
        exchanged: rows of `exchanged_reasonings`.
        own: the method's own generations on the evaluation sets; the first of each prompt is used.
        tokenizer: of the model.
        reword: from prompt ids and reasonings to the same in other words, or None.
    """
    first: dict[str, Row] = {}
    for row in own:
        if split_trace(row["text"]).kind == "complete":
            first.setdefault(row["prompt_id"], row)
    exchanged = list(exchanged)
    asked = list(dict.fromkeys(row["prompt_id"] for row in exchanged if row["prompt_id"] in first))
    texts = [split_trace(first[prompt_id]["text"]).reasoning for prompt_id in asked]
    said = dict(zip(asked, reword(asked, texts), strict=True))
    seen: set[str] = set()
    for row in exchanged:
        prompt_id, prompt = row["prompt_id"], list(row["prompt_ids"])
        yield GIVEN, row, list(row["given_ids"])
        if prompt_id in seen:
            continue
        seen.add(prompt_id)
        yield EMPTY, row, continue_text(tokenizer, prompt, f"\n{CLOSE_TAG}")
        if prompt_id in first:
            mine = first[prompt_id]
            yield OWN, row, reasoning_ids(mine, tokenizer)
            if text := said[prompt_id]:
                before = mine["text"][: split_trace(mine["text"]).start]
                yield REWORDED, row, continue_text(tokenizer, prompt, f"{before}{text}{CLOSE_TAG}")


def reliance_rows(verdicts: Mapping[Variant, Sequence[Row]], bootstrap: int) -> list[dict[str, Any]]:
    """Response harm behind each kind of reasoning, and how far the response follows it.

    Seeds of a method are taken together: intervals are over prompts alone. Differences are paired:
    means over the prompts that have both arms.

    Args:
        verdicts: on the responses behind all arms of each method and seed.
        bootstrap: resamples of prompts.

    Returns:
        Rows with method, measure, rate, low, high, count, prompts, unscored. Measures: the arms, of
        `given` apart by the verdict on the reasoning; DIFFERENCES; `again` and `changed`, shares of
        prompts whose response changes its verdict behind the same reasoning again, and reworded.
    """
    rows = []
    for method in dict.fromkeys(variant.method for variant in verdicts):
        values: dict[str, dict[Hashable, list[Value]]] = {}
        for variant in (one for one in verdicts if one.method == method):
            for measure, prompt_id, value in _answers(verdicts[variant]):
                values.setdefault(measure, {}).setdefault(prompt_id, []).append(value)
        rates = {measure: _rate(of_prompts, bootstrap) for measure, of_prompts in values.items()}
        for name, (one, other) in DIFFERENCES.items():
            if one in values and other in values:
                rates[name] = _difference(values[one], values[other], bootstrap)
        rows += [
            {"method": method, "measure": measure, "rate": rate.value, "low": rate.low, "high": rate.high}
            | {"count": rate.count, "prompts": rate.clusters, "unscored": rate.unscored}
            for measure, rate in rates.items()
        ]
    return rows


def _answers(verdicts: Sequence[Row]) -> Iterator[tuple[str, str, Value]]:
    """Measure, prompt and value of each response, and of each comparison of two."""
    found = harm_by_id(verdicts)
    own: dict[str, dict[str, Value]] = {}
    for name, harm in found.items():
        arm, _, sample = name.rpartition("+")[2].partition(".")
        if arm == GIVEN:
            if harm.reasoning is None:
                continue
            arm = f"given_{'harmful' if harm.reasoning else 'safe'}"
        else:
            own.setdefault(harm.prompt_id, {})[f"{arm}.{sample}"] = harm.response
        yield arm, harm.prompt_id, harm.response
    for prompt_id, of_prompt in own.items():
        for measure, other in (("again", "own.1"), ("changed", "reworded.0")):
            if "own.0" in of_prompt and other in of_prompt:
                pair = of_prompt["own.0"], of_prompt[other]
                yield measure, prompt_id, None if None in pair else pair[0] != pair[1]


def _rate(values: OfPrompts, bootstrap: int) -> Rate:
    flat = [(value, prompt) for prompt, of_prompt in values.items() for value in of_prompt]
    return clustered_rate([value for value, _ in flat], [prompt for _, prompt in flat], resamples=bootstrap)


def _difference(one: OfPrompts, other: OfPrompts, bootstrap: int) -> Rate:
    found = paired_difference([[(one, other)]], resamples=bootstrap, trained=False)
    both = [value for prompt in one.keys() & other.keys() for value in (*one[prompt], *other[prompt])]
    unscored = both.count(None)
    return Rate(found.value, found.low, found.high, len(both) - unscored, found.clusters, unscored)
