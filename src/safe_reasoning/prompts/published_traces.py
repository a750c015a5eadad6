"""Traces of other people's data sets in our form.

The prompt, and the completion that follows the open think tag.
"""

from __future__ import annotations

from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG


def demonstration(prompt: str, response: str) -> dict[str, str]:
    """A row of prompt and completion.

    An opening think tag at the start of the response belongs to the prompt and is dropped.

    A response without a closing tag is kept as it is: whoever trains on it counts and leaves it
    out.
    """
    return {"prompt": prompt.strip(), "completion": response.strip().removeprefix(OPEN_TAG).lstrip("\n")}


def is_complete(row: dict[str, str]) -> bool:
    """Whether the completion closes its reasoning exactly once."""
    return row["completion"].count(CLOSE_TAG) == 1
