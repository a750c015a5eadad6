"""Entries of demonstrations in the configuration: how rows for supervised fine-tuning are made.

docs/methods/supervised.md says what each kind holds.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from safe_reasoning.config.section import Name, Section, later


class DemonstrationSet(Section):
    """What all kinds have.

    Further keys depend on the kind and are checked by `pairs.demonstration`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Name = Field(description="a file of src/safe_reasoning/pairs/demonstrations")
    detector: Name | None = Field(
        None, description="cue detector, where the kind needs one; by default that of the analyses"
    )
    hard_benign: bool = later(
        False,
        "benign rows also come from prompt sets of role align_alarming: allowed requests in alarming words "
        "and in the wrappers of harmful ones",
    )


class KindSettings(DemonstrationSet):
    """Base of the settings of one kind: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
