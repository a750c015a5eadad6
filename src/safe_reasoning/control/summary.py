"""What policies did: how often they edited, what it cost, and what is left without their words.

Inserted safety sentences must not earn safety by themselves, so harm of the reasoning is measured
as delivered and again without every inserted token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.stats.rates import Value, clustered_rate

Row = Mapping[str, Any]
KINDS = {"safety": "harmful", "overrefusal": "benign", "capability": "capability"}


def control_rows(
    edits: Mapping[Variant, Sequence[Row]],
    delivered: Mapping[Variant, Sequence[Row]],
    without: Mapping[Variant, Sequence[Row]],
    base: Sequence[Row],
    roles: Mapping[str, str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """One row per method, kind of prompts and measure, seeds together.

    Measures: `edited`, the share of completions with an edit; `edits`, `sampled_tokens`,
    `delivered_tokens` and `base_tokens`, means per completion; on harmful prompts
    `harmful_delivered` and `harmful_without`, harm of the reasoning with and without what was
    inserted.

    Args:
        edits: rows of schema edits of each method and seed.
        delivered: verdicts on the completions as delivered.
        without: verdicts on the same without inserted tokens.
        base: generations of the base on the same prompts, with `prompt_set` and `token_ids`.
        roles: role of each prompt set.
        bootstrap: resamples of prompts.

    Returns:
        Rows with `value` and its 95 % interval over prompts; no interval for means of tokens.
    """
    rows = []
    for method in dict.fromkeys(variant.method for variant in edits):
        of_method = [variant for variant in edits if variant.method == method]
        for role, kind in KINDS.items():
            logged = [row for v in of_method for row in edits[v] if roles[row["prompt_set"]] == role]
            if not logged:
                continue
            common = {"method": method, "kind": kind, "count": len(logged)}
            prompts = [row["prompt_id"] for row in logged]
            rows.append(_rate(common, "edited", [row["edits"] > 0 for row in logged], prompts, bootstrap))
            lengths = [len(row["token_ids"]) for row in base if roles[row["prompt_set"]] == role]
            means = {
                name: sum(row[name] for row in logged) / len(logged)
                for name in ("edits", "sampled_tokens", "delivered_tokens")
            } | {"base_tokens": sum(lengths) / len(lengths)}
            rows += [{**common, "measure": name, "value": value} for name, value in means.items()]
            if kind == "harmful":
                for measure, verdicts in (("harmful_delivered", delivered), ("harmful_without", without)):
                    judged = [row for v in of_method for row in verdicts[v] if _is_reasoning(row, roles)]
                    values = [row["value"] for row in judged]
                    names = [row["prompt_id"] for row in judged]
                    rows.append(_rate({**common, "count": len(judged)}, measure, values, names, bootstrap))
    return rows


def _is_reasoning(row: Row, roles: Mapping[str, str]) -> bool:
    wanted = ("reasoning", "harmful", "safety")
    return (row["part"], row["measure"], roles[row["prompt_set"]]) == wanted


def _rate(
    common: Row, measure: str, values: Sequence[Value], prompts: Sequence[str], bootstrap: int
) -> dict[str, Any]:
    rate = clustered_rate(values, prompts, resamples=bootstrap)
    bounds = {"low": rate.low, "high": rate.high, "unscored": rate.unscored}
    return {**common, "measure": measure, "value": rate.value, **bounds}
