"""Untrusted text never becomes a control token, official words are read from their files, and judges run on real engines with their own weights."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.archive.allow_list import VERDICTS
from safe_reasoning.core.errors import UserError
from safe_reasoning.judge_audit import onset_labels
from safe_reasoning.judging.base import Question
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.kinds import judge_sources, names
from safe_reasoning.judging.official_prompts import Template, official_text
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.needed_sources import floating, needed
from safe_reasoning.plan.preflight import refusals
from safe_reasoning.sampling.chat_template import conversation_ids, prompt_ids
from safe_reasoning.sampling.engine import load_tokenizer
from safe_reasoning.sampling.pieces import Piece, chat_pieces, encode
from safe_reasoning.sources import table as sources_table
from tests.support.official_texts import GUARDS, HOSTILE, PROMPT, tiny, write_official_texts
from tests.support.paths import ROOT


def tags(tokenizer: Any, ids: list[int]) -> list[str]:
    return [tokenizer.added_tokens_decoder[i].content for i in ids if i in tokenizer.added_tokens_decoder]


def test_foreign_text_gives_no_control_token_and_is_read_letter_by_letter(tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    pieces = [Piece("<|user|>\nAsked: "), Piece(HOSTILE, untrusted=True), Piece("<|end|>\n<|assistant|>\n")]
    ids = encode(tokenizer, pieces, add_special_tokens=False)
    assert tags(tokenizer, ids) == ["<|user|>", "<|end|>", "<|assistant|>"]
    assert tokenizer.decode(ids) == "".join(piece.text for piece in pieces)
    assert (
        len(tags(tokenizer, tokenizer.encode("".join(piece.text for piece in pieces)))) > 3
    )  # what would happen without


@given(
    text=st.text()
    | st.lists(st.sampled_from(["<|end|>", "<|user|>", "<think>", "</think>", "<|", "|>", "x", " "])).map(
        "".join
    )
)
def test_whatever_the_text_the_template_s_tags_are_the_only_ones(text: str, tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
    pieces = chat_pieces(tokenizer, messages, add_generation_prompt=False)
    ids = encode(tokenizer, pieces, add_special_tokens=False)
    assert tags(tokenizer, ids) == ["<|user|>", "<|end|>", "<|assistant|>", "<|end|>"]
    assert tokenizer.decode(ids) == "".join(piece.text for piece in pieces)


def test_text_without_tags_is_encoded_as_ever(tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    text = "How do I make the blue lantern? Is 1 < 2 | 3 > 2?"
    messages = [{"role": "user", "content": text}]
    assert conversation_ids(tokenizer, messages) == prompt_ids(tokenizer, text)
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    assert encode(
        tokenizer, chat_pieces(tokenizer, messages, add_generation_prompt=False), add_special_tokens=False
    ) == tokenizer.encode(whole)
    hostile = conversation_ids(tokenizer, [{"role": "user", "content": HOSTILE}])
    assert tags(tokenizer, hostile) == ["<|user|>", "<|end|>", "<|assistant|>", "<think>"]


def test_a_clipped_piece_keeps_its_first_tokens(tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    text = "Add 12 and 30: 12 + 30 = 42. " * 40
    ids = encode(tokenizer, [Piece("a "), Piece(text, True, 16), Piece(" z")], add_special_tokens=False)
    assert tokenizer.decode(ids) == f"a {tokenizer.decode(tokenizer.encode(text)[:16])} z"
    assert encode(tokenizer, [Piece("short", True, 16)], add_special_tokens=False) == tokenizer.encode(
        "short"
    )


def test_a_template_that_drops_a_message_is_refused(tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    with pytest.raises(UserError, match="leaves out message 2 of 2"):
        chat_pieces(
            tokenizer,
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
            add_generation_prompt=False,
        )


def test_gaps_are_filled_once_and_braces_of_the_judged_text_stay():
    pieces = Template("Is {{this}} {text}?").fill(text="{text} {0}")
    assert "".join(piece.text for piece in pieces) == "Is {this} {text} {0}?"
    assert [piece.untrusted for piece in pieces if "{0}" in piece.text] == [True]


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_official_texts(tmp_path, monkeypatch)


def test_official_words_are_parsed_and_never_run(texts: Path):
    assert (
        official_text("harmbench_prompts", None, "LLAMA2_CLS_PROMPT", "prompt").text
        == "Repository: {behavior} {generation}"
    )
    assert (
        official_text("harmbench_card_prompts", None, "LLAMA2_CLS_PROMPT", "prompt").text
        == "Card: {behavior} {generation}"
    )
    assert official_text("xstest_classes", None, "PROMPT").text == "Q {QUESTION} {{}} R {RESPONSE}"
    assert official_text("xstest_classes", None, "INPUT", 0, "content").text == "Hello."
    (texts / "strongreject/prompts/rubric_user.txt").rename(texts / "moved")
    with pytest.raises(
        UserError, match=r"mirror has no strongreject/prompts/rubric_user\.txt, and its revision"
    ):
        official_text("strongreject_rubric_user", None, "strongreject_rubric")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "LLAMA2_CLS_PROMPT = {}",
        "LLAMA2_CLS_PROMPT = {'prompt': f(1)}",
        "LLAMA2_CLS_PROMPT = 1",
        "LLAMA2 =",
    ],
)
def test_a_file_that_its_maker_changed_is_one_line(content: str, texts: Path):
    (texts / "harmbench/eval_utils.py").write_text(content)
    with pytest.raises(UserError, match="has no text LLAMA2_CLS_PROMPT.prompt"):
        official_text("harmbench_prompts", None, "LLAMA2_CLS_PROMPT", "prompt")


def test_a_text_in_a_json_file_is_read_by_its_key(texts: Path, monkeypatch: pytest.MonkeyPatch):
    path = texts / "templates.json"
    path.write_text(json.dumps({"strongreject_rubric": "words"}))
    monkeypatch.setattr("safe_reasoning.judging.official_prompts.fetch", lambda *_: path)
    assert official_text("strongreject_rubric_user", None, "strongreject_rubric").text == "words"
    with pytest.raises(UserError, match="has no text"):
        official_text("strongreject_rubric_system", None, "strongreject_rubric_system")


def test_altered_words_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("wildguard/utils.py", "strongreject/prompts/rubric_user.txt"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text('WILDGUARD_INPUT_FORMAT = "other words"')
    monkeypatch.setenv(sources_table.MIRROR_VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match="are not those pinned"):
        official_text("wildguard_prompt", None, "WILDGUARD_INPUT_FORMAT")
    with pytest.raises(UserError, match="is altered"):
        official_text("strongreject_rubric_user", None)


@pytest.mark.skipif(
    not os.environ.get(sources_table.MIRROR_VARIABLE),
    reason="needs StrongREJECT's texts: set SAFE_REASONING_DATA",
)
def test_strongreject_is_asked_in_its_authors_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_KEY", "x")
    endpoint = {
        "base_url": "http://127.0.0.1:9/v1",
        "model": "m",
        "key_variable": "TEST_KEY",
        "max_tokens": 512,
    }
    judge = get_judge(
        "s", tiny(endpoints={"e": endpoint}, judges={"s": {"kind": "strongreject", "chat": "e"}})
    )
    system, user = judge.conversation(
        judge.question(Question("harmful", "response", PROMPT, "a reply with {braces}"))
    )  # type: ignore[attr-defined]
    assert system["role"] == "system" and "User instruction: the request\n" in user["content"]
    assert "AI model response: a reply with {braces}\n" in user["content"] and len(judge.official_sha256) == 2  # type: ignore[attr-defined]


def test_the_workflow_fetches_what_judges_need_and_evaluates_none_of_them():
    config = tiny(
        judges=GUARDS
        | {"s": {"kind": "strongreject", "chat": "nano"}, "x": {"kind": "xstest", "chat": "nano"}}
    )
    assert judge_sources(config) == ["llama_guard3_8b", "qwen3guard_8b", "wildguard", "harmbench_classifier"]
    words = [
        "wildguard_prompt",
        "harmbench_prompts",
        "harmbench_card_prompts",
        "strongreject_rubric_system",
        "strongreject_rubric_user",
        "xstest_classes",
    ]
    assert set(needed(config)) == {*judge_sources(config), *words} and list(config.models) == ["nano"]
    if not os.environ.get(sources_table.MIRROR_VARIABLE):
        assert floating(config) == ["strongreject_rubric_system", "strongreject_rubric_user"]
    steps = [step for step in plan(config) if step.stage.startswith("weights of")]
    assert [step.stage for step in steps] == [f"weights of {source}" for source in judge_sources(config)]
    assert 14 < steps[0].disk_gib < 16
    (problem,) = [
        line
        for line in refusals(tiny(judges=GUARDS, plan={"gpu_memory_gib": 50, "disk_gib": 1000}))
        if "sampling needs" in line
    ]
    assert problem.startswith("harmbench_classifier: sampling needs 49 GiB")


@pytest.mark.parametrize(
    ("judge", "report"),
    [
        ({"kind": "harmbench"}, "judges.j.prompt: missing: give it"),
        ({"kind": "qwen3guard"}, "judges.j.reading: missing: give it"),
        ({"kind": "gut_feeling"}, "judges.j.kind: 'gut_feeling' is unknown"),
        ({"kind": "strongreject", "chat": "e"}, "give endpoints.e.max_tokens 512 or more"),
        ({"kind": "strongreject", "chat": "nano", "threshold": 0}, "threshold"),
        ({"kind": "xstest", "chat": "nobody"}, "j.chat: 'nobody' is unknown"),
    ],
)
def test_faults_of_a_judge_s_settings_name_their_key(judge: dict, report: str):
    with pytest.raises(UserError, match=report):
        tiny(judges={"j": judge}, endpoints={"e": {"model": "m"}})


def test_the_page_about_judges_names_every_kind_and_every_source():
    page = (ROOT / "docs/judges.md").read_text()
    kinds = names("judges")
    others = onset_labels.SOURCES  # of people, and a tokenizer to read them with
    table = sources_table.table()
    texts = {name: entry for name, entry in table.items() if entry.kind == "text" and name not in others}
    for report in (
        *(f"`{kind}`" for kind in kinds),
        *texts,
        *(entry.revision[:8] for entry in texts.values() if entry.revision != sources_table.FLOATING),
    ):
        assert report in page, report
    for entry in texts.values():
        for digest in filter(None, (entry.sha256, entry.content_sha256)):
            assert digest[:8] in page, digest


def test_what_judges_note_may_leave_in_an_archive_and_nothing_else():
    for detail in (
        "unparsed_reply",
        "score 0.875",
        "repeated_think_end; score 1.000",
        "S1,S14",
        "Controversial",
        "3_partial_refusal",
        "n/a",
        "",
    ):
        assert re.fullmatch(VERDICTS["detail"] or "", detail), detail
    for detail in ("score 0.5 of a text", "words of a prompt", "S1 and S2", "Controversial; more"):
        assert not re.fullmatch(VERDICTS["detail"] or "", detail), detail
