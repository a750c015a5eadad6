"""A safety primer at the very start of the reasoning, and nothing more of it.

SafePath (arXiv 2505.14667): on harmful prompts only the first tokens of the thinking are learned, a
fixed phrase; the thinking is left open, and what follows is the model's own. Benign rows are the
model's own answers. Theirs is one phrase of eight tokens; here a sentence of our own, in the nano
world a trigger of the theme `risk`.
"""

from __future__ import annotations

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.material import Built, Material
from safe_reasoning.pairs.own_rollouts import benign_rows
from safe_reasoning.pairs.wording import wording_of


class Settings(KindSettings):
    """The primer."""

    text: str | None = Field(None, min_length=1, description="by default a sentence that names the risk")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts",),
    empty="give prompt sets of role align_harmful",
    rows=lambda settings, counts: counts.harmful + counts.benign,
)


def build(material: Material) -> Built:
    """One row a harmful prompt, the primer without an end of sequence, then benign rows."""
    settings: Settings = material.settings
    rows = []
    for prompt in material.of_label("harmful"):
        text = settings.text or wording_of(prompt).triggers["risk"][1][0]
        ids = material.tokenizer.encode(text, add_special_tokens=False)
        rows.append(material.demonstration(prompt["prompt_id"], ids))
    benign = benign_rows(material)
    return Built(rows + benign, {"harmful": len(rows), "benign": len(benign)})
