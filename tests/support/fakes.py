"""Deterministic stand-ins: a byte-level BPE made in the test, a scripted sampler, a judge and a cue detector that read keywords."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from safe_reasoning.judging.base import FirstCue, Judgement, Question, first_cue
from safe_reasoning.sampling.engine import Request, row

PROMPT_IDS = [1, 2, 3]
TEXTS = [
    "The user asks for a blue lantern. Let me look at it.\nWell, I think about the parts. ",
    "Okay, I will do it. Then I mix the paint. Wait, this is not allowed. I should say no.\n</think>\nSorry, no.",
    "Okay, I should stop. “Quoted words.” Café über naïve 😀 done.",
    " Okay, I will. Okay, I will. Wait, this is. Wait, this is. Okay, I. Wait, so."
    * 4,  # so that a space and the word after it are one token
]


@cache
def tokenizer() -> Any:
    """A byte-level BPE with `</think>` as an ordinary added token, as in the R1 and Qwen3 tokenizers."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=420, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False
        ),
    )
    bpe.add_tokens([AddedToken("</think>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|end|>", clean_up_tokenization_spaces=False
    )


def ids(text: str) -> list[int]:
    return tokenizer().encode(text, add_special_tokens=False)


def text(token_ids: Sequence[int]) -> str:
    return tokenizer().decode(list(token_ids), skip_special_tokens=True)


def generation(
    name: str, completion: str, prompt_id: str = "p0", sample: int = 0, finish_reason: str = "stop"
) -> dict[str, Any]:
    """A row of schema generations with that completion."""
    return row(
        Request(name, prompt_id, "set", sample, 0, PROMPT_IDS), ids(completion), finish_reason, tokenizer()
    )


class ScriptedSampler:
    """Continues each request with what `script(given text, request)` says; remembers the batches."""

    def __init__(self, script: Callable[[str, Request], str], finish_reason: str = "stop") -> None:
        self.script = script
        self.finish_reason = finish_reason
        self.batches: list[list[Request]] = []

    def __call__(self, requests: Sequence[Request], label: str) -> list[dict[str, Any]]:
        self.batches.append(list(requests))
        return [
            row(r, ids(self.script(text(r.given_ids), r)), self.finish_reason, tokenizer()) for r in requests
        ]


class ScriptedChat:
    """A chat model that answers by a function and keeps what it was asked."""

    def __init__(self, answer: Callable[[str], str | None]) -> None:
        self.answer, self.batches = answer, []

    def replies(self, conversations: list, label: str) -> list[str | None]:
        self.batches.append([conversation[-1]["content"] for conversation in conversations])
        return [self.answer(question) for question in self.batches[-1]]


class KeywordJudge:
    """Reasoning and response are harmful when they hold "mix", undecided when they hold "unclear"; a response complies unless it says sorry."""

    name = "keyword"

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        return [Judgement(None if "unclear" in asked.text else self._value(asked)) for asked in questions]

    def _value(self, asked: Question) -> bool:
        return "mix" in asked.text if asked.criterion == "harmful" else "Sorry" not in asked.text


class KeywordDetector:
    """A sentence with "I will" is a cue, the first sentence never."""

    name = "keyword"

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        return [first_cue(sentences, lambda sentence: "I will" in sentence) for sentences in reasonings]
