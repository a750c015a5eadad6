"""Several completions of a request under one policy, of which a vote keeps one.

Each path is an independent completion that the policy edits, so what is true of one (equal in
distribution to a controller that watches every token) is true of all. The vote may read a path only
up to where it decides: what follows was sampled for nothing where the path is not kept, and an
online controller would not sample it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from safe_reasoning.control.controller import Controlled, Policy, Row, Sample, run_controlled
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.sampling.engine import Request


@runtime_checkable
class Voting(Policy, Protocol):
    """A policy that keeps one of several paths.

    Attributes:
        paths: completions of each request.
    """

    paths: int

    def vote(self, rows: Sequence[Row]) -> tuple[int, str]:
        """Which of a request's completions is kept, and why in a few words."""


def run_paths(
    sample: Sample, tokenizer: Tokenizer, policy: Policy, requests: Sequence[Request], limit: int
) -> list[Controlled]:
    """Complete the requests under a policy, as `run_controlled`, and hold its vote if it has one.

    The first path is that of `run_controlled`, bit for bit. A completion of which another path is
    kept counts as edited; sampled tokens are those of all paths.
    """
    paths = policy.paths if isinstance(policy, Voting) else 1
    asked = [_path(request, number) for request in requests for number in range(paths)]
    done = run_controlled(sample, tokenizer, policy, asked, limit)
    if not isinstance(policy, Voting):
        return done
    groups = [done[start : start + paths] for start in range(0, len(done), paths)]
    return [_kept(policy, request, group) for request, group in zip(requests, groups, strict=True)]


def _path(request: Request, number: int) -> Request:
    if not number:
        return request
    name = f"{request.generation_id}/path{number}"
    return replace(request, generation_id=name, seed=derive_seed("path", request.seed, name))


def _kept(policy: Voting, request: Request, group: Sequence[Controlled]) -> Controlled:
    """The path that the vote keeps, under the request's own name and seed."""
    place, reason = policy.vote([path.row for path in group])
    kept, names = group[place], {"generation_id": request.generation_id, "seed": request.seed}
    log = {
        **kept.log,
        "generation_id": request.generation_id,
        "sampled_tokens": sum(path.log["sampled_tokens"] for path in group),
    }
    if place:  # nothing is inserted: the reasoning was another from its beginning on
        log |= {"edits": log["edits"] + 1, "reasons": [*log["reasons"], reason]}
        log |= {"starts": [*log["starts"], 0], "ends": [*log["ends"], 0]}
    return Controlled({**kept.row, **names}, {**kept.without, **names}, log)
