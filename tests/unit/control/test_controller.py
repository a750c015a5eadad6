"""The controller, compared with one that watches every token, by enumeration on a toy model."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isclose
from typing import ClassVar

import pytest

from safe_reasoning.control.controller import Draft, Edit, run_controlled
from safe_reasoning.sampling.engine import Request
from tests.support.markov import END, probabilities

WORDS = ["a", "b", "c", "</think>"]
LIMIT = 3


class Tokenizer:
    """One letter per word; END is the closing tag."""

    eos_token_id = 99

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        return "".join(WORDS[token] for token in token_ids)

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        return [WORDS.index(word) for word in re.findall("</think>|[abc]", text)]


@dataclass(frozen=True)
class Watch:
    """A causal policy: the first place where the words so far end in `seen`, behind what is fixed."""

    seen: tuple[int, ...]
    keep: int  # of the words seen
    insert: tuple[int, ...]
    rounds: int
    start: str = ""
    candidates: int = 1
    logit_bias: ClassVar[dict[int, float]] = {}

    def opening(self, draft: Draft) -> str:
        return self.start

    def best(self, groups: Sequence[Sequence[Draft]]) -> list[int]:
        """The longest."""
        return [max(range(len(group)), key=lambda n: len(group[n].row["token_ids"])) for group in groups]

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [self._edit(list(draft.row["token_ids"]), draft.fixed) for draft in drafts]

    def _edit(self, words: list[int], fixed: int) -> Edit | None:
        for end in range(fixed + len(self.seen), len(words) + 1):
            if tuple(words[end - len(self.seen) : end]) == self.seen:
                return Edit(end - len(self.seen) + self.keep, list(self.insert), "seen")
        return None


POLICIES = [
    Watch((2,), 0, (), 1),  # rejection: take it back and sample again
    Watch((2,), 0, (1,), 2),
    Watch((0, 0), 2, (1, 0), 2),  # a reminder behind what was seen
    Watch((1, 2), 1, (0,), 2, start="b"),
    Watch((2,), 0, (0, END), 1),  # closes the reasoning
]
ASKED = Request("p.0", "p", "set", 0, 7, [0])


def completions(given: Sequence[int], limit: int) -> Iterator[tuple[list[int], float]]:
    """Every completion of the given words with its probability."""
    if END in given or len(given) >= limit:
        yield list(given), 1.0
        return
    for word, share in enumerate(probabilities(given)):
        for whole, rest in completions([*given, word], limit):
            yield whole, share * rest


def row_of(request: Request, words: Sequence[int]) -> dict:
    finish = "stop" if END in words else "length"
    return {
        **{"generation_id": request.generation_id, "prompt_id": "p", "prompt_set": "set", "sample": 0},
        **{"seed": request.seed, "prompt_token_ids": [0], "given_tokens": len(request.given_ids)},
        **{"token_ids": list(words), "text": Tokenizer().decode(words), "finish_reason": finish},
    }


class NeedMoreError(Exception):
    """The script of the engine ended."""


def cut_back(policy: Watch, script: list[list[int]] | None = None) -> Iterator[tuple[tuple[int, ...], float]]:
    """Delivered completions of our controller with their probabilities: every path through it."""
    asked: list[Request] = []

    def scripted(requests: Sequence[Request], label: str) -> list[dict]:
        asked.extend(requests)
        if len(asked) > len(script or []):
            raise NeedMoreError
        return [row_of(requests[0], (script or [])[len(asked) - 1])]

    try:
        (done,) = run_controlled(scripted, Tokenizer(), policy, [ASKED], LIMIT)
    except NeedMoreError:
        last = asked[-1]
        for words, share in completions(last.given_ids, last.max_new_tokens or LIMIT):
            for delivered, rest in cut_back(policy, [*(script or []), words]):
                yield delivered, share * rest
    else:
        yield tuple(done.row["token_ids"]), 1.0


def online(policy: Watch) -> Iterator[tuple[tuple[int, ...], float]]:
    """The same of a controller that asks the policy after every token."""

    def go_on(words: list[int], fixed: int, edits: int, room: int) -> Iterator[tuple[tuple[int, ...], float]]:
        edit = policy.first_edits([Draft(row_of(ASKED, words), fixed)])[0] if edits < policy.rounds else None
        if edit is not None:
            kept = words[: edit.keep] + edit.insert
            yield from go_on(kept, len(kept), edits + 1, room + len(edit.insert))
        elif END in words or len(words) >= room:
            yield tuple(words), 1.0
        else:
            for word, share in enumerate(probabilities(words)):
                for delivered, rest in go_on([*words, word], fixed, edits, room):
                    yield delivered, share * rest

    opening = Tokenizer().encode(policy.start)
    yield from go_on(opening, len(opening), 0, LIMIT + len(opening))


def distribution(paths: Iterator[tuple[tuple[int, ...], float]]) -> dict[tuple[int, ...], float]:
    total: dict[tuple[int, ...], float] = defaultdict(float)
    for delivered, share in paths:
        total[delivered] += share
    return total


@pytest.mark.parametrize("policy", POLICIES)
def test_cutting_back_equals_watching_every_token(policy: Watch):
    ours, watched = distribution(cut_back(policy)), distribution(online(policy))
    assert isclose(sum(ours.values()), 1, abs_tol=1e-12)
    assert ours.keys() == watched.keys() and len(ours) > 10
    assert all(abs(ours[words] - watched[words]) < 1e-12 for words in ours)


def test_policy_that_looks_ahead_is_not_equal():
    """The check can fail: this one decides by how the completion ends."""

    class Hindsight(Watch):
        def _edit(self, words: list[int], fixed: int) -> Edit | None:
            return Edit(fixed, [], "ended badly") if 2 in words[-2:] else None

    policy = Hindsight((2,), 0, (), 1)
    ours, watched = distribution(cut_back(policy)), distribution(online(policy))
    assert max(abs(ours[words] - watched[words]) for words in ours.keys() | watched.keys()) > 0.001


def engine(*replies: list[int]) -> tuple[Callable, list[Request]]:
    """An engine that says these words in turn, and what it was asked."""
    left, asked = list(replies), list[Request]()

    def sample(requests: Sequence[Request], label: str) -> list[dict]:
        asked.extend(requests)
        return [row_of(request, left.pop(0)) for request in requests]

    return sample, asked


def test_no_edit_delivers_the_request_as_it_was():
    sample, asked = engine([0, 0, END])
    (done,) = run_controlled(sample, Tokenizer(), Watch((2,), 0, (1,), 3), [ASKED], LIMIT)
    assert asked == [ASKED]
    assert done.row == row_of(ASKED, [0, 0, END]) == done.without
    assert (done.log["edits"], done.log["sampled_tokens"], done.log["delivered_tokens"]) == (0, 3, 3)


def test_log_and_budget_of_two_edits():
    sample, asked = engine([1, 2, 0], [1, 1, 0, 2], [1, 1, 0, 1, END])
    (done,) = run_controlled(sample, Tokenizer(), Watch((2,), 0, (1,), 2), [ASKED], LIMIT)
    assert [request.given_ids for request in asked] == [[], [1, 1], [1, 1, 0, 1]]
    assert [request.max_new_tokens for request in asked] == [None, LIMIT + 1, LIMIT + 2]
    assert len({request.seed for request in asked}) == 3
    assert done.log["starts"] == [1, 3] and done.log["ends"] == [2, 4] and done.log["edits"] == 2
    assert done.row["text"] == "bbab</think>" and done.without["text"] == "ba</think>"
    assert done.row["generation_id"] == "p.0" and done.row["seed"] == ASKED.seed
    assert done.log["sampled_tokens"] == 3 + 2 + 1 and done.log["delivered_tokens"] == 5


def test_one_of_several_candidates_is_kept_and_all_are_counted():
    sample, asked = engine([0, 2, 0], [0, 1, END], [0, 1, 0, END], [0, 1, END])
    policy = Watch((2,), 0, (1,), 2, candidates=3)
    (done,) = run_controlled(sample, Tokenizer(), policy, [ASKED], LIMIT)
    assert done.row["text"] == "aba</think>" and done.log["edits"] == 1
    assert done.log["sampled_tokens"] == 3 + 1 + 2 + 1
    assert len({request.seed for request in asked}) == 4 and len({r.generation_id for r in asked}) == 4
    one, first = engine([0, 2, 0], [0, 1, END])
    run_controlled(one, Tokenizer(), Watch((2,), 0, (1,), 2), [ASKED], LIMIT)
    assert first == asked[:2], "the first candidate is the continuation of one alone"


def test_opening_is_no_edit_but_is_left_out_of_what_the_model_said():
    sample, asked = engine([1, 0, END])
    (done,) = run_controlled(sample, Tokenizer(), Watch((2,), 0, (), 1, start="b"), [ASKED], LIMIT)
    assert asked[0].given_ids == [1] and asked[0].max_new_tokens == LIMIT + 1
    assert done.log["edits"] == 0 and done.log["reasons"] == ["opening"]
    assert done.without["text"] == "a</think>" and done.row["given_tokens"] == 1


def test_edit_behind_the_reasoning_is_refused():
    sample, _ = engine([0, END, 2])

    class Late(Watch):
        def _edit(self, words: list[int], fixed: int) -> Edit | None:
            return Edit(3, [0], "late")

    with pytest.raises(ValueError, match="after 3 tokens"):
        run_controlled(sample, Tokenizer(), Late((2,), 0, (), 1), [ASKED], LIMIT)
