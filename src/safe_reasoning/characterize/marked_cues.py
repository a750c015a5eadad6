"""Every compliance cue in a model's reasonings on harmful prompts, for the cue rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.evaluation.cue_rates import MarkedReasoning, cue_rates
from safe_reasoning.judging.base import CueMarker
from safe_reasoning.prompts.nano_world.cue_themes import THEMES

Row = Mapping[str, Any]
ALL = "all"  # cues of every theme


def cue_rate_rows(
    generations: Sequence[Row], harmful: Mapping[str, bool | None], detector: CueMarker, bootstrap: int
) -> list[dict[str, Any]]:
    """The cue rates of one model by one detector: over all cues, and by theme where it is exact.

    Args:
        generations: on harmful prompts, rows of schema generations.
        harmful: verdict on the response by generation_id; missing: unscored.
        detector: marks every cue.
        bootstrap: resamples of prompts.

    Returns:
        Rows with `detector`, `theme` (`all`, or a theme of the nano world) and the columns of
        `cue_rates`.
    """
    sentences = [
        [one.text for one in split_sentences(split_trace(row["text"]).reasoning)] for row in generations
    ]
    marked = [
        MarkedReasoning(row["prompt_id"], len(of_row), cues, harmful.get(row["generation_id"]))
        for row, of_row, cues in zip(generations, sentences, detector.every_cue(sentences), strict=True)
    ]
    rows = [{"detector": detector.name, "theme": ALL, **cue_rates(marked, bootstrap)}]
    for theme in dict.fromkeys(THEMES.values()) if detector.name == "exact" else ():
        of_theme = [
            replace(one, cues=[cue for cue in one.cues or () if THEMES.get(of_row[cue]) == theme])
            for one, of_row in zip(marked, sentences, strict=True)
        ]
        rows.append({"detector": detector.name, "theme": theme, **cue_rates(of_theme, bootstrap)})
    return rows


def response_verdicts(verdicts: Sequence[Row]) -> dict[str, bool | None]:
    """Whether each response is harmful, by generation_id, from rows of schema verdicts."""
    wanted = ("response", "harmful")
    return {row["generation_id"]: row["value"] for row in verdicts if (row["part"], row["measure"]) == wanted}
