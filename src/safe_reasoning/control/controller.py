"""Sample, let a policy name its first edit, cut back, insert, go on.

A whole completion is sampled before the policy is asked. Where the policy's decision at a token
depends on that token and those before it alone (it is *causal*), this draws from the same
distribution as a controller that watches each token: what followed the decision was independent of
it and is thrown away. Any engine serves; the price is those tokens, which are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import CLOSE_TAG, Tokenizer, continue_text, reasoning_tokens, whole_tokens
from safe_reasoning.judging.cues import tokens_up_to
from safe_reasoning.sampling.engine import Request

Row = Mapping[str, Any]
Sample = Callable[[Sequence[Request], str], list[dict[str, Any]]]  # generations in order


@dataclass(frozen=True)
class Edit:
    """What a policy does to a completion.

    Attributes:
        keep: tokens of the completion that stay.
        insert: token ids that follow them; none: only sample again from there.
        reason: why, in a word or two.
    """

    keep: int
    insert: list[int]
    reason: str


@dataclass(frozen=True)
class Draft:
    """A completion that a policy may edit.

    Attributes:
        row: of schema generations.
        fixed: its first tokens, which an edit can't reach: kept or inserted before.
        edits: so far, in their order.
    """

    row: Row
    fixed: int = 0
    edits: list[Edit] = field(default_factory=list)

    def seed(self, what: str) -> int:
        """A seed of this completion's own, for a policy's draws after so many edits."""
        return derive_seed("policy", what, self.row["generation_id"], self.row["seed"], len(self.edits))


class Policy(Protocol):
    """Decides where a reasoning is edited, and how.

    Attributes:
        rounds: most edits of one completion.
        candidates: continuations that are sampled after an edit, of which one is kept.
        logit_bias: what is added to logits at each draw, by token id.
    """

    rounds: int
    candidates: int
    logit_bias: Mapping[int, float]

    def opening(self, draft: Draft) -> str:
        """What is put right after the open think tag, before anything is sampled; "" for nothing.

        `draft` holds no tokens yet.
        """

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        """The first edit of each completion behind its fixed tokens; None where it stays."""

    def best(self, groups: Sequence[Sequence[Draft]]) -> list[int]:
        """Which candidate of each group is kept; asked where there are several."""


class OnePath:
    """What most policies share: no opening, and one continuation after an edit."""

    rounds: int = 0
    candidates: int = 1
    logit_bias: Mapping[int, float] = {}

    def opening(self, draft: Draft) -> str:
        """Nothing."""
        return ""

    def best(self, groups: Sequence[Sequence[Draft]]) -> list[int]:
        """The first candidate of each."""
        return [0] * len(groups)


@dataclass(frozen=True)
class Controlled:
    """A delivered completion.

    Attributes:
        row: of schema generations, as delivered.
        without: the same row without the inserted words; a closing think tag stays.
        log: row of schema edits.
    """

    row: dict[str, Any]
    without: dict[str, Any]
    log: dict[str, Any]


def cut_before(
    tokenizer: Tokenizer, token_ids: Sequence[int], character: int, text: str, reason: str
) -> Edit:
    """The edit that cuts a completion before a character of its text and writes `text` there.

    Tokens before the cut stay as sampled. White space before the cut that shared no token with what
    stays is encoded together with the text, which so gets the tokens that it has in running text;
    with an empty text it is left to the model.
    """
    ids = list(token_ids)
    keep = tokens_up_to(tokenizer, ids, character)
    if not text:
        return Edit(keep, [], reason)
    before = tokenizer.decode(ids, skip_special_tokens=True)[:character]
    leftover = before[len(tokenizer.decode(ids[:keep], skip_special_tokens=True)) :]
    return Edit(keep, continue_text(tokenizer, ids[:keep], leftover + text), reason)


def run_controlled(
    sample: Sample, tokenizer: Tokenizer, policy: Policy, requests: Sequence[Request], limit: int
) -> list[Controlled]:
    """Complete the requests under a policy.

    All completions of a round are sampled together. Inserted tokens are given back to the budget of
    a completion: it may hold `limit` sampled tokens, as without a policy. A completion without an
    edit or opening is bit for bit that of the same request without a policy.

    Args:
        sample: the engine, see `Sampler`; it samples whole completions.
        tokenizer: of the model.
        policy: asked after each round about the completions that it edited in the last.
        requests: nothing given yet.
        limit: sampled tokens of a completion whose request names no other limit.

    Raises:
        ValueError: An edit that reaches into fixed tokens or behind the reasoning.
    """
    drafts, sampled = [], []
    requests = [replace(request, logit_bias=dict(policy.logit_bias)) for request in requests]
    opened = [_opened(tokenizer, policy, request, limit) for request in requests]
    for request, row in zip(opened, sample(opened, "round 0"), strict=True):
        given = len(request.given_ids)
        edits = [Edit(0, list(request.given_ids), "opening")] if given else []
        drafts.append(Draft(row, given, edits))
        sampled.append(len(row["token_ids"]) - given)
    going = list(range(len(drafts)))
    for number in range(1, policy.rounds + 1):
        asked = [index for index in going if drafts[index].row["finish_reason"] != "prompt_too_long"]
        found = zip(asked, policy.first_edits([drafts[index] for index in asked]), strict=True)
        edits_of = {index: edit for index, edit in found if edit is not None}
        if not edits_of:
            break
        again = [
            _continued(tokenizer, drafts[index], edit, requests[index], f"round{number}{which}", limit)
            for index, edit in edits_of.items()
            for which in ("", *(f".{other}" for other in range(1, policy.candidates)))
        ]
        rows = iter(sample(again, f"round {number}"))
        groups = [
            [_draft(next(rows), drafts[index], edit, requests[index]) for _ in range(policy.candidates)]
            for index, edit in edits_of.items()
        ]
        chosen = policy.best(groups) if policy.candidates > 1 else [0] * len(groups)
        for index, group, best in zip(edits_of, groups, chosen, strict=True):
            sampled[index] += sum(len(each.row["token_ids"]) - each.fixed for each in group)
            drafts[index] = group[best]
        going = list(edits_of)
    return [
        _delivered(tokenizer, draft, 1 if request.given_ids else 0, tokens)
        for draft, request, tokens in zip(drafts, opened, sampled, strict=True)
    ]


def _opened(tokenizer: Tokenizer, policy: Policy, request: Request, limit: int) -> Request:
    """The request with the policy's opening, and room for it."""
    row = {"generation_id": request.generation_id, "prompt_id": request.prompt_id, "seed": request.seed}
    text = policy.opening(Draft({**row, "prompt_set": request.prompt_set, "token_ids": [], "text": ""}))
    ids = continue_text(tokenizer, request.prompt_token_ids, text) if text else []
    room = (request.max_new_tokens or limit) + len(ids)
    return replace(request, given_ids=ids, max_new_tokens=room if ids else request.max_new_tokens)


