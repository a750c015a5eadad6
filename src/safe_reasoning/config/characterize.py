"""Configuration of the characterization."""

from __future__ import annotations

from pydantic import Field

from safe_reasoning.config.section import Name, Section, Share, later


class Characterize(Section):
    """Paper section 2."""

    detector: Name | None = Field(
        None,
        description="cue detector; by default the exact one where the judge is exact, else the lexical one",
    )
    analyses: bool = later(
        True,
        "curves of the continuation safety ratio, turning points, cues, interventions; false: none of these, "
        "and triggers are looked for only where a method needs them",
    )
    rollouts: int = Field(8, ge=2, description="rollouts per harmful prompt")
    csr_prompts: int = Field(
        30, ge=1, description="prompts of uncertain safety; one safe and one harmful trace of each"
    )
    csr_continuations: int = Field(32, ge=1, description="continuations sampled at each prefix")
    csr_stride: int = Field(1, ge=1, description="tokens between two estimates; the paper has 1")
    csr_reuse: bool = Field(
        True,
        description=(
            "count a continuation at every prefix of its prompt's traces that it happens to begin with: "
            "as exact, far fewer samples and verdicts; false: sample new ones at each prefix"
        ),
    )
    safe_threshold: Share = Field(0.9, description="mu")
    unsafe_threshold: Share = Field(0.1, description="eta")
    stable_tokens: int = Field(15, ge=1, description="K")
    triggers: int = Field(6, ge=1, description="trigger sentences that are picked")
    trigger_candidates: int = Field(
        24, ge=1, description="mined sentences whose effect is measured before six are picked"
    )
    trigger_trials: int = Field(16, ge=1, description="harmful traces each candidate is tried on")
    intervention_traces: int = Field(40, ge=1, description="harmful traces of the intervention curve")
    intervention_rounds: int = Field(5, ge=1, description="cues of a trace that are replaced, at most")
    intervention_sets: list[Name] | None = Field(
        None, min_length=1, description="safety sets whose traces the curve is of; by default all of them"
    )
