"""Judges against people.

Each judge reads the labelled texts, and its readings are compared with what people say of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.core.errors import UserError
from safe_reasoning.judge_audit.agreement import agreement, brier, calibration, error_rates
from safe_reasoning.judge_audit.human_labels import LabelledText
from safe_reasoning.judging.base import Judge, Question

DATA = ("jailbreakbench", "xstest")


def readings(judge: Judge, texts: Sequence[LabelledText]) -> list[dict[str, Any]]:
    """What a judge says of each text; unscored where the text was left out.

    No probability: judges of this kind give none.
    """
    questions = [
        Question(text.measure, "response", text.as_prompt(), text.response)
        for text in texts
        if text.response is not None
    ]
    answers = iter(judge.judge(questions))
    return [
        {
            "row": text.row,
            "value": None if text.response is None else next(answers).value,
            "probability": None,
        }
        for text in texts
    ]


def read_readings(path: Path, texts: Sequence[LabelledText]) -> dict[str, tuple[bool | None, float | None]]:
    """A file of readings by row.

    One that does not fit the labelled texts available is a UserError.
    """
    frame = pd.read_csv(path, dtype={"row": str})
    if sorted(frame["row"]) != sorted(text.row for text in texts):
        raise UserError(f"{path} holds readings of other texts than those available: delete it and run again")
    values = [None if pd.isna(value) else str(value) == "True" for value in frame["value"]]
    probabilities = [None if pd.isna(p) else float(p) for p in frame["probability"]]
    return dict(zip(frame["row"], zip(values, probabilities, strict=True), strict=True))


def audit(
    texts: Sequence[LabelledText],
    found: Mapping[str, Mapping[str, tuple[bool | None, float | None]]],
    resamples: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The audit's rows and the calibration's.

    Of each data set: published judges whose verdicts came with it, the judges of the run, and pairs
    of people, whose agreement is the most to be expected.

    Args:
        texts: with human labels.
        found: judge -> row -> (verdict, probability).
        resamples: of the bootstrap over requests.
    """
    rows: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    for data in DATA:
        chosen = [text for text in texts if text.data == data]
        if not chosen:
            continue
        names = {"data": data, "measure": chosen[0].measure}
        labels, clusters = [text.label for text in chosen], [text.cluster for text in chosen]
        for judge in chosen[0].stored:
            verdicts = [text.stored[judge] for text in chosen]
            rows.append(
                {**names, "judge": judge, "kind": "stored", **_against(labels, verdicts, clusters, resamples)}
            )
        for judge, by_row in found.items():
            verdicts_of_judge = [by_row[text.row][0] for text in chosen]
            probabilities = [by_row[text.row][1] for text in chosen]
            score = brier(labels, probabilities)
            rows.append(
                {
                    **names,
                    "judge": judge,
                    "kind": "run",
                    **_against(labels, verdicts_of_judge, clusters, resamples),
                    "brier": score,
                }
            )
            curves += [{**names, "judge": judge, **row} for row in calibration(labels, probabilities)]
        for one, other in itertools.combinations(chosen[0].people, 2):
            pair = agreement(
                [text.people[one] for text in chosen],
                [text.people[other] for text in chosen],
                clusters,
                resamples=resamples,
            )
            rows.append({**names, "judge": f"{one} and {other}", "kind": "people", **pair})
    return rows, curves


def _against(
    labels: Sequence[bool], verdicts: Sequence[bool | None], clusters: Sequence[str], resamples: int
) -> dict[str, Any]:
    both = agreement(labels, verdicts, clusters, resamples=resamples)
    return {**both, **error_rates(labels, verdicts, clusters, resamples=resamples)}
