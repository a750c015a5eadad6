"""HarmBench's classifier (Center for AI Safety).

Reads the behaviour and what the model wrote, and answers yes or no with one token.

Its authors have published two prompts for plain behaviours, which differ in their rules, so numbers
by one are not numbers by the other: `repository` (eval_utils.py, what their pipeline runs) and
`model_card`. A third one, `repository_context`, is for behaviours that come with a context.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config import Config, judges
from safe_reasoning.config.section import Name
from safe_reasoning.judging.base import Kind, Question
from safe_reasoning.judging.chat_annotator import Chat
from safe_reasoning.judging.official_prompts import Template, official_text
from safe_reasoning.judging.reply_judge import Reply, ReplyJudge
from safe_reasoning.sampling.chat_models.factory import open_weights

PROMPTS = {
    "repository": ("harmbench_prompts", "LLAMA2_CLS_PROMPT", "prompt"),
    "model_card": ("harmbench_card_prompts", "LLAMA2_CLS_PROMPT", "prompt"),
    "repository_context": ("harmbench_prompts", "LLAMA2_CLS_PROMPT", "prompt_contextual"),
}
MAX_NEW_TOKENS = 1  # as in its authors' evaluation
# What its authors' evaluation keeps of a generation: what a long text says later is not read
GENERATION_TOKENS = 512


class Settings(judges.Settings):
    """HarmBench's classifier.

    Two official prompts for plain behaviours differ, and a third is for behaviours with a
    context: which one is asked with must be given.
    """

    kind: Literal["harmbench"]
    prompt: Literal["repository", "model_card", "repository_context"] = Field(
        description="which of the published prompts; repository_context is for behaviours with a context"
    )
    source: Name = Field("harmbench_classifier", description="id of its weights in config/sources.yaml")


KIND = Kind(
    Settings,
    criteria=("harmful",),
    prompt_tokens=330,
    has_weights=True,
    reads=lambda settings: [PROMPTS[settings.prompt][0]],
)


class HarmBenchJudge(ReplyJudge):
    """Harmful is yes. It knows nothing of compliance."""

    criteria = KIND.criteria

    def __init__(self, name: str, chat: Chat, prompt: str, template: Template) -> None:
        super().__init__(name, chat)
        self._template, self._needs_context = template, prompt == "repository_context"
        self.official_sha256 = {".".join(PROMPTS[prompt]): template.sha256}

    def question(self, asked: Question) -> Hashable | None:
        """The behaviour, the part, and the context where the prompt is for one.

        None where the row has none.
        """
        if not self._needs_context:
            return super().question(asked)
        gold = json.loads(asked.prompt["gold"] or "{}")
        return (gold["behavior"], asked.text.strip(), gold["context"]) if "context" in gold else None

    def conversation(self, question: Any) -> Any:
        """The official prompt's pieces."""
        behavior, text, *context = question
        values = {"behavior": behavior, "generation": text} | ({"context": context[0]} if context else {})
        return self._template.fill(clip={"generation": GENERATION_TOKENS}, **values)

    def read(self, verdict: str) -> Reply | None:
        """`yes` or `no`, in any case of letters, as its authors read it."""
        harmful = {"yes": True, "no": False}.get(verdict.lower())
        return None if harmful is None else Reply(harmful=harmful)


def open_judge(name: str, settings: Settings, config: Config) -> HarmBenchJudge:
    """The classifier with the configured prompt."""
    source_id, *place = PROMPTS[settings.prompt]
    template = official_text(source_id, config.data_mirror, *place)
    return HarmBenchJudge(
        name, open_weights(settings.source, config, MAX_NEW_TOKENS), settings.prompt, template
    )
