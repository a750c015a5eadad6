"""A balanced choice of rows, by greedy removal (STAR-1, arXiv 2504.01903)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def greedy_balance(cells: Sequence[tuple[str, str]], keep: int) -> list[int]:
    """Numbers of the rows that are left, in their order, when at most `keep` may be.

    At each step a row of the most crowded cell goes: the highest product of the share of its source
    and the share of its category among the rows left. Of equals the last one goes.

    Args:
        cells: source and category of each row.
        keep: rows to be left.
    """
    left = list(range(len(cells)))
    sources, categories = (Counter(cell[part] for cell in cells) for part in (0, 1))
    while len(left) > keep:
        # Both shares have the same denominator: counts do
        crowded = max(left, key=lambda row: (sources[cells[row][0]] * categories[cells[row][1]], row))
        left.remove(crowded)
        sources[cells[crowded][0]] -= 1
        categories[cells[crowded][1]] -= 1
    return left
