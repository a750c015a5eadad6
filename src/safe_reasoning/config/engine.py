"""Configuration of engines, decoding, job sizes and resources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from safe_reasoning.config.section import Section, Share, later

# CUDA itself takes the rest
LARGEST_SHARE = 0.95


class Engine(Section):
    """How text is generated. The same code runs on CPU and CUDA."""

    name: Literal["vllm", "transformers"] = Field("vllm", description="library that samples")
    dtype: Literal["bfloat16", "float32"] = Field("bfloat16", description="arithmetic of sampling")
    max_model_len: int = Field(1024, ge=32, description="tokens of prompt and completion together")
    max_num_seqs: int = Field(256, ge=1, description="sequences decoded side by side")
    kv_cache_gib: int = Field(1, ge=1, description="key-value cache on the CPU, GiB")
    gpu_memory_share: float = Field(
        0.9,
        gt=0,
        le=LARGEST_SHARE,
        description="share of a GPU's memory that the engines of one job take together (vLLM on CUDA)",
    )
    grpo_memory_share: Share = Field(
        0.3,
        description="share of each GPU's memory for the vLLM that samples inside a GRPO training; a judge "
        "with weights takes as much again",
    )
    threads: int = Field(1, ge=1, description="CPU threads of one generation or training job")
    shard_size: int = Field(
        2048, ge=1, description="requests per shard; a killed job loses at most one shard"
    )

    def inside_training(self) -> Engine:
        """The settings of a judge's engine that is open while a GRPO training runs on its GPU."""
        return self.model_copy(update={"gpu_memory_share": self.grpo_memory_share})

    def shared_by(self, engines: int) -> Engine:
        """The settings of each of several engines that a job has open on one GPU."""
        return self.model_copy(update={"gpu_memory_share": self.gpu_memory_share / engines})


class JobSize(Section):
    """What one job of a kind asks of a scheduler.

    After a failure it asks for twice as much, then three times.
    """

    memory_gib: float = Field(gt=0, description="main memory of the job, on each node")
    minutes: int = Field(ge=1, description="time limit of the job")


class Resources(Section):
    """What jobs ask of SLURM, or of a workstation that counts.

    Without a scheduler only `gpus` matters.
    """

    gpus: int = Field(
        0, ge=0, description="GPUs of a job that generates, and of each training process; 0: the run has none"
    )
    node_gpus: int | None = later(
        None,
        "GPUs of a node: a training has no more processes than they hold, whatever its method says",
        ge=1,
    )
    generation: JobSize = Field(JobSize(memory_gib=4, minutes=120), description="of a job that samples")
    training: JobSize = Field(JobSize(memory_gib=6, minutes=120), description="of a training, on each node")
    light: JobSize = Field(JobSize(memory_gib=2, minutes=60), description="of a job without a model")


class Decoding(Section):
    """Sampling parameters, the same everywhere (paper section 4: temperature 0.6, top-p 0.95; token
    limit not stated).
    """

    temperature: float = Field(0.6, ge=0, description="0 takes the likeliest token")
    top_p: float = Field(0.95, gt=0, le=1, description="probability mass of the nucleus")
    max_new_tokens: int = Field(ge=1, description="tokens of a completion, at most")
