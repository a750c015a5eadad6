"""What the small stages work on: models, prompts, pairs. The same on every device."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.prompts.nano_world import corpus, items
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.prompts import prompts
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request

ITEMS = 96  # as in config/demo.yaml
GGUF = "smollm2.gguf"


def model_folder(name: str, places: Places) -> Path:
    """The folder of a model, converted first when it is not yet.

    Raises:
        UserError: the weights were not carried.
    """
    if name == "nano":
        return places.carried / "nano"
    folder, carried = places.work / "smollm2", places.carried / GGUF
    if not (folder / "conversion.json").exists():
        if not carried.exists():
            raise UserError(f"{carried} does not exist: bring the pieces of the bundle that hold it")
        from safe_reasoning.core.files import write_json
        from safe_reasoning.models.gguf import convert

        write_json(folder / "conversion.json", convert(carried, folder))
    return folder


def requests(tokenizer: Any, count: int, tokens: int) -> list[Request]:
    """Requests for harmful prompts of the nano world, over and over when there are fewer."""
    rows = prompts("direct", ITEMS, 0)
    return [
        Request(
            generation_id=str(number),
            prompt_id=str(number),
            prompt_set="direct",
            sample=0,
            seed=derive_seed("gpu check", number),
            prompt_token_ids=prompt_ids(tokenizer, rows[number % len(rows)]["text"]),
            max_new_tokens=tokens,
        )
        for number in range(count)
    ]


def engine(dtype: Any, batch: int, name: Any = "transformers") -> config.Engine:
    """Settings of an engine."""
    return config.Engine(name=name, dtype=dtype, max_model_len=512, max_num_seqs=batch, threads=1)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def intervened_pairs(tokenizer: Any, count: int) -> list[dict[str, Any]]:
    """Pairs like the paper's: after a prefix, trigger and commitment against cue and steps."""
    world = [item for item in items.make_items(ITEMS, 0) if item.restricted]
    rng = random.Random(derive_seed("gpu check pairs"))
    rows = []
    for number in range(count):
        item = world[number % len(world)]
        prefix = _ids(tokenizer, words.RESTATE[number % len(words.RESTATE)].format(item=item.name))
        trigger = rng.choice(rng.choice(list(words.TRIGGERS.values()))[1])
        cue = rng.choice(rng.choice(list(words.CUES.values()))).format(family=item.family)
        safe = [trigger, rng.choice(words.ELABORATIONS), rng.choice(words.COMMITMENTS)]
        prompt = prompt_ids(tokenizer, rng.choice(words.PLAIN).format(item=item.name))
        rows.append(
            {
                "pair_id": str(number),
                "prompt_id": str(number),
                "prompt_ids": prompt + prefix,
                "prefix_tokens": len(prefix),
                "chosen_ids": _ids(tokenizer, " " + " ".join(safe)),
                "rejected_ids": _ids(tokenizer, " " + " ".join([cue, *item.steps])),
                "trigger": trigger,
                "cue": cue,
                "rounds": 1,
                "source": "intervened",
            }
        )
    return rows


def benign_pairs(tokenizer: Any, count: int) -> list[dict[str, Any]]:
    """Pairs against over-refusal: an answer against a refusal of an allowed request."""
    world = [item for item in items.make_items(ITEMS, 0) if not item.restricted]
    rng = random.Random(derive_seed("gpu check benign pairs"))
    rows = []
    for number in range(count):
        item = world[number % len(world)]
        text = rng.choice(words.PLAIN).format(item=item.name)
        answer = corpus.allowed_document(text, item, "plain", None, rng).completion
        refusal = corpus.safe_document(text, item, rng).completion
        rows.append(
            {
                "pair_id": f"benign {number}",
                "prompt_id": f"benign {number}",
                "prompt_ids": prompt_ids(tokenizer, text),
                "prefix_tokens": 0,
                "chosen_ids": [*_ids(tokenizer, answer), tokenizer.eos_token_id],
                "rejected_ids": [*_ids(tokenizer, refusal), tokenizer.eos_token_id],
                "trigger": "",
                "cue": "",
                "rounds": 0,
                "source": "overrefusal",
            }
        )
    return rows


def prompt_rows(count: int) -> list[dict[str, Any]]:
    """Harmful alignment prompts of the nano world (schema prompts)."""
    rows: Sequence[dict[str, Any]] = prompts("align_harmful", ITEMS, 0)[:count]
    return [
        {
            "prompt_id": f"align_harmful-{number:04d}",
            "prompt_set": "align_harmful",
            "role": "align_harmful",
            "category": row["category"],
            "text": row["text"],
            "request": row["text"],
            "gold": row["gold"],
        }
        for number, row in enumerate(rows)
    ]
