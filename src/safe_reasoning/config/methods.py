"""Configuration of training methods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from safe_reasoning.config.section import Name, OwnFile, Section, Share
from safe_reasoning.config.section import later as _later

Label = Literal["harmful", "benign", "capability"]
# Kinds of prompts that GRPO learns from, and the role of the prompt sets that hold each
PROMPT_ROLES: dict[str, Literal["align_harmful", "align_benign", "align_alarming", "align_capability"]] = {
    "harmful": "align_harmful",
    "benign": "align_benign",
    "alarming": "align_alarming",
    "capability": "align_capability",
}
PromptKind = Literal["harmful", "benign", "alarming", "capability"]
HARMFUL_ONLY: dict[PromptKind, float] = {"harmful": 1.0}


class Prefill(Section):
    """Beginnings of the reasoning that GRPO's prompts are given (RECAP, Self-ReSET)."""

    source: Literal["opposite", "aligned", "own", "none"] = Field(
        description=(
            "opposite: a harmful prompt gets cooperative reasoning, a benign one refusing reasoning; "
            "aligned: the other way round; own: unsafe completions of this training, cut; none: no beginning"
        )
    )
    share: Share = Field(
        0.5, description="share of a step's prompts, of those that can have one, that get a beginning"
    )
    tokens: int = Field(40, ge=1, description="tokens of a beginning, at most")
    judge_prefix: bool = Field(
        True, description="whether the beginning counts as reasoning where the reward reads the reasoning"
    )
    buffer: int = Field(256, ge=1, description="own: beginnings that are kept; the oldest goes first")
    cut: Literal["cue", "before_cue"] = Field(
        "cue", description="own: cut after the sentence of the first compliance cue, or before it"
    )


class Salt(Section):
    """SaLT-DPO: preference over a group of own completions, reasoning and response apart."""

    group: int = Field(5, ge=2, description="completions of a prompt that are ranked")
    tau: float = Field(
        0.25, gt=0, description="temperature of the target: a completion's share is exp(score / tau)"
    )
    beta: float = Field(0.5, gt=0, description="factor on the mean log-ratio of a segment")
    kl_weight: float = Field(
        0.5, ge=0, description="weight of KL(base || trained) on benign prompts; 0 leaves it out"
    )


class SafeKey(Section):
    """SafeKey's two losses beside the NLL, in the last part of the training."""

    key_weight: float = Field(
        0.2, ge=0, description="weight of the NLL of the key sentence with the request hidden"
    )
    head_weight: float = Field(
        0.2, ge=0, description="weight of telling harmful requests from benign ones by two heads"
    )
    head_balance: Share = Field(
        0.5, description="of the head that reads the understanding; the rest is of the one that reads all"
    )
    last_share: Share = Field(0.4, description="share of the steps, the last ones, that have both losses")


