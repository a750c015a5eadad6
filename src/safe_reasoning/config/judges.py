"""The judges and cue detectors that a configuration can name. docs/judges.md says what each one reads and means.

A judge asks a chat model (`chat`: an endpoint, or a model of the run), has weights of its own (`source`: a model of config/sources.yaml), which the
workflow fetches and nobody evaluates, or asks no language model at all.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from safe_reasoning.config.section import Name, Section


class ChatJudge(Section):
    """The paper's seven-point rubric, in our words."""

    kind: Literal["rubric"]
    chat: Name = Field(description="endpoint or model that is asked")


class LlamaGuardJudge(Section):
    """Llama Guard 3, by its own chat template."""

    kind: Literal["llama_guard"]
    source: Name = Field("llama_guard3_8b", description="id of its weights in config/sources.yaml")


class HarmBenchJudge(Section):
    """HarmBench's classifier. Two official prompts for plain behaviours differ, and a third is for behaviours with a context: which one is asked with must be said."""

    kind: Literal["harmbench"]
    prompt: Literal["repository", "model_card", "repository_context"]
    source: Name = Field("harmbench_classifier", description="id of its weights in config/sources.yaml")


class Qwen3GuardJudge(Section):
    """Qwen3Guard-Gen, by its own chat template."""

    kind: Literal["qwen3guard"]
    reading: Literal["strict", "loose"] = Field(description="whether Controversial is harmful (strict) or not (loose)")
    source: Name = Field("qwen3guard_8b", description="id of its weights in config/sources.yaml")


class WildGuardJudge(Section):
    """WildGuard, by the prompt of its package."""

    kind: Literal["wildguard"]
    source: Name = Field("wildguard", description="id of its weights in config/sources.yaml")


class StrongRejectJudge(Section):
    """StrongREJECT's rubric, asked of a chat model. (Its fine-tuned evaluator is another metric.)"""

    kind: Literal["strongreject"]
    chat: Name = Field(description="endpoint or model that is asked; an endpoint needs max_tokens of 512 or more")
    threshold: float = Field(
        0.5, gt=0, le=1, description="a score of at least this much is harmful: our choice, its authors report the mean score"
    )


class XSTestJudge(Section):
    """XSTest's three classes of compliance, asked of a chat model."""

    kind: Literal["xstest"]
    chat: Name = Field(description="endpoint or model that is asked")


class PhraseJudge(Section):
    """A judge by the published list of refusal phrases of a benchmark, which is fetched, not kept here (judging/phrases.py)."""

    kind: Literal["phrases"]
    source: Literal["jailbreakbench_phrases", "xstest_phrases"] = Field(description="id of the list in config/sources.yaml")


class EmbeddingJudge(Section):
    """A classifier on sentence embeddings, fitted in the run on human labels (judging/embedding_judge.py)."""

    kind: Literal["embedding"]


Judge = Annotated[
    ChatJudge
    | LlamaGuardJudge
    | HarmBenchJudge
    | Qwen3GuardJudge
    | WildGuardJudge
    | StrongRejectJudge
    | XSTestJudge
    | PhraseJudge
    | EmbeddingJudge,
    Field(discriminator="kind"),
]


class ChatDetector(Section):
    """A cue detector that shows a chat model the numbered sentences of a reasoning."""

    kind: Literal["few_shot"]
    chat: Name = Field(description="endpoint or model that is asked")


class EmbeddingDetector(Section):
    """A cue detector by the nearest of some example sentences (judging/embedding_cue.py)."""

    kind: Literal["embedding"]


Detector = Annotated[ChatDetector | EmbeddingDetector, Field(discriminator="kind")]


def chat_of(instrument: Judge | Detector) -> str | None:
    """The endpoint or model that an instrument asks; None for one that asks nobody, or weights of its own."""
    return getattr(instrument, "chat", None)


def source_of(instrument: Judge | Detector) -> str | None:
    """The id in config/sources.yaml of an instrument's own weights; None for one without."""
    return None if isinstance(instrument, PhraseJudge) else getattr(instrument, "source", None)
