"""Samples of whole prompt sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config, PromptSet
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import Rows, write_rows
from safe_reasoning.core.run_layout import id_after, id_at, id_behind, kept_folder
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.sampling.chat_template import conversation_ids, prompt_ids, template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.sampler import Sampler


def kept_samples(settings: PromptSet) -> int:
    """Samples of each prompt of a set by weights that were kept along a training.

    One: a curve needs less than its end, and more samples say less than more prompts. The help that
    benign requests get decides where a method is read, so these have all their samples.
    """
    return settings.samples if settings.role == "overrefusal" else 1


def requests_for(
    prompts: Rows,
    samples: Mapping[str, int],
    tokenizer: Tokenizer,
    seed: int,
    limits: Mapping[str, int | None] | None = None,
    cut: Collection[str] = (),
) -> list[Request]:
    """One request a prompt and sample.

    `samples` gives the number by prompt set, `limits` the token limit where it is not the
    decoding's; `cut` names prompt sets whose chat tags stay letters.

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
        for ids in [
            conversation_ids(tokenizer, [{"role": "user", "content": prompt["text"]}])
            if prompt["prompt_set"] in cut
            else prompt_ids(tokenizer, prompt["text"])
        ]
        for sample in range(samples[prompt["prompt_set"]])
    ]


def recovery_requests(beginnings: Rows, samples: int, limit: int, seed: int) -> list[Request]:
    """Requests that continue beginnings (rows of schema beginnings), `samples` each.

    What is given belongs to the prompt: the text that comes back is what the model adds. Both
    together may have `limit` tokens.
    """
    return [
        Request(
            generation_id=name,
            prompt_id=row["prompt_id"],
            prompt_set=row["prompt_set"],
            sample=sample,
            seed=derive_seed("recovery", seed, name),
            prompt_token_ids=[*row["prompt_ids"], *row["given_ids"]],
            max_new_tokens=max(1, limit - len(row["given_ids"])),
        )
        for row in beginnings
        for sample in range(samples)
        for name in [id_after(row["generation_id"], row["sentences"], sample)]
    ]


def reliance_requests(
    behind: Iterable[tuple[str, Mapping[str, Any], list[int]]], limit: int, seed: int
) -> list[Request]:
    """Requests for responses behind given reasonings; behind a method's own there are two.

    Each response has room for `limit` tokens, however long the reasoning.

    Args:
        behind: name of the arm, row of schema beginnings, given ids with the closing think tag.
        limit: tokens of a response.
        seed: of the samples.
    """
    return [
        Request(
            generation_id=name,
            prompt_id=row["prompt_id"],
            prompt_set=row["prompt_set"],
            sample=sample,
            seed=derive_seed("reliance", seed, name),
            prompt_token_ids=list(row["prompt_ids"]),
            given_ids=given,
            max_new_tokens=len(given) + limit,
        )
        for arm, row, given in behind
        for sample in range(2 if arm == "own" else 1)
        for name in [id_behind(row["generation_id"], arm, sample)]
    ]


class SamplesOfModel:
    """Samples of one model: one engine for all that is asked of it.

    Each method writes generations with their cost (generations, tokens, seconds) in the meta file.

    Attributes:
        tokenizer: of the model.

    Args:
        config: of the run.
        model_dir: folder of the model.
        shards: folder of finished shards.
        label: name on the progress lines.
        seed: of the samples.
    """

    def __init__(self, config: Config, model_dir: Path, shards: Path, label: str, seed: int) -> None:
        self._config, self._model_dir, self._label, self._seed = config, model_dir, label, seed
        self.tokenizer = load_tokenizer(model_dir)
        self._sampler = Sampler(config, model_dir, shards, stop_at_think_end=False)
        self._meta = {
            "decoding": config.decoding.model_dump(),
            "engine": config.engine.model_dump(),
            "seed": seed,
            "chat_template_sha256": template_hash(self.tokenizer),
        }

    def requests(self, prompts: Rows, samples: Mapping[str, int]) -> list[Request]:
        """Requests for prompts (rows of schema prompts), with so many samples by prompt set."""
        limits = {name: settings.max_new_tokens for name, settings in self._config.prompt_sets.items()}
        return requests_for(prompts, samples, self.tokenizer, self._seed, limits, self._config.cut_sets)

    def batch(self, requests: Sequence[Request], what: str) -> list[dict[str, Any]]:
        """Rows of schema generations in the order of the requests; `what` names them on progress
        lines, and is another one for each batch.
        """
        self._sampler.use(self._model_dir)
        return self._sampler(requests, f"{self._label}, {what}")

    def meta(self) -> dict[str, Any]:
        """What a file of all samples so far says of itself, their cost included."""
        return {**self._meta, **self._sampler.cost()}

    def sample(self, requests: list[Request], out: Path, what: str = "") -> None:
        """Sample the requests with the model; progress lines name the label and `what` they are."""
        self._sampler.use(self._model_dir)
        before = self._sampler.cost()
        rows = self._sampler.rows(requests, f"{self._label}{what}")
        write_rows(out, "generations", rows, {**self._meta, **self._spent_since(before)})

    def sample_recovery(self, beginnings: Rows, out: Path) -> None:
        """Continue beginnings of harmful reasonings (rows of schema beginnings)."""
        samples, limit = self._config.evaluate.recovery_samples, self._config.decoding.max_new_tokens
        self.sample(recovery_requests(beginnings, samples, limit, self._seed), out, ", beginnings of harm")

    def sample_behind(self, behind: Iterable[tuple[str, Mapping[str, Any], list[int]]], out: Path) -> None:
        """Responses behind given reasonings, see `reliance_requests`."""
        requests = reliance_requests(behind, self._config.decoding.max_new_tokens, self._seed)
        self.sample(requests, out, ", behind given reasonings")

    def sample_templates(self, prompts: Rows, out: Path) -> None:
        """Samples of prompts in every template (rows of schema prompts).

        Twice as many of the safety role: one half chooses the worst template, one measures it.
        """
        samples = self._config.evaluate.worst_samples
        twice = {row["prompt_set"]: samples * (2 if row["role"] == "safety" else 1) for row in prompts}
        self.sample(self.requests(prompts, twice), out, ", every template")

    def sample_kept(self, requests: list[Request], out: Path) -> None:
        """Sample with the weights that were kept along the training, with the same seeds.

        `kept_samples` of each prompt; ids end in the share (`run_layout.id_at`).
        """
        before, kept = self._sampler.cost(), []
        wanted = {name: kept_samples(settings) for name, settings in self._config.prompt_sets.items()}
        for point in read_json(self._model_dir / "training.json")["checkpoints"]:
            share = point["share"]
            self._sampler.use(kept_folder(self._model_dir, share))
            at_share = [
                replace(request, generation_id=id_at(request.generation_id, share))
                for request in requests
                if request.sample < wanted[request.prompt_set]
            ]
            kept += self._sampler(at_share, f"{self._label} after {100 * share:.0f} % of its steps")
        write_rows(out, "generations", kept, {**self._meta, **self._spent_since(before)})

    def _spent_since(self, before: Mapping[str, float]) -> dict[str, float]:
        return {name: spent - before[name] for name, spent in self._sampler.cost().items()}
