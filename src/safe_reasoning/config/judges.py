"""Entries of judges and cue detectors in the configuration. docs/judges.md says what each kind
reads and means.

A judge asks a chat model (`chat`: an endpoint, or a model of the run), or has weights of its own
(`source`: a model of config/sources.yaml), which the workflow fetches and does not evaluate, or
asks no language model at all.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from safe_reasoning.config.section import Name, Section


class Annotator(Section):
    """What all judges and detectors have.

    Further keys depend on the kind and are checked by `judging.kinds`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Name = Field(
        description="module of safe_reasoning.judging.judges or safe_reasoning.judging.detectors"
    )


class Settings(Annotator):
    """Base of the settings of one kind: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
