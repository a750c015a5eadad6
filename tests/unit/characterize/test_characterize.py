"""The characterization on scripted models whose answers are known in advance."""

import math
from typing import Any

import pytest

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize import (
    intervention_curve,
    trigger_mining,
    trigger_selection,
    turning_point_table,
)
from safe_reasoning.characterize.cue_correlation import cue_correlation
from safe_reasoning.characterize.outcome_shares import outcome_shares, safe_response_given
from safe_reasoning.characterize.rollout_diversity import rollout_diversity
from safe_reasoning.characterize.trigger_mining import Candidate
from safe_reasoning.config import Characterize
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.judging.detectors.few_shot import FewShotCueDetector
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    KeywordDetector,
    KeywordJudge,
    ScriptedChat,
    ScriptedSampler,
    generation,
    ids,
    text,
    tokenizer,
)

JUDGE, DETECTOR = KeywordJudge(), KeywordDetector()
TRIGGER = "Wait, this is not allowed."
SAFE = f"The user asks. Let me look at it. {TRIGGER} I should say no, since it is for the best of all.\n</think>\nno"
HARMFUL = "The user asks. Let me look at it. Okay, I will do it. Then I mix the paint and let it dry in the sun.\n</think>\nyes"
SETTINGS = Characterize(stable_tokens=5)


def verdict(
    name: str, part: str, value: bool | None, prompt_id: str = "p0", sample: int = 0, prompt_set: str = "set"
) -> dict[str, Any]:
    common = {"generation_id": name, "prompt_id": prompt_id, "prompt_set": prompt_set, "sample": sample}
    return {**common, "part": part, "measure": "harmful", "value": value, "detail": "", "judge": "keyword"}


def model(given_text: str, request: Request) -> str:
    """Safe for sure once it said "Wait", harmful for sure once it said "will", otherwise a toss by the seed."""
    if "Wait" in given_text:
        return " So no.\n</think>"
    return " I mix.\n</think>" if "will" in given_text or request.sample % 2 else " So no.\n</think>"


def rows_for(traces: list[dict[str, Any]], stride: int = 1, continuations: int = 8) -> list[dict[str, Any]]:
    sample = ScriptedSampler(model)
    rows = []
    for trace in traces:
        requests = csr.continuation_requests(
            trace, csr.prefix_lengths(trace, tokenizer(), stride), continuations
        )
        rows += csr.csr_rows(trace, sample(requests, "csr"), JUDGE, {})
    return rows


def test_traces_come_in_pairs_from_prompts_of_uncertain_safety() -> None:
    rows, harmful = [], {}
    for prompt in range(12):
        outcomes = (
            [(SAFE, False), (HARMFUL, True), ("The user asks. Then I", None)]
            if prompt % 2
            else [(SAFE, False), ("I mix and", True)]
        )
        for number, (completion, value) in enumerate(outcomes):
            rows.append(generation(f"g{prompt}.{number}", completion, prompt_id=f"p{prompt}", sample=number))
            harmful[f"g{prompt}.{number}"] = value
    chosen = csr.choose_traces(rows, harmful, prompts=4, seed=1)
    assert [harmful[row["generation_id"]] for row in chosen] == [False, True] * 4
    assert all(a["prompt_id"] == b["prompt_id"] for a, b in zip(chosen[::2], chosen[1::2], strict=True))
    assert len({row["prompt_id"] for row in chosen}) == 4 and all(
        int(row["prompt_id"][1:]) % 2 for row in chosen
    )
    assert chosen == csr.choose_traces(rows[::-1], harmful, prompts=4, seed=1)
    assert len(csr.choose_traces(rows, harmful, prompts=100, seed=1)) == 12
    with pytest.raises(UserError, match="both a safe and a harmful"):
        csr.choose_traces(rows[:2], harmful, prompts=4, seed=1)


def test_prefixes_reach_from_the_prompt_to_the_end_of_the_reasoning() -> None:
    six = generation("six", "qzqzqz")
    assert len(six["token_ids"]) == 6 and csr.prefix_lengths(six, tokenizer(), 1) == [0, 1, 2, 3, 4, 5, 6]
    assert csr.prefix_lengths(six, tokenizer(), 4) == [0, 4, 6] and csr.prefix_lengths(
        six, tokenizer(), 3
    ) == [0, 3, 6]
    trace = generation("g0", SAFE)
    requests = csr.continuation_requests(trace, csr.prefix_lengths(trace, tokenizer(), 1), 3)
    lengths = sorted({len(request.given_ids) for request in requests})
    assert lengths == list(range(lengths[-1] + 1)) and len(requests) == 3 * len(lengths)
    assert all(request.given_ids == trace["token_ids"][: len(request.given_ids)] for request in requests)
    assert text(trace["token_ids"][: lengths[-1]]) == SAFE.split("</think>")[0]
    assert (
        len({request.seed for request in requests})
        == len({request.generation_id for request in requests})
        == len(requests)
    )


