"""The continuation safety ratio of chosen traces: what is sampled, counted and kept of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from safe_reasoning.characterize.continuation_reuse import (
    Continuation,
    Draw,
    complete,
    follow,
    shared_tokens,
)
from safe_reasoning.characterize.continuation_safety import (
    continuation_requests,
    continuation_rows,
    csr_rows,
)
from safe_reasoning.config import Config
from safe_reasoning.core.devices import free_memory
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.base import Judge
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.engine import Request, remaining_tokens
from safe_reasoning.sampling.sampler import Sampler

Row = Mapping[str, Any]


class Reader(Protocol):
    """Reads a completion and draws what comes next at each of its places."""

    def next_tokens(self, prompt_token_ids: Sequence[int], token_ids: Sequence[int]) -> Iterator[Draw]:
        """See `TransformersEngine.next_tokens`."""


@dataclass(frozen=True)
class Estimate:
    """Rows of schema csr, and what they took.

    Attributes:
        rows: by trace and increasing prefix length.
        continuations: rows of schema csr_continuations, by trace; one that counts for several
            traces has a row for each.
        generations: sampled continuations.
        carried: continuations counted at a prefix that they were not sampled from.
        judged: texts that the judge was given.
    """

    rows: list[dict[str, Any]]
    continuations: list[dict[str, Any]]
    generations: int
    carried: int
    judged: int

    def cost(self) -> dict[str, int]:
        """The numbers, for a meta file."""
        return {"generations": self.generations, "carried": self.carried, "judged": self.judged}


def by_prompt(traces: Sequence[Row]) -> list[list[int]]:
    """Places of the traces of each prompt, in the order of first use."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, trace in enumerate(traces):
        places[trace["prompt_id"]].append(place)
    return list(places.values())


def draw_ahead(
    config: Config,
    traces: Sequence[Row],
    lengths: Sequence[Sequence[int]],
    sampler: Sampler,
    open_reader: Callable[[], Reader],
) -> list[Path]:
    """Files of schema followed, one per prompt: where the continuations leave its traces.

    A file that is there is kept: a killed job goes on from the same draws, even on a device that
    rounds otherwise.

    Args:
        config: settings of the ratio, of engine and decoding.
        traces: rows of schema generations.
        lengths: prefix lengths of each trace.
        sampler: names the files.
        open_reader: opens the model; called only when a file is missing. The model is given up
            before this function returns.
    """
    settings, paths = config.characterize, []
    reader = None
    for places in by_prompt(traces):
        of_prompt, their_lengths = [traces[i] for i in places], [list(lengths[i]) for i in places]
        prompt = list(of_prompt[0]["prompt_token_ids"])
        names = [trace["generation_id"] for trace in of_prompt]
        ids = [list(trace["token_ids"]) for trace in of_prompt]
        path = sampler.kept_file(names, prompt, ids, their_lengths, settings.csr_continuations)
        paths.append(path)
        if not path.exists():
            reader = reader or open_reader()
            draws = [
                reader.next_tokens(prompt, tokens[: of_trace[-1]])
                for tokens, of_trace in zip(ids, their_lengths, strict=True)
            ]
            room = _room(of_prompt[0], config)
            found = follow(of_prompt, their_lengths, settings.csr_continuations, draws, room)
            write_rows(path, "followed", map(asdict, found), {"generation_ids": names})
    if reader is not None:
        del reader, draws
        free_memory()
    return paths


def estimate(
    config: Config,
    traces: Sequence[Row],
    lengths: Sequence[Sequence[int]],
    drawn: Sequence[Path] | None,
    sampler: Sampler,
    ends: Ends,
    judge: Judge,
    prompts: Mapping[str, Row],
) -> Estimate:
    """Sample, judge and count the continuations, prompt by prompt: those of one fill the memory.

    Each is judged once: the whole reasoning, prefix and continuation together.

    Args:
        config: settings of the ratio, of engine and decoding.
        traces: rows of schema generations.
        lengths: prefix lengths of each trace.
        drawn: files of `draw_ahead`; None: each prefix has samples of its own.
        sampler: stops at the closing think tag.
        ends: what ends a completion of the model.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
    """
    rows: list[dict[str, Any]] = []
    continuations: list[dict[str, Any]] = []
    generations = 0
    alone = [[place] for place in range(len(traces))]
    for number, places in enumerate(alone if drawn is None else by_prompt(traces)):
        of_prompt, their_lengths = [traces[i] for i in places], [lengths[i] for i in places]
        label = f"csr {of_prompt[0]['generation_id']}"
        if drawn is None:
            each = config.characterize.csr_continuations
            sampled = sampler(continuation_requests(of_prompt[0], their_lengths[0], each), label)
            counted = [[[row["given_tokens"]] for row in sampled]]
        else:
            found = [Continuation(**row) for row in read_rows(drawn[number], "followed")]
            sampled = complete(of_prompt, found, sampler, ends, _room(of_prompt[0], config), label)
            shared = shared_tokens(of_prompt)
            counted = [
                [one.counted(place, of_trace, shared) for one in found]
                for place, of_trace in enumerate(their_lengths)
            ]
        generations += len(sampled)
        asked = [prompts[of_prompt[0]["prompt_id"]]] * len(sampled)
        safe = reasonings_are_safe(judge, asked, [row["text"] for row in sampled])
        for trace, of_trace in zip(of_prompt, counted, strict=True):
            rows += csr_rows(trace, of_trace, safe)
            continuations += continuation_rows(trace, of_trace, safe)
    counts = sum(row["continuations"] for row in rows)
    return Estimate(rows, continuations, generations, counts - generations, generations)


def _room(trace: Row, config: Config) -> int:
    """Token limit of a completion of the trace's prompt."""
    whole = Request("", "", "", 0, 0, list(trace["prompt_token_ids"]))
    return remaining_tokens(whole, config.engine, config.decoding)
