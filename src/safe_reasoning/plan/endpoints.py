"""What a run is expected to ask of each endpoint, shown before the first request, next to the cap
on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.config import Config
from safe_reasoning.plan.judge_calls import REPLY_TOKENS, price
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import Step


def expected(config: Config, steps: Sequence[Step]) -> list[str]:
    """One line for each endpoint that the run asks.

    Requests, tokens, price, and whether its budget is enough for them.

    Args:
        config: the run's.
        steps: of its plan.
    """
    lines = []
    for name, settings in config.endpoints.items():
        asked = [step for step in steps if step.chat == name]
        if not asked:
            continue
        bound = "at most " if any(step.bound for step in asked) else ""
        count = about if any(step.bound or step.estimated for step in asked) else "{:,}".format
        requests, tokens, usd = (
            sum(step.calls for step in asked),
            sum(step.call_tokens for step in asked),
            sum(price(config, step) for step in asked),
        )
        replies = requests * min(settings.max_tokens, REPLY_TOKENS)
        line = (
            f"endpoint {name} ({settings.model}): {bound}{count(requests)} requests, about "
            f"{about(tokens / 1e6)} million tokens in, {about(replies / 1e6)} out"
        )
        line += f", {about(usd)} USD" if usd else ""
        cap = settings.budget
        if cap is None:
            lines.append(f"{line}; no budget")
            continue
        caps = {
            "requests": (cap.requests, requests),
            "tokens": (cap.tokens, tokens + replies),
            "USD": (cap.usd, usd),
        }
        given = ", ".join(f"{most:,} {key}" for key, (most, _) in caps.items() if most is not None)
        short = any(most is not None and most < needed for most, needed in caps.values())
        lines.append(
            f"{line}; budget {given}"
            + (": may not be enough, the run would stop there and go on when it is raised" if short else "")
        )
    return lines
