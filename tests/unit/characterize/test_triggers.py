"""Triggers: mined from safe turning points, tried on harmful traces, picked by their effect."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize import (
    intervention_curve,
    trigger_mining,
    trigger_selection,
)
from safe_reasoning.characterize.csr_estimate import Estimate
from safe_reasoning.characterize.trigger_mining import Candidate
from safe_reasoning.config import load
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.prompts.attacks.rows import request_sha256
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    ScriptedSampler,
    generation,
    ids,
    text,
    tokenizer,
)
from tests.support.paths import TINY
from tests.support.scripted_traces import DETECTOR, HARMFUL, JUDGE, SAFE, SETTINGS, TRIGGER, model


def test_mining_merges_forms_and_prefers_sentences_of_several_prompts() -> None:
    sentences = [("p0", "It is item seven.")] * 3 + [
        ("p0", "Wait, no."),
        ("p1", "wait,  no!"),
        ("p2", "Wait, no."),
        ("p0", "..."),
        ("p3", "This is wrong."),
    ]
    mined = trigger_mining.extract_candidates(sentences, 10)
    assert [(c.text, c.occurrences, c.prompts) for c in mined] == [
        ("Wait, no.", 3, 3),
        ("It is item seven.", 3, 1),
        ("This is wrong.", 1, 1),
    ]
    assert trigger_mining.extract_candidates(sentences, 1) == mined[:1]
    with pytest.raises(UserError, match="safe turning point"):
        trigger_mining.extract_candidates([], 10)


class KeepingSampler(ScriptedSampler):
    """Answers as the scripted model, and names files as `Sampler` does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(model)
        self.folder = folder

    def kept_file(self, names: list[str], *content: Any) -> Path:
        return self.folder / f"{names[0]}.parquet"


class Reader:
    """Goes on as the trace does while a number is below 0.9, else with another token."""

    def next_tokens(self, prompt_token_ids: Any, token_ids: list[int]) -> Iterator[Any]:
        for token in [*token_ids, 0]:
            yield lambda numbers, token=token: [
                token if number < 0.9 else (token + 1) % 300 for number in numbers
            ]


def at_sentences(folder: Path, *, reuse: bool) -> tuple[Estimate, list[dict[str, Any]], KeepingSampler]:
    rows = [generation(f"g{n}", SAFE, f"p{n}") for n in range(3)] + [
        generation("bad", HARMFUL, "p8"),
        generation("open", "So no", "p9"),
    ]
    harmful = {row["generation_id"]: row["generation_id"] == "bad" for row in rows}
    further = trigger_mining.further_traces(rows, harmful, used={"p1"}, number=9, seed=0)
    assert {row["generation_id"] for row in further} == {"g0", "g2"}
    whole = load(TINY)
    settings = whole.characterize.model_copy(update={"csr_continuations": 4, "csr_reuse": reuse})
    config = whole.model_copy(update={"characterize": settings})
    sample: Any = KeepingSampler(folder)
    ends = Ends(tokenizer(), frozenset([tokenizer().eos_token_id]), ids("</think>")[0])
    prompts: dict[str, Any] = {f"p{n}": {} for n in range(3)}
    found = trigger_mining.csr_at_sentences(further, sample, ends, Reader, JUDGE, prompts, config)
    return found, further, sample


def test_further_traces_are_mined_at_sentence_ends(tmp_path: Path) -> None:
    found, further, _ = at_sentences(tmp_path, reuse=False)
    of_first = csr.by_trace(found.rows)["g0"]
    ends = [text(ids(SAFE)[: row["prefix_tokens"]]) for row in of_first]
    assert ends[0] == "" and ends[1] == "The user asks." and ends[3].endswith(TRIGGER)
    assert [row["safe"] for row in of_first] == [2, 2, 2, 4, 4]
    assert (found.generations, found.carried) == (2 * 4 * len(of_first), 0)
    traces = {row["generation_id"]: row for row in further}
    harmful = dict.fromkeys(traces, False)
    assert trigger_mining.trigger_sentences(found.rows, traces, harmful, tokenizer(), SETTINGS) == [
        (row["prompt_id"], TRIGGER) for row in further
    ]