class Method(Section):
    """One training recipe and its hyperparameters."""

    recipe: Name = Field(description="a file of src/safe_reasoning/training/recipes")
    models: list[Name] | None = Field(None, description="the models it is run on; all by default")
    per_model: dict[Name, dict[str, float]] = Field({}, description="hyperparameters that differ for a model")
    weights: dict[Name, Name] = Field(
        {}, description="released: id in config/sources.yaml of the weights for each model"
    )
    traces: Name | None = Field(None, description="sft_traces: the data set it learns from")
    demonstrations: Name | None = _later(
        None,
        "sft_on and the like: the demonstrations it learns from, an entry of `demonstrations` or a "
        "file of src/safe_reasoning/pairs/demonstrations",
    )
    mix: dict[Label, Annotated[Share, Field(gt=0)]] = _later(
        {}, "share of the rows by the label of their prompt, together 1; by default as they are"
    )
    kl_weight: float = _later(
        0.0,
        "sft_on: rows with label benign bear this weight times KL(base || model) over the whole "
        "vocabulary, mean over their tokens, in place of the NLL; 0: the NLL",
        ge=0,
    )
    detector: Name = Field("exact", description="cue detector behind the intervened pairs")
    beta: float = Field(0.1, gt=0, description="DPO's factor on the log-ratios")
    nll_weight: float = Field(0.2, ge=0, description="weight of the NLL term on the chosen side")
    learning_rate: float = Field(1e-6, gt=0, description="at its peak; it falls as a cosine")
    epochs: float = Field(1, gt=0, description="passes over the training rows")
    warmup_ratio: float = Field(
        0.05, ge=0, le=1, description="share of the steps in which the learning rate rises"
    )
    batch_size: int = Field(8, ge=1, description="examples per step, over all processes and micro-batches")
    micro_batch_size: int | None = Field(
        None, ge=1, description="examples a process holds at once; the rest of the batch is accumulated"
    )
    max_tokens: int | None = Field(
        None, ge=32, description="longest training row; engine.max_model_len by default"
    )
    max_examples: int | None = Field(
        None, ge=1, description="at most this many training rows, drawn with the seed"
    )
    benign_ratio: float = Field(
        1.0, ge=0, description="stage 2: benign pairs for each harmful pair (the paper does not say)"
    )
    reward: Name = Field("zy", description="GRPO: a name in src/safe_reasoning/training/rewards.py")
    rollouts: int = Field(8, ge=2, description="GRPO: completions per prompt")
    prompts: dict[PromptKind, Annotated[float, Field(gt=0)]] = _later(
        HARMFUL_ONLY, "GRPO: shares of the kinds of prompts that it learns from", min_length=1
    )
    prefill: Prefill | None = _later(None, "GRPO: beginnings of the reasoning that prompts are given")
    format_reward: float = _later(1.0, "reward label: for a reasoning that is closed once", ge=0)
    answer_reward: float = _later(1.0, "reward label: for a refusal, against it on benign prompts", ge=0)
    loss_type: Literal["dapo", "grpo", "bnpo", "dr_grpo"] = _later(
        "dapo", "GRPO: how TRL averages over tokens; dapo is a mean over the tokens of a step"
    )
    kl_beta: float = _later(0.0, "GRPO: weight of the KL from the weights that it starts from", ge=0)
    epsilon_high: float | None = _later(None, "GRPO: upper clip of the ratio; the lower one is 0.2", gt=0)
    teacher: Name | None = _later(
        None, "distil_on_policy: the method whose weights teach; by default what it starts from"
    )
    teacher_context: dict[PromptKind, str] = _later(
        {}, "distil_on_policy: what the teacher reads before a request, by kind of prompt"
    )
    distillation_alpha: Share = _later(
        0.5, "distil_on_policy: 0: KL(teacher || student), 1: the other way round, between: a mixture"
    )
    search: Literal["rollout", "ucb"] = _later(
        "rollout", "dpo_tree...: siblings along one rollout a prompt, or of a tree search (siblings.ucb)"
    )
    start: Name | None = _later(None, "the method whose weights it goes on from; the base by default")
    policy: Name | None = _later(
        None,
        "decode: how reasonings are edited while they are written, an entry of `policies` or a file of "
        "src/safe_reasoning/control/policies; `start` names the method whose weights are sampled",
    )
    generations: OwnFile | None = _later(
        None,
        "given: a file of your own with the columns prompt and completion, which are judged; {model} and "
        "{seed} in its name stand for the model and the seed",
    )
    salt: Salt = _later(Salt(), "salt: its settings")
    safekey: SafeKey = _later(SafeKey(), "safekey_built: its settings")
    max_steps: int | None = Field(None, ge=1, description="optimizer steps, in place of epochs")
    deepspeed: str | None = Field(None, description="path of a DeepSpeed JSON configuration")
    processes: int = Field(1, ge=1, description="training processes of a node (torchrun), one per GPU")
    nodes: int = Field(
        1, ge=1, description="nodes of one training; more than one needs SLURM and the virtual environment"
    )
    precision: Literal["float32", "bfloat16"] | None = Field(
        None,
        description="arithmetic of the training (weights are kept in float32); bfloat16 on GPUs by default",
    )
    gradient_checkpointing: bool | None = Field(
        None, description="compute activations again instead of keeping them; on GPUs by default"
    )
    lora_rank: int | None = Field(
        None,
        ge=1,
        description="rank of LoRA adapters on all linear layers, merged at the end; none: all weights "
        "are trained",
    )

    @model_validator(mode="after")
    def _complete(self) -> Method:
        if self.recipe == "released":
            if not self.weights:
                raise ValueError("released needs weights: the id in config/sources.yaml for each model")
        elif self.recipe not in ("decode", "given") and "learning_rate" not in self.model_fields_set:
            raise ValueError("learning_rate is missing: give one")
        if (self.recipe == "sft_traces") != (self.traces is not None):
            raise ValueError("traces belongs to the recipe sft_traces and to no other: give both or neither")
        if self.lora_rank and self.deepspeed:
            raise ValueError(
                "lora_rank goes without deepspeed, which would save adapters where weights are read: "
                "set deepspeed: null; each process then holds the frozen weights"
            )
        if (self.recipe == "given") != (self.generations is not None):
            raise ValueError("generations belongs to the recipe given and to no other: give both or neither")
        try:
            self.generations_of("model", 0)
        except (LookupError, ValueError):
            raise ValueError("generations: braces are for model and seed alone: rename the file") from None
        if self.mix and abs(sum(self.mix.values()) - 1) > 1e-6:
            raise ValueError(f"mix: the shares add up to {sum(self.mix.values()):g}: make them 1 together")
        return self

    def generations_of(self, model: str, seed: int) -> str:
        """The file of generations of one model and seed; "" for a method that samples."""
        return (self.generations or "").format(model=model, seed=seed)
