"""The training loop of the base models.

AdamW, a ramp then a cosine, checkpoints that a killed run goes on from.
"""

from __future__ import annotations

import math
import pickle
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from safe_reasoning.core.cli import progress
from safe_reasoning.core.devices import device
from safe_reasoning.core.errors import in_one_line
from safe_reasoning.core.seeds import derive_seed


@dataclass(frozen=True)
class Batch:
    """Token ids and labels, both of shape (documents, tokens).

    Labels are -100 on prompt and padding.
    """

    input_ids: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class Schedule:
    """How the learning rate and the log run.

    Attributes:
        learning_rate: at its highest.
        betas: of AdamW.
        weight_decay: of AdamW.
        ramp: at most this many steps until the learning rate is reached.
        floor: share of the learning rate that the cosine ends at.
        log_steps: steps between two lines of progress.
        checkpoint_steps: steps between two checkpoints.
    """

    learning_rate: float
    betas: tuple[float, float]
    weight_decay: float
    ramp: int
    floor: float
    log_steps: int
    checkpoint_steps: int


@dataclass
class Trained:
    """Result of a training: steps, seconds over all attempts, loss curve as [step, loss]."""

    steps: int
    seconds: float
    curve: list[list[float]]


def make_batches(
    rows: Sequence[tuple[list[int], int]], pad: int, batch_tokens: int, epochs: float, seed: int
) -> Iterator[Batch]:
    """Batches of documents of like length, about `batch_tokens` tokens each.

    Rows are (token ids, prompt length).
    """
    whole = math.ceil(epochs)
    for epoch in range(whole):
        rng = random.Random(derive_seed("nano batches", seed, epoch))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + rng.random() * 12)
        groups: list[list[int]] = [[]]
        for index in order:
            if (len(groups[-1]) + 1) * len(rows[index][0]) > batch_tokens and groups[-1]:
                groups.append([])
            groups[-1].append(index)
        rng.shuffle(groups)
        for group in groups[: round(len(groups) * min(1.0, epochs - epoch))]:
            width = max(len(rows[i][0]) for i in group)
            ids = torch.full((len(group), width), pad)
            labels = torch.full((len(group), width), -100)
            for place, i in enumerate(group):
                tokens, prompt = rows[i]
                ids[place, : len(tokens)] = torch.tensor(tokens)
                labels[place, prompt : len(tokens)] = torch.tensor(tokens[prompt:])
            yield Batch(ids, labels)


def train_steps(
    model: Any,
    batches: Sequence[Batch],
    schedule: Schedule,
    checkpoint: Path,
    label: str,
    work: dict[str, Any],
) -> Trained:
    """Train on the batches in their order; the model ends on the CPU or GPU it was trained on.

    Args:
        model: a causal language model in float32; frozen parameters stay as they are.
        batches: each is one step.
        schedule: of the learning rate.
        checkpoint: file that a killed run goes on from; the caller removes it when the weights are
            saved.
        label: begins each line of progress.
        work: settings; a checkpoint of other work is not used.
    """
    place = device()
    model.to(place).train()
    total = len(batches)
    optimizer = torch.optim.AdamW(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        lr=schedule.learning_rate,
        betas=schedule.betas,
        weight_decay=schedule.weight_decay,
    )
    ramp, cosine = min(schedule.ramp, total // 10 + 1), (1 - schedule.floor) * 0.5
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / ramp, schedule.floor + cosine * (1 + math.cos(math.pi * step / total))),
    )
    start, trained = 0, Trained(total, 0.0, [])
    state = _read(checkpoint, label)
    if state.get("work") == work:
        model.load_state_dict(state["model"], strict=not _is_partly_frozen(model))
        for part, name in ((optimizer, "optimizer"), (rate, "rate")):
            part.load_state_dict(state[name])
        start, trained = state["step"], Trained(total, state["seconds"], state["curve"])
        progress(f"{label}: continuing from step {start} of {total}")
    begin = time.perf_counter()
    for step, batch in enumerate(batches[start:], start + 1):
        loss = train_step(model, optimizer, batch)
        rate.step()
        spent = time.perf_counter() - begin
        if step % schedule.log_steps == 0 or step == total:
            trained.curve.append([step, loss])
            left = spent / (step - start) * (total - step)
            progress(f"{label}: step {step}/{total}, loss {loss:.3f}, {left:.0f} s left")
        if step % schedule.checkpoint_steps == 0 and step < total:
            state = {
                "model": _trained_state(model),
                "optimizer": optimizer.state_dict(),
                "rate": rate.state_dict(),
            }
            done = {"work": work, "step": step, "curve": trained.curve, "seconds": trained.seconds + spent}
            temporary = checkpoint.with_suffix(".tmp")
            torch.save({**state, **done}, temporary)
            temporary.replace(checkpoint)
    trained.seconds += time.perf_counter() - begin
    return trained


def _trained_state(model: Any) -> dict[str, Any]:
    """What a checkpoint needs of a model: all, or what is trained beside frozen parameters, which
    were read from elsewhere.
    """
    state: dict[str, Any] = model.state_dict()
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    return {name: state[name] for name in trained} if _is_partly_frozen(model) else state


def _is_partly_frozen(model: Any) -> bool:
    return not all(parameter.requires_grad for parameter in model.parameters())


def _read(checkpoint: Path, label: str) -> dict[str, Any]:
    """What a checkpoint holds; nothing where there is none or it is damaged."""
    if not checkpoint.exists():
        return {}
    try:
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        progress(f"{label}: {checkpoint.name} is damaged ({in_one_line(error)}): training from the beginning")
        return {}
    return state


def train_step(model: Any, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
    """One update on one batch.

    Returns its loss: mean negative log-likelihood per completion token, in nats.
    """
    loss = model(input_ids=batch.input_ids.to(model.device), labels=batch.labels.to(model.device)).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.item())