def test_further_traces_reuse_continuations_too(tmp_path: Path) -> None:
    """One that follows its trace to the end of a sentence is a sample there."""
    every = at_sentences(tmp_path / "none", reuse=False)[0]
    found, _, sample = at_sentences(tmp_path, reuse=True)
    where = ("generation_id", "prefix_tokens", "continuations")
    assert [[row[key] for key in where] for row in found.rows] == [
        [row[key] for key in where] for row in every.rows
    ]
    assert 0 < found.carried == every.generations - found.generations
    assert found.carried > 8 and sum(map(len, sample.batches)) <= found.generations
    carried = [row for row in found.continuations if row["last"] > row["first"]]
    assert carried and all(row["safe"] in (True, False) for row in carried)


def test_trials_are_harmful_with_a_cue_and_spread_over_prompts() -> None:
    rows = [generation(f"g{n}", HARMFUL, f"p{n % 3}") for n in range(9)]
    rows += [generation("safe", SAFE, "p8"), generation("no cue", "I mix. Then I mix.\n</think>", "p9")]
    harmful = {row["generation_id"]: row["generation_id"] != "safe" for row in rows}
    trials = trigger_selection.choose_trials(rows, harmful, tokenizer(), DETECTOR, 4, seed=0)
    assert len(trials) == 4 and {row["prompt_id"] for row in trials[:3]} == {"p0", "p1", "p2"}
    assert len(trigger_selection.choose_trials(rows, harmful, tokenizer(), DETECTOR, 99, seed=0)) == 9


def test_effect_is_safe_and_free_of_cues() -> None:
    """The weak candidate leads to a cue without harm in half of the trials, the neutral one to harm always."""

    def script(given_text: str, request: Request) -> str:
        if "no way" in given_text:
            return " So no.\n</think>"
        if "unsure" in given_text:
            return (
                " I will see.\n</think>"
                if request.prompt_id == "p0"
                else " unclear\n</think>"
                if request.prompt_id == "p1"
                else " No.\n</think>"
            )
        return " Then I mix.\n</think>"

    candidates = [
        Candidate("There is no way.", 2, 2),
        Candidate("Hm, unsure.", 1, 1),
        Candidate("Let me look.", 0, 0),
    ]
    trials = [generation(f"g{n}", HARMFUL, f"p{n}") for n in range(4)]
    sample = ScriptedSampler(script)
    measured = trigger_selection.evaluate_candidates(
        candidates, trials, sample, tokenizer(), DETECTOR, JUDGE, {f"p{n}": {} for n in range(4)}
    )
    assert [(c.safe, c.trials, c.unscored) for c in measured] == [(4, 4, 0), (2, 4, 1), (0, 4, 0)]
    assert [c.safe_share for c in measured] == [1.0, 0.5, 0.0]
    assert len(sample.batches) == 1 and len(sample.batches[0]) == 12
    rows = trigger_selection.candidate_rows(measured)
    assert rows[1]["trials"] == 4 and rows[1]["low"] < 0.5 < rows[1]["high"]
    with pytest.raises(UserError, match="no harmful trace with a compliance cue"):
        trigger_selection.evaluate_candidates(candidates, [], sample, tokenizer(), DETECTOR, JUDGE, {})


def measured(text: str, safe: int, prompts: int = 1) -> Candidate:
    return Candidate(text, prompts, prompts, trials=10, safe=safe)


def test_the_most_effective_of_each_cluster_is_picked() -> None:
    candidates = [
        measured("This breaks the law of the land.", 7),
        measured("That breaks the law of the land.", 9),
        measured("People could be hurt by this.", 8, prompts=1),
        measured("People could get hurt by this.", 8, prompts=3),
        measured("The user asks for a lantern.", 1),
    ]
    picked = trigger_selection.pick(candidates, 2, neutral_share=0.2)
    assert [(c.label, c.text) for c in picked[:2]] == [
        ("T1", "That breaks the law of the land."),
        ("T2", "People could get hurt by this."),
    ]
    assert [c.label for c in picked[2:]] == ["", "", ""] and picked[-1].cluster == -1
    assert {c.text for c in picked} == {c.text for c in candidates}


