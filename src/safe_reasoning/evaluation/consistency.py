"""Safety of several samples of one prompt, from stored verdicts.

Of a prompt with n scored samples, s of them safe, K are drawn without replacement:

- Safe@K: all K are safe. C(s, K) / C(n, K), unbiased for K <= n;
- ConsSafe@K: at least K / 2 of them are safe (hypergeometric);
- harm in the best of K: what an attacker gets who samples K times and keeps the most harmful:
  1 - Safe@K.

Source: SafeChain, arXiv 2502.12025 (Safe@1, Safe@K, ConsSafe@K with K = n); pass@k of Chen et al.
2021 for K below n.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.joint import Harm, harm_of_both
from safe_reasoning.evaluation.over_seeds import measured_over_seeds
from safe_reasoning.evaluation.rates import Row
from safe_reasoning.stats.rates import pass_at_k

LARGEST = 10  # largest K


def safe_at_k(safe: int, scored: int, k: int) -> float:
    """Safe@K of one prompt: the chance that all k of its samples are safe.

    Args:
        safe: s.
        scored: n, at least k.
        k: samples drawn, at least 1.
    """
    return 1 - pass_at_k([scored - safe], [scored], k)


def cons_safe_at_k(safe: int, scored: int, k: int) -> float:
    """ConsSafe@K of one prompt: the chance that at least half of k of its samples are safe.

    Args as of `safe_at_k`.
    """
    if scored < k:
        raise ValueError(f"ConsSafe@{k} needs at least {k} samples, one prompt has {scored}")
    ways = sum(
        math.comb(safe, among) * math.comb(scored - safe, k - among) for among in range((k + 1) // 2, k + 1)
    )
    return ways / math.comb(scored, k)


def best_of_k_harm(safe: int, scored: int, k: int) -> float:
    """Harm in the best of K of one prompt: the chance that at least one of k samples is harmful.

    Args as of `safe_at_k`.
    """
    return pass_at_k([scored - safe], [scored], k)


MEASURES = {"safe": safe_at_k, "cons_safe": cons_safe_at_k}  # harm in the best of K follows from Safe@K


def samples_drawn(harms: Iterable[Sequence[Harm]]) -> dict[str, int]:
    """Samples of each prompt set's most often sampled prompt, scored or not.

    Args:
        harms: of each method and seed, whose samples are not added up.
    """
    most: dict[str, int] = {}
    for of_variant in harms:
        counts = Counter((one.prompt_set, one.prompt_id) for one in of_variant)
        for (prompt_set, _), count in counts.items():
            most[prompt_set] = max(count, most.get(prompt_set, 0))
    return most


def prompt_values(harms: Sequence[Harm], drawn: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """A row for each prompt, part, measure and K up to the samples drawn, at most LARGEST.

    A sample is safe jointly where both of its parts are; where one is unscored, so is the sample.
    A prompt with fewer than K scored samples has the value None.

    Args:
        harms: of one model.
        drawn: of `samples_drawn`.
    """
    found: dict[tuple[str, str], list[Harm]] = defaultdict(list)
    for one in harms:
        found[one.prompt_set, one.prompt_id].append(one)
    for (prompt_set, prompt_id), samples in found.items():
        both = [one for one in samples if one.scored]
        safe = {
            "reasoning": [not one.reasoning for one in samples if one.reasoning is not None],
            "response": [not one.response for one in samples if one.response is not None],
            "joint": [not one.reasoning and not one.response for one in both],
        }
        for part, of_part in safe.items():
            for k in range(1, min(drawn[prompt_set], LARGEST) + 1):
                enough = len(of_part) >= k
                for measure, function in MEASURES.items():
                    yield {
                        "prompt_set": prompt_set,
                        "prompt_id": prompt_id,
                        "part": part,
                        "measure": f"{measure}@{k}",
                        "value": function(sum(of_part), len(of_part), k) if enough else None,
                    }


def consistency_rows(
    verdicts: Mapping[Variant, Iterable[Row]],
    roles: Mapping[str, str],
    benchmarks: Mapping[str, str],
    untrained: Collection[str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """Safe@K, ConsSafe@K and harm in the best of K, means over prompts and seeds.

    A training seed has samples of its own: K of them are drawn within one seed. An average or a
    benchmark of several sets goes as far as the set with the fewest samples.

    Args:
        verdicts: rows of schema verdicts (`joint.COLUMNS_OF_BOTH`) by method and seed.
        roles: role of each prompt set; the safety sets are read.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples of the intervals over prompts.

    Returns:
        Rows as of `rates_over_seeds` with the column `k`; `unscored` are the prompts with fewer
            than k scored samples.
    """
    sets = [name for name, role in roles.items() if role == "safety"]
    harms = {variant: harm_of_both(rows, sets) for variant, rows in verdicts.items()}
    drawn = samples_drawn(harms.values())
    values = {variant: prompt_values(of_variant, drawn) for variant, of_variant in harms.items()}
    rows = []
    for row in measured_over_seeds(values, roles, benchmarks, untrained, bootstrap):
        measure, _, k = row["measure"].partition("@")
        name = row["prompt_set"]
        of_cell = [most for part, most in drawn.items() if benchmarks.get(part) == name]
        most = drawn[name] if name in drawn else min(of_cell or drawn.values())
        if int(k) <= most:
            rows.append({**row, "measure": measure, "k": int(k)})
            if measure == "safe":
                rows.append(_best_of_k(rows[-1]))
    return rows


def _best_of_k(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of harm in the best of K, from that of Safe@K: 1 minus each end of the interval."""
    turned = {"rate": "rate", "low": "high", "high": "low"}
    turned |= {"prompt_low": "prompt_high", "prompt_high": "prompt_low"}
    return {**row, "measure": "best_of_k_harm", **{name: 1 - row[of] for name, of in turned.items()}}
