"""The order of prompts of several kinds, each with its share."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from safe_reasoning.core.seeds import derive_seed


def mixed_order(
    names: Mapping[str, Sequence[str]], shares: Mapping[str, float], count: int, seed: int
) -> list[str]:
    """So many names, of each kind its share, as evenly as whole numbers allow.

    After any number of names each kind is within one of its share of them. A kind's names come in a
    drawn order; when all were taken they come again in another one.

    Args:
        names: of each kind, at least one.
        shares: of each kind, in any unit.
        count: names in all.
        seed: of the orders.
    """
    total = sum(shares.values())
    sources = {kind: _cycle(names[kind], kind, seed) for kind in shares}
    taken = dict.fromkeys(shares, 0)
    order = []
    for place in range(1, count + 1):
        kind = max(shares, key=lambda kind: shares[kind] / total * place - taken[kind])
        taken[kind] += 1
        order.append(next(sources[kind]))
    return order


def _cycle(names: Sequence[str], kind: str, seed: int) -> Iterator[str]:
    """A kind's names without end."""
    turn = 0
    while True:
        yield from random.Random(derive_seed("prompt mix", kind, seed, turn)).sample(list(names), len(names))
        turn += 1
