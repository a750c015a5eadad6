"""The prompts that a training samples from, and their order: several kinds, each with its share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from safe_reasoning.config.methods import HARMFUL_ONLY
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.common import Row, Task, sample_rows
from safe_reasoning.training.outcomes import label_of


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


def drawn_prompts(task: Task, prompts: Sequence[Row], length: Callable[[Row], int]) -> dict[str, Row]:
    """The prompts that the method trains on, by prompt_id: `max_examples` at most of each kind."""
    rows: dict[str, Row] = {}
    for kind in task.method.prompts:
        of_kind = [row for row in prompts if label_of(row) == kind]
        what = "prompts" if kind == "harmful" else f"{kind} prompts"
        rows |= {row["prompt_id"]: row for row in sample_rows(of_kind, task, length, what)}
    return rows


def prompt_order(task: Task, rows: dict[str, Row]) -> list[str]:
    """The prompts by name: those of one kind as drawn (TRL shuffles them), several mixed."""
    method = task.method
    if method.prompts == HARMFUL_ONLY:
        return list(rows)
    if method.batch_size % method.rollouts:
        raise UserError(
            f"methods.{task.name}: batch_size {method.batch_size} is no multiple of rollouts "
            f"{method.rollouts}: change one"
        )
    shares = {str(kind): share for kind, share in method.prompts.items()}
    names = {kind: [name for name, row in rows.items() if label_of(row) == kind] for kind in shares}
    count = method.max_steps * method.batch_size // method.rollouts if method.max_steps else len(rows)
    return mixed_order(names, shares, count, task.seed)
