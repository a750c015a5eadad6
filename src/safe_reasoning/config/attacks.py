"""Configuration of attacks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from safe_reasoning.config.section import Name, Section, later

Encoding = Literal["reversed_words", "caesar", "base64", "leetspeak"]
# What each kind can't do without
_NEEDED = {
    "pap": ("attacker",),
    "pair": ("attacker", "target", "scorer"),
    "file": ("file",),
    "encoded": (),
    "dilution": (),
    "template": ("template_of",),
}


class Attack(Section):
    """A way to rewrite requests before a model sees them."""

    kind: Literal["pap", "pair", "file", "encoded", "dilution", "template"] = Field(
        description="pap, pair: rewritten by a model; file: ready-made; the others by rules (docs/attacks.md)"
    )
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
    encodings: list[Encoding] = later(
        ["reversed_words", "caesar", "base64", "leetspeak"],
        "encoded: used in turn, one a request",
        min_length=1,
    )
    puzzles: int = later(8, "dilution: sums before the request", ge=0, le=500)
    template_of: Name | None = later(None, "template: model whose chat tags the request imitates")
    tags: Literal["rendered", "cut"] = later(
        "rendered",
        "template: rendered: tags in a request become control tokens, as tokenizers do; cut: they stay "
        "letters, as a careful server does",
    )

    @model_validator(mode="after")
    def _complete(self) -> Attack:
        if missing := [key for key in _NEEDED[self.kind] if getattr(self, key) is None]:
            raise ValueError(f"kind {self.kind} needs {missing[0]}")
        return self

    @property
    def chats(self) -> list[str]:
        """The endpoints and models that are asked."""
        return [name for name in (self.attacker, self.target, self.scorer) if name]

    @property
    def reads(self) -> list[str]:
        """The endpoints and models that the attack prompts are made with."""
        return [*self.chats, *([self.template_of] if self.template_of else [])]
