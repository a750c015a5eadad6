"""Harm under attacks that search against each method itself, and of requests asked plainly.

`found` is the rate of the samples by which the search chose, `confirmed` that of the same prompts
on fresh seeds. Benign requests in the same form say what a method that refuses the form would lose.
Our addition: the paper's appendix names an adaptive attack, whose settings we have not found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.over_seeds import measured_over_seeds
from safe_reasoning.evaluation.rates import Row
from safe_reasoning.evaluation.worst_case import CHOSEN, CONFIRMED, FOUND, PARTS

RESTRICTED, ALLOWED = "restricted", "allowed"
PLAIN = "plain"  # without an attack, and the selection of its rates


def set_of(attack: str, side: str) -> str:
    """The prompt set of an attack's requests of one side."""
    return f"{attack}_{side}"


def adaptive_rows(
    verdicts: Mapping[Variant, Sequence[Row]],
    attacks: Mapping[str, int],
    samples: int,
    untrained: Collection[str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """Harm and compliance under each attack and without one.

    Args:
        verdicts: by method and seed, rows of schema verdicts.
        attacks: by name, how many prompts a search tries for a request at most.
        samples: of each prompt: those numbered below were seen by the search, as many follow.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples; requests are resampled.

    Returns:
        Rows with `attack`, `selection` (plain, found, confirmed; chosen: benign requests in the
        form that was found), the columns of `rates_over_seeds`, `templates` (prompts tried) and
        `queries` (samples a request that the choice rests on, at most). `part` of rows about benign
        requests is that of the harm they stand beside.
    """
    rows = []
    for attack, tried in attacks.items():
        values = {variant: list(_of_attack(of, attack, samples)) for variant, of in verdicts.items()}
        roles = dict.fromkeys((PLAIN, FOUND, CONFIRMED, CHOSEN), "worst_case")
        for row in measured_over_seeds(values, roles, {}, untrained, bootstrap):
            rows.append(
                {
                    "method": row["method"],
                    "attack": attack,
                    "selection": row["prompt_set"],
                    **row,
                    "prompt_set": RESTRICTED if row["measure"] == "harmful" else ALLOWED,
                    "templates": tried,
                    "queries": tried * samples,
                }
            )
    return rows


def _of_attack(verdicts: Sequence[Row], attack: str, samples: int) -> Iterable[dict[str, Any]]:
    """Values of one method under one attack, by selection."""
    attacked = {set_of(attack, side): side for side in (RESTRICTED, ALLOWED)}
    plain = {set_of(PLAIN, side): side for side in (RESTRICTED, ALLOWED)}
    for row in verdicts:
        name, harm = row["prompt_set"], row["measure"] == "harmful"
        if name not in attacked and name not in plain:
            continue
        if name in plain:
            selection = PLAIN
        elif harm:
            selection = FOUND if row["sample"] < samples else CONFIRMED
        else:
            selection = CHOSEN
        value = {"prompt_set": selection, "measure": row["measure"], "value": row["value"]}
        for part in [row["part"]] if harm else PARTS:
            yield {**value, "part": part, "prompt_id": row["prompt_id"].rpartition("-")[2]}
