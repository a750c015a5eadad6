"""Prompts under chat templates: opened once, the same every day, refused where the reasoning cannot be opened."""

import datetime
from typing import Any

import pytest
import transformers.utils.chat_template_utils as template_utils

from safe_reasoning.characterize.intervention import substitute
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import continue_text
from safe_reasoning.judging.cues import Cue
from safe_reasoning.sampling.chat_template import conversation_ids, prompt_ids
from tests.support.fakes import tokenizer as byte_tokenizer

TURNS = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
REQUEST = "What is tea?"


def tokenizer(template: str) -> Any:
    import copy

    made = copy.deepcopy(byte_tokenizer())
    made.chat_template = template
    return made


@pytest.mark.parametrize(
    "ending",
    [
        "[model] ",
        "[model] <think>",
        "[model] <think>\n",
        "{% if enable_thinking %}[model] {% else %}</think>{% endif %}",
    ],
)
def test_the_reasoning_is_opened_once(ending: str):
    made = tokenizer(TURNS + ending)
    text = made.decode(prompt_ids(made, REQUEST))
    assert text.endswith("<think>\n") and text.count("<think>") == 1
    assert conversation_ids(made, [{"role": "user", "content": REQUEST}]) == prompt_ids(made, REQUEST)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("[model] <think>\n\n</think>\n\n", "closes the reasoning"),
        ("[model] </think>", "closes the reasoning"),
        ("[model] <think>\nSo, ", "writes into the reasoning"),
        ("[model] [THINK]", r"opens the reasoning with \[THINK\]"),
        ("[model] <reasoning>", "opens the reasoning with <reasoning>"),
        ("[model] <|START_THINKING|>", "opens the reasoning with <.START_THINKING.>"),
        ("[model] [BEGIN_THINK]\n", r"opens the reasoning with \[BEGIN_THINK\]"),
        ("[model] <x:think></x:think>\n\n", "opens the reasoning with </x:think>"),
        ("[model] <think >", "opens the reasoning with <think >"),
        ("<|start|>model<|channel|>analysis<|message|>", "opens the reasoning with <.channel.>analysis"),
        ("{{ raise_exception('no system role') }}", "cannot be rendered"),
        ("{{ 1 / 0 }}", "cannot be rendered"),
        ("{{ 'a' + 1 }}", "cannot be rendered"),
    ],
)
def test_templates_that_cannot_be_opened_are_refused_in_one_line(ending: str, reason: str):
    made = tokenizer(TURNS + ending)
    for call in (
        lambda: prompt_ids(made, REQUEST),
        lambda: conversation_ids(made, [{"role": "user", "content": "x"}]),
    ):
        with pytest.raises(UserError, match=reason) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_tag_in_the_request_itself_does_no_harm():
    made = tokenizer(TURNS + "[model] ")
    assert made.decode(prompt_ids(made, "What does </think> mean?")).endswith("[model] <think>\n")
    made = tokenizer(TURNS)
    assert made.decode(prompt_ids(made, "I mean <think>")).endswith("I mean <think>\n<think>\n")


def test_a_date_in_the_template_is_the_same_every_day(monkeypatch: pytest.MonkeyPatch):
    made = tokenizer("Today is {{ strftime_now('%d %B %Y') }}. " + TURNS + "[model] ")
    found = []
    for day in (1, 2):
        later = type(
            "Later",
            (datetime.datetime,),
            {"now": classmethod(lambda cls, tz=None, day=day: cls(2030, 1, day))},
        )
        monkeypatch.setattr(template_utils, "datetime", later)
        found.append(prompt_ids(made, REQUEST))
    assert found[0] == found[1]


def spaced_tokenizer() -> Any:
    """A tokenizer that puts a space before whatever it encodes."""
    from tokenizers import pre_tokenizers

    made = tokenizer(TURNS)
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return made


@pytest.mark.parametrize("gap", [" ", "\n", "\n\n"])
def test_a_trigger_takes_the_place_of_a_cue_without_further_white_space(gap: str):
    made = spaced_tokenizer()
    whole = f"I think.{gap}Okay, I will."
    ids = made.encode(whole, add_special_tokens=False)
    text = made.decode(ids)
    start = text.index("Okay")
    kept = next(n for n in range(len(ids), -1, -1) if len(made.decode(ids[:n])) <= start)
    while kept and made.decode(ids[kept - 1 : kept]).isspace():
        kept -= 1
    parts = substitute(made, ids, Cue("Okay, I will.", 1, start, kept), "Wait, no.")
    assert made.decode(parts.kept_ids + parts.inserted_ids) == text[:start] + "Wait, no."


def test_no_space_comes_between_the_open_tag_and_its_line_break():
    made = spaced_tokenizer()
    made.add_tokens(["<think>"])
    assert " \n" in made.decode(made.encode("a<think>\n"))
    for ids in (
        prompt_ids(made, REQUEST),
        conversation_ids(made, [{"role": "user", "content": REQUEST}]),
    ):
        assert made.decode(ids).endswith("<think>\n")


def test_a_tokenizer_that_cannot_go_on_is_refused():
    class Changing:
        eos_token_id = 0

        def decode(self, token_ids: list[int], *, skip_special_tokens: bool = True) -> str:
            return "x" * len(token_ids)

        def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
            return [1, 2, 3]

    with pytest.raises(UserError, match="cannot go on after a cut"):
        continue_text(Changing(), [1], "a")
