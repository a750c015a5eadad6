"""Rows, instructions and hashes that the attacks share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.core.records import mended

INSTRUCTIONS = Path(__file__).parent / "instructions"


Row = Mapping[str, Any]


def instruction(name: str) -> str:
    """The text of an instruction file. Its first line names its version and is not sent."""
    return (INSTRUCTIONS / f"{name}.txt").read_text().split("\n", 1)[1].strip()


def instructions_sha256() -> str:
    """Digest of all instruction files, for the meta file."""
    return hashlib.sha256(
        "".join(path.read_text() for path in sorted(INSTRUCTIONS.glob("*.txt"))).encode()
    ).hexdigest()


def request_sha256(request: str) -> str:
    """How an artifact names the request it was made from, without repeating it."""
    return hashlib.sha256(request.encode()).hexdigest()


def parsed(reply: str | None) -> str | None:
    """The rewritten request in an attacker's reply.

    A JSON object with the one key `prompt`, maybe in a code block. None for anything else.
    """
    text = (reply or "").strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    prompt = found.get("prompt") if isinstance(found, dict) and set(found) == {"prompt"} else None
    return mended(prompt.strip())[0] if isinstance(prompt, str) and prompt.strip() else None


def result(
    prompt: Row,
    attack: str,
    technique: str,
    text: str | None,
    *,
    iteration: int = 0,
    score: int | None = None,
    unparsed: int = 0,
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
