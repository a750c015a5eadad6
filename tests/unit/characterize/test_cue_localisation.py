"""First cues and triggers against turning points: traces whose places are known."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.characterize.cue_localisation import Turned, localisation_rows, turned_traces
from safe_reasoning.config import Characterize, validate
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judging.base import FirstCue
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.items import make_items
from safe_reasoning.prompts.nano_world.prompts import gold
from safe_reasoning.report import contents
from tests.support.drawing import table
from tests.support.fakes import generation, ids, tokenizer
from tests.support.paths import TINY

ITEM = next(item for item in make_items(24, 0) if item.restricted)
RESTATED, CUE = words.RESTATE[0].format(item=ITEM.name), FAMILIES[ITEM.family].cues[0]
SAFELY = [words.TRIGGERS["rule"][1][0], words.ELABORATIONS[0], words.COMMITMENTS[0]]
FIRST, SECOND, THIRD = ITEM.steps
# Sentences behind the restatement, where the ratio turns (0: with the prompt), and to what
TRACES: list[tuple[list[str], int, float]] = [
    ([CUE, FIRST, SECOND], 1, 0.0),
    ([words.NEUTRAL[0], CUE, FIRST, SECOND], 1, 0.0),
    (SAFELY, 1, 1.0),
    ([CUE, FIRST, SECOND], 0, 0.0),
    (["Moss the of.", FIRST, SECOND], 2, 0.0),
]


def ratios(name: str, sentences: list[str], turn: int, to: float) -> list[dict[str, Any]]:
    """One half up to the first token of the sentence that turns, then 0 or 1."""
    whole = len(ids(" ".join(sentences)))
    turns = len(ids(" ".join(sentences[:turn]))) + 1 if turn else 0
    return [
        {
            **{"generation_id": name, "prefix_tokens": place, "continuations": 10, "unscored": 0},
            "safe": int(10 * to) if place >= turns else 5,
        }
        for place in range(whole + 1)
    ]


def turned(*, exact: bool = True) -> list[Turned]:
    csr, traces, prompts = list[dict[str, Any]](), {}, {}
    for number, (behind, turn, to) in enumerate(TRACES):
        name, sentences = f"p{number}.0", [RESTATED, *behind]
        csr += ratios(name, sentences, turn, to)
        traces[name] = generation(name, " ".join(sentences) + "\n</think>\nno", f"p{number}")
        prompts[f"p{number}"] = {"prompt_id": f"p{number}", "gold": gold(ITEM)}
    settings = Characterize(safe_threshold=0.9, unsafe_threshold=0.1, stable_tokens=3)
    return turned_traces(csr, traces, prompts, tokenizer(), settings, exact=exact)


def rows(*detectors: Any, exact: bool = True) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = localisation_rows(turned(exact=exact), detectors or [ExactCueDetector()], 100)
    return {(row["kind"], row["detector"], row["reference"]): row for row in found}


def values(row: dict[str, Any], *names: str) -> list[float]:
    return [round(row[name], 6) for name in names]


COUNTS = ("traces", "outside", "undetermined", "positives")
SHARES = ("found", "seen_in_time", "found_without", "first_exact", "first_within_one", "first_offset")


def test_turning_points_lie_in_their_sentences():
    unsafe = [one.turns.get("unsafe_turning_point", "outside") for one in turned()]
    assert unsafe == [1, 1, None, "outside", 2]
    assert [one.turns["safe_turning_point"] for one in turned()] == [None, None, 1, None, None]
    assert [one.turns["first_unsafe_sentence"] for one in turned()] == [2, 3, None, 2, 2]


def test_cues_against_unsafe_turning_points():
    """At it, one sentence behind it, none where it turns; none in the safe trace."""
    row = rows()["cue", "exact", "unsafe_turning_point"]
    assert values(row, *COUNTS) == [5, 1, 0, 3]
    assert values(row, *SHARES) == pytest.approx([2 / 3, 1 / 3, 0, 1 / 2, 1, 0.5], abs=1e-6)
    assert row["found_low"] < row["found"] < row["found_high"]


def test_cues_and_the_ratio_against_the_first_unsafe_sentence():
    cue = rows()["cue", "exact", "first_unsafe_sentence"]
    assert values(cue, *COUNTS) == [5, 0, 0, 4]
    assert values(cue, *SHARES) == pytest.approx([3 / 4, 3 / 4, 0, 0, 1, -1], abs=1e-6)
    ratio = rows()["turning_point", "ratio", "first_unsafe_sentence"]
    assert values(ratio, *COUNTS) == [5, 0, 1, 3], "of one trace the prompt alone decided"
    assert values(ratio, *SHARES) == pytest.approx([1, 1, 0, 1 / 3, 2 / 3, -1], abs=1e-6)


def test_triggers_against_safe_turning_points():
    row = rows()["trigger", "exact", "safe_turning_point"]
    assert values(row, *COUNTS) == [5, 0, 0, 1]
    assert values(row, *SHARES) == [1, 1, 0, 1, 1, 0]


class Late:
    """Finds a cue in the last sentence, and can't decide about traces of three sentences."""

    name = "late"

    def first_cues(self, reasonings: Any) -> list[FirstCue]:
        return [FirstCue(len(one) - 1, undetermined=len(one) == 5) for one in reasonings]


