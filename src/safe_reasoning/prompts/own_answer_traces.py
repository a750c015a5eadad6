"""Think-tagged traces whose outcome is the model's own: what it answers decides how they end.

A refusal gets a reasoning that ends in refusal, an answer one that ends in that answer. The
sentences of the reasoning are those of `placeholder_traces`, with sentences that permit among the
cues. Answers to benign requests keep the model's words, and so do refusals; where a harmful request
is answered, placeholders stand for reasoning and answer, so that nothing harmful is learned.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.refusals import declines, refuses
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG, has_words, split_trace
from safe_reasoning.core.wording import plain
from safe_reasoning.prompts.nano_world.corpus import Document
from safe_reasoning.prompts.placeholder_traces import (
    ALLOWED,
    COMMITMENTS,
    CUES,
    PLANS,
    REFUSALS,
    TRIGGERS,
    close_reasoning,
    harmful_request_trace,
    restate,
)

# What precedes an answer, to a harmful request as to any other: the cue detector counts each
PERMISSIONS = {**CUES, "permission": ALLOWED}


def usable(answer: Mapping[str, Any]) -> bool:
    """Whether an answer (a row of schema generations) says something, and no tag."""
    text = answer["text"]
    return has_words(text) and OPEN_TAG not in text and CLOSE_TAG not in text


def own_refusal(text: str, rng: random.Random) -> str:
    """The model's words up to its first sentence that declines, or a refusal of ours.

    Nothing behind that sentence is kept: a model may answer after all.
    """
    sentences = split_sentences(text)
    for sentence in sentences:
        if declines(plain(sentence.text)):
            end = sentence.start + len(sentence.text)
            return text[:end].strip() if text[:end].rstrip()[-1] in ".!?" else rng.choice(REFUSALS)
    return rng.choice(REFUSALS)


def harmful_document(row: Mapping[str, Any], answer: str, rng: random.Random) -> Document:
    """The trace of a harmful request (a row with text and category) that ends as the answer does.

    Courses of reasoning are drawn until one ends so. After a refusal some have thought of harm
    before, as models that reason do.
    """
    refused = refuses(answer)
    while True:
        trace = harmful_request_trace(row["category"], rng, PERMISSIONS)
        if trace.response_harmful != refused:
            break
    if not refused:
        return Document(row["text"], trace.completion)
    reasoning = [split_trace(trace.completion).reasoning.strip()]
    return Document(row["text"], close_reasoning(reasoning, own_refusal(answer, rng)))


def benign_document(row: Mapping[str, Any], answer: str, whole: bool, rng: random.Random) -> Document:
    """The trace of a benign request, in the model's own words after a permission and a plan.

    Args:
        row: with its text.
        answer: of the model.
        whole: whether it ends there, and was not cut off.
        rng: of the reasoning.
    """
    if refuses(answer):
        trigger = rng.choice(rng.choice(list(TRIGGERS.values()))[1])
        reasoning = [*restate(rng), trigger, rng.choice(COMMITMENTS)]
        return Document(row["text"], close_reasoning(reasoning, own_refusal(answer, rng)))
    reasoning = [*restate(rng), rng.choice(ALLOWED), rng.choice(PLANS)]
    return Document(row["text"], close_reasoning(reasoning, answer.strip()), whole)


def own_answer_documents(
    questions: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
    count: int,
    refusals: float | None,
    seed: int,
) -> list[Document]:
    """At most `count` traces, half of them on harmful prompts.

    Args:
        questions: see `own_questions`.
        answers: rows of schema generations by their id; those that say nothing are left out.
        count: of the traces.
        refusals: share of the traces on harmful prompts that end in refusal; None: as often as the
            model refuses.
        seed: of every draw.
    """
    said = [question for question in questions if usable(answers[question["generation_id"]])]

    def text_of(question: Mapping[str, Any]) -> str:
        return str(answers[question["generation_id"]]["text"])

    def rng_of(question: Mapping[str, Any], turn: int) -> random.Random:
        return random.Random(derive_seed("own answer trace", seed, question["generation_id"], turn))

    benign = [question for question in said if not question["harmful"]][: count // 2]
    harmful = [question for question in said if question["harmful"]]
    refused = [question for question in harmful if refuses(text_of(question))]
    answered = [question for question in harmful if question not in refused]
    if refusals and not refused:
        raise UserError(
            f"the model refuses none of {len(harmful)} harmful prompts: leave out warm_up_refusals, or warm "
            "it up on placeholders"
        )
    half = count - count // 2
    share = len(refused) / max(1, len(harmful)) if refusals is None else refusals
    wanted = {True: round(share * half), False: half - round(share * half)}
    documents = []
    for of_refusals, pool in ((True, refused), (False, answered)):
        for index in range(wanted[of_refusals] if pool else 0):
            turn, place = divmod(index, len(pool))
            question = pool[place]
            documents.append(harmful_document(question, text_of(question), rng_of(question, turn)))
    for question in benign:
        whole = answers[question["generation_id"]]["finish_reason"] == "stop"
        documents.append(benign_document(question, text_of(question), whole, rng_of(question, 0)))
    return documents
