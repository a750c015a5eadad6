"""What the attacks share.

The row that an attack gives, its instruction files, and the entry to all kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Attack, Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.attacks.rows import Row, request_sha256
from safe_reasoning.sampling.chat_models.factory import open_chat

ATTACK_TOKENS = 1024  # room for a local attacker's reply
TARGET_TOKENS = 1024  # room for a local target's reply


def attack_prompts(name: str, prompts: Sequence[Row], config: Config) -> list[dict[str, Any]]:
    """Rows of schema attacks, one per prompt, by the attack `name` of the configuration."""
    settings = config.attacks.get(name)
    if settings is None:
        raise UserError(f"unknown attack {name!r}: use one of {', '.join(config.attacks)}")
    if settings.kind == "file":
        from safe_reasoning.prompts.attacks.from_file import ready_made_attack

        return ready_made_attack(prompts, Path(str(settings.file)))
    if settings.kind == "encoded":
        from safe_reasoning.prompts.attacks.encoded import encoded_attack

        return encoded_attack(prompts, settings.encodings)
    if settings.kind == "dilution":
        from safe_reasoning.prompts.attacks.dilution import dilution_attack

        return dilution_attack(prompts, settings.puzzles)
    if settings.kind == "template":
        from safe_reasoning.prompts.attacks.forged_turn import template_attack
        from safe_reasoning.sampling.engine import load_tokenizer

        model = str(settings.template_of)
        folder = Path("results") / config.run / "models" / model / "base"
        return template_attack(prompts, load_tokenizer(folder), model)
    return _asked(settings, prompts, config)


def _asked(settings: Attack, prompts: Sequence[Row], config: Config) -> list[dict[str, Any]]:
    """An attack that asks chat models."""
    engines = len({name for name in settings.chats if name in config.models})
    config = config.model_copy(update={"engine": config.engine.shared_by(max(1, engines))})
    attacker = open_chat(str(settings.attacker), config, max_new_tokens=ATTACK_TOKENS)
    if settings.kind == "pap":
        from safe_reasoning.prompts.attacks.pap import pap_attack

        return pap_attack(prompts, attacker, settings.techniques)
    from safe_reasoning.prompts.attacks.pair import pair_attack

    target = open_chat(str(settings.target), config, max_new_tokens=TARGET_TOKENS)
    return pair_attack(
        prompts,
        attacker,
        target,
        open_chat(str(settings.scorer), config),
        settings.iterations,
        settings.streams,
    )


def under_attack(prompts: Sequence[Row], attacks: Sequence[Row]) -> list[dict[str, Any]]:
    """The prompts with their attack's text instead of the request, which stays in `request`.

    Attacks made for other requests are a UserError.
    """
    found = {row["prompt_id"]: row for row in attacks}
    for prompt in prompts:
        if prompt["prompt_id"] not in found or found[prompt["prompt_id"]]["request_sha256"] != request_sha256(
            prompt["request"]
        ):
            raise UserError(
                f"the attack prompts were made for other requests ({prompt['prompt_id']} differs): delete "
                "their file and run again"
            )
    return [{**prompt, "text": found[prompt["prompt_id"]]["text"]} for prompt in prompts]
