"""From measurements over a few layer counts to a whole model. Numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GIB = 2**30
# bfloat16 weights and gradients, float32 master weights and Adam's two moments (ZeRO paper, arXiv
# 1910.02054, section 3)
BYTES_OF_TRAINING = 16


@dataclass(frozen=True)
class Line:
    """A straight line, and how far the measured points lie from it.

    Attributes:
        start: value without layers.
        slope: of one layer.
        residual: largest distance of a point, as a share of the largest value.
    """

    start: float
    slope: float
    residual: float

    def at(self, layers: float) -> float:
        """The value of a model with that many layers."""
        return self.start + self.slope * layers


def line(layers: Sequence[float], values: Sequence[float]) -> Line:
    """The least-squares line through measurements at two or more layer counts."""
    if len(set(layers)) < 2 or len(layers) != len(values):
        raise ValueError(f"a line needs two layer counts, here are {sorted(set(layers))}")
    mean_x, mean_y = sum(layers) / len(layers), sum(values) / len(values)
    spread = sum((x - mean_x) ** 2 for x in layers)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(layers, values, strict=True)) / spread
    start = mean_y - slope * mean_x
    largest = max(map(abs, values)) or 1.0
    distances = [abs(y - start - slope * x) for x, y in zip(layers, values, strict=True)]
    return Line(start, slope, max(distances) / largest)


@dataclass(frozen=True)
class WholeStep:
    """A training step of a whole model, carried from fewer layers.

    Attributes:
        seconds: of forward, backward and one GPU's share of the update, without communication
            between GPUs.
        tokens_per_second: of one GPU.
        memory_gib: of one GPU with ZeRO-3: its share of the states, and all activations.
        activations_gib: of those, beside the states.
    """

    seconds: float
    tokens_per_second: float
    memory_gib: float
    activations_gib: float


def whole_step(
    passes: Line, update_seconds: float, activations: Line, layers: int, weights: int, tokens: int, gpus: int
) -> WholeStep:
    """The step of a model of `layers` layers on `gpus` GPUs under ZeRO-3, by arithmetic.

    Args:
        passes: seconds of forward and backward over layer counts.
        update_seconds: of the optimizer, a weight.
        activations: bytes over layer counts, beside the states.
        layers: of the whole model.
        weights: of the whole model.
        tokens: of the step.
        gpus: the states and the update are shared among.
    """
    seconds = passes.at(layers) + update_seconds * weights / gpus
    needed = activations.at(layers)
    memory = BYTES_OF_TRAINING * weights / gpus + needed
    return WholeStep(seconds, tokens / seconds, memory / GIB, needed / GIB)
