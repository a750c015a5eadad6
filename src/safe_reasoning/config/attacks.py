"""Configuration of attacks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from safe_reasoning.config.section import Name, Section


class Attack(Section):
    """A way to rewrite forbidden requests before a model sees them."""

    kind: Literal["pap", "pair", "file"]
    attacker: Name | None = Field(None, description="pap, pair: endpoint or model that rewrites")
    target: Name | None = Field(None, description="pair: endpoint or model whose replies guide the attacker")
    scorer: Name | None = Field(None, description="pair: endpoint or model that scores the target's replies")
    iterations: int = Field(5, ge=1, description="pair: rewrites in a row")
    streams: int = Field(3, ge=1, description="pair: independent attempts a request")
    techniques: list[Name] = Field(
        ["evidence", "expert", "authority", "logic", "misrepresentation"],
        min_length=1,
        description="pap: used in turn, one a request",
    )
    file: str | None = Field(
        None, description="file: CSV or JSON lines with the columns request and attack_prompt"
    )

    @model_validator(mode="after")
    def _complete(self) -> Attack:
        needed = {"pap": ("attacker",), "pair": ("attacker", "target", "scorer"), "file": ("file",)}[
            self.kind
        ]
        if missing := [key for key in needed if getattr(self, key) is None]:
            raise ValueError(f"kind {self.kind} needs {missing[0]}")
        return self

    @property
    def chats(self) -> list[str]:
        """The endpoints and models that are asked."""
        return [name for name in (self.attacker, self.target, self.scorer) if name]
