"""Sizes and time limits of the check."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from safe_reasoning.config.section import Section
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.validation import problems

Stage = Literal["environment", "engine", "training", "rates", "demo", "mini"]


class EngineSize(Section):
    """Sampling with small models."""

    models: list[Literal["nano", "smollm2"]] = ["nano", "smollm2"]
    prompts: int = Field(16, ge=2)
    tokens: int = Field(48, ge=1, description="of each greedy or seeded completion")
    same_at: list[int] = Field([1, 5, 16], description="batch sizes whose samples are compared")
    batch_sizes: list[int] = Field([1, 8, 64, 256, 512], description="of the measurement of speed")
    speed_tokens: int = Field(64, ge=1)
    vllm: bool = Field(True, description="whether vLLM is tried where it is installed")


class TrainingSize(Section):
    """Trainings of the nano base."""

    steps: int = Field(12, ge=5)
    batch_size: int = Field(8, ge=2)
    grpo_steps: int = Field(3, ge=1)
    side_by_side: int = Field(4, ge=1, description="trainings that run at the same time")
    nano_documents: int = Field(600, ge=1, description="of a short training of a nano base")
    deepspeed: bool = True
    tolerance: float = Field(
        2e-3, gt=0, description="nats that a loss in float32 may differ from the recorded one"
    )
    bfloat16_tolerance: float = Field(0.1, gt=0)


class RatesSize(Section):
    """Models of the paper's shapes with random weights."""

    shapes: list[str] = ["llama_8b", "qwen2_7b", "qwen3_8b"]
    divide: int = Field(1, ge=1, description="divisor of the widths, for a trial on a small machine")
    batch_sizes: list[int] = [1, 32, 128, 256, 512]
    prompt_tokens: int = Field(256, ge=1)
    new_tokens: int = Field(48, ge=2)
    sampled_layers: int | None = Field(None, ge=1, description="layers of the sampled model; all by default")
    lengths: list[int] = Field([2048, 8192], description="tokens of each of the two sides of a pair")
    layers: list[int] = Field([2, 4, 8], description="layer counts that the fit is made over")
    steps: int = Field(2, ge=1)
    gpus: int = Field(8, ge=1, description="GPUs that ZeRO-3 shares the states among")


class DemoSize(Section):
    """The workflow."""

    config: str = "config/demo.yaml"
    stored: str = Field("results/reference/demo/metrics", description="metrics of the CPU's run")
    jobs: int | None = Field(None, ge=1, description="jobs side by side; the processor's cores by default")
    batch: int = Field(2048, ge=1, description="sequences decoded side by side")


class MiniSize(Section):
    """A short path with SmolLM2."""

    config: str = "config/mini.yaml"
    prompts: int = Field(24, ge=2)
    warm_up_traces: int = Field(240, ge=8)
    examples: int = Field(32, ge=2)
    steps: int = Field(8, ge=1)


class Settings(Section):
    """The check.

    `together` is the order of the stages; those of one line run side by side. `limits` are seconds.
    """

    seconds: float = Field(580, gt=0)
    together: list[list[Stage]]
    limits: dict[str, float]
    engine: EngineSize = EngineSize()
    training: TrainingSize = TrainingSize()
    rates: RatesSize = RatesSize()
    demo: DemoSize = DemoSize()
    mini: MiniSize = MiniSize()


def load(path: Path) -> Settings:
    """Read and check the settings; an error is one line."""
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a file such as config/gpu-check.yaml") from None
    except ValidationError as error:
        raise UserError(f"{path}: {'; '.join(problems(error, Settings))}") from None
