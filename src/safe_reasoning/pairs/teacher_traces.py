"""Demonstrations to fine-tune on.

Our own safe ones (sft_safe), and published sets of safe traces (sft_traces: what the paper's
baselines learned from).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safe_reasoning.prompts import placeholder_traces
from safe_reasoning.prompts.nano_world import prompts as nano_prompts
from safe_reasoning.prompts.published_traces import is_complete
from safe_reasoning.sampling.chat_template import prompt_ids


def safe_demonstrations(prompts: Sequence[dict[str, Any]], tokenizer: Any, seed: int) -> list[dict[str, Any]]:
    """One safe trace per harmful alignment prompt, as rows of schema demonstrations.

    The nano world writes traces about its items; for real prompts the traces hold no content of the
    request (placeholder_traces). The completion ends with the end-of-sequence token.
    """
    rows = []
    for prompt in prompts:
        world = nano_prompts if prompt["gold"] else placeholder_traces
        document = world.safe_demonstration(prompt, seed)
        completion = tokenizer.encode(document.completion, add_special_tokens=False) + [
            tokenizer.eos_token_id
        ]
        rows.append(
            {
                "prompt_id": prompt["prompt_id"],
                "prompt_ids": prompt_ids(tokenizer, prompt["text"]),
                "completion_ids": completion,
                "source": world.__name__.rsplit(".", maxsplit=1)[-1],
            }
        )
    return rows


def trace_demonstrations(name: str, traces: Sequence[dict[str, str]], tokenizer: Any) -> list[dict[str, Any]]:
    """Rows of schema demonstrations of the traces that close their reasoning once.

    The completion ends with the end-of-sequence token.
    """
    return [
        {
            "prompt_id": f"{name}-{number:05d}",
            "prompt_ids": prompt_ids(tokenizer, trace["prompt"]),
            "completion_ids": tokenizer.encode(trace["completion"], add_special_tokens=False)
            + [tokenizer.eos_token_id],
            "source": name,
        }
        for number, trace in enumerate(traces)
        if is_complete(trace)
    ]
