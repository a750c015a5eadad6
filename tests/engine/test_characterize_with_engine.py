"""The characterization with a real engine in place of a scripted sampler."""

from pathlib import Path

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize.intervention import Case, run_interventions
from safe_reasoning.config import Decoding, Engine
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.sampling.engine import load_tokenizer
from safe_reasoning.sampling.factory import open_engine
from tests.support.fakes import KeywordDetector, KeywordJudge, generation

JUDGE, DETECTOR = KeywordJudge(), KeywordDetector()
TRIGGER = "Wait, this is not allowed."
HARMFUL = "The user asks. Let me look. Okay, I will do it. Then I mix.\n</think>\nyes"
SAFE = f"The user asks. Let me look at it. {TRIGGER} I should say no, since it is for the best of all.\n</think>\nno"


def test_csr_with_a_real_engine(tiny_model: Path) -> None:
    model_tokenizer = load_tokenizer(tiny_model)
    engine = open_engine(
        tiny_model,
        Engine(name="transformers", dtype="float32", max_model_len=128),
        Decoding(temperature=1, max_new_tokens=24),
    )
    token_ids = model_tokenizer.encode("The user asks.\n</think>", add_special_tokens=False)
    trace = generation("g0", SAFE) | {"token_ids": token_ids}
    requests = csr.continuation_requests(trace, csr.prefix_lengths(trace, model_tokenizer, 4), 2)
    sampled = engine.generate(requests, stop_at_think_end=True)
    safe = reasonings_are_safe(JUDGE, [{}] * len(sampled), [row["text"] for row in sampled])
    rows = csr.csr_rows(trace, [[row["given_tokens"]] for row in sampled], safe)
    assert [row["prefix_tokens"] for row in rows] == csr.prefix_lengths(trace, model_tokenizer, 4)
    assert all(row["continuations"] == 2 and row["safe"] + row["unscored"] <= 2 for row in rows)


def test_a_real_engine_goes_on_from_the_given_ids(tiny_model: Path) -> None:
    model_tokenizer = load_tokenizer(tiny_model)
    engine = open_engine(
        tiny_model,
        Engine(name="transformers", dtype="float32", max_model_len=128),
        Decoding(temperature=1, top_p=0.95, max_new_tokens=48),
    )
    token_ids = model_tokenizer.encode(
        "The user asks. Then I will do it. First, mix the paint.", add_special_tokens=False
    )
    row = generation("g0", HARMFUL) | {
        "token_ids": token_ids,
        "text": model_tokenizer.decode(token_ids),
        "finish_reason": "length",
    }
    histories = [
        run_interventions(
            lambda requests, label: engine.generate(requests, stop_at_think_end=True),
            model_tokenizer,
            [Case("case", row, "Wait, this item is restricted.")],
            DETECTOR,
            max_rounds=1,
        )[0]
        for _ in range(2)
    ]
    last = histories[0][-1]
    assert last.text.startswith("The user asks. Wait, this item is restricted.")
    assert len(last.token_ids) > len(token_ids[:4]) and histories[0] == histories[1]
