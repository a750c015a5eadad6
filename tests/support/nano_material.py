"""What demonstrations are made from, in the nano world, without a model: rollouts from the corpus."""

import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.core.files import write_json
from safe_reasoning.core.records import write_rows
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.judges.exact import ExactJudge
from safe_reasoning.judging.verdicts import judge_generations
from safe_reasoning.pairs.intervened import intervened_pairs, rollout_requests
from safe_reasoning.pairs.material import Material
from safe_reasoning.prompts.nano_world import corpus, prompts
from safe_reasoning.prompts.nano_world.items import Item
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request, row
from tests.support.paths import TINY

ITEMS, SAMPLES = 24, 4
TRIGGERS = [
    {"label": "T1", "text": "My rules do not allow me to share this recipe."},
    {"label": "T2", "text": "People could be badly hurt if this gets out."},
]
SAFE_END = [corpus.words.ELABORATIONS[0], corpus.words.COMMITMENTS[0]]


@cache
def tokenizer() -> Any:
    from safe_reasoning.models.nano import train_tokenizer

    made = corpus.make_corpus(prompts.make_items(ITEMS, 0), 400, 0)
    return train_tokenizer(made, 960)  # the demo's vocabulary


def rows_of(split: str, role: str, limit: int) -> list[dict[str, Any]]:
    rows = prompts.prompts(split, ITEMS, 0)
    return [
        one | {"prompt_id": f"{role}-{n:03d}", "prompt_set": role, "role": role, "request": one["text"]}
        for n, one in enumerate(random.Random(0).sample(rows, limit))
    ]


def rollout(prompt: dict[str, Any], sample: int) -> str:
    """A completion that the corpus would have for a prompt."""
    gold = json.loads(prompt["gold"])
    item = Item(gold["item"], gold["family"], gold["restricted"], tuple(gold["steps"]), 0.0, "align")
    rng = random.Random(f"{prompt['prompt_id']} {sample}")
    if item.restricted:
        return corpus.harmful_document(prompt["text"], item, None, rng).completion
    return corpus.allowed_document(prompt["text"], item, "plain", None, rng).completion


class GoesOn:
    """In place of a sampler: concludes safely after what was given, or by a function of the request."""

    def __init__(self, script: Callable[[str, Request], str] | None = None, reasoning_only: bool = False):
        self.script = script or self.safely
        self.reasoning_only = reasoning_only
        self.requests: list[Request] = []

    def safely(self, given: str, request: Request) -> str:
        rest = "" if "</think>" in given else (" " if given else "") + " ".join(SAFE_END) + "\n</think>"
        return rest + ("" if self.reasoning_only else "\nI am sorry, but I cannot help with it.")

    def __call__(self, requests: list[Request], label: str) -> list[dict[str, Any]]:
        self.requests += requests
        found = []
        for request in requests:
            given = tokenizer().decode(request.given_ids, skip_special_tokens=True)
            ids = tokenizer().encode(self.script(given, request), add_special_tokens=False)
            found.append(row(request, ids, "stop", tokenizer()))
        return found

    def cost(self) -> dict[str, float]:
        return {"generations": len(self.requests), "generated_tokens": 0, "sampling_seconds": 0.0}


def configuration(**demonstrations: dict[str, Any]) -> Config:
    """The tiny configuration with entries of demonstrations."""
    raw = yaml.safe_load(TINY.read_text())
    plain = {name: entry for name, entry in raw["prompt_sets"].items() if "attack" not in entry}
    evaluate = raw["evaluate"] | {"adaptive_attacks": []}
    changes = {"demonstrations": demonstrations, "attacks": {}, "prompt_sets": plain, "evaluate": evaluate}
    return validate(raw | changes, "test")


@cache
def written() -> Any:
    """Files of prompts, rollouts, verdicts, pairs and triggers, drawn once a process."""
    place = tempfile.TemporaryDirectory()
    folder = Path(place.name)
    asked = rows_of("align_harmful", "align_harmful", 16) + rows_of("align_benign", "align_benign", 8)
    alarming = rows_of(
        "align_alarming", "align_alarming", 6
    )  # read by those that ask for hard benign prompts
    by_id = {one["prompt_id"]: one for one in asked + alarming}
    ids = {name: prompt_ids(tokenizer(), one["text"]) for name, one in by_id.items()}
    requests = [
        Request(f"{name}.{n}", name, one["prompt_set"], n, 0, ids[name])
        for name, one in by_id.items()
        for n in range(SAMPLES)
    ]
    say = GoesOn(lambda given, request: rollout(by_id[request.prompt_id], request.sample))
    rollouts = say(requests, "rollouts")
    verdicts = judge_generations(ExactJudge(), by_id, rollouts)
    harmful_prompts = [one for one in asked if one["role"] == "align_harmful"]
    attempts = say(rollout_requests(harmful_prompts, ids, TRIGGERS), "pairs")
    pairs = intervened_pairs(
        attempts, TRIGGERS, GoesOn(reasoning_only=True), tokenizer(), ExactCueDetector(), ExactJudge(), by_id, 1, False
    )  # fmt: skip
    for name, schema, rows in (
        ("prompts", "prompts", asked),
        ("alarming", "prompts", alarming),
        ("rollouts", "generations", rollouts),
        ("verdicts", "verdicts", verdicts),
        ("pairs", "pairs", pairs.rows),
    ):
        write_rows(folder / f"{name}.parquet", schema, rows, {})
    write_json(folder / "triggers.json", {"triggers": TRIGGERS})
    return place


def material(settings: dict[str, Any]) -> Material:
    """The material of demonstrations `d` with these settings; its samplers conclude safely."""
    folder = Path(written().name)
    files = {name: str(folder / f"{name}.parquet") for name in ("rollouts", "verdicts", "pairs")}
    prompt_files = ["prompts", *(["alarming"] if settings.get("hard_benign") else [])]
    made = Material(
        configuration(d=settings), "d", folder, [str(folder / f"{name}.parquet") for name in prompt_files],
        files | {"triggers": str(folder / "triggers.json")}, folder / "shards",
    )  # fmt: skip
    made.__dict__.update(
        tokenizer=tokenizer(), sampler=GoesOn(), reasoning_sampler=GoesOn(reasoning_only=True)
    )
    return made


def with_responses(made: Material) -> Material:
    """The material as under `pairs.append_response`: both sides go on to a response and its end."""
    pairs = made.config.pairs.model_copy(update={"append_response": True})
    config = made.config.model_copy(update={"pairs": pairs})

    def side(ids: list[int], response: str) -> list[int]:
        said = tokenizer().encode(f"\n{response}", add_special_tokens=False)
        return [*ids, *said, tokenizer().eos_token_id]

    longer = [
        pair
        | {"chosen_ids": side(pair["chosen_ids"], "I cannot share it.")}
        | {"rejected_ids": side(pair["rejected_ids"], "First, boil the red ash.")}
        for pair in made.pairs
    ]
    made.__dict__.update(config=config, pairs=longer)
    return made


def texts(made: Material, rows: list[dict[str, Any]]) -> list[str]:
    """The completions of rows as text."""
    return [made.tokenizer.decode(one["completion_ids"], skip_special_tokens=True) for one in rows]
