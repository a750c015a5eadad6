"""From a response to a program.

The code block that defines the asked function, with the task's tests after it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

_BLOCK = re.compile(r"```(?:python|py|python3)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)


def completed_function(response: str, entry_point: str) -> str | None:
    """The last code block that defines the function.

    Without code blocks the whole response, if it is Python that defines it. None otherwise.
    """
    blocks = _BLOCK.findall(response) or [response]
    return next((block for block in reversed(blocks) if _defines(block, entry_point)), None)


def _defines(code: str, name: str) -> bool:
    """Whether the code defines the function.

    Code that Python can't read is looked at by its words: it will fail its tests, and that is its
    result.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.search(rf"^\s*def {re.escape(name)}\s*\(", code, re.MULTILINE) is not None
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def program(gold: Mapping[str, str], response: str) -> str | None:
    """A HumanEval task's program.

    The task's prompt (for its imports and helpers), the model's function over it, the tests, their
    call.

    None when the response does not define the function.
    """
    function = completed_function(response, gold["entry_point"])
    if function is None:
        return None
    # The prompt ends in a function without a body, which alone is no Python: `pass` completes it,
    # the model's function then replaces it.
    return (
        f"{gold['prompt'].rstrip()}\n    "
        f"pass\n\n{function}\n\n{gold['test']}\n\ncheck({gold['entry_point']})\n"
    )
