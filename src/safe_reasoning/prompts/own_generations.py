"""Generations that were made elsewhere, matched with the prompts of the evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any, NamedTuple

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import Rows
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.prompts.own_files import own_completions
from safe_reasoning.prompts.published_traces import demonstration
from safe_reasoning.sampling.prompt_sets import requests_for

NAMED = 5  # prompts in a message; of more, their number


class Given(NamedTuple):
    """What a file of generations gives.

    Attributes:
        rows: of schema generations.
        unused: numbers of the file's rows (the first is 1) whose prompt no evaluation set has.
    """

    rows: list[dict[str, Any]]
    unused: list[int]


def own_generations(
    method: str, file: str, prompts: Rows, tokenizer: Tokenizer, seed: int, cut: Collection[str] = ()
) -> Given:
    """The generations of a method of the recipe `given`.

    Several rows with one prompt are its samples, in the file's order. A prompt is matched by its
    text, as it was put to the model. A completion holds the reasoning, the closing think tag and
    the response; an opening tag before them is dropped.

    Args:
        method: its name, for messages.
        file: with the columns prompt and completion.
        prompts: of all evaluation sets, rows of schema prompts.
        tokenizer: of the base model, in whose tokens lengths are counted.
        seed: that the rows are filed under.
        cut: prompt sets whose chat tags stay letters.

    Raises:
        UserError: A file that does not fit, or prompts without a completion, which it names.
    """
    completions: dict[str, list[str]] = defaultdict(list)
    asked = {prompt["text"].strip() for prompt in prompts}
    unused = []
    for number, row in enumerate(own_completions(method, file), 1):
        trace = demonstration(row["prompt"], row["completion"])
        if trace["prompt"] in asked:
            completions[trace["prompt"]].append(trace["completion"])
        else:
            unused.append(number)
    if lacking := [prompt["prompt_id"] for prompt in prompts if prompt["text"].strip() not in completions]:
        raise UserError(
            f"methods.{method}.generations: {file} has no completion for {len(lacking)} of {len(prompts)} "
            f"prompts: {named(lacking)}: add some (their texts are in the run's folder prompts), or remove "
            "their prompt sets (name: null)"
        )
    rows = []
    for prompt in prompts:
        texts = completions[prompt["text"].strip()]
        requests = requests_for([prompt], {prompt["prompt_set"]: len(texts)}, tokenizer, seed, cut=cut)
        rows += [
            {
                "generation_id": request.generation_id,
                "prompt_id": request.prompt_id,
                "prompt_set": request.prompt_set,
                "sample": request.sample,
                "seed": seed,
                "prompt_token_ids": list(request.prompt_token_ids),
                "given_tokens": 0,
                "token_ids": tokenizer.encode(text, add_special_tokens=False),
                "text": text,
                "finish_reason": "stop",
            }
            for request, text in zip(requests, texts, strict=True)
        ]
    return Given(rows, unused)


def named(names: list[Any]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(str, names[:NAMED])) + more
