"""From a response to a program.

The code that defines the asked function, with the task's tests after it.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping

from safe_reasoning.judging.scorers.code_blocks import between_prose, blocks, longest, parsed, usable
from safe_reasoning.judging.scorers.names import bound, defines, with_helpers


def completed_function(response: str, entry_point: str, prompt: str = "") -> str | None:
    """The code that defines the function; None where the response has none.

    The last Python or unlabelled block that defines it, with what it needs of other blocks; else
    the last other block, else code without marks between lines of prose, else a body that
    completes the prompt.

    Args:
        response: what the model answered.
        entry_point: the function's name.
        prompt: the beginning of the program that the task gives, which ends in the function's
            signature.
    """
    response = response.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    found = blocks(response)
    numbers = range(len(found) - 1, -1, -1)
    fitting = [n for n in numbers if found[n].python and _defines(found[n].code, entry_point)]
    fitting += [n for n in numbers if defines(found[n].code, entry_point, assigned=found[n].python)]
    fitting += [n for n in numbers if defines(found[n].code, entry_point, assigned=True)]
    if fitting:
        known = bound(f"{prompt.rstrip()}\n    pass\n")
        return with_helpers([block.code for block in found], fitting[0], known | {entry_point})
    return (
        (response if defines(response, entry_point, assigned=True) and usable(response.split("\n")) else None)
        or between_prose(response, entry_point)
        or next(_completions(prompt, [*(block.code for block in found[::-1]), response], entry_point), None)
        or (response if _defines(response, entry_point) else None)
    )


def _defines(code: str, name: str) -> bool:
    """Whether the code defines the function.

    Code that Python can't read is looked at by its words: it will fail its tests, and that is its
    result.
    """
    if parsed(code) is not None:
        return defines(code, name)
    return re.search(rf"^\s*(?:async\s+)?def {re.escape(name)}\s*\(", code, re.MULTILINE) is not None


def _completions(prompt: str, bodies: list[str], name: str) -> Iterator[str]:
    """The prompt with a body after it, as models that complete text answer.

    A body's indentation, or its first line's, may be lost.
    """
    for body in bodies:
        body = body.strip("\n")
        for form in (body, textwrap.indent(textwrap.dedent(body), "    "), f"    {body.lstrip()}"):
            lines = f"{prompt.rstrip()}\n{form}".split("\n")
            end = longest(lines, 0) if prompt and body.strip() else None
            tree = parsed("\n".join(lines[:end])) if end else None
            for node in tree.body if tree else ():
                # One word of prose would be a body, too
                if (
                    isinstance(node, ast.FunctionDef)
                    and node.name == name
                    and any(isinstance(part, ast.Return | ast.Yield) for part in ast.walk(node))
                ):
                    yield "\n".join(lines[:end]) + "\n"


def _without_future(code: str) -> tuple[str, list[str]]:
    """The code without its imports from __future__, and the names that they import.

    Python allows them at the beginning of a program only.
    """
    tree, names = parsed(code), []
    lines = [line.encode() for line in code.split("\n")]
    for node in tree.body if tree else ():
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.end_lineno:
            names += [alias.name for alias in node.names]
            after = lines[node.end_lineno - 1][node.end_col_offset :]
            lines[node.lineno - 1 : node.end_lineno] = [
                lines[node.lineno - 1][: node.col_offset] + b"pass" + after,
                *[b""] * (node.end_lineno - node.lineno),
            ]
    return b"\n".join(lines).decode(), names


def program(gold: Mapping[str, str], response: str) -> str | None:
    """A HumanEval task's program.

    The task's prompt (for its imports and helpers), the model's function over it, the tests, their
    call.

    None when the response does not define the function.
    """
    function = completed_function(response, gold["entry_point"], gold["prompt"])
    if function is None:
        return None
    function, names = _without_future(function)
    future = f"from __future__ import {', '.join(dict.fromkeys(names))}\n" if names else ""
    # The prompt ends in a function without a body, which alone is no Python: `pass` completes it,
    # the model's function then replaces it.
    return (
        f"{future}{gold['prompt'].rstrip()}\n    "
        f"pass\n\n{function}\n\n{gold['test']}\n\ncheck({gold['entry_point']})\n"
    )
