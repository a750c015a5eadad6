"""Beginnings of both sides from rollouts: what they hold, how far they have to reach."""

from typing import Any

from safe_reasoning.core.records import to_table
from safe_reasoning.pairs.prefixes import beginnings
from tests.support.fakes import KeywordDetector, generation, text, tokenizer

ASKED = "The user asks."
HARMFUL = f"{ASKED} Okay, I will do it. Then I mix.\n</think>\nyes"
TRIGGERS = ["Wait, this is not allowed.", "I should say no."]


def built(*rows: dict[str, Any], harmful: dict[str, Any] | None = None, complies: Any = None) -> list[dict]:
    found, counts = beginnings(rows, harmful or {}, complies or {}, TRIGGERS, tokenizer(), KeywordDetector())
    to_table("prefixes", found)
    assert counts == {"rollouts_used": len(rows)} | {
        side: sum(row["side"] == side for row in found) for side in ("cooperative", "refusing")
    }
    return found


def sides(rows: list[dict], side: str) -> list[tuple[str, str]]:
    """Texts of a side: as far as it has to reach, and whole."""
    chosen = [row["prefix_ids"] for row in rows if row["side"] == side]
    least = [row["least_tokens"] for row in rows if row["side"] == side]
    return [(text(ids[:end]), text(ids)) for ids, end in zip(chosen, least, strict=True)]


def test_a_cooperative_beginning_reaches_through_the_cue_and_not_behind_the_reasoning():
    rows = built(generation("g", HARMFUL), harmful={"g": True})
    (found,) = sides(rows, "cooperative")
    assert found[0] == f"{ASKED} Okay, I will do it."
    assert found[1].rstrip() == f"{ASKED} Okay, I will do it. Then I mix."


def test_safe_unscored_and_cueless_rollouts_give_no_cooperative_one():
    rows = [generation(name, HARMFUL) for name in "ab"] + [generation("c", f"{ASKED} Then I mix.")]
    assert not sides(built(*rows, harmful={"a": False, "b": None, "c": True}), "cooperative")


def test_a_benign_rollout_that_complies_is_cooperative_from_its_first_token():
    rows = built(generation("a", HARMFUL), generation("b", HARMFUL), complies={"a": True, "b": False})
    (found,) = sides(rows, "cooperative")
    assert text(rows[0]["prefix_ids"][:1]) == found[0]


def test_a_refusing_beginning_is_the_first_sentence_and_the_triggers():
    rows = built(*(generation(str(number), HARMFUL) for number in range(4)), generation("e", ""))
    found = sides(rows, "refusing")
    assert len(found) == 2, "two of a prompt, none of an empty reasoning"
    orders = {f"{ASKED} {' '.join(order)}" for order in (TRIGGERS, TRIGGERS[::-1])}
    assert {whole for _, whole in found} <= orders
    assert all(least in {f"{ASKED} {trigger}" for trigger in TRIGGERS} for least, _ in found)
    assert all(whole.startswith(least) for least, whole in found)