def test_a_late_detector_and_what_it_leaves_open():
    found = rows(Late(), LexicalCueDetector())
    row = found["cue", "late", "unsafe_turning_point"]
    assert values(row, *COUNTS) == [5, 1, 1, 2]
    assert values(row, "found", "seen_in_time", "found_without", "first_offset") == [1, 0, 1, 1.5]
    assert ("cue", "lexical", "unsafe_turning_point") in found
    assert ("trigger", "lexical", "safe_turning_point") in found
    assert not [kind for kind, detector, _ in found if kind == "trigger" and detector == "late"]


def test_outside_of_the_nano_world_there_is_no_exact_label():
    assert {reference for _, _, reference in rows(exact=False)} == {
        "unsafe_turning_point",
        "safe_turning_point",
    }


def test_the_table_and_what_may_be_archived(tmp_path: Path):
    made = [{"model": "nano", **row} for row in rows().values()]
    write_metrics(tmp_path / "cue_localisation.csv", made, {})
    check_metrics("cue_localisation", (tmp_path / "cue_localisation.csv").read_bytes())
    shown = table("table_cue_localisation", tmp_path).set_index(["found", "against"])
    cue = shown.loc[("cue", "unsafe turning point")]
    assert (cue["with it"], cue["left out"]) == (3, 1) and cue["distance, sentences"].startswith("+0.5 [")
    assert cue["before the end, %"].startswith("66.7 [") and cue["same sentence, %"].startswith("50.0 [")
    trigger = shown.loc[("trigger", "safe turning point")]
    assert trigger["distance, sentences"] == "+0.0", "one prompt has no interval"


def test_it_is_asked_for_by_the_configuration():
    raw = yaml.safe_load(TINY.read_text())

    def tables(**changes: Any) -> set[str]:
        return {item.name for item in contents.of_run(validate(raw | changes, "tiny"))}

    name = "table_cue_localisation"
    assert name in tables()
    assert name not in tables(evaluate={**raw["evaluate"], "cue_localisation": False})
    assert name not in tables(characterize={**raw["characterize"], "analyses": False})
    alone = {"stages": "evaluation", "methods": {}, "attacks": {}, "policies": {}}
    evaluate = {"judge": "exact", "cue_localisation": True}
    with pytest.raises(Exception, match="evaluate.cue_localisation: stages: evaluation has none") as found:
        validate(
            raw | alone | {"evaluate": evaluate, "prompt_sets": {"direct": raw["prompt_sets"]["direct"]}}, "t"
        )
    assert "\n" not in str(found.value)
