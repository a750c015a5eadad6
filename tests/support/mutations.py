"""Seeded damage: to the bytes of a file, and to a tree of settings."""

import copy
import datetime
import random
from collections.abc import Callable, Iterator
from typing import Any

from safe_reasoning.core.errors import UserError

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 3.5, 2**70, -(2**70), 1e308, float("nan"), float("inf")),
    *("", " ", "a b", "../x", "ünï\u2028code", "x" * 300, "nano", "base", "exact", "{model}", "a/b", "3", "010"),
    *([], [[]], {}, {"a": {}}, {None: None}, {1: 2}, [None], [1, 2, 3], ["exact", "exact"]),
    *(b"bytes", datetime.date(2020, 1, 1)),
]  # fmt: skip
NAMES: list[Any] = ["x", "base", "nano", "ipo", 1, None, "../x", "a-b", "A", "ü", "{x}"]
YAML = [b"\x00", b"\xff", b"{", b"[", b": ", b"\n", b"&a ", b"*a ", b'"', b"<<: ", b"\t", b"? ", b"-", b"%",
        b"!!python/object:x ", b"!!binary ", b"!!set ", b"!!timestamp ", b"!!bool ", b"!!int ", b"!!omap ", b"2020-13-45 "]  # fmt: skip


def damaged(content: bytes, chance: random.Random, insertions: list[bytes] | None = None) -> bytes:
    """The content with a bit changed, its end or a piece cut off, or something put in."""
    place, end = chance.randrange(len(content)), chance.randrange(1, 64)
    head, tail = content[:place], content[place:]
    return chance.choice(
        [
            head + bytes([tail[0] ^ 1 << chance.randrange(8)]) + tail[1:],
            head,
            head + tail[end:],
            head + chance.choice(insertions or [bytes(end)]) + tail,
            head + bytes(min(end, len(tail))) + tail[end:],
        ]
    )


def paths(tree: Any, above: tuple = ()) -> Iterator[tuple]:
    """The keys and places that lead to each part of a tree, without the whole."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, entry in entries:
        yield (*above, key)
        yield from paths(entry, (*above, key))


def mutated(tree: dict, chance: random.Random) -> dict:
    """A copy of a tree in which up to three parts were removed, replaced, renamed, moved or wrapped."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice([1, 1, 2, 3])):
        there = list(paths(tree))
        if not there:
            break
        *above, key = chance.choice(there)
        parent = tree
        for step in above:
            parent = parent[step]
        kind = chance.choice(["remove", "replace", "replace", "rename", "copy", "wrap"])
        if kind == "remove":
            del parent[key]
        elif kind == "rename" and isinstance(parent, dict):
            parent[chance.choice(NAMES)] = parent.pop(key)
        elif kind == "copy":
            source: Any = tree
            for step in chance.choice(there):
                source = source[step] if isinstance(source, dict | list) else source
            parent[key] = copy.deepcopy(source)
        elif kind == "wrap":
            parent[key] = [parent[key]]
        else:
            parent[key] = chance.choice(VALUES)
    return tree


def outcome(read: Callable[[], object], expected: object = None) -> str:
    """What reading gave: "same" as expected, "other", or "refused" by a UserError of one line.

    Anything else is raised.
    """
    try:
        return "same" if read() == expected else "other"
    except UserError as error:
        message = str(error)
        assert len(message.splitlines()) == 1 and len(message) < 2000, message
        return "refused"
