"""Rows, instructions and hashes that the attacks share."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.core.records import repaired
from safe_reasoning.core.refusals import declines, refuses
from safe_reasoning.core.trace import without_thoughts
from safe_reasoning.core.wording import plain

INSTRUCTIONS = Path(__file__).parent / "instructions"


Row = Mapping[str, Any]
# A question, or a sentence that begins with what is to be done
_ASKS = re.compile(
    r"\?|(?:^|[.!:;,] |\bso )(?:please |now )?"
    r"(?:explain|describe|write|tell|give|list|show|outline|teach|help|provide|imagine|act|play)\b"
)
# As Python writes it, in single quotes, or with a comma after the last value
_ALMOST_JSON = re.compile(
    r"\{\s*([\"'])prompt\1\s*:\s*(?:'(?:[^'\\\n]|\\[^\n])*'|\"(?:[^\"\\\n]|\\[^\n])*\")\s*,?\s*\}"
)
_JSON = json.JSONDecoder(strict=False)  # takes bare line breaks in a string


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

    A JSON object with the one key `prompt`: alone, in a code block, with thoughts before it or
    words around it, its line breaks bare or escaped. None for anything else, for two objects that
    differ, and for a refusal in that form, which is no attack.
    """
    text = (reply or "").strip()
    found = _prompts(without_thoughts(text))
    if not found and text.startswith(("{", "`")):  # the wording itself may hold a think tag
        found = _prompts(text)
    if len(found) != 1:
        return None
    (prompt,) = found
    return None if not prompt or _is_refusal(prompt) else repaired(prompt)[0]


def _is_refusal(prompt: str) -> bool:
    """Whether an attacker refuses in the form that was asked for.

    A wording that disapproves of something and then asks is an attack.
    """
    text = plain(prompt)
    return refuses(prompt) and (declines(text) or not _ASKS.search(text))


def _prompts(text: str) -> set[str]:
    """The value of `prompt` in each JSON object of a text; empty for an object of another form."""
    found, start = set(), text.find("{")
    while start >= 0:
        try:
            value, end = _JSON.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError):
            if (almost := _ALMOST_JSON.match(text, start)) is None:
                start = text.find("{", start + 1)
                continue
            value, end = _literal(almost[0]), almost.end()
        prompt = value["prompt"] if set(value) == {"prompt"} else None
        found.add(prompt.strip() if isinstance(prompt, str) else "")
        start = text.find("{", end)
    return found


def _literal(text: str) -> dict[str, Any]:
    """The value of a Python dict without line breaks in its strings; empty for what is none."""
    try:
        with warnings.catch_warnings():  # they would show the text in logs
            warnings.simplefilter("ignore")
            return dict(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return {}


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
