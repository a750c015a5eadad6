"""The worst case over templates, by scripted harm with known answers."""

import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import Config, validate
from safe_reasoning.core import records
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.worst_case import ALLOWED, RESTRICTED, worst_case_rows, worst_templates
from safe_reasoning.judging.verdicts import judge_generations
from safe_reasoning.plan.estimate import plan
from safe_reasoning.prompts.attacks.worst_templates import template_prompts
from safe_reasoning.prompts.nano_world import prompts as nano
from safe_reasoning.report.figures import fig_worst_case
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.prompt_sets import requests_for
from tests.support.drawing import table
from tests.support.fakes import KeywordJudge, ScriptedSampler
from tests.support.fakes import tokenizer as byte_tokenizer
from tests.support.paths import PUBLISHED, TINY

ITEMS, TEMPLATES, SAMPLES = 30, 8, 2
Script = Callable[[str, Request], str]
HARM = "Let me mix it.\n</think>\nFirst, mix it."
SAFE = "This is not allowed.\n</think>\nSorry, no."
HELP = "It is free to make.\n</think>\nHere it is."


def asked() -> list[dict[str, Any]]:
    return [
        {
            "prompt_id": f"{name}-{item * TEMPLATES + template:04d}",
            "prompt_set": name,
            "role": role,
            "category": "c",
            "text": f"template {template}, {name}",
            "request": "r",
            "gold": f'{{"item": "{item}"}}',
        }
        for name, role in ((RESTRICTED, "safety"), (ALLOWED, "overrefusal"))
        for item in range(ITEMS)
        for template in range(TEMPLATES)
    ]


def sampled(script: Script) -> tuple[ScriptedSampler, list[dict[str, Any]]]:
    """A method's verdicts where the sampler answers each request by the script."""
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    requests = requests_for(asked(), {RESTRICTED: 2 * SAMPLES, ALLOWED: SAMPLES}, tokenizer, seed=0)
    sampler = ScriptedSampler(script)
    rows = sampler(requests, "templates")
    judged = judge_generations(KeywordJudge(), {row["prompt_id"]: row for row in asked()}, rows)
    return sampler, judged


def template_of(request: Request) -> int:
    return int(request.prompt_id[-4:]) % TEMPLATES


def weak(text: str, request: Request) -> str:
    """Harm in template 3 alone, where benign requests are helped with too; template 5 is refused."""
    if request.prompt_set == ALLOWED:
        return HELP if template_of(request) != 5 else SAFE
    return HARM if template_of(request) == 3 else SAFE


def coin(text: str, request: Request) -> str:
    """Harm by chance, whatever the template."""
    return HARM if random.Random(request.seed).random() < 0.5 else SAFE


def refuses(text: str, request: Request) -> str:
    return SAFE


def rates(script: Script) -> dict[tuple[str, str, str], float]:
    rows = worst_case_rows({Variant("ipo", 0): sampled(script)[1]}, asked(), SAMPLES, {"base"}, 100, 0)
    return {(row["part"], row["measure"], row["selection"]): row["rate"] for row in rows}


def test_one_weak_template_is_found_and_confirmed():
    found = rates(weak)
    for part in ("reasoning", "response"):
        assert found[part, "harmful", "found"] == found[part, "harmful", "confirmed"] == 1
        assert found[part, "harmful", "average"] == pytest.approx(1 / TEMPLATES)
        assert found[part, "complies", "average"] == pytest.approx(1 - 1 / TEMPLATES)
        assert found[part, "complies", "chosen"] == 1


def test_harm_by_chance_is_found_but_not_confirmed():
    found = rates(coin)
    assert found["response", "harmful", "found"] > 0.9
    assert found["response", "harmful", "confirmed"] < 0.7
    assert found["response", "harmful", "average"] == pytest.approx(0.5, abs=0.1)


def test_who_refuses_everything_complies_with_nothing():
    found = rates(refuses)
    assert found["response", "harmful", "confirmed"] == 0 and found["response", "complies", "chosen"] == 0


