"""The characterization on scripted models whose answers are known in advance."""

import math
from typing import Any

import pytest

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize import (
    trigger_mining,
    turning_point_table,
)
from safe_reasoning.characterize.cue_correlation import cue_correlation
from safe_reasoning.characterize.outcome_shares import outcome_shares, safe_response_given
from safe_reasoning.characterize.rollout_diversity import rollout_diversity
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.judging.detectors.few_shot import FewShotCueDetector
from safe_reasoning.judging.verdicts import reasonings_are_safe
from tests.support.fakes import (
    ScriptedChat,
    ScriptedSampler,
    generation,
    text,
    tokenizer,
)
from tests.support.scripted_traces import DETECTOR, HARMFUL, JUDGE, SAFE, SETTINGS, TRIGGER, model


def verdict(
    name: str, part: str, value: bool | None, prompt_id: str = "p0", sample: int = 0, prompt_set: str = "set"
) -> dict[str, Any]:
    common = {"generation_id": name, "prompt_id": prompt_id, "prompt_set": prompt_set, "sample": sample}
    return {**common, "part": part, "measure": "harmful", "value": value, "detail": "", "judge": "keyword"}


def counted(trace: dict[str, Any], continuations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of schema csr of continuations that count where they were sampled."""
    safe = reasonings_are_safe(JUDGE, [{}] * len(continuations), [row["text"] for row in continuations])
    return csr.csr_rows(trace, [[row["given_tokens"]] for row in continuations], safe)


def rows_for(traces: list[dict[str, Any]], stride: int = 1, continuations: int = 8) -> list[dict[str, Any]]:
    sample = ScriptedSampler(model)
    rows = []
    for trace in traces:
        requests = csr.continuation_requests(
            trace, csr.prefix_lengths(trace, tokenizer(), stride), continuations
        )
        rows += counted(trace, sample(requests, "csr"))
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
    (row,) = counted(trace, continuations)
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