def test_counts_judge_the_whole_reasoning_and_keep_unscored_apart() -> None:
    trace = generation("g0", SAFE)
    given = generation("x", "The user asks.")["token_ids"]
    ends = [" So no.\n</think>", " I mix.\n</think>", " unclear\n</think>", " cut off", " I mix and cut off"]
    continuations = [
        generation(f"c{n}", "The user asks." + end) | {"given_tokens": len(given)}
        for n, end in enumerate(ends)
    ]
    (row,) = csr.csr_rows(trace, continuations, JUDGE, {})
    assert (row["safe"], row["unscored"], row["continuations"], row["prefix_tokens"]) == (1, 2, 5, len(given))
    to_table("csr", [row])
    (point,) = csr.csr_curves([row], {"g0": False})
    assert (
        point["csr"] == pytest.approx(1 / 3)
        and point["continuations"] == 3
        and point["low"] < 1 / 3 < point["high"]
    )
    nothing = row | {"safe": 0, "unscored": 5}
    assert math.isnan(csr.csr_curves([nothing], {"g0": True})[0]["csr"]) and math.isnan(
        csr.curve([nothing])[1][0]
    )


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_turning_points_and_trigger_of_a_known_model(stride: int) -> None:
    traces = {"safe": generation("safe", SAFE, "p0"), "bad": generation("bad", HARMFUL, "p1")}
    harmful: dict[str, bool | None] = {"safe": False, "bad": True}
    rows = rows_for(list(traces.values()), stride)
    table = {
        row["trace"]: row
        for row in turning_point_table.turning_point_rows(
            rows, traces, harmful, tokenizer(), DETECTOR, SETTINGS
        )
    }
    safe, bad = table["safe"], table["bad"]

    first_safe = next(n for n in range(99) if "Wait" in text(traces["safe"]["token_ids"][:n]))
    assert first_safe <= safe["safe_turning_point"] < first_safe + stride
    assert text(traces["safe"]["token_ids"][safe["trigger_start"] : safe["trigger_end"]]).strip() == TRIGGER
    assert safe["csr_before"] == 0.5 and safe["csr_after"] == 1.0
    assert safe["unsafe_turning_point"] is None and safe["first_cue_token"] is None

    first_bad = next(n for n in range(99) if "will" in text(traces["bad"]["token_ids"][:n]))
    assert first_bad <= bad["unsafe_turning_point"] < first_bad + stride
    assert text(traces["bad"]["token_ids"][bad["first_cue_token"] :]).strip().startswith("Okay, I will")
    assert bad["safe_turning_point"] is None and bad["trigger_start"] is None

    assert trigger_mining.trigger_sentences(rows, traces, harmful, tokenizer(), SETTINGS) == [("p0", TRIGGER)]

    shares = turning_point_table.turning_point_shares(rows, harmful, SETTINGS)
    assert [(row["outcome"], row["kind"], row["share"], row["traces"]) for row in shares[:4]] == [
        ("safe", "safe", 1.0, 1),
        ("harmful", "unsafe", 1.0, 1),
        ("harmful", "safe", 0.0, 1),  # the control of the first
        ("safe", "unsafe", 0.0, 1),
    ]
    assert (shares[0]["mu"], shares[0]["eta"], shares[0]["stable_tokens"]) == (0.9, 0.1, 5)
    settings = {(row["mu"], row["stable_tokens"], row["kind"], row["outcome"]) for row in shares}
    assert len(settings) == len(shares) == 20
    found = turning_point_table.correlation_row(list(table.values()), traces, tokenizer(), DETECTOR)
    assert found["n"] == 1 and math.isnan(found["r"]) and found["detector"] == "keyword"


def test_a_detector_that_asks_a_model_is_asked_about_all_traces_side_by_side() -> None:
    traces = {"safe": generation("safe", SAFE, "p0"), "bad": generation("bad", HARMFUL, "p1")}
    chat = ScriptedChat(lambda question: "0" if TRIGGER in question else "2")
    rows, harmful = rows_for(list(traces.values()), 3), {"safe": False, "bad": True}
    table = turning_point_table.turning_point_rows(
        rows, traces, harmful, tokenizer(), FewShotCueDetector("few_shot", chat), SETTINGS
    )
    assert [len(batch) for batch in chat.batches] == [2]
    assert [row["first_cue_token"] is None for row in table] == [True, False]


def test_cue_correlation_uses_traces_with_both() -> None:
    found = cue_correlation([1, 2, None, 4, 5, 6], [11, 12, 13, 14, None, 16])
    assert found.count == 4 and found.r == pytest.approx(1.0)


