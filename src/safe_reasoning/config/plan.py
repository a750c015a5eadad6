"""Roles of prompt sets, and what a plan assumes of the machine and of lengths."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from safe_reasoning.config.section import Section, Share

Role = Literal[
    "align_harmful",
    "align_benign",
    "align_alarming",
    "align_capability",
    "characterize",
    "safety",
    "overrefusal",
    "capability",
]
EVALUATED: tuple[Role, ...] = ("safety", "overrefusal", "capability")
# Roles whose completions are as long as another role's, where a plan does not say
AS_LONG_AS: dict[Role, Role] = {"align_alarming": "align_benign", "align_capability": "capability"}

Tokens = Annotated[float, Field(gt=0)]


class Plan(Section):
    """What `make plan` assumes.

    The machine, and rates that are estimates unless a finished run's are given.
    """

    gpus: int = Field(1, ge=1, description="GPUs of the machine or of a node")
    gpu_memory_gib: float = Field(80, gt=0, description="memory of each GPU")
    disk_gib: float | None = Field(None, gt=0, description="disk the run may take; by default what is free")
    generation_tokens_per_gpu_second: float = Field(
        2500,
        gt=0,
        description="tokens that a GPU samples a second; in a run without GPUs: that a job samples",
    )
    training_tokens_per_gpu_second: float = Field(
        2500, gt=0, description="tokens that a GPU, or without GPUs a job, trains on a second"
    )
    reasoning_share: Share = Field(0.7, description="tokens of a completion that are reasoning")
    # Measured: nano 0.94, SmolLM2-135M 0.62 to 0.75 (docs/statistics.md). That of models of the
    # paper's size is not known: 0.9 is an estimate
    followed_share: Share = Field(
        0.9,
        description="chance that the next sampled token is that of the trace (characterize.csr_reuse)",
    )
    completion_tokens: dict[Role, Tokens] = Field(
        {role: 80 for role in get_args(Role) if role not in AS_LONG_AS},
        description="mean tokens of a completion, by the role of its prompt",
    )

    @model_validator(mode="after")
    def _complete(self) -> Plan:
        if missing := set(get_args(Role)) - set(self.completion_tokens) - set(AS_LONG_AS):
            raise ValueError(f"completion_tokens lacks {min(missing)}: give a mean for every role")
        return self

    def length_of(self, role: Role) -> float:
        """Mean tokens of a completion of a prompt with this role."""
        return self.completion_tokens.get(role) or self.completion_tokens[AS_LONG_AS[role]]
