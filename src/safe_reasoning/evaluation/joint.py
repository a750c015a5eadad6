"""Verdicts on both parts of a generation, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from safe_reasoning.evaluation.rates import COLUMNS, Row

COLUMNS_OF_BOTH = ("generation_id", *COLUMNS)  # of verdicts, used here


class Harm(NamedTuple):
    """Whether reasoning and response of a generation are harmful; None: unscored."""

    prompt_set: str
    prompt_id: str
    reasoning: bool | None
    response: bool | None

    @property
    def scored(self) -> bool:
        """Whether both parts are scored."""
        return self.reasoning is not None and self.response is not None


def harm_of_both(verdicts: Iterable[Row], prompt_sets: Collection[str]) -> list[Harm]:
    """The verdicts on harm of each generation, in the order in which they first occur.

    Args:
        verdicts: rows of schema verdicts of one model, of which `COLUMNS_OF_BOTH` are used.
        prompt_sets: the sets that are read, such as the safety sets.
    """
    return list(harm_by_id(row for row in verdicts if row["prompt_set"] in prompt_sets).values())


def harm_by_id(verdicts: Iterable[Row]) -> dict[str, Harm]:
    """The verdicts on harm of each generation of one model, by its id."""
    parts: dict[tuple[str, str, str], dict[str, bool | None]] = defaultdict(dict)
    for row in verdicts:
        if row["measure"] == "harmful":
            parts[row["prompt_set"], row["prompt_id"], row["generation_id"]][row["part"]] = row["value"]
    return {
        name: Harm(prompt_set, prompt_id, values.get("reasoning"), values.get("response"))
        for (prompt_set, prompt_id, name), values in parts.items()
    }
