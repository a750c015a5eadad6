"""What the untouched model is asked: which prompts, in which template, and never answered by a think tag."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from safe_reasoning.config import Config, load
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows
from safe_reasoning.models import own_answers
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.prompts.own_answer_traces import own_answer_documents
from safe_reasoning.sampling.engine import Request, row
from tests.support.paths import ROOT
from tests.support.tiny_model import write_tiny_model

QWEN = ("config/mini.yaml", "config/mini_qwen.yaml")


@pytest.fixture(scope="module")
def config() -> Config:
    return checked(load(*(ROOT / path for path in QWEN)))


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three harmful and two benign prompts, one of them too long."""
    rows = {
        "align_harmful": [{"text": f"harmful {n}", "category": "Self-Harm"} for n in range(3)],
        "align_benign": [{"text": text, "category": "benign"} for text in ("kind", "x" * 401)],
        "align_capability": [{"text": "1 + 1", "category": "sums"}],
    }
    monkeypatch.setattr(own_answers, "warm_up_prompts", lambda role, config: rows[role])


def test_prompts_come_in_turn_and_again(config: Config, pools: None) -> None:
    settings = config.models["qwen"].model_copy(update={"warm_up_traces": 5})
    asked = own_answers.own_questions(settings, config)
    assert [(question["text"], question["sample"]) for question in asked] == [
        *(("harmful 0", 0), ("harmful 1", 0), ("harmful 2", 0), ("harmful 0", 1), ("harmful 1", 1)),
        *(("harmful 2", 1), ("kind", 0), ("1 + 1", 0)),
    ]
    assert len({question["generation_id"] for question in asked}) == 8
    assert [question["harmful"] for question in asked] == [True] * 6 + [False] * 2


def test_no_prompts_is_told(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_answers, "warm_up_prompts", lambda *_: [])
    with pytest.raises(UserError, match="set `skip` above 0"):
        own_answers.own_questions(config.models["qwen"], config)


PROMPTS = [
    {"prompt_id": "gsm8k-0000", "prompt_set": "gsm8k", "role": "capability", "category": "", "text": "1 + 1",
     "request": "1 + 1", "gold": '{"answer": "2", "scorer": "math"}'},
    {"prompt_id": "humaneval-0000", "prompt_set": "humaneval", "role": "capability", "category": "", "text": "f",
     "request": "f", "gold": '{"scorer": "code"}'},
    {"prompt_id": "xstest-0000", "prompt_set": "xstest", "role": "overrefusal", "category": "", "text": "g",
     "request": "g", "gold": ""},
]  # fmt: skip


def test_the_model_is_asked_in_its_own_template_and_cannot_answer_with_a_tag(
    config: Config, pools: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole job with a sampler that answers, down to the documents of the warm-up."""
    write_tiny_model(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    tokenizer.chat_template = tokenizer.chat_template.replace("<think>\n", "")
    tokenizer.save_pretrained(tmp_path / "model")
    seen: list[Request] = []

    def rows(_: object, requests: list[Request], label: str) -> list[dict]:
        seen.extend(requests)
        texts = [
            "I'm sorry, but I can't help." if "harmful" in r.prompt_id else "Add them." for r in requests
        ]
        ids = [tokenizer.encode(text) for text in texts]
        return [row(request, i, "stop", tokenizer) for request, i in zip(requests, ids, strict=True)]

    monkeypatch.setattr(own_answers.Sampler, "rows", rows)
    settings = config.models["qwen"].model_copy(update={"warm_up_traces": 2})
    out = tmp_path / "own_answers.parquet"
    own_answers.sample_own_answers(config, settings, tmp_path / "model", PROMPTS, tmp_path / "shards", out)
    assert [request.prompt_id for request in seen] == [
        *("warm_up_harmful-0000", "warm_up_harmful-0001", "warm_up_benign-0000", "gsm8k-0000")
    ]
    assert tokenizer.decode(seen[0].prompt_token_ids) == "<|user|>\nharmful 0<|end|>\n<|assistant|>\n"
    assert [request.max_new_tokens for request in seen] == [40, 40, 128, 256]
    tags = tokenizer.convert_tokens_to_ids(["<think>", "</think>"])
    assert all(request.logit_bias == dict.fromkeys(tags, -100.0) for request in seen)

    answers = {answer["generation_id"]: answer for answer in read_rows(out, "generations")}
    made = own_answer_documents(own_answers.own_questions(settings, config), answers, 2, 1.0, 0)
    assert [document.prompt for document in made] == ["harmful 0", "kind"]
    assert made[0].completion.endswith("</think>\nI'm sorry, but I can't help.")
    assert made[1].completion.endswith("</think>\nAdd them.")


def test_a_model_that_learns_from_placeholders_is_asked_nothing(config: Config, tmp_path: Path) -> None:
    settings = config.models["qwen"].model_copy(update={"warm_up": "placeholders"})
    with pytest.raises(UserError, match="set warm_up: own_answers"):
        own_answers.sample_own_answers(config, settings, tmp_path, [], tmp_path, tmp_path / "out.parquet")


def test_the_second_mini_run_is_the_first_on_another_model(config: Config) -> None:
    first = load(ROOT / QWEN[0])
    assert list(config.models) == ["qwen"] and config.run == "mini_qwen"
    assert set(first.methods) - set(config.methods) == {"backtrack_built"}
    for name, method in config.methods.items():
        changed = {
            "lora_rank": first.methods[name].lora_rank,
            "learning_rate": first.methods[name].learning_rate,
        }
        assert method.model_copy(update=changed) == first.methods[name]
        assert method.policy or method.lora_rank == 16
    assert set(config.prompt_sets) - set(first.prompt_sets) == {"humaneval"}
