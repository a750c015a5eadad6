"""What each figure and table of the paper is rebuilt by and what to expect of it, for the tables of
docs/artifact.md: stored metrics beside published values.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safe_reasoning.plan.rounding import about
from safe_reasoning.report.claims.scorecard import VERDICTS, score
from tools.artifact_costs import DEMO, MISSING, ROOT, cost, number
from tools.artifact_measured import (
    after_interventions,
    correlation,
    fall,
    found,
    kl_peak,
    matched,
    of,
    pairs,
    rollouts_safe,
    share,
    spent,
    turning_points,
)

MINI = ROOT / "results/reference/mini/metrics"


# What the paper says.


def published_value(table: str, **where: object) -> str:
    """A published value with its mark."""
    rows = found(ROOT / "results/published", table, **where)
    assert len(rows) == 1, where
    return f"{rows['value'].iloc[0]:g} ({rows['mark'].iloc[0]})"


def other(item: str, method: str, series: str, model: str = "DS-8B", x: float | None = None) -> str:
    return published_value(
        "other", item=item, model=model, method=method, series=series, **({} if x is None else {"x": x})
    )


def main(method: str, benchmark: str, part: str = "reasoning", model: str = "DS-8B") -> str:
    return published_value("table2", model=model, method=method, benchmark=benchmark, part=part)


# What is rebuilt: targets, claims of the scorecard, and the values to expect.

# How another run of the demo agrees with the stored one (`make compare-runs` compares them), and
# how a run of config/paper.yaml would agree with the paper: stated in the page.
OVERLAP, COUNT, CLAIM, NONE = "overlap", "count", "claim", "not compared"
INSIDE, BOUND, ORDER = "inside", "bound", "order"


@dataclass(frozen=True)
class Value:
    """One line of expected values: the paper's as text, ours as a function of a run's metrics."""

    what: str
    paper: str
    ours: Callable[[Path], str]
    agrees: str = INSIDE
    again: str = OVERLAP


@dataclass(frozen=True)
class Item:
    """A figure, table or claim of the paper."""

    place: str
    what: str
    targets: tuple[str, ...]
    claims: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()


def characterization() -> list[Item]:
    """Section 2."""
    return [
        Item("Fig. 2", "reasoning against response", ("figures/fig2_reasoning_vs_response.svg",), (), (
            Value("base: reasoning, %", main("base", "safety_average"), of("base")),
            Value("base: response, %", main("base", "safety_average", "response"), of("base", "response")),
            Value("RealSafe-R1 on WildJailbreak: reasoning, %", other("fig2", "realsafe", "wildjailbreak/reasoning"), of("realsafe", prompt_set="wildjailbreak")),
            Value("the same: response, %", other("fig2", "realsafe", "wildjailbreak/response"), of("realsafe", "response", prompt_set="wildjailbreak")),
        )),
        Item("Fig. 3", "shares of safe and harmful reasoning by response", ("figures/fig3_outcome_shares.svg",), ("safe_z_safe_y", "unsafe_z_safe_y"), (
            Value("both safe, %", other("fig3", "base", "safe_z/safe_y"), share("safe", "safe")),
            Value("harmful reasoning, safe response, %", other("fig3", "base", "unsafe_z/safe_y"), share("harmful", "safe")),
            Value("both harmful, %", other("fig3", "base", "unsafe_z/unsafe_y"), share("harmful", "harmful")),
            Value("safe reasoning, harmful response, %", other("fig3", "base", "safe_z/unsafe_y"), share("safe", "harmful")),
        )),
        Item("Fig. 4", "safe reasonings among the rollouts of a prompt", ("figures/fig4_rollout_diversity.svg",), ("few_safe_rollouts",), (
            Value("prompts without a safe rollout, %", other("fig4", "base", "no safe rollout of 8"), rollouts_safe(0)),
            Value("prompts with at most one, %", f"about {other('fig4', 'base', 'at most one safe rollout of 8')}", rollouts_safe(1)),
        )),
        Item("Table 1", "GRPO with two rewards", ("tables/table1_grpo_rewards.csv",), ("reward_z",), (
            Value("base: reasoning (paper: JailbreakBench), %", other("table1", "base", "jailbreakbench/reasoning"), of("base")),
            Value("reward y, %", other("table1", "grpo reward y", "jailbreakbench/reasoning"), of("grpo_y"), ORDER, CLAIM),
            Value("reward z + y, %", other("table1", "grpo reward z and y", "jailbreakbench/reasoning"), of("grpo_zy"), ORDER, CLAIM),
        )),
        Item("Fig. 5a", "continuation safety ratio, turning points; our check of thresholds", ("figures/fig5a_csr_curves.svg", "figures/fig_sensitivity.svg"), ("turning_points",), (
            Value("safe traces with a safe turning point, %", f"over {other('fig5a', 'base', 'safe traces with a turning point (lower bound)')}", turning_points, BOUND),
        )),
        Item("Fig. 5b", "first cue against unsafe turning point", ("figures/fig5b_cue_correlation.svg",), ("cues_foretell", "lexical_cues_foretell"), (
            Value("Pearson's r", other("fig5b", "base", "pearson r cue index and unsafe turning point"), correlation),
        )),
        Item("Fig. 6", "harm after corrective interventions; the triggers", ("figures/fig6_intervention_curve.svg", "tables/table_triggers.csv"),
             ("interventions_fall", "triggers_beat_none", "triggers_beat_neutral"), (
            Value("after one, %", other("fig6", "intervention", "harmful", x=1), after_interventions("trigger", 1), ORDER),
            Value("after two, %", other("fig6", "intervention", "harmful", x=2), after_interventions("trigger", 2), ORDER),
            Value("after five, %", other("fig6", "intervention", "harmful", x=5), after_interventions("trigger", 5), ORDER),
            Value("after one neutral sentence, %", MISSING, after_interventions("neutral", 1), NONE),
            Value("after one new sample, %", MISSING, after_interventions("none", 1), NONE),
        )),
    ]  # fmt: skip


def training_and_evaluation() -> list[Item]:
    """Sections 3 and 4."""
    benign = {"role": "overrefusal", "prompt_set": "overrefusal", "measure": "complies"}
    wrapped = {"prompt_set": "wrapped_benign", "measure": "complies"}
    capable = {"role": "capability", "measure": "correct"}
    models = ("DS-8B", "DS-7B", "Qwen3-8B")
    return [
        Item("section 3", "intervened pairs", ("tables/table_pairs.csv",), (), (
            Value(f"pairs (paper: {', '.join(models)})", ", ".join(other("pairs", "ipo", "pairs", model) for model in models), pairs, ORDER, COUNT),
        )),
        Item("Table 2", "main results", ("figures/fig_main.svg", "tables/table2_main.csv"),
             ("ipo_lowers_reasoning", "ipo_lowers_response", "ipo_best_reasoning", "ipo_best_response", "keeps_capability", "keeps_compliance", "stage2_complies"), (
            Value("IPO, stage 1: reasoning, %", MISSING, of("ipo"), NONE, CLAIM),
            Value("IPO, both stages: reasoning, %", main("ipo", "safety_average"), of("ipo_stage2"), again=CLAIM),
            Value("IPO, both stages: response, %", main("ipo", "safety_average", "response"), of("ipo_stage2", "response"), again=CLAIM),
            Value("GRPO: reasoning, %", main("grpo", "safety_average"), of("grpo_zy"), again=CLAIM),
            Value("GRPO: response, %", main("grpo", "safety_average", "response"), of("grpo_zy", "response"), again=CLAIM),
            Value("STAR-1 (here: SFT, safe traces): reasoning, %", main("star1", "safety_average"), of("sft_safe"), again=CLAIM),
            Value("base: complies with benign requests, %", main("base", "xstest", "response"), of("base", "response", **benign)),
            Value("IPO, stage 1: complies, %", MISSING, of("ipo", "response", **benign), NONE, CLAIM),
            Value("IPO, both stages: complies, %", main("ipo", "xstest", "response"), of("ipo_stage2", "response", **benign), again=CLAIM),
            Value("base: capability, %", main("base", "capability_average", "response"), of("base", "response", **capable)),
            Value("IPO, both stages: capability, %", main("ipo", "capability_average", "response"), of("ipo_stage2", "response", **capable), again=CLAIM),
            *(Value(f"{model}, {name}: reasoning, %", main(method, "safety_average", model=model), of(method, model=model))
              for model in models[1:] for method, name in (("base", "base"), ("ipo", "IPO"))),
        )),
        Item("ours", "harm against help along each training; methods at matched compliance", ("figures/fig_harm_against_help.svg", "tables/table_matched.csv"), (), (
            *(Value(f"{name}, at matched compliance: {part}, %", MISSING, matched(method, part), NONE, CLAIM)
              for method, name in (("ipo", "IPO, stage 1"), ("ipo_stage2", "IPO, both stages"), ("dpo_natural", "DPO, natural pairs"))
              for part in ("reasoning", "response")),
            Value("base: reasoning, families kept apart, %", MISSING, of("base", prompt_set="heldout_family"), NONE),
            Value("IPO, both stages: reasoning, families kept apart, %", MISSING, of("ipo_stage2", prompt_set="heldout_family"), NONE, CLAIM),
            Value("base: complies with wrapped benign requests, %", MISSING, of("base", "response", **wrapped), NONE),
            Value("IPO, both stages: complies with wrapped benign requests, %", MISSING, of("ipo_stage2", "response", **wrapped), NONE, CLAIM),
        )),
        Item("abstract", "over 30 % less harm than the best baseline", ("tables/claims.csv",), ("over_thirty",), (
            Value("fall of the mean of both harms, %", other("claim", "ipo", "combined harm reduction vs best baseline"), fall, again=CLAIM),
        )),
        Item("Table 3", "ablations: algorithm, cue detector", ("tables/table3_ablations.csv",), ("suffix_beats_full", "full_beats_sft", "suffix_beats_sft"), (
            Value("SFT, chosen side: reasoning (paper: StrongREJECT), %", other("table3", "sft", "strongreject/reasoning"), of("sft"), ORDER, CLAIM),
            Value("DPO, whole traces, %", other("table3", "full-trace dpo", "strongreject/reasoning"), of("dpo_full"), ORDER, CLAIM),
            Value("DPO, suffixes (IPO, stage 1), %", other("table3", "suffix dpo", "strongreject/reasoning"), of("ipo"), ORDER, CLAIM),
            Value("best detector (paper: GPT-4o; demo: exact), %", other("table3", "detector GPT-4o", "strongreject/reasoning"), of("ipo"), ORDER, CLAIM),
            Value("weakest (paper: DS-8B itself; demo: lexical), %", other("table3", "detector DS-8B", "strongreject/reasoning"), of("ipo_lexical"), ORDER, CLAIM),
        )),
        Item("Fig. 7", "KL from the base, token by token", ("figures/fig7_kl.svg",), ("kl_early", "kl_higher"), (
            Value("IPO: peak, nats (paper: near token 50)", other("fig7", "ipo", "peak token-wise KL", x=50), kl_peak("ipo_stage2"), ORDER, CLAIM),
            Value("STAR-1 (here: SFT, safe traces): peak, nats", f"under {other('fig7', 'star1', 'peak token-wise KL (upper bound)')}", kl_peak("sft_safe"), ORDER, CLAIM),
        )),
        Item("section 3", "cost of IPO and GRPO", ("figures/fig_efficiency.svg", "tables/table_efficiency.csv"), ("fewer_generations",), (
            Value("IPO: generations per prompt", f"at most {other('efficiency', 'ipo', 'generations per prompt (upper bound)')}", spent("ipo", "generations_per_prompt"), BOUND, COUNT),
            Value("GRPO: generations per prompt", f"at least {other('efficiency', 'grpo', 'generations per prompt (lower bound)')}", spent("grpo_zy", "generations_per_prompt"), BOUND, COUNT),
            Value("IPO: training, s (paper: minutes)", other("efficiency", "ipo", "training time"), spent("ipo", "training_seconds"), NONE, NONE),
            Value("GRPO: training, s (paper: minutes)", f"at least {other('efficiency', 'grpo', 'training time (lower bound)')}", spent("grpo_zy", "training_seconds"), NONE, NONE),
        )),
        Item("ours", "overlap of training and test prompts; rates without it", ("tables/table_contamination.csv", "tables/table_clean.csv")),
        Item("ours", "whether the judge changes the order of the methods; how far judges agree", ("figures/fig_judge_ranks.svg", "tables/table_judges.csv", "tables/table_judge_agreement.csv")),
        Item("ours", "the effect of the number of samples per prompt", ("tables/table_sample_count.csv",)),
        Item("ours", "the base alone; what could not be scored; work per step", ("tables/table_base_model.csv", "tables/table_verdict_details.csv", "tables/table_steps.csv")),
        Item("all", "the report; hashes of all of it", ("report.html", "manifest.json")),
    ]  # fmt: skip


@cache
def items() -> list[Item]:
    return [*characterization(), *training_and_evaluation()]


def verdicts(names: tuple[str, ...]) -> str:
    table = score(DEMO).set_index("id")["verdict"]
    return "<br>".join(f"`{name}`: {table[name]}" for name in names) or MISSING


def experiments() -> list[list[str]]:
    rows = []
    for item in items():
        seconds, hours = cost(item.targets)
        targets = "<br>".join(f"`results/demo/{target}`" for target in item.targets)
        rows.append(
            [
                item.place,
                item.what,
                targets,
                number(seconds),
                about(hours) if hours else MISSING,
                verdicts(item.claims),
            ]
        )
    return rows


def agreement(rule: str, cell: str) -> str:
    """How another run agrees with a value of the stored one; not at all where that has none."""
    return NONE if cell == MISSING or (rule == OVERLAP and "[" not in cell) else rule


def expected() -> list[list[str]]:
    rows = []
    for item in items():
        for value in item.values:
            demo, mini = (value.ours(metrics) for metrics in (DEMO, MINI))
            rows.append(
                [
                    item.place,
                    value.what,
                    value.paper,
                    demo,
                    agreement(value.again, demo),
                    mini,
                    value.agrees,
                ]
            )
    return rows


def scorecard() -> str:
    """How many claims the demo reproduced."""
    counts = score(DEMO)["verdict"].value_counts()
    message = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in reversed(VERDICTS))
    said = f"The scorecard of the demo (`results/reference/demo/tables/claims.md`): {message}."
    return textwrap.fill(said, 100, break_on_hyphens=False)
