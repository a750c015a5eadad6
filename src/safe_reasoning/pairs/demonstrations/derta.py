"""Turning back at any place: a safe end after a harmful beginning, and "stop" at every position.

DeRTa (arXiv 2407.09121): per harmful completion one row that learns the safe response after a
random prefix of it (its MLE, a third with an empty prefix), and one row of the whole harmful
completion whose every label is the first token of a refusal (its "reinforced transition
optimisation", RTO). Its code keeps a random 5 % of those labels. There responses are turned, here
the reasoning; the harmful and the safe side are those of the intervened pairs, the token is the
first one of a trigger.
"""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.schemas import IGNORED
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import continue_text
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.material import Built, Material
from safe_reasoning.pairs.own_rollouts import benign_rows
from safe_reasoning.pairs.rows import Row, reasoning_prefix, side_ids
from safe_reasoning.pairs.wording import wording_of


class Settings(KindSettings):
    """Which positions are turned."""

    rto_keep: float = Field(0.05, ge=0, le=1, description="share of the positions that bear a label")
    rto_from: Literal["cue", "start"] = Field(
        "start", description="positions from the first cue on, or all (as in the paper)"
    )
    rto_copies: int = Field(1, ge=1, description="rows of a trace, each with positions of its own")
    no_prefix: float = Field(1 / 3, ge=0, le=1, description="share of the safe ends without a prefix")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("pairs", "rollouts"),
    empty="make more intervened pairs",
    rows=lambda settings, counts: counts.pairs * (1 + settings.rto_copies) + counts.benign,
)


def build(material: Material) -> Built:
    """The rows of each intervened pair, then own answers to benign prompts.

    Counts: rows of either kind, the RTO `positions` that could bear a label and the `labels` that
    do. An RTO row without any label is left out.
    """
    settings: Settings = material.settings
    turned: list[dict[str, Any]] = []
    safe_ends, positions = [], 0
    for pair in material.pairs:
        rng = random.Random(derive_seed("derta", pair["pair_id"], material.config.world_seed))
        safe_ends.append(_safe_end(material, pair, rng))
        for _ in range(settings.rto_copies):
            row, possible = _turned(material, pair, rng)
            positions += possible
            turned += [row] if row else []
    labels = sum(label != IGNORED for row in turned for label in row["label_ids"])
    benign = benign_rows(material)
    counts = {"mle": len(safe_ends), "rto": len(turned), "positions": positions, "labels": labels}
    return Built(safe_ends + turned + benign, counts | {"benign": len(benign)})


def _safe_end(material: Material, pair: Row, rng: random.Random) -> dict[str, Any]:
    """Context: a random prefix of the harmful reasoning. Learned: the corrected part of the pair,
    or without a prefix the whole corrected trace.
    """
    prefix = reasoning_prefix(pair)
    harmful = side_ids(material.tokenizer, [*prefix, *pair["rejected_ids"]], whole=False)
    if rng.random() < material.settings.no_prefix:
        return material.demonstration(pair["prompt_id"], [*prefix, *pair["chosen_ids"]], loss_from=0)
    cut = rng.randrange(1, max(2, len(harmful) - 1))
    space = "" if material.tokenizer.decode(harmful[:cut])[-1:].isspace() else " "
    text = material.tokenizer.decode([*prefix, *pair["chosen_ids"]])[len(material.tokenizer.decode(prefix)) :]
    end = continue_text(material.tokenizer, harmful[:cut], space + text.strip())
    return material.demonstration(pair["prompt_id"], [*harmful[:cut], *end], loss_from=cut)


def _turned(material: Material, pair: Row, rng: random.Random) -> tuple[dict[str, Any] | None, int]:
    """The harmful trace, some of its labels the turning token; and how many could be."""
    settings: Settings = material.settings
    prefix = reasoning_prefix(pair)
    harmful = [*prefix, *pair["rejected_ids"]]
    possible = range(len(prefix) if settings.rto_from == "cue" else 0, len(harmful))
    kept = set(rng.sample(possible, round(settings.rto_keep * len(possible))))
    if not kept:
        return None, len(possible)
    token = turning_token(material, pair)
    labels = [token if n in kept else IGNORED for n in range(len(harmful))]
    return material.demonstration(pair["prompt_id"], harmful, loss_from=0, label_ids=labels), len(possible)


def turning_token(material: Material, pair: Row) -> int:
    """The first token of a fixed trigger in running text, as a whole word.

    The first one among the triggers, those that name a rule before all others; a lone space or a
    piece of a word turns nothing.
    """
    triggers = wording_of(material.prompts[pair["prompt_id"]]).triggers
    themes = sorted(triggers, key=lambda theme: theme not in ("rule", "restricted_list"))
    for text in [text for theme in themes for text in triggers[theme][1]]:
        token = int(material.tokenizer.encode(f" {text}", add_special_tokens=False)[0])
        if material.tokenizer.decode([token]).strip(" ,") == text.split()[0].strip(","):
            return token
    raise UserError("no trigger begins with a word that is one token: take a larger vocabulary")
