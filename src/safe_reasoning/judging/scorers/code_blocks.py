"""Python in a response: in Markdown's code blocks, in HTML's, or between lines of prose."""

from __future__ import annotations

import ast
import html
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt

# Fences in HTML without blank lines count too; what is within a line does not matter here
_MARKDOWN = MarkdownIt("commonmark").disable(["html_block", "inline"])
_PYTHON = re.compile(r"\{?\.?(?:i?python|py)[-_]?(?:[23](?:\.\d+)*)?(?![\w.+#-])|$", re.IGNORECASE)
_HTML = re.compile(r"<(pre|code)\b[^>]*>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(r"(?<!`)(`+)(?!`)(?:python\s+|py\s+)?((?:async\s+)?def\s[^`\n]+)\1(?!`)")
_TAGS = re.compile(r"</?(?:pre|code|span|br)\b[^>]*>", re.IGNORECASE)
_BEGINS = re.compile(r"(?:import|from|def|class|async|try|if)\s|@|[A-Za-z_]\w*\s*(?::[^=]+)?=")
TRIES = 60  # lines at which prose may begin or end that are tried


class Block(NamedTuple):
    """A code block.

    Attributes:
        code: what is in it.
        python: whether it is a fence without a language, or with Python's name.
    """

    code: str
    python: bool


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of a program, None for what is none."""
    try:
        with warnings.catch_warnings():  # they would show the code in logs
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def blocks(response: str) -> list[Block]:
    """Code blocks as CommonMark has them, in their order; without any, code in lines and HTML."""
    found = list(_markdown_blocks(response))
    if not found:
        inline = (code for _, code in _INLINE.findall(response) if parsed(code))
        found = [Block(code, True) for code in inline]
        for _, content in _HTML.findall(response):
            code = html.unescape(_TAGS.sub("", content))
            found.append(Block(textwrap.dedent(code.strip("\n")), parsed(code) is not None))
    return found


def _markdown_blocks(text: str) -> Iterator[Block]:
    for token in _MARKDOWN.parse(text):
        if token.type == "code_block":  # indented: maybe a fence that is indented too far
            if re.search(r"^ *(?:```|~~~)", token.content, re.MULTILINE):
                yield from _markdown_blocks(textwrap.dedent(token.content))
            else:
                yield Block(token.content, False)
        elif token.type == "fence":
            python = _PYTHON.match(token.info.strip()) is not None
            inner = len(token.markup) > 3 and re.search(r"^ *(?:```|~~~)", token.content, re.MULTILINE)
            if inner and parsed(token.content) is None:  # Markdown within Markdown
                yield from _markdown_blocks(token.content)
                continue
            # A closing fence that is not alone on its line does not close the block
            parts = [token.content]
            if token.markup in token.content and parsed(token.content) is None:
                parts = re.split(rf"{re.escape(token.markup)}[^\n]*\n?", token.content)
            for part in parts:
                yield Block(textwrap.dedent(part), python)


def usable(lines: list[str]) -> bool:
    """Whether lines are a program, and no words that happen to be one ("Done")."""
    tree = parsed("\n".join(lines))
    return tree is not None and not any(
        (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call | ast.Constant | ast.Await))
        or (isinstance(node, ast.AnnAssign) and node.value is None)
        for node in tree.body
    )


def longest(lines: list[str], start: int) -> int | None:
    """Where the program that begins with a line ends at the latest; prose may follow."""
    ends = [n for n in range(start + 1, len(lines)) if lines[n].strip() and not lines[n][0].isspace()]
    fitting = [end for end in [*ends[:TRIES], len(lines)] if usable(lines[start:end])]
    return fitting[-1] if fitting else None


def between_prose(text: str, name: str) -> str | None:
    """The program around the last definition of a function that stands in text without marks."""
    lines = text.expandtabs(4).split("\n")
    begin = re.compile(rf"\s*(?:async\s+)?def\s+{re.escape(name)}\s*\(")
    at = next((n for n in range(len(lines) - 1, -1, -1) if begin.match(lines[n])), None)
    if at is None:
        return None
    margin = len(lines[at]) - len(lines[at].lstrip())
    first, last = at, at + 1  # the lines about it that are indented as far
    while first > 0 and not lines[first - 1][:margin].strip():
        first -= 1
    while last < len(lines) and not lines[last][:margin].strip():
        last += 1
    lines, at = [line[margin:] for line in lines[first:last]], at - first
    end = longest(lines, at)
    if end is None:
        return None
    starts = [n for n in range(at) if _BEGINS.match(lines[n])][-TRIES:]
    start = next((n for n in starts if usable(lines[n:end])), at)
    return "\n".join(lines[start:end]) + "\n"
