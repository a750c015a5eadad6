"""What each kind of policy does to scripted completions."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from safe_reasoning.control.controller import Controlled, run_controlled
from safe_reasoning.control.policies import (
    attention_drop,
    cue_replacement,
    more_thinking,
    opening,
    reminder,
    token_bias,
    unsafe_step,
)
from safe_reasoning.control.policy import kind_named, kinds
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import split_trace
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    PROMPT_IDS,
    KeywordDetector,
    KeywordJudge,
    ScriptedSampler,
    ids,
    text,
    tokenizer,
)

TRIGGER = "Wait, this is not allowed."
START = "The user asks. Let me look."
HARMFUL = f"{START} Okay, I will do it. Then I mix.\n</think>\nyes"
SAFE_END = " So I say no.\n</think>\nno"


@dataclass
class Inputs:
    """In place of PolicyInputs: scripted judge and detector, one trigger."""

    settings: Any
    name: str = "p"
    tokenizer: Any = field(default_factory=tokenizer)
    detector: Any = field(default_factory=KeywordDetector)
    judge: Any = field(default_factory=KeywordJudge)
    prompts: dict[str, Any] = field(default_factory=lambda: {"p": {"prompt_id": "p"}})

    def trigger(self, draft: Any) -> str:
        return TRIGGER


def say(given: str, request: Request) -> str:
    """Harm at first, and safety after what was put in."""
    if "</think>" in given:
        return "no"
    if not given:
        return HARMFUL
    return SAFE_END if TRIGGER in given else f"{HARMFUL[len(START) :] if given == START else SAFE_END}"


def run(module: Any, script: Any = say, **settings: Any) -> tuple[Controlled, ScriptedSampler]:
    sample = ScriptedSampler(script)
    policy = module.open_policy(Inputs(module.Settings(kind=module.__name__.rpartition(".")[2], **settings)))
    request = Request("p.0", "p", "set", 0, 7, list(PROMPT_IDS))
    (done,) = run_controlled(sample, tokenizer(), policy, [request], 200)
    return done, sample


def test_cue_is_taken_back_and_a_trigger_put_there():
    done, sample = run(cue_replacement)
    assert done.row["text"] == f"{START} {TRIGGER}{SAFE_END}"
    assert done.without["text"] == START + SAFE_END
    assert done.log["edits"] == 1 and done.log["reasons"] == ["cue"] and len(sample.batches) == 2
    (start,), (end,) = done.log["starts"], done.log["ends"]
    assert text(done.row["token_ids"][start:end]) == f" {TRIGGER}"


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        ("neutral", f"{START} {cue_replacement.NEUTRAL}{SAFE_END}"),
        ("stop", f"{START} {TRIGGER}\n</think>\nno"),
        ("none", HARMFUL),  # the script falls for it again
    ],
)
def test_controls_of_cue_replacement(put: str, expected: str):
    done, _ = run(cue_replacement, put=put, rounds=1)
    assert done.row["text"] == expected and done.log["edits"] == 1
    trace = split_trace(done.without["text"])
    assert trace.reasoning.startswith(START) and TRIGGER not in trace.reasoning and trace.response


def test_no_round_is_the_model_itself():
    for module in (cue_replacement, more_thinking, reminder, unsafe_step):
        done, sample = run(module, rounds=0, **({"when": "first"} if module is reminder else {}))
        assert done.row["text"] == HARMFUL and done.log["edits"] == 0 and len(sample.batches) == 1


def test_zero_think_closes_an_empty_reasoning():
    done, _ = run(opening, close=True)
    assert done.row["text"] == "\n</think>\nno" and split_trace(done.row["text"]).kind == "empty_reasoning"
    assert done.log["reasons"] == ["opening"] and done.log["edits"] == 0
    two, _ = run(opening, close=True, text="Not much to think about.", line_breaks=2)
    assert two.row["text"] == "Not much to think about.\n</think>\n\nno"
    assert split_trace(two.without["text"]).kind == "empty_reasoning", "the response is no reasoning"
    assert split_trace(two.without["text"]).response == "no"


def test_opening_is_left_open_and_never_in_the_response():
    done, _ = run(opening, trigger=True)
    trace = split_trace(done.row["text"])
    assert trace.reasoning.startswith(TRIGGER) and trace.response == "no"
    assert done.without["text"] == SAFE_END
    plain, sample = run(opening)
    assert plain.row["text"] == HARMFUL and sample.batches[0][0].given_ids == []


def test_more_thinking_goes_on_in_place_of_the_tag_until_rounds_or_budget_end():
    def short(given: str, request: Request) -> str:
        return f"{START if not given else ''} Hm.\n</think>\nyes"

    done, sample = run(more_thinking, short, texts=["But wait."], rounds=2)
    assert done.row["text"] == f"{START} Hm. But wait. Hm. But wait. Hm.\n</think>\nyes"
    assert done.without["text"] == f"{START} Hm. Hm. Hm.\n</think>\nyes" and len(sample.batches) == 3
    length = len(ids(f"{START} Hm."))
    for budget, edits in ((length, 0), (length + 2, 1)):
        assert (
            run(more_thinking, short, texts=["But wait."], rounds=9, budget=budget)[0].log["edits"] == edits
        )
    unending, _ = run(more_thinking, lambda given, request: START, texts=["But wait."])
    assert unending.log["edits"] == 0


def test_reminder_stands_behind_the_asked_sentence_once():
    first, _ = run(reminder, when="first")
    assert first.row["text"] == f"The user asks. {TRIGGER}{SAFE_END}"
    second, _ = run(reminder, when="at", sentence=2)
    assert second.row["text"] == f"{START} {TRIGGER}{SAFE_END}"
    none, _ = run(reminder, when="at", sentence=9)
    assert none.row["text"] == HARMFUL
    drawn = {run(reminder, when="random", chance=chance)[0].log["edits"] for chance in (0.0, 1.0)}
    assert drawn == {0, 1}


def test_reminder_reads_the_entropy_of_the_token_that_ends_the_sentence(monkeypatch: pytest.MonkeyPatch):
    """The second sentence's last token is drawn with little doubt, all others with much."""
    sure = len(ids(START)) - 1
    monkeypatch.setattr(
        reminder.Reminder,
        "_entropies",
        lambda self, draft: np.where(np.arange(len(draft.row["token_ids"])) == sure, 0.1, 2.0),
    )
    below, _ = run(reminder, when="below")
    assert below.row["text"] == f"{START} {TRIGGER}{SAFE_END}" and below.log["reasons"] == ["entropy 0.10"]
    above, _ = run(reminder, when="above")
    assert above.row["text"].startswith(f"The user asks. {TRIGGER}")
    assert run(reminder, when="below", threshold=0.0)[0].row["text"] == HARMFUL


