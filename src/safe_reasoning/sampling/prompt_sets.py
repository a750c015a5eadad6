"""Samples of whole prompt sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safe_reasoning.config import Config
from safe_reasoning.core.records import Rows, write_rows
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.sampling.chat_template import prompt_ids, template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.sampler import Sampler


def requests_for(
    prompts: Rows,
    samples: Mapping[str, int],
    tokenizer: Tokenizer,
    seed: int,
    limits: Mapping[str, int | None] | None = None,
) -> list[Request]:
    """One request a prompt and sample.

    `samples` gives the number by prompt set, `limits` the token limit where it is not the
    decoding's.

    Methods share the seeds, so that paired differences are less noisy.
    """
    return [
        Request(
            generation_id=f"{prompt['prompt_id']}.{sample}",
            prompt_id=prompt["prompt_id"],
            prompt_set=prompt["prompt_set"],
            sample=sample,
            seed=derive_seed("generation", seed, prompt["prompt_id"], sample),
            prompt_token_ids=ids,
            max_new_tokens=(limits or {}).get(prompt["prompt_set"]),
        )
        for prompt in prompts
        for ids in [prompt_ids(tokenizer, prompt["text"])]
        for sample in range(samples[prompt["prompt_set"]])
    ]


def sample_prompt_sets(
    config: Config,
    model_dir: Path,
    prompts: Rows,
    samples: Mapping[str, int],
    shards: Path,
    out: Path,
    label: str,
    seed: int = 0,
) -> None:
    """Sample prompts with one model and write the generations with their cost (generations, tokens,
    seconds) in the meta file.
    """
    tokenizer = load_tokenizer(model_dir)
    sampler = Sampler(config, model_dir, shards, stop_at_think_end=False)
    limits = {name: settings.max_new_tokens for name, settings in config.prompt_sets.items()}
    rows = sampler(requests_for(prompts, samples, tokenizer, seed, limits), label)
    meta = {
        "decoding": config.decoding.model_dump(),
        "engine": config.engine.model_dump(),
        "seed": seed,
        "chat_template_sha256": template_hash(tokenizer),
        **sampler.cost(),
    }
    write_rows(out, "generations", rows, meta)
