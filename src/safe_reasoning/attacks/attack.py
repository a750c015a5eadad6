"""What the attacks share: the row that an attack gives, its instruction files, and the entry to all kinds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.chat_models import open_chat
from safe_reasoning.config import Config
from safe_reasoning.errors import UserError

INSTRUCTIONS = Path(__file__).parent / "instructions"
ATTACK_TOKENS = 1024  # room for a local attacker's reply
TARGET_TOKENS = 1024  # room for a local target's reply
Row = Mapping[str, Any]


def instruction(name: str) -> str:
    """The text of an instruction file. Its first line names its version and is not sent."""
    return (INSTRUCTIONS / f"{name}.txt").read_text().split("\n", 1)[1].strip()


def instructions_sha256() -> str:
    """Digest of all instruction files, for the meta file."""
    return hashlib.sha256("".join(path.read_text() for path in sorted(INSTRUCTIONS.glob("*.txt"))).encode()).hexdigest()


def request_sha256(request: str) -> str:
    """How an artifact names the request it was made from, without repeating it."""
    return hashlib.sha256(request.encode()).hexdigest()


def parsed(reply: str | None) -> str | None:
    """The rewritten request in an attacker's reply: a JSON object with the one key `prompt`, maybe in a code block. None for anything else."""
    text = (reply or "").strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    prompt = found.get("prompt") if isinstance(found, dict) and set(found) == {"prompt"} else None
    return prompt.strip() if isinstance(prompt, str) and prompt.strip() else None


def result(
    prompt: Row, attack: str, technique: str, text: str | None, *, iteration: int = 0, score: int | None = None, unparsed: int = 0
) -> dict[str, Any]:
    """A row of schema attacks; a text of None leaves the request as it was."""
    return {
        "prompt_id": prompt["prompt_id"],
        "attack": attack,
        "technique": technique,
        "request_sha256": request_sha256(prompt["request"]),
        "text": text or prompt["request"],
        "attacked": text is not None,
        "iteration": iteration,
        "score": score,
        "unparsed": unparsed,
    }


def attack_prompts(name: str, prompts: Sequence[Row], config: Config) -> list[dict[str, Any]]:
    """Rows of schema attacks, one a prompt, by the attack `name` of the configuration."""
    settings = config.attacks.get(name)
    if settings is None:
        raise UserError(f"unknown attack {name!r}: use one of {', '.join(config.attacks)}")
    if settings.kind == "file":
        from safe_reasoning.attacks.ready_made import ready_made_attack

        return ready_made_attack(prompts, Path(str(settings.file)))
    attacker = open_chat(str(settings.attacker), config, max_new_tokens=ATTACK_TOKENS)
    if settings.kind == "pap":
        from safe_reasoning.attacks.pap import pap_attack

        return pap_attack(prompts, attacker, settings.techniques)
    from safe_reasoning.attacks.pair import pair_attack

    target = open_chat(str(settings.target), config, max_new_tokens=TARGET_TOKENS)
    return pair_attack(prompts, attacker, target, open_chat(str(settings.scorer), config), settings.iterations, settings.streams)


def under_attack(prompts: Sequence[Row], attacks: Sequence[Row]) -> list[dict[str, Any]]:
    """The prompts with their attack's text in the place of the request, which stays in `request`. Attacks made for other requests are a UserError."""
    found = {row["prompt_id"]: row for row in attacks}
    for prompt in prompts:
        if prompt["prompt_id"] not in found or found[prompt["prompt_id"]]["request_sha256"] != request_sha256(prompt["request"]):
            raise UserError(
                f"the attack prompts were made for other requests ({prompt['prompt_id']} differs): delete their file and run again"
            )
    return [{**prompt, "text": found[prompt["prompt_id"]]["text"]} for prompt in prompts]