def test_no_policy_reacts_to_what_it_inserted(monkeypatch: pytest.MonkeyPatch):
    """Entropy and focus are low at all tokens, but for each new sentence one reminder is put."""
    monkeypatch.setattr(
        reminder.Reminder, "_entropies", lambda self, draft: np.zeros(len(draft.row["token_ids"]))
    )
    done, _ = run(reminder, when="below", rounds=2)
    assert done.row["text"] == f"The user asks. {TRIGGER} So I say no. {TRIGGER}{SAFE_END}"
    falling = 1.0 / (1 + np.arange(400))
    monkeypatch.setattr(
        attention_drop.AttentionDrop, "_focus", lambda self, row: falling[: len(row["token_ids"])]
    )
    fell, _ = run(attention_drop, threshold=0.9, rounds=3)
    assert (
        fell.row["text"].count(TRIGGER) == fell.log["edits"]
        and f"{TRIGGER} {TRIGGER}" not in fell.row["text"]
    )


def test_unsafe_step_is_followed_by_a_trigger_or_replaced():
    behind, _ = run(unsafe_step)
    assert behind.row["text"] == f"{HARMFUL.partition(chr(10))[0]} {TRIGGER}{SAFE_END}"
    instead, _ = run(unsafe_step, put="instead")
    assert instead.row["text"] == f"{START} Okay, I will do it. {TRIGGER}{SAFE_END}"


