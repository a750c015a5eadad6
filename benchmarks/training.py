"""Training: a step of ours against a step of TRL's trainers as they come, and what could pay."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.models import SMOLLM2, nano_shape, write_random
from benchmarks.runs import alone
from safe_reasoning.core.cli import progress

TITLE = "Training: a step against TRL's"
RUNS = 3
SAME = 1e-5  # how far our losses may be from TRL's, in float32
NOTES = """
Forward and backward passes in float32, random weights: 64 rows in batches of 8 on one thread in the
demo's shape, 2 rows in one batch on two threads in SmolLM2's. The lengths are drawn from those of
the tiny run's pairs, for SmolLM2 of its traces (`config/mini.yaml`), with 40 to 120 shared tokens
assumed. All ways of a model compute the same rows; each loss was checked to be TRL's to 1e-5,
except with other batches. `TRL as it comes` is its trainer without a line of ours. `shared prefix`
is what we train with (`training/shared_prefix.py`): what both sides of a pair begin with is
computed once, and no side is padded to the length of the other. `by length` puts rows of like
length into a batch (what a whole epoch of them takes, for each row), which changes the order of the
rows and so every result. `head where it counts` computes the vocabulary's probabilities for the
tokens of the loss alone, as TRL does on GPUs; on a CPU it computes them for prompts and padding
too. `times faster` and `memory` compare with TRL as it comes; tokens are those of TRL's rows
without padding.

The shared prefix is built. The others are not: rows by length would change the demo's results, and
the head needs a private switch of TRL. Our SFT is TRL's trainer as it comes.
"""

Rows = Sequence[dict[str, Any]]


def measure() -> list[dict[str, Any]]:
    """A row for each world, loss and way to compute a step."""
    import trl.trainer.dpo_trainer
    import trl.trainer.sft_trainer  # noqa: F401  # before the forks, whose memory is measured

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, shape, threads, rows, batch in (
            ("nano", nano_shape(), 1, made_pairs(64, (20, 85), (25, 79), (23, 72)), 8),
            ("SmolLM2-135M", SMOLLM2, 2, made_pairs(2, (40, 120), (45, 110), (45, 110)), 2),
        ):
            model = write_random(shape, Path(folder) / name)
            for loss, ways in (("IPO pairs", PAIRS), ("SFT", COMPLETIONS)):
                # One batch has no other order
                here = {way: steps for way, steps in ways.items() if way != BY_LENGTH or len(rows) > batch}
                found += _compared(name, threads, loss, here, model, rows, batch)
    return found


def made_pairs(
    number: int, prompt: tuple[int, int], chosen: tuple[int, int], rejected: tuple[int, int]
) -> Rows:
    """Rows of random tokens, their lengths between the given ones."""
    rng = random.Random(0)

    def ids(bounds: tuple[int, int]) -> list[int]:
        return [rng.randrange(10, 390) for _ in range(rng.randint(*bounds))]

    return [
        {"prompt_ids": ids(prompt), "chosen_ids": ids(chosen), "rejected_ids": ids(rejected)}
        for _ in range(number)
    ]


def _compared(
    name: str,
    threads: int,
    loss: str,
    ways: dict[str, Callable[..., Any]],
    model: Path,
    rows: Rows,
    batch: int,
) -> list[dict[str, Any]]:
    """The ways of one loss in one world, one after another in each run."""
    results: dict[str, list[tuple[dict[str, float], float]]] = {way: [] for way in ways}
    for run in range(RUNS):
        for way, steps in ways.items():
            results[way].append(alone(partial(steps, model, rows, batch, threads)))
            progress(f"{name}, {loss}, {way}, {run + 1} of {RUNS}: {results[way][-1]}")
    return _rows(name, loss, results)


def _rows(
    name: str, loss: str, results: dict[str, list[tuple[dict[str, float], float]]]
) -> list[dict[str, Any]]:
    """A row for each way, compared with TRL's in the same runs; a wrong loss is an error."""
    theirs = results[TRL]
    expected = theirs[0][0]["loss"]
    table = []
    for way, several in results.items():
        if way != BY_LENGTH and abs(several[0][0]["loss"] - expected) > SAME:
            raise AssertionError(f"{loss}, {way}: loss {several[0][0]['loss']}, TRL has {expected}")
        ratios = [a["seconds"] / b["seconds"] for (a, _), (b, _) in zip(theirs, several, strict=True)]
        mib = median(memory for _, memory in several)
        table.append(
            {
                "model": name,
                "loss": loss,
                "way": way,
                "times faster": median(ratios),
                "memory": mib / median(memory for _, memory in theirs),
                "padding": f"{100 * several[0][0]['padding']:.0f} %",
                "ms per token": 1000 * median(found["seconds"] for found, _ in several),
                "peak MiB": mib,
            }
        )
    return table


