"""Continuations of a trace that are counted at every prefix they pass through. Exact.

A continuation sampled after i tokens of a trace may begin with the trace's own next tokens. If it
does so up to the j-th, what follows is a sample after j tokens: that it followed the trace says
nothing of what comes then. So a trace is walked from left to right; continuations that still follow
it are carried on, and only what is missing to n is sampled at each prefix. How many are missing
depends on tokens that lie before the prefix, never on a verdict. So each prefix has n independent
samples, as if they were sampled there. Neighbouring prefixes share some: their estimates are
correlated. The trace itself is none of the samples.

Traces of one prompt that begin alike have prefixes in common, the empty one at least: what is
sampled there for the first trace is a sample for the others too, and one that leaves the first for
another is carried on along that.

Where each continuation leaves the traces is drawn ahead, from one reading of each. One batch then
samples all of them from where they left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix
from typing import Any

from safe_reasoning.characterize.continuation_safety import continuation_request
from safe_reasoning.characterize.intervention import Sample
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.engine import Request, row

Row = Mapping[str, Any]
Draw = Callable[[Sequence[float]], Sequence[int]]


@dataclass(frozen=True)
class Continuation:
    """How far a sampled continuation follows a trace of its prompt.

    Attributes:
        origin: place among the prompt's traces of the one that it is sampled for.
        start: prefix length that it is sampled from.
        number: among those sampled there.
        trace: place of the trace that it follows furthest.
        left: prefix length at which it leaves that trace.
        token: what comes there instead of the trace's next token; None where nothing was drawn, at
            the last prefix or where the token limit is reached.
    """

    origin: int
    start: int
    number: int
    trace: int
    left: int
    token: int | None

    def counted(self, place: int, lengths: Iterable[int], shared: Sequence[Sequence[int]]) -> list[int]:
        """Those of a trace's prefix lengths that it is a sample of.

        Args:
            place: of the trace. None are counted of one before `origin`: it has all it needs.
            lengths: prefix lengths.
            shared: of `shared_tokens`.
        """
        last = min(self.left, shared[self.trace][place]) if place >= self.origin else -1
        return [length for length in lengths if self.start <= length <= last]


def shared_tokens(traces: Sequence[Row]) -> list[list[int]]:
    """How many tokens each two traces begin with in common; all of one with itself."""
    ids = [list(trace["token_ids"]) for trace in traces]
    return [[len(commonprefix([one, other])) for other in ids] for one in ids]


def follow(
    traces: Sequence[Row],
    lengths: Sequence[Sequence[int]],
    continuations: int,
    draws: Sequence[Iterable[Draw]],
    room: int,
) -> list[Continuation]:
    """Continuations such that each prefix of each trace has `continuations` of them.

    It has some more where a prefix before it, in common with an earlier trace, is wanted of this
    trace alone.

    Args:
        traces: of one prompt, rows of schema generations.
        lengths: increasing prefix lengths of each trace, the first 0.
        continuations: samples per prefix.
        draws: of each trace after 0, 1, ... `lengths[-1]` tokens, a function from numbers in [0, 1)
            to as many next tokens of the model.
        room: token limit of a completion; a continuation that reaches it is at its end.

    Returns:
        In the order in which they leave the traces. The seeds of the draws derive from a trace's
        name and the place in it.
    """
    shared = shared_tokens(traces)
    found: list[Continuation] = []
    for place, (trace, of_trace, along) in enumerate(zip(traces, lengths, draws, strict=True)):
        ids, wanted, last = trace["token_ids"], set(of_trace), of_trace[-1]
        alike = max(shared[place][:place], default=-1)  # tokens in common with those before
        following: list[tuple[int, int, int]] = []  # (origin, start, number)
        for length, draw in zip(range(last + 1), along, strict=True):
            if length in wanted:
                there = len(following)
                if length <= alike:
                    there += sum(bool(one.counted(place, [length], shared)) for one in found)
                following += [(place, length, number) for number in range(continuations - there)]
            if length == last or length >= room:
                found += [Continuation(*begun, place, length, None) for begun in following]
                following = []
                continue
            if following:
                rng = random.Random(derive_seed("csr next token", trace["generation_id"], length))
                drawn = zip(following, draw([rng.random() for _ in following]), strict=True)
                found += [Continuation(*begun, place, length, int(token)) for begun, token in drawn]
            # Those that go on as this trace does: its own, and those that left another for it
            going = {
                one: None
                for one in found
                if one.left == length <= shared[one.trace][place] and one.token == ids[length]
            }
            following = [(one.origin, one.start, one.number) for one in going]
            found = [one for one in found if one not in going]
    return found


def complete(
    traces: Sequence[Row],
    continuations: Sequence[Continuation],
    sample: Sample,
    ends: Ends,
    room: int,
    label: str,
) -> list[dict[str, Any]]:
    """Rows of the continuations, as if each had been sampled whole from its start.

    All that is missing is sampled in one call. A continuation that ends with its drawn token needs
    no sampling.

    Args:
        traces: of one prompt, rows of schema generations.
        continuations: of `follow`.
        sample: draws continuations up to the closing think tag.
        ends: what ends a completion of the model.
        room: token limit of a completion.
        label: name of the work in the lines of progress.

    Returns:
        Rows of schema generations in the order of the continuations.
    """
    ids = [list(trace["token_ids"]) for trace in traces]
    asked = [
        continuation_request(traces[one.origin], one.start, one.number, ids[one.origin][: one.start])
        for one in continuations
    ]
    new = [
        ids[one.trace][one.start : one.left] + ([] if one.token is None else [one.token])
        for one in continuations
    ]
    reasons = [
        ends.reason(tokens, room - one.start, stop_at_think_end=True) if tokens else ""
        for one, tokens in zip(continuations, new, strict=True)
    ]
    sampled = iter(
        sample(
            [
                replace(request, given_ids=request.given_ids + tokens)
                for request, tokens, reason in zip(asked, new, reasons, strict=True)
                if not reason
            ],
            label,
        )
    )
    rows = []
    for request, tokens, reason in zip(asked, new, reasons, strict=True):
        if reason:
            rows.append(row(request, ends.kept(tokens), reason, ends.tokenizer))
        else:
            begin = len(request.given_ids)
            there = next(sampled)
            rows.append(_from_start(request, there["token_ids"][begin:], there["finish_reason"], ends))
    return rows


def _from_start(request: Request, new_ids: list[int], reason: str, ends: Ends) -> dict[str, Any]:
    """The row of a continuation that was sampled from a place behind its start.

    A closing think tag of several tokens may have begun before that place, where the engine did not
    look for it: the continuation ends there.
    """
    if ends.think_end is None and (count := ends.first_close(new_ids)) is not None:
        return row(request, new_ids[:count], "stop", ends.tokenizer)
    return row(request, new_ids, reason, ends.tokenizer)
