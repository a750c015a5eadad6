"""Safe demonstrations for the sft_safe baseline: what STAR-1's teacher traces are to the paper's baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safe_reasoning.sampling.chat import prompt_ids
from safe_reasoning.worlds import nano, placeholder_traces


def safe_demonstrations(prompts: Sequence[dict[str, Any]], tokenizer: Any, seed: int) -> list[dict[str, Any]]:
    """One safe trace a harmful alignment prompt, as rows of schema demonstrations.

    The nano world writes traces about its items; for real prompts the traces hold no content of the request (placeholder_traces).
    The completion ends with the end-of-sequence token.
    """
    rows = []
    for prompt in prompts:
        world = nano if prompt["gold"] else placeholder_traces
        document = world.safe_demonstration(prompt, seed)
        completion = tokenizer.encode(document.completion, add_special_tokens=False) + [tokenizer.eos_token_id]
        rows.append(
            {
                "prompt_id": prompt["prompt_id"],
                "prompt_ids": prompt_ids(tokenizer, prompt["text"]),
                "completion_ids": completion,
                "source": world.__name__.rsplit(".", maxsplit=1)[-1],
            }
        )
    return rows
