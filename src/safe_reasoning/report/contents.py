"""Contents of the report: sections with their figures and tables, in the paper's order.

The one place where a figure or table is declared. The workflow's rules, redrawing, the report's
page and the tests read it. An item's code is the module of its name in `report/figures` or
`report/tables`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # figures are drawn where pydantic is not installed
    from safe_reasoning.config import Config


REPLICATES = "replicates"  # asked for by bases that are replicates, with checkpoints to match at
FEW = "few"  # asked for by checkpoints alone
COMPARISON = "comparison"  # asked for by checkpoints and recovery, as a comparison of many methods has
DECODING = "decoding"  # asked for by methods that decode under a policy
SCORER = "scorer"  # asked for by policies with the learned step scorer
COST = "cost"  # asked for by both, a comparison and policies
ANALYSES = "analyses"  # asked for by `characterize.analyses`
# Of what is on by default and means nothing where nothing was trained; "" for what needs no asking
OF_WHOLE_RUNS = ("", ANALYSES, "kl_traces")


@dataclass(frozen=True)
class Item:
    """A figure (`fig...`) or table (`table...`).

    Attributes:
        name: of its module, and of its files without ending.
        metrics: metric tables it is made from.
        asked_by: key or property of `evaluate` that asks for it; REPLICATES for an item about
            several bases, COMPARISON for one about families of methods, FEW for one about few,
            DECODING for one about policies, COST for one about both, ANALYSES for one of section
            2's; empty for one of every run.
    """

    name: str
    metrics: tuple[str, ...]
    asked_by: str = ""

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure, not a table."""
        return self.name.startswith("fig")

    @property
    def module(self) -> str:
        """Dotted name of its module."""
        return f"safe_reasoning.report.{'figures' if self.is_figure else 'tables'}.{self.name}"


@dataclass(frozen=True)
class Section:
    """A section of the report: title, one sentence that leads over, figures and tables.

    `opening`: it stands before the scorecard.
    """

    title: str
    lead: str
    items: tuple[Item, ...]
    opening: bool = False


CONTENTS = (
    Section(
        "What safety costs",
        "Each method along its training: how much harm is left, and how much of the help that the base gave.",
        (
            Item("fig_harm_against_help", ("curves", "matched"), FEW),
            Item("fig_field", ("matched", "curves"), COMPARISON),
            Item("fig_families", ("curves", "matched"), COMPARISON),
            Item("fig_cost", ("curves", "matched", "budgets", "control"), COST),
            Item("table_matched", ("matched", "curves"), "checkpoints"),
            Item("table_contrasts", ("contrasts",), "contrasts"),
            Item("fig_over_bases", ("over_bases", "matched"), REPLICATES),
            Item("table_over_bases", ("over_bases", "over_bases_differences", "matched"), REPLICATES),
            Item("table_control", ("control",), DECODING),
            Item("table_step_scorer", ("step_scorer",), SCORER),
            Item("fig_recovery", ("recovery",), "recovery_traces"),
            Item("table_recovery", ("recovery",), "recovery_traces"),
            Item("table_budgets", ("budgets",), "recovery_traces"),
            Item("fig_worst_case", ("worst_case",), "worst_case"),
            Item("table_worst_case", ("worst_case",), "worst_case"),
            Item("table_reflection", ("reflection",), "reflection_traces"),
            Item("table_cue_rates", ("cue_rates",), "cue_rates"),
            Item("table_bsa", ("bsa",), "bsa_judge"),
        ),
        opening=True,
    ),
    Section(
        "Reasoning and response are judged apart",
        "The paper finds that a safe answer often hides a harmful reasoning, and that the reverse is rare.",
        (
            Item("fig3_outcome_shares", ("outcome_shares",)),
            Item("table_base_model", ("base_model",)),
            Item("fig2_reasoning_vs_response", ("rates_by_seed", "rates")),
            Item("table_leaks", ("leaks",), "stored_measures"),
            Item("table_readings", ("judge_rates", "resets"), "resets"),
            Item("table_monitorability", ("monitorability",), "monitorability"),
            Item("table_reliance", ("reliance",), "reliance_traces"),
        ),
    ),
    Section(
        "Why rewards alone are slow",
        "The paper argues: reinforcement learning learns from safe rollouts, and many prompts have hardly "
        "any.",
        (Item("fig4_rollout_diversity", ("rollout_diversity",)), Item("table1_grpo_rewards", ("rates",))),
    ),
    Section(
        "Where safety is decided",
        "Safety of the continuation, token by token, and the sentences at which it turns.",
        (
            Item("fig5a_csr_curves", ("csr_curves", "turning_points"), ANALYSES),
            Item("fig_sensitivity", ("turning_point_share", "turning_points"), ANALYSES),
            Item("table_triggers", ("triggers", "interventions"), ANALYSES),
            Item("table_chunks", ("chunks",), "stored_measures"),
        ),
    ),
    Section(
        "Cues and corrections",
        "The paper finds that an early willingness to help predicts harm, and that a trigger in its "
        "place turns the reasoning back.",
        (
            Item("fig5b_cue_correlation", ("turning_points", "cue_correlation"), ANALYSES),
            Item("table_cue_localisation", ("cue_localisation",), "cue_localisation"),
            Item("fig6_intervention_curve", ("interventions", "triggers"), ANALYSES),
        ),
    ),
    Section(
        "Intervened Preference Optimization",
        "Pairs from such corrections, and what training on them does next to the baselines.",
        (
            Item("table_pairs", ("pairs",)),
            Item("fig_main", ("rates_by_seed", "rates")),
            Item("table2_main", ("rates", "trace_classes", "paired_differences")),
            Item("table3_ablations", ("rates",)),
            Item("fig7_kl", ("kl",), "kl_traces"),
        ),
    ),
    Section(
        "Do test prompts occur in training?",
        "The paper does not report the overlap between the prompts it trains on and those it tests on.",
        (Item("table_contamination", ("contamination",)), Item("table_clean", ("rates", "rates_clean"))),
    ),
    Section(
        "What the number of samples buys",
        "More samples of a prompt reduce chance in sampling; only more prompts reduce chance in which "
        "prompts were asked.",
        (
            Item("table_sample_count", ("sample_count",)),
            Item("table_consistency", ("consistency",), "stored_measures"),
        ),
    ),
    Section(
        "What could not be scored",
        "Nothing that a judge or a scorer could not read is guessed: it is counted.",
        (Item("table_verdict_details", ("verdict_details",)),),
    ),
    Section(
        "Compute",
        "Work behind each method, and behind each step of this run.",
        (
            Item("fig_efficiency", ("efficiency", "rates_by_seed", "rates")),
            Item("table_efficiency", ("efficiency",)),
            Item("table_steps", ("steps",)),
        ),
    ),
    Section(
        "How far the judges can be trusted",
        "Every number above is what a judge says. Here judges are compared with people and against each "
        "other.",
        (
            Item("fig_judge_audit", ("judge_audit", "judge_calibration"), "audit"),
            Item("table_judge_audit", ("judge_audit",), "audit"),
            Item("table_cue_audit", ("cue_audit",), "cue_labels"),
            Item("table_onset_audit", ("onset_audit",), "onset_labels"),
            Item("fig_judge_ranks", ("judge_rates", "judge_ranks"), "more_judges"),
            Item("table_judges", ("judge_rates",), "more_judges"),
            Item("table_judge_agreement", ("judge_agreement",), "more_judges"),
        ),
    ),
)
# What an evaluation alone has, without the other stages, beside what its configuration asks for
OF_EVALUATION = ("fig2_reasoning_vs_response", "table2_main", "table_sample_count", "table_verdict_details")
ITEMS = {item.name: item for section in CONTENTS for item in section.items}


