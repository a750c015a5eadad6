"""vLLM, in this process.

On CUDA as it comes. On the CPU eagerly, with the settings its CPU build needs, and with our own
draw of tokens instead of vLLM's sampler, which is slow there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from safe_reasoning import config
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.core.products import use_threads
from safe_reasoning.core.vllm_environment import EVERYWHERE, ON_CPU
from safe_reasoning.sampling.ends import ends_of
from safe_reasoning.sampling.engine import (
    Request,
    load_tokenizer,
    remaining_tokens,
    row,
    truncated_row,
)
from safe_reasoning.sampling.nucleus import Tally


class VllmEngine:
    """Samples with vLLM: prefix cache on, a seed for each request. See `Engine`."""

    def __init__(self, model_dir: Path, engine: config.Engine, decoding: config.Decoding) -> None:
        import torch

        on_cuda = torch.cuda.is_available()
        for key, value in (EVERYWHERE if on_cuda else EVERYWHERE | ON_CPU).items():
            os.environ.setdefault(key, value)
        self._draws_itself = not on_cuda
        options: dict[str, Any] = {"gpu_memory_utilization": engine.gpu_memory_share}
        if not on_cuda:
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(engine.kv_cache_gib))
            os.environ.setdefault("OMP_NUM_THREADS", str(engine.threads))
            use_threads(engine.threads)  # OpenMP has read its variable by now
            options = {
                "enforce_eager": True,
                # Nothing to gain: every prompt fits into a batch. And vLLM's own sampler cannot
                # step its generators back on CPUs, as chunks would need (vLLM 0.32).
                "enable_chunked_prefill": False,
                "max_num_batched_tokens": max(8192, engine.max_model_len),
                # The unit of the prefix cache: with the default of 128 a prompt of ours is hardly
                # ever shared. Same tokens, about twice as fast.
                "block_size": 32,
                "logits_processors": ["safe_reasoning.sampling.vllm_draws:NucleusDraws"],
            }
        from vllm import LLM

        self.tokenizer: Any = load_tokenizer(model_dir)
        self.decoding = decoding
        self._engine = engine
        self._ends = ends_of(model_dir, self.tokenizer)
        self._llm = LLM(
            model=str(model_dir),
            dtype=engine.dtype,
            max_model_len=engine.max_model_len,
            max_num_seqs=engine.max_num_seqs,
            enable_prefix_caching=True,
            load_format="safetensors",
            trust_remote_code=False,
            # No sampling value of the model's authors (a repetition penalty, say) may slip in
            generation_config="vllm",
            seed=0,
            **options,
        )

    @property
    def tally(self) -> Tally:
        """The draws so far in this process, of all engines; none on CUDA."""
        from safe_reasoning.sampling.vllm_draws import TALLY

        return TALLY

    def load_weights(self, model_dir: Path) -> None:
        """Read other weights in place. See `Engine.load_weights`."""
        check_model(model_dir)
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(model_dir)})
        if self._draws_itself:
            self._llm.collective_rpc(_pack_output_embeddings)

    def generate(
        self, requests: Sequence[Request], *, stop_at_think_end: bool = False
    ) -> list[dict[str, Any]]:
        """Sample the requests, those with a common prefix side by side. See `Engine.generate`."""
        from vllm import TokensPrompt

        open_requests = [
            i for i, request in enumerate(requests) if remaining_tokens(request, self._engine, self.decoding)
        ]
        order = sorted(open_requests, key=lambda i: requests[i].prompt_token_ids + requests[i].given_ids)
        prompts = [
            TokensPrompt(prompt_token_ids=requests[i].prompt_token_ids + requests[i].given_ids) for i in order
        ]
        parameters = [self._parameters(requests[i], stop_at_think_end) for i in order]
        # A prefix cached by an earlier call changes the shapes of the computation and so the last
        # bits of its result: every call starts without.
        self._llm.reset_prefix_cache()
        before = astuple(self.tally)
        outputs = self._llm.generate(prompts, parameters, use_tqdm=False) if prompts else []
        self.tally.report_since(*before)
        rows: dict[int, dict[str, Any]] = {}
        for i, output in zip(order, outputs, strict=True):
            completion = output.outputs[0]
            new_ids = self._ends.kept(completion.token_ids)
            rows[i] = row(requests[i], new_ids, str(completion.finish_reason), self.tokenizer)
        return [
            rows[i] if i in rows else truncated_row(request, self._engine, self.tokenizer)
            for i, request in enumerate(requests)
        ]

    def _parameters(self, request: Request, stop_at_think_end: bool) -> Any:
        """Sampling parameters of one request."""
        from vllm import SamplingParams

        from safe_reasoning.sampling.vllm_draws import arguments

        stop_ids, stop_text = set(self._ends.ids), None
        if stop_at_think_end and self._ends.think_end is None:
            stop_text = self._ends.tag
        elif stop_at_think_end and self._ends.think_end is not None:
            stop_ids.add(self._ends.think_end)
        decoding: dict[str, Any] = {"temperature": 0.0}
        if self.decoding.temperature and self._draws_itself:
            decoding["extra_args"] = arguments(request.seed, self.decoding)
        elif self.decoding.temperature:
            decoding = {
                "temperature": self.decoding.temperature,
                "top_p": self.decoding.top_p,
                "seed": request.seed,
            }
        return SamplingParams(
            **decoding,
            logit_bias=request.logit_bias or None,  # before our own draw: vLLM's processors come first
            max_tokens=remaining_tokens(request, self._engine, self.decoding),
            stop_token_ids=sorted(stop_ids),
            stop=stop_text,
            detokenize=stop_text is not None,
        )


def _pack_output_embeddings(worker: Any) -> None:
    """Pack output embeddings again that are tied to the input ones.

    On CPUs vLLM multiplies by a packed copy of them, which its reading of other weights leaves as
    it was (vLLM 0.32): the next logits would be those of the new body and the old embeddings.
    """
    from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm

    model = worker.model_runner.get_model()
    head: Any = getattr(model, "lm_head", None)
    if getattr(model.config, "tie_word_embeddings", False) and hasattr(head, "cpu_linear"):
        head.weight = model.model.embed_tokens.weight
        dispatch_cpu_unquantized_gemm(head, remove_weight=False)
