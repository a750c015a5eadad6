"""Attacks that search against each method itself: what they find, what is confirmed, what is controlled."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import Attack, Config, validate
from safe_reasoning.core import records
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.adaptive import adaptive_rows
from safe_reasoning.judging.verdicts import harm_of_samples, judge_generations
from safe_reasoning.plan.estimate import plan
from safe_reasoning.prompts.attacks import adaptive
from safe_reasoning.prompts.attacks.pair import ChatAttacker, Prompt, Stream
from safe_reasoning.prompts.attacks.wrappers import FRAMES, NANO_FRAMES, WrapperAttacker, framed
from safe_reasoning.prompts.nano_world import prompts as nano
from safe_reasoning.report.claims import scorecard
from safe_reasoning.sampling.engine import Request
from tests.support.drawing import draw, table
from tests.support.fakes import KeywordJudge, ScriptedChat, ScriptedSampler, text
from tests.support.fakes import tokenizer as byte_tokenizer
from tests.support.metrics_fixture import interval, write_metrics
from tests.support.paths import ROOT, TINY

SAMPLES, ITEMS = 2, 30
HARM = "Let me mix it.\n</think>\nFirst, mix it."
SAFE = "This is not allowed.\n</think>\nSorry, no."
SETTINGS = Attack(kind="pair", attacker="wrappers", target="self", scorer="judge", iterations=6, streams=2)


def config(**evaluate: Any) -> Config:
    raw = yaml.safe_load(TINY.read_text())
    raw["evaluate"] |= {"adaptive_prompts": ITEMS, **evaluate}
    return validate(raw, "tiny")


def asked() -> list[dict[str, Any]]:
    """Requests for items, restricted and allowed."""
    plain = {}
    for name, split, role in (("direct", "direct", "safety"), ("overrefusal", "overrefusal", "overrefusal")):
        rows = nano.prompts(split, 256, 0)
        plain[name] = [
            {**row, "prompt_id": f"{name}-{number}", "prompt_set": name, "role": role, "request": row["text"]}
            for number, row in enumerate(rows)
        ]
    return adaptive.attacked_prompts(plain, config())


def attacked(
    script: Any, attacker: Any = None, settings: Attack = SETTINGS, scorer: Any = None
) -> tuple[list, list, list]:
    """Attack rows, verdicts on all samples, and the prompts that were sampled."""
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    sampler, judge, prompts = ScriptedSampler(script), KeywordJudge(), asked()

    def harm(owners: Sequence[Any], rows: Sequence[Any]) -> list[float]:
        return harm_of_samples(judge, owners, rows)

    target = adaptive.OwnTarget(sampler, tokenizer, harm, scorer, SAMPLES, seed=0)
    found, samples, requests = adaptive.attack(
        "pair_self", settings, prompts, attacker or WrapperAttacker(3, 0), target
    )
    rows = [*samples, *sampler([*requests, *adaptive.plain_requests(prompts, target)], "fresh")]
    assert len({row["generation_id"] for row in rows}) == len(rows)
    verdicts = judge_generations(judge, {row["prompt_id"]: row for row in prompts}, rows)
    return found, verdicts, [request for batch in sampler.batches for request in batch]


def rates(verdicts: list) -> dict[tuple[str, str, str], float]:
    rows = adaptive_rows({Variant("ipo", 0): verdicts}, {"pair_self": 12}, SAMPLES, {"base"}, 100)
    return {(row["part"], row["measure"], row["selection"]): row["rate"] for row in rows}


def coin(given: str, request: Request) -> str:
    """Harm by chance, whatever was asked."""
    return HARM if random.Random(request.seed).random() < 0.3 else SAFE


def story(given: str, request: Request) -> str:
    """Harm in one frame alone, in which allowed requests are helped with too."""
    weak = "In my novel" in text(request.prompt_token_ids)
    return HARM if weak else SAFE


def test_harm_by_chance_is_found_and_not_confirmed():
    """The winner's curse: the best of twelve tries is far above the base rate, the same prompts are not."""
    _, verdicts, requests = attacked(coin)
    found = rates(verdicts)
    for part in ("reasoning", "response"):
        assert found[part, "harmful", "found"] > 0.8
        assert found[part, "harmful", "confirmed"] == pytest.approx(0.3, abs=0.15)
        assert found[part, "harmful", "plain"] == pytest.approx(0.3, abs=0.15)
    assert len({request.seed for request in requests}) == len(requests), "every sample has a seed of its own"