def _continued(
    tokenizer: Tokenizer, draft: Draft, edit: Edit, request: Request, name: str, limit: int
) -> Request:
    """The request that goes on after an edit, with room for all that was inserted.

    `name` is of the round and the candidate.
    """
    ids = list(draft.row["token_ids"])
    if not draft.fixed <= edit.keep <= reasoning_tokens(tokenizer, ids):
        raise ValueError(f"an edit after {edit.keep} tokens lies outside of what a policy may edit")
    name = f"{request.generation_id}/{name}"
    inserted = sum(len(each.insert) for each in [*draft.edits, edit])
    return replace(
        request,
        generation_id=name,
        seed=derive_seed("controlled", request.seed, name),
        given_ids=ids[: edit.keep] + edit.insert,
        max_new_tokens=(request.max_new_tokens or limit) + inserted,
    )


def _draft(row: Row, before: Draft, edit: Edit, request: Request) -> Draft:
    """What came of a request to go on after an edit, under the completion's own name and seed."""
    named = {**row, "generation_id": request.generation_id, "seed": request.seed}
    return Draft(named, edit.keep + len(edit.insert), [*before.edits, edit])


def _words(tokenizer: Tokenizer, ids: list[int]) -> int:
    """Inserted tokens before a closing think tag, which ends the reasoning all the same."""
    place = tokenizer.decode(ids, skip_special_tokens=True).find(CLOSE_TAG)
    return len(ids) if place < 0 else whole_tokens(tokenizer, ids, place)


def _delivered(tokenizer: Tokenizer, draft: Draft, opening: int, sampled: int) -> Controlled:
    row = {**draft.row, "given_tokens": draft.fixed}
    inserted = {edit.keep + n for edit in draft.edits for n in range(_words(tokenizer, edit.insert))}
    ids = [token for n, token in enumerate(row["token_ids"]) if n not in inserted]
    without = {
        **row,
        "token_ids": ids,
        "text": tokenizer.decode(ids, skip_special_tokens=True),
        "given_tokens": draft.fixed - len(inserted),
    }
    log = {
        **{key: row[key] for key in ("generation_id", "prompt_id", "prompt_set", "sample")},
        "edits": len(draft.edits) - opening,
        "sampled_tokens": sampled,
        "delivered_tokens": len(row["token_ids"]),
        "starts": [edit.keep for edit in draft.edits],
        "ends": [edit.keep + len(edit.insert) for edit in draft.edits],
        "reasons": [edit.reason for edit in draft.edits],
    }
    return Controlled(row, without, log)
