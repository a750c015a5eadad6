"""Configuration of attacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from safe_reasoning.config.section import Name, Section, check_known, later

Encoding = Literal["reversed_words", "caesar", "base64", "leetspeak"]
# What each kind can't do without
_NEEDED = {
    "pap": ("attacker",),
    "pair": ("attacker", "target", "scorer"),
    "file": ("file",),
    "encoded": (),
    "dilution": (),
    "template": ("template_of",),
    "suffix": (),
}
# What stands for an endpoint or model where an attack adapts to each method
SELF, JUDGE, WRAPPERS = "self", "judge", "wrappers"


class Attack(Section):
    """A way to rewrite requests before a model sees them."""

    kind: Literal["pap", "pair", "file", "encoded", "dilution", "template", "suffix"] = Field(
        description="pap, pair: rewritten by a model; file: ready-made; suffix: searched token by token; the "
        "others by rules (docs/attacks.md)"
    )
    attacker: Name | None = Field(
        None,
        description="pap, pair: endpoint or model that rewrites; with target self also wrappers: a fixed "
        "rule over our own frames",
    )
    target: Name | None = Field(
        None,
        description="pair: endpoint or model whose replies guide the attacker; self: each method itself "
        "(evaluate.adaptive_attacks)",
    )
    scorer: Name | None = Field(
        None,
        description="pair: endpoint or model that scores the target's replies; with target self also judge: "
        "the run's",
    )
    iterations: int = Field(5, ge=1, description="pair, suffix: rewrites in a row")
    streams: int = Field(3, ge=1, description="pair, suffix: independent attempts a request")
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
    suffix_tokens: int = later(8, "suffix: tokens behind the request", ge=1, le=100)
    suffix_steps: int = later(8, "suffix: replacements of a token in one rewrite, at most", ge=1)
    suffix_candidates: int = later(48, "suffix: replacements that are read in each step", ge=1)
    cue: str | None = later(
        None,
        "suffix: beginning of a reasoning that the suffix makes likely; none: a cue of ours, in the nano "
        "world one of its own",
        min_length=1,
    )

    @model_validator(mode="after")
    def _complete(self) -> Attack:
        if missing := [key for key in _NEEDED[self.kind] if getattr(self, key) is None]:
            raise ValueError(f"kind {self.kind} needs {missing[0]}")
        if not self.adapts and (self.attacker == WRAPPERS or self.scorer == JUDGE):
            raise ValueError(f"attacker {WRAPPERS} and scorer {JUDGE} need target {SELF}: set it")
        return self

    @property
    def adapts(self) -> bool:
        """Whether its prompts are made against each method by itself."""
        return self.kind == "suffix" or self.target == SELF

    @property
    def chats(self) -> list[str]:
        """The endpoints and models that are asked."""
        asked = (self.attacker, self.target, self.scorer)
        return [name for name in asked if name and name not in (SELF, JUDGE, WRAPPERS)]

    @property
    def reads(self) -> list[str]:
        """The endpoints and models that the attack prompts are made with."""
        return [*self.chats, *([self.template_of] if self.template_of else [])]


def check_attacks(attacks: Mapping[str, Attack], chats: list[str], models: list[str]) -> None:
    """A ValueError for an attack that names a chat model or model that is not there."""
    own = {"attacker": WRAPPERS, "target": SELF, "scorer": JUDGE}
    for name, attack in attacks.items():
        if name == "plain":
            raise ValueError("attacks.plain: this is what requests without an attack are called: rename it")
        for key, word in own.items():
            check_known(f"attacks.{name}.{key}", getattr(attack, key) or word, [*chats, word])
        if attack.template_of:
            check_known(f"attacks.{name}.template_of", attack.template_of, models)
