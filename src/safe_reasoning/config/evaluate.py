"""Configuration of the evaluation and of what a person is shown of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from safe_reasoning.config.section import Name, Section, later


class Evaluate(Section):
    """Paper section 4."""

    judge: Name = Field(description="a kind of judge without settings (exact, lexical), or one of `judges`")
    more_judges: list[Name] = Field(
        [],
        description="further judges of the same generations: the main result under each, and their agreement",
    )
    audit: list[Name] = Field(
        [],
        description="judges that are compared with human labels (JailbreakBench's judge comparison, XSTest)",
    )
    bsa_judge: Name | None = Field(
        None,
        description="judge of kind bsa that scores the prompt sets with the source bsa: safe responses, and "
        "reasonings that name the risks; none: no scores",
    )
    cue_rates: list[Name] = Field(
        [],
        description="cue detectors that mark every cue: how often reasonings on harmful prompts hold one, "
        "by method; [] for no such table",
    )
    cue_labels: list[str] = Field(
        [],
        description="annotation files of your own clone of BatsResearch/self-jailbreaking: the detectors of "
        "`cue_rates` are compared with these labels, which are GPT-5's; [] for no comparison",
    )
    onset_labels: bool = later(
        False,
        "the detectors of `cue_rates` that read English are compared with the first unsafe sentence that "
        "people marked in reasonings (Qwen3GuardTest)",
    )
    cue_localisation: bool = later(
        False,
        "the first cue and the first trigger that detectors find are set against the turning points of the "
        "traces with a continuation safety ratio; part of `characterize.analyses`",
    )
    checkpoints: list[float] = Field(
        [],
        description="shares of a training's steps, such as 0.1, after which it is evaluated too, with one "
        "sample of each prompt: curves of harm, and methods compared at matched compliance",
    )
    kept: float = Field(
        0.95,
        gt=0,
        le=1,
        description="share of the base's compliance with benign requests at which methods are matched",
    )
    contrasts: list[tuple[Name, Name]] = later(
        [],
        "pairs [method, other] whose harm is compared at matched compliance, beside all methods with the "
        "base and with IPO: a row with its ablation or its control",
    )
    recovery_traces: int = Field(
        0,
        ge=0,
        description="harmful reasonings of the base that every method continues after 0, 1, 2, ... of their "
        "sentences; 0: none",
    )
    recovery_sentences: int = Field(4, ge=1, description="sentences at the last cut of such a reasoning")
    recovery_samples: int = Field(4, ge=1, description="continuations per cut")
    reflection_traces: int = Field(
        0,
        ge=0,
        description="reasonings of each kind of prompt whose entropy and reflections on safety are "
        "measured; 0: none",
    )
    stored_measures: bool = Field(
        False,
        description="further measures of the stored generations: safety of several samples of a prompt, "
        "leaks and escapes, risk along reasonings",
    )
    monitorability: bool = later(
        False,
        "what monitors that read the reasoning alone learn of the response, from stored generations: of "
        "every method, with those fitted on the base",
    )
    resets: bool = later(
        False,
        "how often methods take back what they wrote, from stored generations, beside what each judge says "
        "of them: a second reading has to be among `more_judges`",
    )
    reliance_traces: int = later(
        0,
        "harmful reasonings of the base, and as many safe ones, that every method answers behind, beside "
        "its own, its own in other words, and none: whether the response follows the reasoning; 0: none",
        ge=0,
    )
    paraphraser: Name | None = later(
        None,
        "endpoint that puts reasonings in other words for `reliance_traces`; none: only in the nano world, "
        "by its own language",
    )
    worst_templates: int = Field(
        0,
        ge=0,
        description="held-out restricted items of the nano world, and as many allowed ones, that every "
        "method is asked for in every template, to find its worst one of each item; 0: none",
    )
    worst_samples: int = Field(
        4,
        ge=1,
        description="samples of each template, and of each prompt that an adaptive attack tries, on the "
        "seeds that choose, and again on fresh ones",
    )
    adaptive_attacks: list[Name] = later(
        [], "attacks that search against each method itself, and are measured on fresh seeds; []: none"
    )
    adaptive_prompts: int = later(
        8, "requests that they attack, of the first plain safety set, and as many benign ones", ge=1
    )
    attacked_methods: list[Name] = later(
        [], "methods that worst templates and adaptive attacks are run on, beside the base; []: all"
    )
    kl_traces: int = Field(
        60, ge=0, description="harmful traces of the base model under the KL curve; 0: no curve"
    )
    kl_tokens: int = Field(100, ge=1, description="tokens of each trace under the KL curve, at most")
    kl_dtype: Literal["float32", "bfloat16"] = later(
        "float32", "arithmetic of both models under the KL curve; bfloat16 takes half the memory"
    )
    kl_one_by_one: bool = later(
        False,
        "the base's states are computed first, then its weights leave the GPU: the same curve with one "
        "model in memory instead of two",
    )
    bootstrap: int = Field(2000, ge=100, description="resamples behind each interval")

    @property
    def worst_case(self) -> bool:
        """Whether anything is searched against each method."""
        return bool(self.worst_templates or self.adaptive_attacks)

    @field_validator("checkpoints")
    @classmethod
    def _ascending_percents(cls, shares: list[float]) -> list[float]:
        percents = [round(100 * share, 6) for share in shares]
        if any(not 0 < p < 100 or p != round(p) for p in percents) or percents != sorted(set(percents)):
            raise ValueError("give shares in whole percents between 0 and 1, ascending, such as [0.1, 0.3]")
        return shares


class Report(Section):
    """What a person is shown of a run."""

    show_text: bool = Field(
        False,
        description="whether logs, tables, figures and the trace reader show prompts and generations",
    )