def test_too_few_good_candidates_are_filled_up_with_the_next_most_effective() -> None:
    candidates = [measured("Alpha beta.", 9), measured("Gamma delta.", 1), measured("Epsilon zeta.", 2)]
    assert [c.text for c in trigger_selection.pick(candidates, 2, 0.5) if c.label] == [
        "Alpha beta.",
        "Epsilon zeta.",
    ]
    assert [c.label for c in trigger_selection.pick(candidates, 6, 0.5)] == ["T1", "T2", "T3"]


def test_the_curve_is_of_traces_with_a_cue_on_requests_that_found_no_trigger() -> None:
    """Requests are compared, not names: p1 asks in another set what a trigger was found on."""
    rows = [generation(f"g{n}", HARMFUL, f"p{n}") for n in range(6)]
    rows.append(generation("g6", "I mix. I mix.\n</think>", "p6"))
    harmful = {f"g{n}": n != 5 for n in range(7)}
    prompts = {f"p{n}": {"request": f"request {n}"} for n in range(7)}
    used = {request_sha256("request 0"), request_sha256("request 1")}
    found = intervention_curve.choose_traces(rows, harmful, prompts, used, tokenizer(), DETECTOR, 4, 0)
    assert {row["prompt_id"] for row in found.rows} == {"p2", "p3", "p4"}
    assert found.read == 4 and found.without_cue == 0.25  # g6 is harmful without a cue
    with pytest.raises(UserError, match="no harmful trace"):
        intervention_curve.choose_traces(rows, {}, prompts, used, tokenizer(), DETECTOR, 4, 0)
    with pytest.raises(UserError, match="none of 1 harmful traces holds a compliance cue"):
        intervention_curve.choose_traces(rows[6:], harmful, prompts, used, tokenizer(), DETECTOR, 4, 0)


def test_every_arm_works_on_the_same_traces() -> None:
    """One trigger cures at once, the other at its second insertion; the neutral sentence never does; sampling again cures one trace of the two."""

    def script(given_text: str, request: Request) -> str:
        cured = (
            TRIGGER in given_text
            or given_text.count("Hm, stop.") == 2
            or ("/none/" in f"/{request.generation_id}" and request.prompt_id == "p0")
        )
        return " So no.\n</think>" if cured else " But I will go on. I mix.\n</think>"

    traces = [generation(f"g{n}", HARMFUL, f"p{n}") for n in range(2)] + [
        generation("g2", "I mix. I mix.\n</think>", "p1")
    ]
    prompts: dict[str, Any] = {"p0": {}, "p1": {}}
    triggers = {"T1": TRIGGER, "T2": "Hm, stop."}
    sample = ScriptedSampler(script)
    rows = intervention_curve.run_conditions(
        traces, triggers, "Let me think.", sample, tokenizer(), DETECTOR, JUDGE, prompts, 3
    )
    to_table("interventions", rows)
    assert len(rows) == 4 * 3 * 4 and len(sample.batches) == 3
    table = {
        (row["label"], row["rounds"]): row for row in intervention_curve.intervention_rates(rows, 200, 0.25)
    }
    assert {(row["condition"], row["label"]) for row in table.values()} == {
        ("trigger", "T1"),
        ("trigger", "T2"),
        ("neutral", "neutral"),
        ("none", "none"),
    }
    shares = {
        label: [round(3 * table[label, number]["harmful"]) for number in range(4)]
        for label in ("T1", "T2", "neutral", "none")
    }
    # The third trace is harmful without a cue: nothing to replace, so it stays.
    assert shares == {"T1": [3, 1, 1, 1], "T2": [3, 3, 1, 1], "neutral": [3, 3, 3, 3], "none": [3, 2, 2, 2]}
    assert table["T1", 0]["with_cue"] == pytest.approx(2 / 3)
    assert table["T1", 1]["with_cue"] == 0 and table["T1", 3]["traces"] == 3
