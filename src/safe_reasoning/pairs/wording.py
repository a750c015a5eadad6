"""The sentences that written demonstrations are made of.

Of the nano world where a prompt has its gold, else placeholders of our own, which hold nothing of
the request.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.prompts import placeholder_traces
from safe_reasoning.prompts.nano_world import language

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Wording:
    """Sentences for one prompt.

    Attributes:
        gold: what the nano world knows of the item; empty for real prompts.
        triggers: by theme, the probability that they hold and the sentences.
        category: of the prompt: in the nano world what stands around the request.
    """

    gold: Mapping[str, Any]
    triggers: Mapping[str, tuple[float, list[str]]]
    category: str
    _words: Any

    def restate(self, rng: random.Random) -> str:
        """What is asked for."""
        return self._one(self._words.RESTATE, rng)

    def rule(self, rng: random.Random) -> str:
        """The rule against it."""
        themes = [theme for theme in ("rule", "restricted_list") if theme in self.triggers]
        return self._one([text for theme in themes for text in self.triggers[theme][1]], rng)

    def allowed(self, rng: random.Random) -> str:
        """That nothing speaks against it."""
        return self._one(self._words.ALLOWED, rng)

    def commitment(self, rng: random.Random) -> str:
        """That it will be refused."""
        return self._one(self._words.COMMITMENTS, rng)

    def refusal(self, rng: random.Random) -> str:
        """A response that refuses."""
        return self._one(self._words.REFUSALS, rng)

    def late_trigger(self, rng: random.Random) -> str:
        """That what was said before should not have been."""
        return self._one(self._words.LATE_TRIGGERS, rng)

    def _one(self, sentences: Sequence[str], rng: random.Random) -> str:
        return rng.choice(sentences).format(item=self.gold.get("item", ""))


def wording_of(prompt: Row) -> Wording:
    """The sentences for a prompt (row of schema prompts)."""
    gold = json.loads(prompt["gold"]) if prompt["gold"] else {}
    words: Any = language if "item" in gold else placeholder_traces
    return Wording(gold, words.TRIGGERS, prompt["category"], words)
