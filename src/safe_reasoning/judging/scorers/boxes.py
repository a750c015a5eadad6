r"""Boxed answers: what stands in \boxed{...} or \fbox{...}."""

from __future__ import annotations

import re

# A box with its brace or, as TeX allows, with a bare number or letter; another sign; a brace
_TOKEN = re.compile(
    r"\\f?(?:frame)?box(?:ed)?(?![A-Za-z])\s*(?P<content>\{|(?:[-+]?\d[\d./]*|[A-Za-z])(?![A-Za-z])|\Z|)"
    r"|\\.|[{}]",
    re.DOTALL,
)


def boxed(text: str) -> list[str | None]:
    """The contents of all boxes in order, None for one that does not end.

    Boxes without content, and words about them, are left out: that is how a response repeats its
    instructions.
    """
    found: dict[int, str | None] = {}
    braces: list[tuple[int, int] | None] = []  # the open ones: beginnings of a box and its content
    for token in _TOKEN.finditer(text):
        content = token["content"]
        if content == "{":
            braces.append((token.start(), token.end()))
            found[token.start()] = None
        elif content or (content is not None and token.end() == len(text)):
            found[token.start()] = content or None
        elif token[0] == "{":
            braces.append(None)
        elif token[0] == "}" and braces and (box := braces.pop()):
            found[box[0]] = text[box[1] : token.start()]
    return [content for _, content in sorted(found.items()) if content is None or content.strip()]