def _steps(trainer: Any, rows: Rows, batch: int) -> dict[str, float]:
    """Seconds a token, padding and mean loss of a pass over a trainer's rows.

    Args:
        trainer: of TRL, or of ours.
        rows: in the order of the batches.
        batch: rows in one.
    """
    chunks = [rows[at : at + batch] for at in range(0, len(rows), batch)]
    losses, tokens, places, seconds = [], 0, 0, 0.0
    for chunk in chunks:
        inputs = trainer.data_collator(chunk)
        trainer.model.zero_grad()
        begin = time.perf_counter()
        loss = trainer.compute_loss(trainer.model, inputs)
        loss.backward()
        seconds += time.perf_counter() - begin
        losses.append(float(loss.detach()))
        mask = inputs.get("attention_mask")
        tokens += int(mask.sum())
        places += mask.numel()
    return {"seconds": seconds / tokens, "padding": 1 - tokens / places, "loss": sum(losses) / len(losses)}


def _pair_steps(way: str) -> Callable[..., dict[str, float]]:
    def steps(model: Path, rows: Rows, batch: int, threads: int) -> dict[str, float]:
        from datasets import Dataset
        from transformers import AutoTokenizer
        from trl import DPOConfig, DPOTrainer

        from safe_reasoning.training.preference import TokenDPOTrainer

        class AsItComes(DPOTrainer):
            """TRL's trainer; its rows hold ids already."""

            def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
                return dataset

        _prepare(way, threads)
        arguments = DPOConfig(
            **_arguments(model, batch),
            beta=0.1,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, 0.2],
            max_length=None,
        )
        trainer_of = TokenDPOTrainer if SHARED in way else AsItComes
        trainer = trainer_of(
            model=str(model),
            args=arguments,
            train_dataset=Dataset.from_list(list(rows)),
            processing_class=AutoTokenizer.from_pretrained(model),
        )
        trainer.precompute_ref_logps = True
        referred = [{**row, "ref_chosen_logps": 0.0, "ref_rejected_logps": 0.0} for row in rows]
        return _steps(trainer, _ordered(referred, way), batch)

    return steps


def _completion_steps(way: str) -> Callable[..., dict[str, float]]:
    def steps(model: Path, rows: Rows, batch: int, threads: int) -> dict[str, float]:
        from datasets import Dataset
        from transformers import AutoTokenizer
        from trl import SFTConfig, SFTTrainer

        _prepare(way, threads)
        data = [
            {
                "input_ids": row["prompt_ids"] + row["chosen_ids"],
                "completion_mask": [0] * len(row["prompt_ids"]) + [1] * len(row["chosen_ids"]),
            }
            for row in rows
        ]
        arguments = SFTConfig(**_arguments(model, batch), max_length=None, completion_only_loss=True)
        trainer = SFTTrainer(
            model=str(model),
            args=arguments,
            train_dataset=Dataset.from_list(data),
            processing_class=AutoTokenizer.from_pretrained(model),
        )
        return _steps(trainer, _ordered(data, way), batch)

    return steps


def _ordered(rows: Rows, way: str) -> Rows:
    if way != BY_LENGTH:
        return rows
    return sorted(rows, key=lambda row: sum(len(ids) for ids in row.values() if isinstance(ids, list)))


def _prepare(way: str, threads: int) -> None:
    """Set the threads, and let TRL's head skip the tokens that no loss counts, if that is asked."""
    import torch
    from trl.trainer import utils

    torch.set_num_threads(threads)
    if HEAD in way:
        setattr(utils, "_use_triton", lambda _: True)  # noqa: B010


def _arguments(model: Path, batch: int) -> dict[str, Any]:
    return {
        "output_dir": str(model.parent / "out"),
        "per_device_train_batch_size": batch,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "model_init_kwargs": {"dtype": "float32"},
    }


TRL, SHARED, BY_LENGTH, HEAD = "TRL as it comes", "shared prefix", "by length", "head where it counts"
PAIRS = {way: _pair_steps(way) for way in (TRL, SHARED, BY_LENGTH, HEAD, f"{SHARED}, {HEAD}")}
COMPLETIONS = {way: _completion_steps(way) for way in (TRL, BY_LENGTH, HEAD)}