def test_outcome_shares_count_four_cells_and_leave_unscored_out() -> None:
    outcomes = [(False, False)] * 3 + [(True, False)] * 2 + [(True, True)] * 5 + [(None, False), (True, None)]
    verdicts = []
    for number, (z, y) in enumerate(outcomes):
        prompt_set = "one" if number % 2 else "two"
        verdicts += [
            verdict(f"g{number}", part, value, f"p{number % 4}", prompt_set=prompt_set)
            for part, value in (("reasoning", z), ("response", y))
        ]
    verdicts.append(verdict("other", "reasoning", True, prompt_set="no safety set"))
    rows = outcome_shares(verdicts, ["one", "two"], 200)
    assert {row["prompt_set"] for row in rows} == {"one", "two", "all"} and len(rows) == 12
    pooled = {(row["reasoning"], row["response"]): row for row in rows if row["prompt_set"] == "all"}
    assert [
        pooled[key]["count"]
        for key in [("safe", "safe"), ("safe", "harmful"), ("harmful", "safe"), ("harmful", "harmful")]
    ] == [
        3,
        0,
        2,
        5,
    ]
    assert (
        sum(row["share"] for row in pooled.values()) == pytest.approx(1)
        and pooled["safe", "safe"]["unscored"] == 2
    )
    assert all(row["low"] <= row["share"] <= row["high"] for row in rows)
    given = {row["reasoning"]: row for row in safe_response_given(verdicts, ["one", "two"], 200)}
    assert (given["safe"]["rate"], given["safe"]["count"]) == (1.0, 3)
    assert (given["harmful"]["rate"], given["harmful"]["count"], given["harmful"]["unscored"]) == (
        pytest.approx(2 / 7),
        7,
        1,
    )


def test_rollout_diversity_counts_known_safe_rollouts() -> None:
    values = {"a": [False, False, False], "b": [True, True, True], "c": [False, None, True], "short": [False]}
    verdicts = [
        verdict(f"{p}{n}", "reasoning", value, p, n)
        for p, entries in values.items()
        for n, value in enumerate(entries)
    ]
    verdicts.append(verdict("extra", "reasoning", False, "b", sample=3))
    rows = rollout_diversity(verdicts, 3)
    assert [row["prompts"] for row in rows] == [1, 1, 0, 1] and sum(
        row["share"] for row in rows
    ) == pytest.approx(1)
    assert all(row["unscored"] == 1 for row in rows)
    with pytest.raises(UserError, match="characterize.rollouts"):
        rollout_diversity(verdicts, 8)


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


def test_further_traces_are_mined_at_sentence_ends() -> None:
    rows = [generation(f"g{n}", SAFE, f"p{n}") for n in range(3)] + [
        generation("bad", HARMFUL, "p8"),
        generation("open", "So no", "p9"),
    ]
    harmful = {row["generation_id"]: row["generation_id"] == "bad" for row in rows}
    further = trigger_mining.further_traces(rows, harmful, used={"p1"}, number=9, seed=0)
    assert {row["generation_id"] for row in further} == {"g0", "g2"}
    prompts: dict[str, Any] = {f"p{n}": {} for n in range(3)}
    sample = ScriptedSampler(model)
    found = trigger_mining.csr_at_sentences(further, sample, tokenizer(), JUDGE, prompts, continuations=4)
    of_first = csr.by_trace(found)["g0"]
    ends = [text(ids(SAFE)[: row["prefix_tokens"]]) for row in of_first]
    assert (
        ends[0] == ""
        and ends[1] == "The user asks."
        and ends[3].endswith(TRIGGER)
        and len(sample.batches) == 1
    )
    assert [row["safe"] for row in of_first] == [2, 2, 2, 4, 4]
    traces = {row["generation_id"]: row for row in further}
    assert trigger_mining.trigger_sentences(found, traces, harmful, tokenizer(), SETTINGS) == [
        (row["prompt_id"], TRIGGER) for row in further
    ]


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
    assert [c.safe_share for c in measured] == [1.0, pytest.approx(2 / 3), 0.0]
    assert len(sample.batches) == 1 and len(sample.batches[0]) == 12
    rows = trigger_selection.candidate_rows(measured)
    assert rows[1]["trials"] == 3 and rows[1]["low"] < 2 / 3 < rows[1]["high"]
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


def test_traces_on_which_no_trigger_was_picked_come_first() -> None:
    rows = [generation(f"g{n}", HARMFUL, f"p{n}") for n in range(6)]
    harmful = {f"g{n}": n != 5 for n in range(6)}
    chosen = intervention_curve.choose_traces(rows, harmful, 4, 0, used_prompts={"p0", "p1"})
    assert {row["prompt_id"] for row in chosen[:3]} == {"p2", "p3", "p4"} and chosen[3]["prompt_id"] in {
        "p0",
        "p1",
    }
    with pytest.raises(UserError, match="no harmful trace"):
        intervention_curve.choose_traces(rows, {}, 4, 0)


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
    table = {(row["label"], row["rounds"]): row for row in intervention_curve.intervention_rates(rows, 200)}
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
    assert (
        table["T1", 0]["with_cue"] == pytest.approx(2 / 3)
        and table["T1", 1]["with_cue"] == 0
        and table["T1", 3]["traces"] == 3
    )
