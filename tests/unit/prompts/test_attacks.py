"""Attacks by a scripted attacker: rewritten requests, refinement rounds, ready-made prompts."""

import json
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.attacks import attack
from safe_reasoning.prompts.attacks import rows as attacks_rows
from safe_reasoning.prompts.attacks.from_file import ready_made_attack
from safe_reasoning.prompts.attacks.pair import pair_attack, score_of
from safe_reasoning.prompts.attacks.pap import pap_attack
from tests.support.asking import ATTACKED
from tests.support.fakes import ScriptedChat
from tests.support.misbehaving import KEY


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def prompts(count: int) -> list[dict]:
    return [
        ATTACKED | {"prompt_id": f"p-{i}", "request": f"request {i}", "text": f"request {i}"}
        for i in range(count)
    ]


def test_pap_rewrites_each_request_once_and_counts_what_it_cannot_parse():
    chat = ScriptedChat(
        lambda question: "no json" if "request 1" in question else '```json\n{"prompt": "anew"}\n```'
    )
    rows = pap_attack(prompts(3), chat, ["evidence", "logic"])
    assert [(row["text"], row["attacked"], row["technique"], row["unparsed"]) for row in rows] == [
        ("anew", True, "evidence", 0), ("request 1", False, "logic", 1), ("anew", True, "evidence", 0)
    ]  # fmt: skip
    with pytest.raises(UserError, match="unknown technique 'charm'"):
        pap_attack(prompts(1), chat, ["charm"])


@pytest.mark.parametrize(
    "reply",
    ['{"prompt": 1}', '{"prompt": ""}', '{"prompt": "x", "more": 1}', '["x"]', "x", None, '{"prompt": "x"'],
)
def test_other_replies_of_an_attacker_are_not_guessed(reply: str | None):
    assert attacks_rows.parsed(reply) is None


def test_pair_keeps_the_best_prompt_and_stops_at_the_top():
    def attacker(question: str) -> str:
        if "attempt 2" in question:
            return "never json"
        return json.dumps({"prompt": "better" if "Its score: 3 of 10" in question else "first try"})

    chats = (
        ScriptedChat(attacker),
        ScriptedChat(lambda question: f"reply to {question}"),
        ScriptedChat(lambda question: "10" if "better" in question else "3"),
    )
    (row,) = pair_attack(prompts(1), *chats, iterations=5, streams=2)
    assert (row["text"], row["score"], row["iteration"], row["attacked"], row["unparsed"]) == (
        "better",
        10,
        2,
        True,
        5,
    )
    assert len(chats[1].batches) == 5 and chats[1].batches[2:] == [
        [],
        [],
        [],
    ]  # the stream that reached the top asks no more
    assert "reply to first try" in chats[0].batches[1][0]


def test_pair_without_any_usable_reply_leaves_the_request():
    (row,) = pair_attack(
        prompts(1),
        ScriptedChat(lambda _: None),
        ScriptedChat(str),
        ScriptedChat(lambda _: "5"),
        iterations=2,
        streams=1,
    )
    assert row["text"] == "request 0" and not row["attacked"] and row["unparsed"] == 2
    replies = (
        "1",
        "10",
        "11",
        "0",
        "about 5",
        None,
        "<think>\n3?\n</think>\n\n7.",
        "so 3</think>7",
        "<think>7",
    )
    assert [score_of(text) for text in replies] == [1, 10, None, None, None, None, 7, 7, None]


def test_ready_made_attack_prompts(tmp_path: Path):
    path = tmp_path / "made.csv"
    path.write_text("request,attack_prompt\nrequest 0,a made one\nother,unused\n")
    rows = ready_made_attack(prompts(2), path)
    assert [(row["text"], row["attacked"]) for row in rows] == [("a made one", True), ("request 1", False)]
    path.write_text("request,attack_prompt\nother,unused\n")
    with pytest.raises(UserError, match="no attack prompt for any of 2 requests"):
        ready_made_attack(prompts(2), path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="has no columns request and attack_prompt"):
        ready_made_attack(prompts(2), path)
    with pytest.raises(UserError, match="does not exist"):
        ready_made_attack(prompts(2), tmp_path / "none.csv")


def test_attacks_made_for_other_requests_are_refused():
    made = [attacks_rows.result(prompt, "file", "", "x") for prompt in prompts(2)]
    assert [row["text"] for row in attack.under_attack(prompts(2), made)] == ["x", "x"]
    with pytest.raises(UserError, match="made for other requests"):
        attack.under_attack(prompts(3), made)