def test_all_methods_have_the_same_budget():
    batches = [sampled(script)[0].batches for script in (weak, coin, refuses)]
    assert batches[0] == batches[1] == batches[2]
    (requests,) = batches[0]
    assert len(requests) == ITEMS * TEMPLATES * SAMPLES * 3
    assert len({request.seed for request in requests}) == len(requests), "fresh seeds confirm"
    verdicts = {Variant("ipo", 0): sampled(weak)[1], Variant("sft", 0): sampled(coin)[1]}
    rows = worst_case_rows(verdicts, asked(), SAMPLES, {"base"}, 100, 0)
    assert {(row["templates"], row["queries"]) for row in rows} == {(TEMPLATES, TEMPLATES * SAMPLES)}
    verdicts[Variant("sft", 0)].pop()
    with pytest.raises(UserError, match="asked other templates"):
        worst_case_rows(verdicts, asked(), SAMPLES, {"base"}, 100, 0)


def test_ties_are_drawn_with_the_seed_and_unscored_samples_are_no_harm():
    equal = [[[True], [True], [None]] for _ in range(30)]
    assert set(worst_templates(equal, 0)) == {0, 1}
    assert worst_templates(equal, 0) == worst_templates(equal, 0) != worst_templates(equal, 1)


def config(**evaluate: Any) -> Config:
    raw = yaml.safe_load(TINY.read_text())
    raw["evaluate"] |= evaluate
    return validate(raw, "tiny")


def test_every_item_is_asked_in_every_template():
    rows = template_prompts(config(worst_templates=2))
    restricted = [row for row in rows if row["prompt_set"] == RESTRICTED]
    allowed = [row for row in rows if row["prompt_set"] == ALLOWED]
    assert len(restricted) == len(allowed) == 2 * 24
    assert len({row["gold"] for row in restricted}) == len({row["gold"] for row in allowed}) == 2
    held_out = {row["gold"] for row in nano.prompts("direct", 16, 0)}
    assert {row["gold"] for row in restricted} <= held_out
    assert [row["category"] for row in restricted] == [row["category"] for row in allowed]
    assert len({row["prompt_id"] for row in rows}) == len(rows)


def test_the_plan_counts_it_for_methods_with_weights_and_real_models_are_refused():
    settings = config(worst_templates=2, worst_samples=3, attacked_methods=[])
    (step,) = (step for step in plan(settings) if step.stage == "worst case")
    variants = 1 + sum(method.policy is None for method in settings.methods.values())
    assert step.generations == variants * 2 * 24 * 3 * 3 and step.jobs == variants
    (few,) = (step for step in plan(config(worst_templates=2)) if step.stage == "worst case")
    assert few.jobs == 2, "the base and the method that is named"
    assert not [step for step in plan(config(worst_templates=0)) if step.stage == "worst case"]
    raw = yaml.safe_load(TINY.read_text())
    raw["models"]["real"] = {"kind": "hub", "source": "s"}
    with pytest.raises(UserError, match="worst_templates"):
        validate(raw, "tiny")


def test_table_and_metrics(tmp_path):
    verdicts = {Variant("base", 0): sampled(coin)[1], Variant("ipo", 0): sampled(weak)[1]}
    rows = worst_case_rows(verdicts, asked(), SAMPLES, {"base"}, 100, 0)
    records.write_metrics(tmp_path / "worst_case.csv", [{"model": "nano", **row} for row in rows], {})
    content = (tmp_path / "worst_case.csv").read_bytes()
    check_metrics("worst_case", content)
    frame = pd.read_csv(tmp_path / "worst_case.csv")
    assert not frame.duplicated(["model", "method", "attack", "part", "measure", "selection"]).any()
    shown = table("table_worst_case", tmp_path).set_index(["method", "attack", "part"])
    ipo = shown.loc[("IPO (stage 1)", "templates", "reasoning")]
    assert ipo["harmful, confirmed, %"].startswith("100.0 [") and ipo["queries"] == TEMPLATES * SAMPLES
    assert ipo["complies, worst case, %"].startswith("100.0 [") and ipo["items"] == ITEMS


def test_a_rate_with_many_unscored_answers_is_hollow(tmp_path):
    rows = worst_case_rows({Variant("base", 0): sampled(coin)[1]}, asked(), SAMPLES, {"base"}, 100, 0)
    few = [{"model": "nano", **row} for row in rows]
    many = [row | {"unscored": row["samples"]} if row["measure"] == "complies" else row for row in few]
    for given, hollow in ((few, [0, 0, 0]), (many, [0, 0, 2])):
        records.write_metrics(tmp_path / "worst_case.csv", given, {})
        figure = fig_worst_case.draw(fig_worst_case.data(tmp_path, PUBLISHED))
        faces = [[line.get_markerfacecolor() for line in axis.lines] for axis in figure.axes]
        assert [panel.count("white") for panel in faces] == hollow
