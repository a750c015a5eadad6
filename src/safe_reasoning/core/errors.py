"""The one exception that a user is meant to read, and other errors in its words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A fault the user can repair. Its message is one line that names the cause and the repair."""


def in_one_line(error: BaseException, length: int = 200) -> str:
    """An error of a library as part of such a message: its words, or its type where it has none."""
    return " ".join(str(error).split())[:length] or type(error).__name__


def unknown_name(name: str, known: Iterable[str]) -> str:
    """What is said of a name that is not there: the closest known one, and all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    return f"{name!r} is unknown{meant}: use one of {', '.join(names)}"