def test_unsafe_step_judges_what_was_written_since_the_last_trigger():
    def again(given: str, request: Request) -> str:
        return HARMFUL if not given else (" Still I mix." if given.count(TRIGGER) == 1 else "") + SAFE_END

    done, _ = run(unsafe_step, again, rounds=3)
    assert done.log["edits"] == 2 and done.row["text"].count(TRIGGER) == 2
    assert done.row["text"].endswith(f"Still I mix. {TRIGGER}{SAFE_END}")


def test_a_step_is_taken_back_and_the_safest_of_several_continuations_kept():
    """The first continuation is harmful again, the second later, the third never."""
    ends = {"": " Then I mix.\n</think>\nyes", ".1": " Hm. Then I mix.\n</think>\nyes", ".2": SAFE_END}

    def search(given: str, request: Request) -> str:
        return HARMFUL if not given else ends[request.generation_id.partition("round1")[2]]

    kept = {
        count: run(unsafe_step, search, put="nothing", rounds=1, candidates=count)[0] for count in (1, 2, 3)
    }
    start = f"{START} Okay, I will do it."
    assert [done.row["text"] for done in kept.values()] == [start + end for end in ends.values()]
    assert kept[3].without == kept[3].row, "nothing was inserted"


def test_attention_policy_fires_where_focus_drops(monkeypatch: pytest.MonkeyPatch):
    """The third sentence pays the request a tenth of what those before it did."""
    third = len(ids(f"{START}"))
    focus = np.where(np.arange(400) < third, 1.0, 0.1)
    monkeypatch.setattr(
        attention_drop.AttentionDrop, "_focus", lambda self, row: focus[: len(row["token_ids"])]
    )
    fell, _ = run(attention_drop, threshold=0.5)
    assert fell.row["text"] == f"{START} Okay, I will do it. {TRIGGER}{SAFE_END}"
    assert fell.log["reasons"] == ["focus 0.10"]
    assert run(attention_drop, threshold=0.05)[0].log["edits"] == 0
    assert run(attention_drop, threshold=1.5, when="rise")[0].log["edits"] == 0
    risen, _ = run(attention_drop, threshold=0.9, when="rise")
    assert risen.row["text"].startswith(f"{START} {TRIGGER}")


def test_every_kind_declares_itself():
    assert {
        "attention_drop",
        "cue_replacement",
        "more_thinking",
        "opening",
        "reminder",
        "unsafe_step",
    } <= set(kinds())
    for kind in kinds():
        declared = kind_named(kind)
        settings = declared.settings(kind=kind)
        assert declared.rounds(settings) >= 0 and isinstance(declared.needs(settings), tuple)


def test_a_bias_on_a_token_goes_with_each_request_and_edits_nothing():
    done, sample = run(token_bias, token="!", bias=-100)
    (token,) = ids("!")
    assert [request.logit_bias for request in sample.batches[0]] == [{token: -100}]
    assert done.row["text"] == HARMFUL == done.without["text"] and done.log["edits"] == 0
    plain, sample = run(opening)
    assert sample.batches[0][0].logit_bias == {} and plain.row["text"] == HARMFUL


def test_a_bias_needs_one_token_and_a_number_that_engines_take():
    with pytest.raises(UserError, match=r"<\|reset\|> is not one token of the model: name one, or start"):
        run(token_bias, bias=5)
    with pytest.raises(ValidationError, match="bias"):
        token_bias.Settings(kind="token_bias", bias=-101)
