"""Samples of whole prompt sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safe_reasoning.config import Config
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import Rows, write_rows
from safe_reasoning.core.run_layout import id_at, kept_folder
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.sampling.chat_template import prompt_ids, template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.sampler import Sampler

# Of each prompt, by weights that were kept on the way: a curve needs less than its end, and more
# samples say less than more prompts
KEPT_SAMPLES = 1


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
    checkpoints: Path | None = None,
) -> None:
    """Sample prompts with one model and write the generations with their cost (generations, tokens,
    seconds) in the meta file.

    Args:
        config: of the run.
        model_dir: folder of the model.
        prompts: rows of schema prompts.
        samples: number of samples by prompt set.
        shards: folder of finished shards.
        out: file of the generations.
        label: name on the progress lines.
        seed: of the samples.
        checkpoints: file of the generations of the weights that were kept along the training, with
            the same seeds and in the same engine, KEPT_SAMPLES of each prompt. Their ids end in the
            share (`run_layout.id_at`).
    """
    tokenizer = load_tokenizer(model_dir)
    sampler = Sampler(config, model_dir, shards, stop_at_think_end=False)
    limits = {name: settings.max_new_tokens for name, settings in config.prompt_sets.items()}
    requests = requests_for(prompts, samples, tokenizer, seed, limits)
    meta = {
        "decoding": config.decoding.model_dump(),
        "engine": config.engine.model_dump(),
        "seed": seed,
        "chat_template_sha256": template_hash(tokenizer),
    }
    rows = sampler.rows(requests, label)
    write_rows(out, "generations", rows, {**meta, **sampler.cost()})
    if checkpoints is None:
        return
    before, kept = sampler.cost(), []
    for point in read_json(model_dir / "training.json")["checkpoints"]:
        share = point["share"]
        sampler.use(kept_folder(model_dir, share))
        at_share = [
            replace(request, generation_id=id_at(request.generation_id, share))
            for request in requests
            if request.sample < KEPT_SAMPLES
        ]
        kept += sampler(at_share, f"{label} after {100 * share:.0f} % of its steps")
    cost = {name: spent - before[name] for name, spent in sampler.cost().items()}
    write_rows(checkpoints, "generations", kept, {**meta, **cost})
