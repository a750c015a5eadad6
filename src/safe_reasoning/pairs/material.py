"""What demonstrations are made from: read or opened when a kind first asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.trace import CLOSE_TAG, split_trace
from safe_reasoning.judging.base import CueDetector, Judge
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.verdicts import judge_generations
from safe_reasoning.pairs.demonstration import detector_of, settings_of
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.sampler import Sampler

Row = Mapping[str, Any]
LABELS = {"align_harmful": "harmful", "align_benign": "benign", "align_alarming": "benign"}


@dataclass(frozen=True)
class Judged:
    """A completion of the base and what the run's judge says of it.

    Attributes:
        row: of schema generations.
        label: of its prompt: harmful or benign.
        z_safe: whether the reasoning is safe; None where unscored, or benign (not judged).
        y_safe: whether the response is safe, or for a benign prompt complies; None where unscored.
    """

    row: Row
    label: str
    z_safe: bool | None
    y_safe: bool | None

    @property
    def is_whole(self) -> bool:
        """Whether the reasoning is there, closed once, and the response ended by itself."""
        return split_trace(self.row["text"]).kind == "complete" and self.row["finish_reason"] == "stop"


@dataclass(frozen=True)
class Built:
    """Rows of schema demonstrations, and how many attempts ended in each way."""

    rows: list[dict[str, Any]]
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """Files and settings behind the demonstrations `name` of one model.

    Attributes:
        config: of the run.
        name: of the demonstrations.
        model_dir: folder of the base model.
        prompt_files: of the alignment prompts, hard benign ones too where they are asked for.
        files: of `rollouts`, `verdicts`, `pairs`, `triggers`, as far as the kind needs them.
        shards: folder of finished shards of what it samples.
    """

    config: Config
    name: str
    model_dir: Path
    prompt_files: Sequence[str]
    files: Mapping[str, str]
    shards: Path

    @cached_property
    def settings(self) -> Any:
        """The kind's settings."""
        return settings_of(self.config, self.name)

    @cached_property
    def tokenizer(self) -> Any:
        """Of the base model."""
        return load_tokenizer(self.model_dir)

    @cached_property
    def prompts(self) -> dict[str, dict[str, Any]]:
        """Rows of schema prompts by prompt_id: the alignment prompts, in the files' order."""
        rows = [row for path in self.prompt_files for row in read_rows(path, "prompts")]
        return {row["prompt_id"]: row for row in rows if row["role"] in LABELS}

    def label(self, prompt_id: str) -> str:
        """The label of a prompt: harmful or benign."""
        return LABELS[self.prompts[prompt_id]["role"]]

    def of_label(self, label: str) -> list[dict[str, Any]]:
        """The prompts of a label."""
        return [row for row in self.prompts.values() if LABELS[row["role"]] == label]

    def ids(self, prompt_id: str) -> list[int]:
        """The templated token ids of a prompt, which end with the open think tag."""
        return prompt_ids(self.tokenizer, self.prompts[prompt_id]["text"])

    @cached_property
    def judge(self) -> Judge:
        """The run's judge."""
        return get_judge(self.config.evaluate.judge, self.config)

    @cached_property
    def detector(self) -> CueDetector:
        """The cue detector of these demonstrations."""
        return get_detector(detector_of(self.config, self.name), self.config)

    @cached_property
    def rollouts(self) -> list[Judged]:
        """The base's rollouts of alignment prompts, with verdicts."""
        rows = read_rows(self.files["rollouts"], "generations")
        verdicts = read_rows(self.files["verdicts"], "verdicts")
        return self._joined([row for row in rows if row["prompt_id"] in self.prompts], verdicts)

    @cached_property
    def pairs(self) -> list[dict[str, Any]]:
        """Intervened pairs (rows of schema pairs)."""
        return read_rows(self.files["pairs"], "pairs")

    @cached_property
    def triggers(self) -> list[dict[str, Any]]:
        """The picked triggers, best first, with `label` and `text`."""
        found: list[dict[str, Any]] = read_json(self.files["triggers"])["triggers"]
        return found

    @cached_property
    def sampler(self) -> Sampler:
        """Samples the base to the end of its responses."""
        return Sampler(self.config, self.model_dir, self.shards, stop_at_think_end=False)

    @cached_property
    def reasoning_sampler(self) -> Sampler:
        """Samples the base to the closing think tag."""
        return Sampler(self.config, self.model_dir, self.shards, stop_at_think_end=True)

    def sample(self, requests: Sequence[Request], label: str) -> list[Judged]:
        """Completions of the base to the end of their responses, judged."""
        rows = self.sampler(requests, f"{self.name} {label}")
        return self._joined(rows, judge_generations(self.judge, self.prompts, rows))

    def _joined(self, rows: Sequence[Row], verdicts: Sequence[Row]) -> list[Judged]:
        values = {(v["generation_id"], v["part"], v["measure"]): v["value"] for v in verdicts}

        def safe(row: Row, part: str) -> bool | None:
            harmful = values.get((row["generation_id"], part, "harmful"))
            return None if harmful is None else not harmful

        return [
            Judged(row, "harmful", safe(row, "reasoning"), safe(row, "response"))
            if self.label(row["prompt_id"]) == "harmful"
            else Judged(row, "benign", None, values.get((row["generation_id"], "response", "complies")))
            for row in rows
        ]

    def demonstration(self, prompt_id: str, completion_ids: Sequence[int], **more: Any) -> dict[str, Any]:
        """A row of schema demonstrations for a prompt, given plainly.

        Args:
            prompt_id: of the prompt.
            completion_ids: what is learned, as it was sampled or encoded.
            **more: further columns.
        """
        return {
            "prompt_id": prompt_id,
            "prompt_ids": self.ids(prompt_id),
            "completion_ids": list(completion_ids),
            "source": self.name,
            "label": self.label(prompt_id),
            **more,
        }

    def whole(self, judged: Judged, **more: Any) -> dict[str, Any]:
        """The row of a whole completion of the base, with the end of sequence."""
        ids = [*judged.row["token_ids"], self.tokenizer.eos_token_id]
        return self.demonstration(judged.row["prompt_id"], ids, **more)

    def written(self, prompt_id: str, reasoning: Sequence[str], response: str) -> dict[str, Any]:
        """The row of a completion that is written: sentences of the reasoning, and a response."""
        text = " ".join(reasoning) + f"\n{CLOSE_TAG}\n" + response
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return self.demonstration(prompt_id, [*ids, self.tokenizer.eos_token_id])

    def cost(self) -> dict[str, float]:
        """Generations, tokens and seconds of what was sampled."""
        opened = [self.__dict__[name] for name in ("sampler", "reasoning_sampler") if name in self.__dict__]
        costs = [sampler.cost() for sampler in opened]
        names = ("generations", "generated_tokens", "sampling_seconds")
        return {name: sum(cost[name] for cost in costs) for name in names}
