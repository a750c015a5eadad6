"""What the untouched model answers to the warm-up's prompts, sampled before it learns to reason.

Asked in its own chat template, without think tags. Beside the warm-up's prompts it is asked the
capability prompts of the evaluation, so that what the warm-up costs can be measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config, GgufModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import Rows, write_rows
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG
from safe_reasoning.prompts.prompt_sets import warm_up_prompts
from safe_reasoning.sampling.chat_template import template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.pieces import render
from safe_reasoning.sampling.sampler import Sampler

# Of an answer to a warm-up prompt: of a harmful one only whether it refuses counts, a benign one
# that is longer is learned as far as it goes
ANSWER_TOKENS = {"warm_up_harmful": 40, "warm_up_benign": 128}
ASKED_AGAIN = 2  # harmful questions for each trace, so that there are refusals to choose from
LONGEST_PROMPT = 400  # characters; longer ones cost time and teach nothing about the form
SOLVED_BY = ("math", "choice")  # scorers that read an answer without running it
# The tags' embeddings are copies of those of the tokens that open and close a message: unless they
# are ruled out, half of the answers would end in a tag and go on
NEVER = -100.0


def own_questions(settings: GgufModel, config: Config) -> list[dict[str, Any]]:
    """What the warm-up asks: rows (generation_id, prompt_id, sample, text, category, harmful).

    Half of its traces are on benign prompts, with a question for each, the others on harmful ones,
    with ASKED_AGAIN. The prompts are those that the alignment sets skip, and beside the benign ones
    those that sets of role align_capability skip. A prompt whose turn comes again is asked again.
    """
    harmful = warm_up_prompts("align_harmful", config)
    benign = warm_up_prompts("align_benign", config) + warm_up_prompts("align_capability", config)
    pools = [[row for row in rows if len(row["text"]) <= LONGEST_PROMPT] for rows in (harmful, benign)]
    if not all(pools):
        raise UserError(
            "the warm-up has no prompts: set `skip` above 0 in the prompt sets of role align_harmful and "
            "align_benign"
        )
    benign_traces = settings.warm_up_traces // 2
    counts = (ASKED_AGAIN * (settings.warm_up_traces - benign_traces), benign_traces)
    questions = []
    for kind, count in enumerate(counts):
        name = f"warm_up_{'benign' if kind else 'harmful'}"
        for index in range(count):
            sample, place = divmod(index, len(pools[kind]))
            questions.append(
                {
                    "generation_id": f"{name}-{place:04d}.{sample}",
                    "prompt_id": f"{name}-{place:04d}",
                    "prompt_set": name,
                    "sample": sample,
                    "harmful": not kind,
                    **{key: pools[kind][place][key] for key in ("text", "category")},
                }
            )
    return questions


def capability_questions(prompts: Rows, config: Config) -> list[dict[str, Any]]:
    """The same rows for prompts of the evaluation's capability sets (rows of schema prompts), one
    sample each, without those whose answers are programs.
    """
    return [
        {**row, "generation_id": f"{row['prompt_id']}.0", "sample": 0}
        for row in prompts
        if row["prompt_set"] in config.sets_of("capability")
        and row["gold"]
        and json.loads(row["gold"]).get("scorer") in SOLVED_BY
    ]


def requests_for(questions: Sequence[dict[str, Any]], tokenizer: Any, config: Config) -> list[Request]:
    """Requests in the model's own chat template, none of which can be answered by a think tag."""
    tags = [tokenizer.convert_tokens_to_ids(tag) for tag in (OPEN_TAG, CLOSE_TAG)]
    limits = {name: entry.max_new_tokens for name, entry in config.prompt_sets.items()} | ANSWER_TOKENS
    return [
        Request(
            generation_id=question["generation_id"],
            prompt_id=question["prompt_id"],
            prompt_set=question["prompt_set"],
            sample=question["sample"],
            seed=derive_seed("own answer", config.world_seed, question["generation_id"]),
            prompt_token_ids=tokenizer.encode(
                render(
                    tokenizer, [{"role": "user", "content": question["text"]}], add_generation_prompt=True
                ),
                add_special_tokens=False,
            ),
            max_new_tokens=limits[question["prompt_set"]],
            logit_bias=dict.fromkeys(tags, NEVER),
        )
        for question in questions
    ]


def sample_own_answers(
    config: Config, settings: GgufModel, converted: Path, prompts: Rows, shards: Path, out: Path
) -> None:
    """Ask the model of the folder `converted` and write rows of schema generations.

    Args:
        config: of the run.
        settings: of the model.
        converted: its folder.
        prompts: rows of schema prompts; those of capability sets are asked too.
        shards: folder of finished shards.
        out: the file.
    """
    if settings.warm_up != "own_answers":
        raise UserError("the warm-up of this model asks for no own answers: set warm_up: own_answers")
    tokenizer = load_tokenizer(converted)
    sampler = Sampler(config, converted, shards, stop_at_think_end=False)
    questions = own_questions(settings, config) + capability_questions(prompts, config)
    rows = sampler.rows(requests_for(questions, tokenizer, config), "own answers")
    meta = {
        "decoding": config.decoding.model_dump(),
        "engine": config.engine.model_dump(),
        "chat_template_sha256": template_hash(tokenizer),
    }
    write_rows(out, "generations", rows, {**meta, **sampler.cost()})