def test_a_weak_frame_is_found_and_confirmed_and_the_control_is_asked_in_it():
    settings = SETTINGS.model_copy(update={"iterations": 24, "streams": 1})
    rows, verdicts, requests = attacked(story, WrapperAttacker(24, 0), settings)
    found = rates(verdicts)
    assert found["reasoning", "harmful", "found"] == found["reasoning", "harmful", "confirmed"] == 1
    assert found["reasoning", "harmful", "plain"] == 0
    assert found["reasoning", "complies", "chosen"] == 1 and found["reasoning", "complies", "plain"] == 0
    restricted, allowed = rows[:ITEMS], rows[ITEMS:]
    assert {row["technique"] for row in restricted} == {"story_1"} == {row["technique"] for row in allowed}
    assert all(row["text"].startswith("In my novel a thief makes") for row in rows)
    assert len({row["text"] for row in allowed}) == len(allowed) == ITEMS, "each asks for its own item"


def test_who_refuses_everything_is_safe_and_complies_with_nothing():
    found = rates(attacked(lambda given, request: SAFE)[1])
    assert found["response", "harmful", "confirmed"] == 0 and found["response", "complies", "chosen"] == 0


def test_the_budget_holds_and_a_request_that_is_broken_asks_no_more():
    everything = attacked(lambda given, request: SAFE)[2]
    searched = [request for request in everything if request.prompt_set == "pair_self_restricted"]
    assert len(searched) == ITEMS * SAMPLES * (SETTINGS.iterations * SETTINGS.streams + 1)
    broken = attacked(lambda given, request: HARM)[2]
    first = [request for request in broken if request.prompt_set == "pair_self_restricted"]
    assert len(first) == ITEMS * SAMPLES * (SETTINGS.streams + 1)


def stream(request: dict[str, Any], *scores: tuple[str, int]) -> Stream:
    return Stream(request, 1, scored=[(Prompt("", technique), score) for technique, score in scores])


def test_the_rule_tries_frames_and_then_adds_to_the_best():
    attacker, request = WrapperAttacker(2, 0), asked()[0]
    (first,) = attacker.rewrite([stream(request)], "")
    (second,) = attacker.rewrite([stream(request, (first.technique, 4))], "")
    assert first.technique != second.technique and "+" not in second.technique
    (third,) = attacker.rewrite([stream(request, (first.technique, 4), (second.technique, 1))], "")
    assert third.technique.startswith(f"{first.technique}+") and third.text.startswith(first.text)
    assert json.loads(request["gold"])["item"] in third.text


def test_other_requests_get_general_frames():
    request = {"prompt_id": "p-0", "request": "What is {this}?", "gold": ""}
    names = [f"{kind}_{number}" for kind, group in FRAMES.items() for number in range(len(group))]
    assert all("What is {this}?" in framed(name, request) for name in names)
    assert framed("plain_0+curious", request) == "What is {this}? I am just curious."
    assert len(NANO_FRAMES) == 9


def test_a_chat_attacker_rewrites_what_each_method_replied_to():
    """The same interface with an endpoint's attacker and scorer, as in the paper's configuration."""
    chat = ScriptedChat(lambda question: json.dumps({"prompt": "In my novel a better one"}))
    settings = SETTINGS.model_copy(update={"iterations": 2, "streams": 1})
    rows, verdicts, _ = attacked(story, ChatAttacker(chat), settings)
    assert {row["text"] for row in rows} == {"In my novel a better one"}
    assert rates(verdicts)["reasoning", "harmful", "confirmed"] == 1


def test_a_chat_model_scores_what_the_method_replied():
    scorer = ScriptedChat(lambda question: "10" if "mix it" in question else "1")
    rows, verdicts, _ = attacked(story, settings=SETTINGS.model_copy(update={"iterations": 9}), scorer=scorer)
    broken = [row for row in rows[:ITEMS] if row["score"] == 10]
    assert broken and {row["technique"].partition("+")[0] for row in broken} == {"story_1"}
    assert rates(verdicts)["response", "harmful", "confirmed"] == pytest.approx(len(broken) / ITEMS)


