"""vLLM, in this process.

On CUDA as it comes, on the CPU eagerly and with the settings its CPU build needs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning import config
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.sampling.engine import (
    Request,
    end_ids,
    load_tokenizer,
    remaining_tokens,
    row,
    think_end_id,
    truncated_row,
)

# Read by vLLM when it is imported; what the environment already holds goes before.
_EVERYWHERE = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
_ON_CPU = {
    # A second process starts 15 s later and is slower on small models
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # binding would put every job on the same cores
    "TORCH_COMPILE_DISABLE": "1",  # some sampling options would otherwise need a compiler
}


class VllmEngine:
    """Samples with vLLM: prefix cache on, a seed for each request. See `Engine`."""

    def __init__(self, model_dir: Path, engine: config.Engine, decoding: config.Decoding) -> None:
        import torch

        on_cuda = torch.cuda.is_available()
        for key, value in (_EVERYWHERE if on_cuda else _EVERYWHERE | _ON_CPU).items():
            os.environ.setdefault(key, value)
        options: dict[str, Any] = {"gpu_memory_utilization": engine.gpu_memory_share}
        if not on_cuda:
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(engine.kv_cache_gib))
            os.environ.setdefault("OMP_NUM_THREADS", str(engine.threads))
            torch.set_num_threads(engine.threads)  # OpenMP has read its variable by now
            options = {
                "enforce_eager": True,
                # The CPU's random generator cannot step back, which seeded requests need when their
                # prompt is prefilled in chunks (vLLM 0.32).
                "enable_chunked_prefill": False,
                "max_num_batched_tokens": max(8192, engine.max_model_len),
                # The unit of the prefix cache: with the default of 128 a prompt of ours is hardly
                # ever shared. Same tokens, about twice as fast.
                "block_size": 32,
            }
        from vllm import LLM

        self.tokenizer: Any = load_tokenizer(model_dir)
        self.decoding = decoding
        self._engine = engine
        self._end_ids = end_ids(model_dir, self.tokenizer)
        self._think_end = think_end_id(self.tokenizer)
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
        outputs = self._llm.generate(prompts, parameters, use_tqdm=False) if prompts else []
        rows: dict[int, dict[str, Any]] = {}
        for i, output in zip(order, outputs, strict=True):
            completion = output.outputs[0]
            new_ids = list(completion.token_ids)
            if new_ids and new_ids[-1] in self._end_ids:
                new_ids.pop()
            rows[i] = row(requests[i], new_ids, str(completion.finish_reason), self.tokenizer)
        return [
            rows[i] if i in rows else truncated_row(request, self._engine, self.tokenizer)
            for i, request in enumerate(requests)
        ]

    def _parameters(self, request: Request, stop_at_think_end: bool) -> Any:
        """Sampling parameters of one request."""
        from vllm import SamplingParams

        stop_ids, stop_text = set(self._end_ids), None
        if stop_at_think_end and self._think_end is None:
            stop_text = CLOSE_TAG
        elif stop_at_think_end and self._think_end is not None:
            stop_ids.add(self._think_end)
        return SamplingParams(
            temperature=self.decoding.temperature,
            top_p=self.decoding.top_p,
            seed=request.seed if self.decoding.temperature else None,
            max_tokens=remaining_tokens(request, self._engine, self.decoding),
            stop_token_ids=sorted(stop_ids),
            stop=stop_text,
            detokenize=stop_text is not None,
        )
