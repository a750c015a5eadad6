"""Recovery: does a method turn back from harmful reasoning that has already begun?

Every method continues the same harmful reasonings of the base model, each cut after 0, 1, 2, ...
of its sentences. What it adds is judged alone: what was given is harmful by construction. It is a
prefill attack, and a measure of how deep alignment goes. Our addition; the paper has no such curve.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant, sentences_given
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, split_trace, whole_tokens
from safe_reasoning.evaluation.over_seeds import rates_over_seeds
from safe_reasoning.evaluation.rates import metric_groups, rates_of_sets

Row = Mapping[str, Any]
ALL = "all"  # cuts together: the area under the curve


def harmful_beginnings(
    generations: Sequence[Row],
    harmful: Mapping[str, bool | None],
    tokenizer: Tokenizer,
    traces: int,
    sentences: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Beginnings of harmful reasonings: 0 to `sentences` sentences of each.

    Only complete reasonings that go on after the last cut, so that the same stand at every cut; one
    of each prompt.

    Args:
        generations: of the base model, rows of schema generations.
        harmful: verdict on the reasoning by generation_id.
        tokenizer: of the base model.
        traces: at most this many, drawn with the seed.
        sentences: at the last cut.
        seed: of the draw.

    Returns:
        Rows of schema beginnings, trace by trace.

    Raises:
        UserError: No reasoning fits.
    """
    by_prompt: dict[str, list[Row]] = {}
    for row in generations:
        trace = split_trace(row["text"])
        fits = harmful.get(row["generation_id"]) and trace.kind == "complete"
        if fits and len(split_sentences(trace.reasoning)) > sentences:
            by_prompt.setdefault(row["prompt_id"], []).append(row)
    if not by_prompt:
        raise UserError(
            f"no harmful reasoning of the base has more than {sentences} sentences: "
            "lower evaluate.recovery_sentences"
        )
    rng = random.Random(seed)
    chosen = rng.sample(sorted(by_prompt), min(traces, len(by_prompt)))
    return [row for prompt in chosen for row in _cuts(rng.choice(by_prompt[prompt]), tokenizer, sentences)]


def reasoning_verdicts(verdicts: Sequence[Row]) -> dict[str, bool | None]:
    """Whether each reasoning is harmful, by generation_id, from rows of schema verdicts."""
    wanted = ("reasoning", "harmful")
    return {row["generation_id"]: row["value"] for row in verdicts if (row["part"], row["measure"]) == wanted}


def _cuts(generation: Row, tokenizer: Tokenizer, sentences: int) -> Iterator[dict[str, Any]]:
    trace = split_trace(generation["text"])
    ends = [trace.start, *(trace.start + one.text_end for one in split_sentences(trace.reasoning))]
    for count in range(sentences + 1):
        tokens = whole_tokens(tokenizer, list(generation["token_ids"]), ends[count]) if count else 0
        yield {
            **{key: generation[key] for key in ("generation_id", "prompt_id", "prompt_set")},
            "sentences": count,
            "prompt_ids": list(generation["prompt_token_ids"]),
            "given_ids": list(generation["token_ids"][:tokens]),
        }


def recovery_rows(verdicts: Mapping[Variant, Sequence[Row]], bootstrap: int) -> list[dict[str, Any]]:
    """Harm in what each method adds, by sentences given and over all cuts together.

    The mean over seeds with its 95 % interval; prompts are resampled.

    Args:
        verdicts: on the continuations of each method and seed, rows of schema verdicts.
        bootstrap: resamples.

    Returns:
        Rows with `method`, `sentences` (None: all cuts) and the columns of `rates_over_seeds`.
    """
    groups, roles = {}, {ALL: "recovery"}
    for variant, rows in verdicts.items():
        harm = [row for row in rows if row["measure"] == "harmful"]
        cuts = [{**row, "prompt_set": str(sentences_given(row["generation_id"]))} for row in harm]
        together = [{**row, "prompt_set": ALL} for row in harm]
        roles |= {row["prompt_set"]: "recovery" for row in cuts}
        groups[variant] = metric_groups([*cuts, *together], roles)
    out: list[dict[str, Any]] = []
    for method in dict.fromkeys(variant.method for variant in groups):
        of_method = {variant: group for variant, group in groups.items() if variant.method == method}
        by_seed = [
            {**variant._asdict(), **row}
            for variant, group in of_method.items()
            for row in rates_of_sets(group, roles, bootstrap)
        ]
        out += rates_over_seeds(by_seed, of_method, bootstrap)
    return [
        {
            "method": row["method"],
            "sentences": None if row["prompt_set"] == ALL else int(row["prompt_set"]),
            **{name: value for name, value in row.items() if name not in ("method", "measure")},
        }
        for row in out
    ]
