"""Entries of prompt sets in the configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from safe_reasoning.config.plan import Role
from safe_reasoning.config.section import Name, OwnFile, Section, later


class PromptSet(Section):
    """Prompts of one benchmark, of one alignment set, or of a file of the user's own."""

    source: Name | None = Field(
        None,
        description=(
            "module of safe_reasoning.prompts.nano_world or safe_reasoning.prompts.benchmarks, with the "
            "split after it"
        ),
    )
    file: OwnFile | None = later(
        None,
        "instead of `source`, a file of your own: CSV, TSV, JSON, JSON lines or Parquet; a relative path "
        "starts at the folder that the run works in, the project's",
    )
    text: str = later("text", "file: column of the prompts")
    category: str | None = later(None, "file: column of the categories; by default all prompts are `own`")
    answer: str | None = later(None, "file: column of the right answers (role capability)")
    scorer: Literal["math", "choice"] = later(
        "math", "file: how an answer is read: math (in a box, as asked for), choice (a letter)"
    )
    role: Role = Field(
        description="what the prompts are for: alignment, characterization, or a kind of evaluation"
    )
    benchmark: Name | None = Field(
        None, description="sets of one benchmark (its attacks, say) count as one in the safety average"
    )
    attack: Name | None = Field(
        None, description="attack (of `attacks`) that rewrites these prompts before a model sees them"
    )
    samples: int = Field(1, ge=1, description="completions per prompt when evaluated")
    limit: int | None = Field(None, ge=1, description="at most this many prompts, drawn with a seed")
    max_new_tokens: int | None = Field(
        None, ge=1, description="token limit of this set; decoding.max_new_tokens by default"
    )
    skip: int = Field(
        0, ge=0, description="prompts at the front of the draw that are left to the warm-up of real weights"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> PromptSet:
        if (self.source is None) == (self.file is None):
            raise ValueError("prompts come from a source or from a file: give either `source` or `file`")
        given = self.model_fields_set & {"text", "category", "answer", "scorer"}
        if given and not self.file:
            raise ValueError(f"{min(given)} belongs to `file`: remove it, or give a file instead of a source")
        if self.file and (self.role in ("capability", "align_capability")) != (self.answer is not None):
            raise ValueError(
                "answer is the column of right answers: give it for role capability, and for no other role"
            )
        return self
