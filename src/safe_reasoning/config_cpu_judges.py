"""Settings of the judges and cue detectors that ask no language model (see config.py, which joins them with the others)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class PhraseJudge(BaseModel, extra="forbid", frozen=True):
    """A judge by the published list of refusal phrases of a benchmark, which is fetched, not kept here (judging/phrases.py)."""

    kind: Literal["phrases"]
    source: Literal["jailbreakbench_phrases", "xstest_phrases"] = Field(description="id of the list in config/sources.yaml")


class EmbeddingJudge(BaseModel, extra="forbid", frozen=True):
    """A classifier on sentence embeddings, fitted in the run on human labels (judging/embedding_judge.py)."""

    kind: Literal["embedding"]


class EmbeddingDetector(BaseModel, extra="forbid", frozen=True):
    """A cue detector by the nearest of some example sentences (judging/embedding_cue.py)."""

    kind: Literal["embedding"]


def chat_of(settings: BaseModel | None) -> str | None:
    """The endpoint or model that a judge or cue detector asks; None for one that asks nobody."""
    return getattr(settings, "chat", None)
