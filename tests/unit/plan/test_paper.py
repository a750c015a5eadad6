"""config/paper.yaml is the paper: its plan adds up, and it does not start before it can be repeated."""

from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.config import Config, load
from safe_reasoning.config.judges import Annotator
from safe_reasoning.judging.kinds import judge_kind
from safe_reasoning.plan import needed_sources, preflight
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.measured_rates import with_measured_rates
from safe_reasoning.plan.step import prompts_of, totals
from safe_reasoning.sampling.prompt_sets import kept_samples
from safe_reasoning.sources import table
from tests.support.paths import ROOT

PAPER = ROOT / "config/paper.yaml"


@pytest.fixture(scope="module")
def config() -> Config:
    return load(PAPER)


def test_pinned_sources_let_it_start(config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv(table.MIRROR_VARIABLE, raising=False)
    monkeypatch.chdir(ROOT)
    assert {"qwen3_8b", "star1_7b", "star_benign", "gpqa_diamond"} <= set(needed_sources.floating(config))
    (tmp_path / "sources.yaml").write_text(
        table.TABLE.read_text().replace("revision: floating", f"revision: {'a' * 40}")
    )
    monkeypatch.setattr(table, "TABLE", tmp_path / "sources.yaml")
    assert needed_sources.floating(config) == [] and preflight.refusals(config) == []


def test_the_demo_and_the_mini_run_float_nowhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(table.MIRROR_VARIABLE, raising=False)
    for name in ("demo", "mini"):
        assert needed_sources.floating(load(ROOT / f"config/{name}.yaml")) == []


def test_the_paper_s_values(config: Config):
    """The values of the paper that are known to several readers (mark A), where a slip would not show."""
    assert (config.decoding.temperature, config.decoding.top_p) == (0.6, 0.95)
    settings = config.characterize
    assert (settings.csr_continuations, settings.csr_stride, settings.csr_prompts, settings.rollouts) == (
        32,
        1,
        30,
        8,
    )
    assert (settings.safe_threshold, settings.unsafe_threshold, settings.stable_tokens) == (0.9, 0.1, 15)
    assert (settings.triggers, settings.intervention_rounds) == (6, 5)
    counts = prompts_of(config, "align_harmful", "align_benign", "safety", "overrefusal", "capability")
    assert (
        counts["align_harmful"],
        counts["align_benign"],
        counts["jailbreakbench"],
        counts["wildjailbreak"],
    ) == (1000, 915, 100, 250)
    assert (
        counts["xstest"],
        counts["aime2024"],
        counts["math500"],
        counts["gpqa_diamond"],
        counts["humaneval"],
    ) == (
        250,
        30,
        500,
        198,
        164,
    )
    ipo = config.method("ds_llama_8b", "ipo")
    assert (ipo.recipe, ipo.nll_weight, config.method("qwen3_8b", "ipo").epochs) == ("ipo", 0.2, 5)
    assert config.intervention_sets == ["jailbreakbench"]
    grpo = config.method("ds_llama_8b", "grpo_zy")
    assert (grpo.rollouts, grpo.epochs, grpo.reward) == (8, 5, "zy")


def test_ipo_as_one_reader_of_its_appendix_has_it(config: Config):
    ours = config.method("ds_llama_8b", "ipo_appendix")
    assert (ours.recipe, ours.batch_size, ours.nll_weight, ours.warmup_ratio) == ("ipo", 64, 0.0, 0.1)
    assert (ours.learning_rate, ours.beta, ours.epochs) == (5e-6, 0.1, 2)


def test_the_plan_counts_by_hand(config: Config):
    steps = {(step.model, step.stage): step for step in plan(config)}
    one = 100 * 3 + 3 * 313 * 3 + 250 * 3 + 250 * 3 + 30 * 5 + 500 + 198 + 164 * 5
    evaluation = steps["qwen3_8b", "evaluation"]
    assert evaluation.jobs == 4 and evaluation.generations == 4 * one  # base, ipo, ipo_stage2, grpo_zy
    assert evaluation.calls == 4 * (
        2 * (300 + 2817 + 750) + 750
    )  # reasoning and response; compliance; no judge for right and wrong
    assert (
        steps["", "audit of gpt_4o_rubric"].calls == 300 + 3 * 450 and ("", "audit of lexical") not in steps
    )  # which asks nobody
    assert steps["ds_llama_8b", "rollouts"].generations == 1000 * 8 + 100 * 8 + 915
    assert steps["ds_llama_8b", "training grpo_zy"].generations == 40_000  # the paper: at least 40 a prompt
    pairs = steps["ds_llama_8b", "pairs, cues by gpt_4o"]
    assert (
        pairs.generations == 12_000 and pairs.bound and pairs.generations / 1000 <= 14
    )  # the paper: at most 14 a prompt
    assert (
        sum(price(config, step) for step in steps.values()) > 1000
        and totals(list(steps.values())).gpu_hours > 10
    )


def test_the_plan_counts_the_calls_of_further_judges(config: Config):
    """Each reads what the judge of the run reads of the evaluation; the words of its own instruction come on top."""
    more = config.model_copy(update={"judges": {**config.judges, "guard": Annotator(kind="wildguard")}})
    more = more.model_copy(update={"evaluate": config.evaluate.model_copy(update={"more_judges": ["guard"]})})
    steps = {(step.model, step.stage): step for step in plan(more)}
    first, again = steps["qwen3_8b", "evaluation"], steps["qwen3_8b", "evaluation, judged by guard"]
    assert again.calls == first.calls and again.generations == 0 and again.chat == "wildguard"
    assert first.call_tokens - again.call_tokens == first.calls * (
        judge_kind("rubric").prompt_tokens - judge_kind("wildguard").prompt_tokens
    )


def test_the_plan_gives_weights_of_judges_their_hours_and_asks_no_judge_what_it_does_not_judge(
    config: Config,
):
    """A guard model with its own weights takes GPU-hours; Llama Guard is not asked about compliance, XSTest's classes are not asked about harm."""
    entries = {
        "guard": Annotator(kind="llama_guard"),
        "classes": Annotator.model_validate({"kind": "xstest", "chat": "gpt_4o"}),
    }
    evaluation = config.evaluate.model_copy(update={"more_judges": list(entries), "audit": list(entries)})
    more = config.model_copy(update={"judges": {**config.judges, **entries}, "evaluate": evaluation})
    steps = {(step.model, step.stage): step for step in plan(more)}
    guard, classes = (steps["qwen3_8b", f"evaluation, judged by {name}"] for name in entries)
    assert guard.calls == 4 * 2 * (300 + 2817 + 750) and classes.calls == 4 * 750
    assert guard.gpu_hours == pytest.approx(
        guard.call_tokens / config.plan.generation_tokens_per_gpu_second / 3600
    )
    assert classes.gpu_hours == 0  # an endpoint works elsewhere
    pairs = steps[
        "ds_llama_8b", "pairs, cues by ds_llama_8b"
    ]  # the model itself finds them, and reasons before each reply
    tokens = pairs.tokens + pairs.call_tokens + pairs.calls * config.plan.completion_tokens["safety"]
    assert pairs.gpu_hours == pytest.approx(tokens / config.plan.generation_tokens_per_gpu_second / 3600)
    assert [steps["", f"audit of {name}"].calls for name in entries] == [300, 3 * 450]


def test_the_plan_of_the_demo_meets_what_the_demo_did():
    config = with_measured_rates(load(ROOT / "config/demo.yaml"), ROOT / "results/reference/demo/metrics")
    measured = pd.read_csv(ROOT / "results/reference/demo/metrics/steps.csv").set_index("step")["generations"]
    planned = {step.stage: step for step in plan(config)}
    assert planned["evaluation"].generations == measured["evaluation"]
    assert planned["rollouts"].generations == measured["rollouts of the base"]
    assert (
        planned["training grpo_y"].generations + planned["training grpo_zy"].generations
        == measured["training"]
    )
    for stage, step in (
        ("trigger trials", "trigger trials"),
        ("corrective interventions", "corrective interventions"),
    ):
        assert planned[stage].bound and measured[step] <= planned[stage].generations
    pairs = sum(step.generations for stage, step in planned.items() if "pairs" in stage)
    assert measured["pairs"] <= pairs
    assert planned["continuation safety ratio"].generations == pytest.approx(
        measured["continuation safety ratio"], rel=0.3
    )


def ratio_generations(config: Config, **changes: object) -> int:
    """Planned continuations of the continuation safety ratio, with other settings of it."""
    changed = config.model_copy(update={"characterize": config.characterize.model_copy(update=changes)})
    steps = [step for step in plan(changed) if step.stage == "continuation safety ratio"]
    assert all(step.calls == step.generations for step in steps)
    return steps[0].generations


def test_the_plan_counts_the_continuations_that_are_not_carried_over(config: Config):
    """All at a prompt's first prefix, then those that left a trace since the prefix before."""
    tokens = config.plan.reasoning_share * config.plan.completion_tokens["characterize"]
    assert ratio_generations(config, csr_reuse=False) == round(60 * 32 * (tokens + 1))
    assert ratio_generations(config) == round(30 * 32 * (2 * tokens * 0.1 + 1))
    assert ratio_generations(config, csr_stride=4) == round(30 * 32 * (2 * tokens / 4 * (1 - 0.9**4) + 1))


@pytest.mark.parametrize("stride", [1, 4])
def test_a_measured_run_says_how_many_are_carried_over(config: Config, tmp_path: Path, stride: int):
    stored = ROOT / "results/reference/demo/metrics"
    steps = pd.read_csv(stored / "steps.csv").set_index("step")
    curves = pd.DataFrame(
        [
            {"model": "m", "trace": trace, "prefix_tokens": length, "continuations": 9, "unscored": 1}
            for trace in ("a", "b")
            for length in range(0, 41, stride)
        ]
    )
    points = pd.DataFrame([{"model": "m", "trace": trace, "prompt_id": "p"} for trace in ("a", "b")])
    share = config.plan.followed_share
    for followed, used in ((0.8, pytest.approx(0.8, abs=0.01)), (0, share), (1, 1)):
        carried = 2 * (40 // stride) * 10 * followed**stride
        # The first prefix of both is sampled once
        sampled = len(curves) * 10 - carried - (10 if followed else 0)
        steps.loc["continuation safety ratio", "generations"] = round(sampled)
        steps.to_csv(tmp_path / "steps.csv")
        curves.to_csv(tmp_path / "csr_curves.csv", index=False)
        points.to_csv(tmp_path / "turning_points.csv", index=False)
        assert with_measured_rates(config, tmp_path).plan.followed_share == used
    assert 0.9 < with_measured_rates(config, stored).plan.followed_share < 0.97
    without = ROOT / "results/reference/mini/metrics"  # reused no continuation
    assert with_measured_rates(config, without).plan.followed_share == share


def test_every_checkpoint_is_one_more_evaluation(config: Config):
    """Of each trained method and seed; released weights and the base have no training of ours."""
    evaluate = config.evaluate.model_copy(update={"checkpoints": [0.1, 0.5]})
    along = {step.model: step for step in plan(config.model_copy(update={"evaluate": evaluate}))
             if step.stage == "evaluation along training"}  # fmt: skip
    for step in plan(config):
        assert step.stage != "evaluation along training"
        if step.stage == "evaluation":
            names = config.methods_of(step.model)
            trained = [name for name in names if config.methods[name].recipe != "released"]
            assert trained
            sets = prompts_of(config, "safety", "overrefusal", "capability")
            once = sum(kept_samples(config.prompt_sets[name]) * prompts for name, prompts in sets.items())
            assert along[step.model].generations == 2 * len(trained) * len(config.seeds) * once
