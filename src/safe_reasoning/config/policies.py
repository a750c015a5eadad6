"""Entries of policies in the configuration: how a reasoning is edited while it is written.

docs/methods/decoding.md says what each kind does.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from safe_reasoning.config.section import Name, Section


class PolicyEntry(Section):
    """What all kinds have.

    Further keys depend on the kind and are checked by `control.policy`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Name = Field(description="a file of src/safe_reasoning/control/policies")
    detector: Name | None = Field(
        None, description="cue detector, where the kind needs one; by default that of the analyses"
    )


class PolicySettings(PolicyEntry):
    """Base of the settings of one kind: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
