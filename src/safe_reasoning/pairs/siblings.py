"""Sibling pairs: of next sentences at one place, the one that leaves the reasoning safest against
the one that leaves it least safe.

The step-level preference of STAIR and ARMOR. Both store whole trajectories that share all but the
last step, or train the step alone: without an NLL term that is the same loss, since the log-ratios
of shared tokens cancel (tests/engine/test_losses.py). `shorter` is a length control in the spirit
of SAFER, whose other half, on benign prompts, is `short_answers`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.judges.exact import TRIGGERS
from safe_reasoning.pairs.rows import Pairs, share_prefix

Row = Mapping[str, Any]


def value(row: Row) -> float | None:
    """Share of safe continuations (row of schema siblings); None where none was scored."""
    scored = row["continuations"] - row["unscored"]
    return row["safe"] / scored if scored else None


def best_and_worst(siblings: Sequence[Row], shorter: bool) -> tuple[Row, Row]:
    """The sibling with the highest value and the one with the lowest.

    Of equal values, with `shorter` the best is the shortest step and the worst the longest one; a
    shorter step never beats a higher value. Otherwise an order that knows nothing of length or
    place decides.
    """

    def key(row: Row) -> tuple[float, int, int]:
        length = len(row["step_ids"]) if shorter else 0
        return value(row) or 0.0, -length, derive_seed(*row["step_ids"])

    return max(siblings, key=key), min(siblings, key=key)


def sibling_pairs(
    nodes: Sequence[Row], min_gap: float, min_chosen: float, shorter: bool = False, min_visits: int = 1
) -> Pairs:
    """A pair for each place whose best and worst next sentence differ enough.

    Args:
        nodes: rows of schema siblings, in any order.
        min_gap: values differ by more than this.
        min_chosen: least value of the chosen one.
        shorter: see `best_and_worst`.
        min_visits: least continuations of a sentence with which the reasoning goes on.

    Returns:
        Rows of schema pairs, by parent, and counts: `places` = `alone` (one scored sentence, or
            none; of those with fewer visits none counts) +
            `small_gap` + `unsafe_chosen` + `dropped_empty_side` (one begins with the other) +
            `pairs`.
    """
    families: dict[str, list[Row]] = defaultdict(list)
    for node in nodes:
        families[node["parent_id"]].append(node)
    counts = Counter(
        dict.fromkeys(("places", "alone", "small_gap", "unsafe_chosen", "dropped_empty_side"), 0)
    )
    rows = []
    for parent in sorted(families):
        counts["places"] += 1
        visited = [n for n in families[parent] if n["continuations"] >= min_visits or n["closed"]]
        scored = [node for node in visited if value(node) is not None]
        if len(scored) < 2:
            counts["alone"] += 1
            continue
        chosen, rejected = best_and_worst(scored, shorter)
        high, low = value(chosen) or 0.0, value(rejected) or 0.0
        pair = _pair(chosen, rejected)
        if high - low <= min_gap:
            counts["small_gap"] += 1
        elif high < min_chosen:
            counts["unsafe_chosen"] += 1
        elif not pair["chosen_ids"] or not pair["rejected_ids"]:
            counts["dropped_empty_side"] += 1
        else:
            rows.append(pair)
    counts["pairs"] = len(rows)
    counts["prompts"] = len({node["prompt_id"] for node in nodes})
    counts["prompts_with_pairs"] = len({row["prompt_id"] for row in rows})
    return Pairs(rows, dict(counts))


def _pair(chosen: Row, rejected: Row) -> dict[str, Any]:
    return share_prefix(
        {
            "pair_id": f"{chosen['node_id']}|{rejected['node_id']}",
            "prompt_id": chosen["prompt_id"],
            "prompt_ids": [*chosen["prompt_ids"], *chosen["prefix_ids"]],
            "prefix_tokens": len(chosen["prefix_ids"]),
            "chosen_ids": list(chosen["step_ids"]),
            "rejected_ids": list(rejected["step_ids"]),
            "trigger": "",
            "cue": "",
            "rounds": 0,
            "source": "siblings",
        }
    )


def step_shares(nodes: Sequence[Row], pairs: Sequence[Row], detector: CueDetector) -> dict[str, float | None]:
    """How many steps are cues or triggers: in pairs, and of all siblings for comparison.

    Pairs are found without a cue detector, so this asks whether preference by search sits where IPO
    intervenes. A step counts by its own sentence, whatever came before it. Triggers are the nano
    world's sentences: of another model none is known.

    Returns:
        Shares by name, None without a pair: `chosen_trigger`, `rejected_cue`,
            `pair_at_trigger_or_cue` (one or the other), `sibling_trigger`, `sibling_cue`.
    """
    found = detector.first_cues([["", node["step"]] for node in nodes])
    cues = {node["node_id"] for node, cue in zip(nodes, found, strict=True) if cue.index is not None}
    triggers = {node["node_id"] for node in nodes if node["step"] in TRIGGERS}
    sides = [pair["pair_id"].split("|") for pair in pairs]
    at_trigger = [chosen in triggers for chosen, _ in sides]
    at_cue = [rejected in cues for _, rejected in sides]
    return {
        "chosen_trigger": _share(at_trigger),
        "rejected_cue": _share(at_cue),
        "pair_at_trigger_or_cue": _share([a or b for a, b in zip(at_trigger, at_cue, strict=True)]),
        "sibling_trigger": _share([node["node_id"] in triggers for node in nodes]),
        "sibling_cue": _share([node["node_id"] in cues for node in nodes]),
    }


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
