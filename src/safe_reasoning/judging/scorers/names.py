"""Which names a piece of Python binds and needs, and the pieces of other blocks that it needs."""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from safe_reasoning.judging.scorers.code_blocks import parsed


def _table(code: str) -> symtable.SymbolTable | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return symtable.symtable(code, "response", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bound(code: str) -> set[str]:
    """The names that a program defines, imports or assigns at its top level.

    None for what is no program.
    """
    table = _table(code)
    if table is None:
        return set()
    return {
        s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()
    }


def defines(code: str, name: str, *, assigned: bool = False) -> bool:
    """Whether a program defines a function or class of that name at its top level.

    Args:
        code: the program.
        name: what is looked for.
        assigned: whether an assignment will do, such as of a lambda. An import never does.
    """
    table = _table(code)
    if table is None or name not in table.get_identifiers():
        return False
    symbol = table.lookup(name)
    return symbol.is_namespace() or (assigned and symbol.is_assigned() and not symbol.is_imported())


def needed(code: str) -> set[str]:
    """The names that a program uses and does not define itself."""
    top = _table(code)
    names, tables = set(), [top] if top else []
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_declared_global() or (s.is_referenced() and (table is top or s.is_global()))
        }
    return names - bound(code) - set(dir(builtins))


class _Piece(NamedTuple):
    place: tuple[int, int]  # number of its block, and its own in that
    code: str
    binds: set[str]
    everything: bool  # import *


def with_helpers(codes: Sequence[str], chosen: int, known: set[str]) -> str:
    """A block with the statements of other blocks that bind names it needs, all in their order.

    Args:
        codes: the blocks.
        chosen: number of the one that is wanted.
        known: names that need no other block.
    """
    pieces = []
    # The nearest block before it, and so on, then those after it
    for number in [*range(chosen - 1, -1, -1), *range(chosen + 1, len(codes))]:
        tree = parsed(codes[number])
        for place, node in enumerate(tree.body if tree else []):
            code = ast.unparse(node)
            everything = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
            pieces.append(_Piece((number, place), code, bound(code), everything))
    used = {(chosen, 0): codes[chosen]}
    known = known | bound(codes[chosen])
    missing = needed(codes[chosen]) - known
    while missing:
        name = missing.pop()
        known.add(name)
        block = next((piece.place[0] for piece in pieces if name in piece.binds), None)
        for piece in pieces:
            if piece.everything if block is None else (piece.place[0] == block and name in piece.binds):
                used[piece.place] = piece.code
                missing |= needed(piece.code) - known
    return "\n".join(used[place].strip("\n") for place in sorted(used)) + "\n"