def of_run(config: Config) -> list[Item]:
    """Figures and tables of every run, and those that this configuration asks for."""
    whole = config.stages == "all"
    return [
        item
        for item in ITEMS.values()
        if (whole or item.name in OF_EVALUATION or item.asked_by not in OF_WHOLE_RUNS)
        and (not item.asked_by or _asked(config, item.asked_by))
    ]


def _asked(config: Config, key: str) -> bool:
    if key == ANALYSES:
        return config.characterize.analyses
    if key == "cue_localisation":
        return config.evaluate.cue_localisation and config.characterize.analyses
    if key == REPLICATES:
        return bool(config.replicates and config.evaluate.checkpoints)
    if key == SCORER:
        policies = [config.policies.get(method.policy or "") for method in config.methods.values()]
        return any(getattr(policy, "scorer", "") == "learned" for policy in policies)
    if key in (DECODING, COST):
        decodes = any(method.policy for method in config.methods.values())
        return decodes and (key == DECODING or _asked(config, COMPARISON))
    if key in (COMPARISON, FEW):
        many = bool(config.evaluate.recovery_traces)
        return bool(config.evaluate.checkpoints) and many == (key == COMPARISON)
    return bool(getattr(config.evaluate, key))


def of_metrics(metrics: Path) -> list[Item]:
    """Figures and tables of a finished run, from its folder of metrics.

    Those asked for are those whose metrics are there.
    """
    there = {path.stem for path in metrics.glob("*.csv")}
    whole, other = "training" in there, FEW if "recovery" in there else COMPARISON
    return [
        item
        for item in ITEMS.values()
        if (
            there.issuperset(item.metrics) and item.asked_by != other
            if item.asked_by
            else whole or item.name in OF_EVALUATION
        )
    ]


def sections(items: Iterable[Item]) -> list[Section]:
    """The sections with only these items; those without any are left out."""
    chosen = {item.name for item in items}
    kept = [replace(s, items=tuple(i for i in s.items if i.name in chosen)) for s in CONTENTS]
    return [section for section in kept if section.items]
