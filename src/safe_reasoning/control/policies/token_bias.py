"""A number added to one token's logit at each draw: no text is edited.

For models with a reset token (BackTrack, arXiv 2409.14586), which names a bias on it as the means
against false resets. At -100 the token never comes: the model that can't reset.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import RESET_TAG


class Settings(PolicySettings):
    """The token, and what is added to its logit."""

    token: str = Field(RESET_TAG, min_length=1, description="one token of the model")
    bias: float = Field(-5.0, ge=-100, le=100, description="added to its logit; 0 changes nothing")


KIND = Kind(settings=Settings, needs=lambda settings: (), rounds=lambda settings: 0)


class TokenBias(OnePath):
    """The policy: see `controller.Policy`.

    A token that the model spells in several is a UserError.
    """

    def __init__(self, inputs: PolicyInputs) -> None:
        settings: Settings = inputs.settings
        ids = inputs.tokenizer.encode(settings.token, add_special_tokens=False)
        if len(ids) != 1:
            raise UserError(
                f"policies.{inputs.name}: {settings.token} is not one token of the model: name one, or start "
                "from a method that was trained with it"
            )
        self.logit_bias = {int(ids[0]): settings.bias}

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [None] * len(drafts)


def open_policy(inputs: PolicyInputs) -> TokenBias:
    """The policy with its settings."""
    return TokenBias(inputs)
