"""How a mathematical problem is put to a model.

No example, no system prompt, the answer in a box (DeepSeek-R1's advice; the words are ours).
"""

from __future__ import annotations

import json

INSTRUCTION = "Work it out step by step. Put the final answer in \\boxed{}."


def math_row(problem: str, answer: str, category: str) -> dict[str, str]:
    """A prompt row whose gold is scored by math-verify."""
    gold = json.dumps({"scorer": "math", "answer": answer}, sort_keys=True)
    return {"text": f"{problem.strip()}\n\n{INSTRUCTION}", "category": category, "gold": gold}