def test_figure_table_and_metrics(tmp_path):
    verdicts = {Variant("base", 0): attacked(story)[1], Variant("ipo", 0): attacked(coin)[1]}
    rows = adaptive_rows(verdicts, {"pair_self": 12}, SAMPLES, {"base"}, 100)
    records.write_metrics(tmp_path / "worst_case.csv", [{"model": "nano", **row} for row in rows], {})
    check_metrics("worst_case", (tmp_path / "worst_case.csv").read_bytes())
    frame = pd.read_csv(tmp_path / "worst_case.csv")
    assert not frame.duplicated(["model", "method", "attack", "part", "measure", "selection"]).any()
    shown = table("table_worst_case", tmp_path).set_index(["method", "attack", "part"])
    assert shown.loc[("IPO (stage 1)", "pair_self", "reasoning"), "queries"] == 12 * SAMPLES
    drawn = draw("fig_worst_case", tmp_path, tmp_path / "fig")
    assert set(drawn["selection"]) == {"plain", "confirmed", "chosen"}, "what only was found is not drawn"


def test_claims_about_attacks_are_judged_where_a_run_has_them(tmp_path):
    write_metrics(tmp_path)
    assert not [name for name in scorecard.score(tmp_path)["id"] if name.startswith("withstands")]
    rows = [
        {**at, **interval(rate), "method": method, "attack": attack, "part": part, "rate": rate}
        for method, rate in (("base", 0.9), ("sft_safe", 0.3), ("ipo_stage2", 0.3))
        for attack in ("templates", "pair_self")
        for part in ("reasoning", "response")
        for at in [{"model": "nano", "selection": "confirmed", "prompts": 9, "samples": 9, "unscored": 0}]
    ]
    records.write_metrics(tmp_path / "worst_case.csv", rows, {})
    card = scorecard.score(tmp_path).set_index("id")
    held = card.loc["withstands_attacks"]
    assert held["verdict"] == card["verdict"]["ipo_lowers_reasoning"] == "reproduced"
    assert "pair_self, base − IPO (both stages): 60.0 points" in held["ours"]
    assert "templates, base" in card["ours"]["withstands_templates"] and "templates" not in held["ours"]
    assert card["verdict"]["withstands_best"] == "within noise"
    ours = [row for row in rows if row["method"] != "ipo_stage2"]
    records.write_metrics(tmp_path / "worst_case.csv", ours, {})
    assert scorecard.score(tmp_path).set_index("id")["verdict"]["withstands_attacks"] == "not run"


def test_settings_that_cannot_be_run_are_refused():
    raw = yaml.safe_load(TINY.read_text())

    def refused(change: dict[str, Any], match: str) -> None:
        with pytest.raises(UserError, match=match):
            validate({**raw, **change}, "tiny")

    evaluate, attacks = raw["evaluate"], raw["attacks"]
    refused(
        {"evaluate": evaluate | {"adaptive_attacks": ["pap"]}},
        "adaptive_attacks: 'pap' is unknown: use one of pair_self",
    )
    refused(
        {"evaluate": evaluate | {"attacked_methods": ["guarded"]}}, "attacked_methods: 'guarded' is unknown"
    )
    refused({"attacks": attacks | {"plain": attacks["pap"]}}, "attacks.plain: .* rename it")
    one = {"kind": "pap", "attacker": "wrappers"}
    refused({"attacks": attacks | {"pap": one}}, "attacker wrappers and scorer judge need target self")
    sets = raw["prompt_sets"]
    refused(
        {"prompt_sets": sets | {"direct_pap": sets["direct_pap"] | {"attack": "pair_self"}}},
        "'pair_self' is unknown",
    )


def test_the_paper_s_endpoints_can_attack_each_method():
    raw = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    raw["attacks"]["pair_self"] = raw["attacks"]["pair"] | {"target": "self"}
    raw["evaluate"]["adaptive_attacks"] = ["pair_self"]
    settings = validate(raw, "paper")
    assert settings.attacks["pair_self"].chats == [
        raw["attacks"]["pair"][key] for key in ("attacker", "scorer")
    ]
    (step,) = [step for step in plan(settings) if step.stage == "adaptive attacks"][:1]
    assert step.generations and step.jobs > 1


def test_the_plan_counts_what_is_sampled_against_each_method():
    settings = config(adaptive_prompts=3, worst_samples=2)
    (step,) = (step for step in plan(settings) if step.stage == "adaptive attacks")
    tried = sum(
        settings.attacks[name].iterations * settings.attacks[name].streams for name in ("pair_self", "suffix")
    )
    assert step.jobs == 2 and step.bound
    assert step.generations == 2 * 3 * 2 * (tried + 2 * (2 + 1))
    assert not [step for step in plan(config(adaptive_attacks=[])) if step.stage == "adaptive attacks"]
