"""Kinds of demonstrations are found by name and refuse in one line; kept rollouts are the judge's."""

import pytest

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.judging.judges.exact import CUES
from safe_reasoning.pairs import demonstration
from safe_reasoning.pairs.demonstrations import kept_rollouts
from safe_reasoning.plan.training_steps import counts
from tests.support.nano_material import configuration, material, texts


def test_every_kind_declares_itself_and_has_bounds_to_plan_with():
    config = configuration()
    for name in demonstration.kinds():
        kind = demonstration.kind_named(name)
        settings = kind.settings(kind=name)
        assert kind.rows(settings, counts(config, name)) > 0 and kind.empty
        assert demonstration.samples_of(config, name) >= 0
        assert set(demonstration.needs_of(config, name)) <= {"rollouts", "pairs", "triggers"}


def with_method(config: Config, name: str) -> Config:
    raw = config.model_dump()
    raw["methods"]["m"] = {"recipe": "sft_on", "demonstrations": name, "learning_rate": 1e-4}
    return Config.model_validate(raw)


@pytest.mark.parametrize(
    ("entries", "name", "said"),
    [
        ({}, "magic", "demonstrations: 'magic' is unknown: use one of "),
        ({"d": {"kind": "magic"}}, "d", "demonstrations.d.kind: 'magic' is unknown: use one of "),
        ({"d": {"kind": "kept_rollouts", "keeep": 1}}, "d", "demonstrations.d.keeep: "),
        ({"d": {"kind": "kept_rollouts", "keep": 0}}, "d", "demonstrations.d.keep: "),
    ],
)
def test_unknown_kinds_and_keys_are_one_line(entries: dict, name: str, said: str):
    with pytest.raises(UserError, match=said) as caught:
        demonstration.resolved(with_method(configuration(**entries), name))
    assert "\n" not in str(caught.value)


def kept(**settings: object) -> tuple[list[dict], dict[str, int], object]:
    made = material({"kind": "kept_rollouts", **settings})
    built = kept_rollouts.build(made)
    return built.rows, built.counts, made


def test_need_all_keeps_prompts_of_need_one_and_those_that_need_no_training():
    (every, of_all, made), (some, of_one, _) = (kept(need=need, part="y") for need in ("all", "one"))
    assert {row["prompt_id"] for row in every} < {row["prompt_id"] for row in some}
    assert of_all["kept_harmful"] and of_all["kept_benign"]
    safe_of_prompt = [of["safe_rollouts"] / of["kept_harmful"] for of in (of_all, of_one)]
    assert safe_of_prompt[0] > safe_of_prompt[1]
    to_table("demonstrations", every)


def test_a_prompt_whose_first_rollouts_are_safe_counts_with_fewer_of_them():
    few, many = (kept(need="all", part="y", rollouts=k)[1]["kept_harmful"] for k in (1, 4))
    assert few > many


def test_kept_rows_are_whole_safe_rollouts_as_they_were_sampled():
    rows, _, made = kept()
    by_text = {judged.row["text"]: judged for judged in made.rollouts}
    for row, text in zip(rows, texts(made, rows), strict=True):
        judged = by_text[text]
        assert judged.y_safe and (judged.z_safe or row["label"] == "benign")
        assert row["completion_ids"] == [*judged.row["token_ids"], made.tokenizer.eos_token_id]
        assert row["prompt_ids"] == list(judged.row["prompt_token_ids"])


def test_without_a_filter_harmful_rollouts_stay():
    rows, _, made = kept(part="none", keep=3)
    harmful = [text for row, text in zip(rows, texts(made, rows), strict=True) if row["label"] == "harmful"]
    assert len(harmful) == 3 * 16 and any("First, " in text for text in harmful)


def test_leaks_are_refusals_behind_a_harmful_reasoning_and_nothing_else():
    rows, counts, made = kept(part="leak", benign=False)
    by_text = {judged.row["text"]: judged for judged in made.rollouts}
    found = [by_text[text] for text in texts(made, rows)]
    assert len(found) == counts["kept_harmful"] > 0 and {row["label"] for row in rows} == {"harmful"}
    assert all(judged.z_safe is False and judged.y_safe for judged in found)


def test_traces_that_vacillate_can_be_left_out():
    harmful = []
    for no_cue in (False, True):
        rows, _, made = kept(keep=4, no_cue=no_cue)
        harmful.append(
            [text for row, text in zip(rows, texts(made, rows), strict=True) if row["label"] == "harmful"]
        )
    without = [text for text in harmful[0] if not any(cue in text for cue in CUES)]
    assert 0 < len(without) < len(harmful[0]) and sorted(harmful[1]) == sorted(without)
