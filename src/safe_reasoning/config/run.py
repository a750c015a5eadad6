"""The typed configuration of a run.

Unknown keys are refused; the JSON schema in workflow/schemas is generated from these classes.

Where the paper is silent, the value is our choice and docs/fidelity.md says so.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from safe_reasoning.config.attacks import Attack, check_attacks
from safe_reasoning.config.characterize import Characterize
from safe_reasoning.config.demonstrations import DemonstrationSet
from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.config.engine import Decoding, Engine, Resources
from safe_reasoning.config.evaluate import Evaluate, Report
from safe_reasoning.config.judges import Annotator
from safe_reasoning.config.methods import HARMFUL_ONLY, PROMPT_ROLES, Method
from safe_reasoning.config.models import Model, NanoModel
from safe_reasoning.config.nodes import fitted_to_nodes
from safe_reasoning.config.pairs import Pairs, Siblings
from safe_reasoning.config.plan import EVALUATED, Plan, Role
from safe_reasoning.config.policies import PolicyEntry
from safe_reasoning.config.prompt_sets import PromptSet
from safe_reasoning.config.run_checks import check_contrasts, check_evaluation, check_searches
from safe_reasoning.config.section import Name, Section, check_known, later
from safe_reasoning.core.arithmetic import Arithmetic
from safe_reasoning.core.errors import unknown_name
from safe_reasoning.core.validation import problems


class Config(Section):
    """One run."""

    run: Name = Field(description="name of the run: it is written to results/<run>")
    world_seed: int = Field(
        0, ge=0, description="seed of the nano world, of its base model and of prompt draws"
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [0], min_length=1, description="seeds of training and evaluation"
    )
    arithmetic: Arithmetic = Field(
        "native",
        description=(
            "portable: instruction sets and matrix products pinned, for the same numbers on other "
            "processors (docs/status.md says how far that holds); native: this one's fastest kernels"
        ),
    )
    stages: Literal["all", "evaluation"] = later(
        "all",
        "evaluation: the models are evaluated as they are, on their safety, over-refusal and capability sets "
        "alone; nothing is characterized, paired or trained",
    )
    data_mirror: str | None = Field(
        None,
        description="folder with data and weights; what it lacks comes from the hub; "
        "SAFE_REASONING_DATA goes first",
    )
    engine: Engine = Field(Engine(), description="how text is generated")
    resources: Resources = Field(Resources(), description="what jobs ask of a scheduler")
    decoding: Decoding = Field(description="sampling parameters of all completions")
    models: dict[Name, Model] = Field(description="base models")
    endpoints: dict[Name, Endpoint] = Field(
        {}, description="models behind an OpenAI-compatible address: judges, detectors, attackers"
    )
    attacks: dict[Name, Attack] = Field({}, description="how prompt sets are rewritten")
    judges: dict[Name, SerializeAsAny[Annotator]] = Field(
        {}, description="judges that have settings; those without need no entry"
    )
    detectors: dict[Name, SerializeAsAny[Annotator]] = Field(
        {}, description="cue detectors that have settings; those without need no entry"
    )
    prompt_sets: dict[Name, PromptSet] = Field(description="what is asked, and in which role")
    characterize: Characterize = Field(
        Characterize(), description="continuation safety ratio, triggers, interventions (paper section 2)"
    )
    pairs: Pairs = Field(Pairs(), description="how preference pairs are made (paper section 3)")
    demonstrations: dict[Name, SerializeAsAny[DemonstrationSet]] = Field(
        {}, description="how rows for supervised fine-tuning are made"
    )
    siblings: Siblings = Field(
        Siblings(), description="next sentences drawn along reasonings, and their pairs"
    )
    policies: dict[Name, SerializeAsAny[PolicyEntry]] = Field(
        {}, description="how reasonings are edited while they are written"
    )
    methods: dict[Name, Method] = Field(description="what is compared with the base, each with its recipe")
    evaluate: Evaluate = Field(description="judges and measures (paper section 4)")
    report: Report = Field(Report(), description="what pages show")
    plan: Plan = Field(Plan(), description="what `make plan` assumes of the machine")

    @model_validator(mode="before")
    @classmethod
    def _fits_its_nodes(cls, given: Any) -> Any:
        return fitted_to_nodes(given)

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if "base" in self.methods:
            raise ValueError("methods: `base` is the untrained model and needs no entry: remove it")
        roles = {entry.role for entry in self.prompt_sets.values()}
        whole: list[Role] = ["align_harmful", "align_benign", "safety", "overrefusal"]
        for role in whole if self.stages == "all" else ["safety"]:
            if role not in roles:
                raise ValueError(f"prompt_sets: none has role {role}: add one")
        if self.stages == "evaluation":
            check_evaluation(self.evaluate, self.methods)
        if any(m.recipe == "ipo_stage2" for m in self.methods.values()) and "ipo" not in self.methods:
            raise ValueError("methods: ipo_stage2 goes on from the method named ipo: add it")
        check_attacks(self.attacks, [*self.endpoints, *self.models], list(self.models))
        for name, entry in self.prompt_sets.items():
            fixed = [attack for attack, settings in self.attacks.items() if not settings.adapts]
            check_known(f"prompt_sets.{name}.attack", entry.attack or "", ["", *fixed])
            if name in self.cut_sets and entry.role not in EVALUATED:
                raise ValueError(
                    f"prompt_sets.{name}: tags are cut in evaluation alone: use an attack with tags: rendered"
                )
        if len(set(self.all_judges)) < len(self.all_judges):
            raise ValueError(
                "evaluate.more_judges: names a judge twice, or the judge of `evaluate.judge`: name each once"
            )
        if self.evaluate.worst_templates and not all(isinstance(m, NanoModel) for m in self.models.values()):
            raise ValueError(
                "evaluate.worst_templates: templates are the nano world's: set 0, or have nano models alone"
            )
        for name in self.intervention_sets:
            check_known("characterize.intervention_sets", name, self.sets_of("safety"))
        for name, method in self.methods.items():
            if unknown := {*(method.models or ()), *method.per_model, *method.weights} - set(self.models):
                raise ValueError(f"methods.{name}, models: {unknown_name(min(unknown), self.models)}")
            for model in method.per_model:
                try:
                    self.method(model, name)
                except ValidationError as error:
                    line = problems(error, Method)[0]
                    raise ValueError(f"methods.{name}.per_model.{model}.{line}") from None
            self._check_start(name)
            for kind in method.prompts:
                if not self.sets_of(PROMPT_ROLES[kind]) and method.prompts != HARMFUL_ONLY:
                    raise ValueError(
                        f"methods.{name}.prompts: no prompt set has role {PROMPT_ROLES[kind]}: add one, "
                        f"or leave {kind} out"
                    )
        plain = all(self.attacked_sets)
        check_searches(self.evaluate, self.attacks, self.methods, plain_sets=plain)
        check_contrasts(self.evaluate, self.methods)
        return self

    def _check_start(self, name: str) -> None:
        """A ValueError for a start or teacher that is not there, or that goes in a circle."""
        before, todo = dict[str, list[str]](), [name]
        while todo:
            here = todo.pop()
            before[here] = []
            for key in ("start", "teacher"):
                if not (other := getattr(self.methods[here], key)):
                    continue
                for model in (model for model in self.models if here in self.methods_of(model)):
                    check_known(f"methods.{here}.{key}", other, self.methods_of(model))
                before[here].append(other)
                todo += [other] if other not in before else []
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            circle = " < ".join(reversed(error.args[1]))
            raise ValueError(f"methods.{name}: {circle} is a circle of starts: break it") from None

    @property
    def detector(self) -> str:
        """The cue detector of the analyses."""
        return self.characterize.detector or ("exact" if self.evaluate.judge == "exact" else "lexical")

    @property
    def intervention_sets(self) -> list[str]:
        """Prompt sets whose harmful traces the intervention curve is of."""
        return self.characterize.intervention_sets or self.sets_of("safety")

    def sets_of(self, *roles: Role) -> list[str]:
        """Prompt sets with one of these roles."""
        return [name for name, entry in self.prompt_sets.items() if entry.role in roles]

    @property
    def all_judges(self) -> list[str]:
        """The judge of the run, then those that read the same generations."""
        return [self.evaluate.judge, *self.evaluate.more_judges]

    @property
    def bsa_sets(self) -> list[str]:
        """Prompt sets of Beyond Safe Answers that are measured."""
        return [name for name in self.sets_of("safety") if self.prompt_sets[name].source == "bsa"]

    @property
    def cut_sets(self) -> list[str]:
        """Prompt sets whose chat tags stay letters: under an attack with `tags: cut`."""
        cut = {name for name, attack in self.attacks.items() if attack.tags == "cut"}
        return [name for name, entry in self.prompt_sets.items() if entry.attack in cut]

    @property
    def attacked_sets(self) -> tuple[str, str]:
        """The first plain prompt set of each role, whose requests adaptive attacks rewrite; empty
        where there is none.
        """
        plain = [name for name, entry in self.prompt_sets.items() if not entry.attack]
        roles = (self.sets_of("safety"), self.sets_of("overrefusal"))
        safety, benign = (next((name for name in names if name in plain), "") for names in roles)
        return safety, benign

    def attacked(self, method: str) -> bool:
        """Whether worst templates and adaptive attacks are run on a method."""
        chosen = self.evaluate.attacked_methods
        return not chosen or method == "base" or method in chosen

    @property
    def benchmarks(self) -> dict[str, str]:
        """The benchmark of each prompt set that is a part of one."""
        return {name: entry.benchmark for name, entry in self.prompt_sets.items() if entry.benchmark}

    @property
    def replicates(self) -> list[str]:
        """Bases that are draws of one another: nano models that differ in their seed alone; empty
        unless there are several and the run has no other nano model.
        """
        nano = {name: m for name, m in self.models.items() if isinstance(m, NanoModel)}
        kinds = [m.model_dump(exclude={"seed", "threads"}) for m in nano.values()]
        seeds = {m.seed_in(self.world_seed) for m in nano.values()}
        alike = all(kind == kinds[0] for kind in kinds) and len(seeds) == len(nano)
        return list(nano) if alike and len(nano) > 1 else []

    def method(self, model: str, name: str) -> Method:
        """The settings of a method for one model."""
        settings = self.methods[name]
        return Method.model_validate(
            {**settings.model_dump(exclude_unset=True), **settings.per_model.get(model, {}), "per_model": {}}
        )

    def methods_of(self, model: str) -> list[str]:
        """The methods that are run on a model, in the order of the configuration."""
        return [
            name
            for name, method in self.methods.items()
            if model in (method.models or method.weights or self.models)
        ]
