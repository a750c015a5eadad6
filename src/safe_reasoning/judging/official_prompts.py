"""The words of other people's judges, read at run time from the files that their authors published
and never kept in this project.

Each text is a source of kind `text` in config/sources.yaml: a file at a pinned commit, in a mirror
folder or from its host. Python files are parsed, never run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.pieces import Piece
from safe_reasoning.sources.fetch import fetch
from safe_reasoning.sources.table import check_content, source


class Template:
    """An official prompt with named gaps.

    Attributes:
        text: the prompt as a Python format string.
        sha256: digest of `text`, for the meta files.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()

    @property
    def gaps(self) -> set[str]:
        """Names of its gaps."""
        return {gap for _, gap, _, _ in string.Formatter().parse(self.text) if gap is not None}

    def fill(self, clip: Mapping[str, int] | None = None, **values: str) -> list[Piece]:
        """The prompt's pieces: its own words are fixed, the values untrusted.

        A value is never read as a format string.

        Args:
            clip: at most so many tokens of a value are kept.
            values: one for each gap.
        """
        pieces = []
        for words, gap, _, _ in string.Formatter().parse(self.text):
            pieces.append(Piece(words))
            if gap is not None:
                pieces.append(Piece(values[gap], True, (clip or {}).get(gap)))
        return pieces


def official_text(source_id: str, mirror: str | None, *place: str | int) -> Template:
    """An official text.

    Args:
        source_id: of kind text in config/sources.yaml.
        mirror: folder with local copies; None: the host.
        place: where the text stands in its file: names and indices from the outside in. A .txt file
            is the text itself; a lone number counts the blocks of a .md file, from 0.

    Raises:
        UserError: The file is missing or altered, or the text is not there.
    """
    if source(source_id).kind != "text":
        raise UserError(
            f"{source_id} is no text of a judge: name a source of kind text in config/sources.yaml"
        )
    path = fetch(source_id, mirror)
    try:
        text = _read(path, place)
    except (KeyError, IndexError, TypeError, ValueError, SyntaxError):
        where = ".".join(map(str, place))
        raise UserError(
            f"{source_id}: {path} has no text {where}: its author changed it; pin the commit that has it"
        ) from None
    if source(source_id).content_sha256:
        check_content(source_id, hashlib.sha256(text.encode()).hexdigest(), path)
    return Template(text)


def _read(path: Path, place: tuple[str | int, ...]) -> str:
    content = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".txt":
            return content
        case ".json":
            found: Any = json.loads(content)
            for step in place:
                found = found[step]
            return _string(found)
        case ".md":  # a block by its number, or the first block of code that assigns the name
            blocks = re.findall(r"^```[^\n]*\n(.*?)^```", content, re.MULTILINE | re.DOTALL)
            if isinstance(place[0], int):
                return str(blocks[place[0]])
            return _python_text([block for block in blocks if f"{place[0]} =" in block][0], place)
        case _:
            return _python_text(content, place)


def _string(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError("not a text")
    return found


def _python_text(content: str, place: tuple[str | int, ...]) -> str:
    """The text that is assigned to the name place[0], or stands at the rest of the place in what is
    assigned. An f-string becomes a format string.
    """
    assigned = [
        node.value
        for node in ast.walk(ast.parse(content))
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == place[0] for target in node.targets)
    ]
    found: Any = assigned[0]
    for step in place[1:]:
        if isinstance(found, ast.Dict):
            found = {
                ast.literal_eval(key): value
                for key, value in zip(found.keys, found.values, strict=True)
                if key is not None
            }[step]
        elif isinstance(found, ast.List) and isinstance(step, int):
            found = found.elts[step]
        else:
            raise KeyError(step)
    if isinstance(found, ast.JoinedStr):
        return "".join(_of_f_string(part) for part in found.values)
    return _string(ast.literal_eval(found))


def _of_f_string(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value).replace("{", "{{").replace("}", "}}")
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
        return "{" + part.value.id + "}"
    raise ValueError("more than a name in a gap")
