"""Continuations that are counted at every prefix they pass through, on models known exactly."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

from safe_reasoning.characterize import continuation_safety as csr
from safe_reasoning.characterize.continuation_reuse import Continuation, complete, follow, shared_tokens
from safe_reasoning.characterize.csr_estimate import estimate
from safe_reasoning.config import load
from safe_reasoning.core.records import read_rows, to_table, write_rows
from safe_reasoning.judging.base import Judgement, Question
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.engine import row
from tests.support.fakes import KeywordJudge, ScriptedSampler, generation, ids, text, tokenizer
from tests.support.markov import draws, exact, rest
from tests.support.paths import ROOT

ROOM = 6
TRACE = [0, 0, 1, 1, 0]
LENGTHS = [0, 1, 2, 3, 4, 5]
N = 4

Estimator = Callable[[int], list[list[bool]]]


def alone(start: int, number: int, left: int, token: int | None) -> Continuation:
    """Of a prompt with one trace."""
    return Continuation(0, start, number, 0, left, token)


def reused(seed: int, lengths: Sequence[int] = LENGTHS) -> list[list[bool]]:
    """Safety of the samples of each prefix, by the functions that are tested."""
    return of_several(seed, [TRACE], [lengths])[0]


def of_several(
    seed: int, words: Sequence[list[int]], lengths: Sequence[Sequence[int]]
) -> list[list[list[bool]]]:
    """The same for each of several traces of one prompt."""
    traces = [{"generation_id": f"trace {seed} {n}", "token_ids": each} for n, each in enumerate(words)]
    samples = [{length: list[bool]() for length in of_trace} for of_trace in lengths]
    rng, shared = random.Random(seed), shared_tokens(traces)
    for one in follow(traces, lengths, N, [draws(each) for each in words], ROOM):
        known = words[one.trace][: one.left] + ([] if one.token is None else [one.token])
        safe = 2 not in rest(known, rng, ROOM)
        for place, of_trace in enumerate(lengths):
            for length in one.counted(place, of_trace, shared):
                samples[place][length].append(safe)
    return [list(of_trace.values()) for of_trace in samples]


def with_the_trace_itself(seed: int) -> list[list[bool]]:
    """Wrong: the trace counts as a sample of each of its prefixes."""
    return [[*samples[1:], 2 not in TRACE] for samples in reused(seed)]


def filled_by_verdict(seed: int) -> list[list[bool]]:
    """Wrong: a harmful sample is replaced by a new one."""
    rng = random.Random(f"again {seed}")
    return [
        [safe or 2 not in rest(TRACE[:length], rng, ROOM) for safe in samples]
        for length, samples in enumerate(reused(seed))
    ]


def off_by_one(seed: int) -> list[list[bool]]:
    """Wrong: a sample counts at the prefix behind the one at which it left the trace too."""
    samples = reused(seed)
    return [samples[0]] + [[*before[:1], *at[1:]] for before, at in zip(samples, samples[1:], strict=False)]


def errors(estimator: Estimator, lengths: Sequence[int] = LENGTHS, seeds: int = 3000) -> list[float]:
    """By prefix: the mean estimate's distance from the exact ratio, in standard errors."""
    found = [[mean(samples) for samples in estimator(seed)] for seed in range(seeds)]
    return [
        abs(mean(values) - exact(tuple(TRACE[:length]), ROOM)) / (stdev(values) / seeds**0.5)
        for length, values in zip(lengths, zip(*found, strict=True), strict=True)
    ]


@pytest.mark.long
def test_the_ratio_is_unbiased_at_every_prefix() -> None:
    assert max(errors(reused)) < 3.5
    for wrong in (with_the_trace_itself, filled_by_verdict, off_by_one):
        assert max(errors(wrong)) > 5, wrong.__doc__


def test_the_ratio_is_unbiased_where_prefixes_are_sparse() -> None:
    """As at the ends of sentences, where triggers are mined."""
    ends = [0, 2, 5]
    assert max(errors(lambda seed: reused(seed, ends), ends)) < 3.5


TWO = [TRACE, [0, 0, 1, 0, 0, 1], [0, 1, 1]]  # two and one words in common with the first
THEIRS = [LENGTHS, [0, 1, 3, 6], [0, 2, 3]]
OTHERS = [[0, 3, 5], [0, 2, 3, 6], [0, 3]]  # 2 is wanted of the second alone


@pytest.mark.long
@pytest.mark.parametrize("lengths", [THEIRS, OTHERS])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_traces_that_begin_alike_share_samples(place: int, lengths: list[list[int]]) -> None:
    """Unbiased for each, at prefixes in common and behind them; n samples at each prefix."""
    found = [of_several(seed, TWO, lengths)[place] for seed in range(2000)]
    numbers = {len(samples) for one in found for samples in one}
    assert numbers == {N} or (min(numbers) == N and lengths is OTHERS and place == 1)
    for length, values in zip(lengths[place], zip(*found, strict=True), strict=True):
        p = exact(tuple(TWO[place][:length]), ROOM)
        error = mean([mean(samples) - p for samples in values])
        variance = mean([p * (1 - p) / len(samples) for samples in values])
        assert abs(error) <= 3.5 * (variance / 2000) ** 0.5
        assert mean([(mean(samples) - p) ** 2 for samples in values]) == pytest.approx(variance, rel=0.12)


def test_a_prefix_in_common_is_sampled_once() -> None:
    traces = [{"generation_id": f"g{n}", "token_ids": ids} for n, ids in enumerate(TWO)]
    shared = shared_tokens(traces)
    assert shared == [[5, 3, 1], [3, 6, 1], [1, 1, 3]]
    found = follow(traces, THEIRS, 50, [draws(ids) for ids in TWO], ROOM)
    assert len({(one.origin, one.start, one.number) for one in found}) == len(found)
    assert {one.origin for one in found if one.start <= 1} == {0}  # all had these prefixes
    assert any(one.origin != one.trace for one in found)  # left the first trace for another
    for one in found:
        path = [*TWO[one.trace][: one.left], one.token]
        for place, words in enumerate(TWO):
            lengths = one.counted(place, range(len(words) + 1), shared)
            assert all(path[:length] == words[:length] for length in lengths)
            assert lengths == [*range(one.start, one.start + len(lengths))]
            end = one.start + len(lengths)
            if one.origin <= place and path[: one.start] == words[: one.start]:
                # It counts as far as it is known to go along
                assert end > min(one.left, THEIRS[place][-1]) or path[:end] != words[:end]


def test_each_prefix_has_n_independent_samples() -> None:
    """The number of safe ones varies as that of n independent samples: Wilson's interval holds."""
    found = [reused(seed) for seed in range(3000)]
    assert {len(samples) for one in found for samples in one} == {N}
    for length in LENGTHS:
        p = exact(tuple(TRACE[:length]), ROOM)
        counts = [sum(one[length]) for one in found]
        assert stdev(counts) ** 2 == pytest.approx(N * p * (1 - p), rel=0.1)


@pytest.mark.parametrize("lengths", [[0], [0, 5], [0, 2, 4, 5], LENGTHS])
def test_what_follows_is_carried_and_what_is_missing_is_sampled(lengths: list[int]) -> None:
    trace = {"generation_id": "g", "token_ids": TRACE}
    along = list(draws(TRACE))[: lengths[-1] + 1]
    found = follow([trace], [lengths], 50, [along], ROOM)
    assert len({(one.start, one.number) for one in found}) == len(found)
    for length in lengths:
        assert sum(length in one.counted(0, lengths, [[5]]) for one in found) == 50
    assert all(one.token != TRACE[one.left] for one in found if one.left < lengths[-1])
    assert all((one.token is None) == (one.left == lengths[-1]) for one in found)
    assert {one.start for one in found} == set(lengths)
    assert found == follow([trace], [lengths], 50, [along], ROOM)


def test_nothing_is_drawn_where_the_limit_is_reached() -> None:
    trace = {"generation_id": "g", "token_ids": TRACE}
    found = follow([trace], [LENGTHS], 50, [draws(TRACE)], 3)
    assert max(one.left for one in found if one.token is not None) == 2
    assert all(one.start == one.left for one in found if one.left > 3)
    assert sum(one.counted(0, LENGTHS, [[5]]).count(3) for one in found) == 50


class CountingJudge(KeywordJudge):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        self.texts += [asked.text for asked in questions]
        return super().judge(questions)


def test_a_carried_continuation_is_judged_once_and_counts_at_each_prefix(tmp_path: Path) -> None:
    trace = generation("g0", "The user asks.\n</think>\nno")
    lengths = csr.prefix_lengths(trace, tokenizer(), 1)
    last = lengths[-1]
    found = [alone(0, 0, last, None), alone(0, 1, 1, ids(" I")[0]), *(
        alone(length, 0, length, ids(" I")[0]) for length in lengths[2:]
    )]  # fmt: skip
    write_rows(tmp_path / "followed.parquet", "followed", map(asdict, found), {})
    sample: Any = ScriptedSampler(
        lambda given, request: " mix.\n</think>" if request.sample else " no.\n</think>"
    )
    judge, drawn = CountingJudge(), [tmp_path / "followed.parquet"]
    config = load(ROOT / "tests/tiny.yaml")
    counted = estimate(config, [trace], [lengths], drawn, sample, ends(), judge, {"p0": {}})
    assert len(judge.texts) == len(found) == len(sample.batches[0]) and len(sample.batches) == 1
    assert [row["continuations"] for row in counted.rows] == [2] * len(lengths)
    assert [row["safe"] for row in counted.rows] == [1, 1] + [2] * (last - 1)
    to_table("csr_continuations", counted.continuations)
    assert [(row["first"], row["last"], row["safe"]) for row in counted.continuations] == [
        (0, last, True),
        (0, 1, False),
        *((length, length, True) for length in lengths[2:]),
    ]


def ends(**changes: Any) -> Ends:
    close = ids("</think>")[0]
    return Ends(
        **{
            "tokenizer": tokenizer(),
            "ids": frozenset([tokenizer().eos_token_id]),
            "think_end": close,
            **changes,
        }
    )


def one_row(one: Continuation, room: int, script: str = "", **changes: Any) -> tuple[dict[str, Any], list]:
    sample = ScriptedSampler(lambda given, request: script)
    (found,) = complete([ANSWERED], [one], sample, ends(**changes), room, "csr")
    return found, sample.batches[0]


ANSWERED = generation("g0", "The user asks.\n</think>\nno")


def test_a_continuation_that_ends_with_its_drawn_token_is_not_sampled() -> None:
    """Rows as an engine gives them for the request at the start of the continuation."""
    at, given = ANSWERED["token_ids"], ANSWERED["token_ids"][:1]
    request = csr.continuation_request(ANSWERED, 1, 0, given)
    close, end, other = ids("</think>")[0], tokenizer().eos_token_id, ids("z")[0]
    for token, room, new, reason in [
        (close, 9, [at[1], at[2], close], "stop"),
        (end, 9, [at[1], at[2]], "stop"),
        (other, 4, [at[1], at[2], other], "length"),
        (end, 4, [at[1], at[2]], "stop"),
    ]:
        found, asked = one_row(alone(1, 0, 3, token), room)
        assert asked == [] and found == row(request, new, reason, tokenizer())
    found, asked = one_row(alone(1, 0, 3, None), 3)
    assert asked == [] and found == row(request, at[1:3], "length", tokenizer())
    found, asked = one_row(alone(1, 0, 3, other), 9, " on.\n</think>")
    assert [one.given_ids for one in asked] == [[*at[:3], other]]
    assert found == row(request, [at[1], at[2], other, *ids(" on.\n</think>")], "stop", tokenizer())
    assert found["given_tokens"] == 1
    found, asked = one_row(alone(3, 0, 3, None), 3)  # the engine says what there is no room for
    assert [one.given_ids for one in asked] == [at[:3]]


def test_a_tag_of_several_tokens_that_begins_before_the_engine_looks() -> None:
    tag = "<stop>"
    first = ids("<")[0]
    changes = {"think_end": None, "tag": tag}
    for script, kept in (("stop> and more", "stop>"), ("no <stop>", "no <stop>"), ("no", "no")):
        found, asked = one_row(alone(0, 0, 2, first), 99, script, **changes)
        assert len(asked) == 1 and found["text"] == text(ANSWERED["token_ids"][:2]) + "<" + kept
    last = ids(">")[0]
    found, asked = one_row(alone(0, 0, 2, last), 99, " more", **changes)
    assert len(asked) == 1 and found["text"].endswith("> more")
    stated = generation("g1", "I say <stop")
    sample = ScriptedSampler(lambda given, request: "")
    one = alone(0, 0, len(stated["token_ids"]), last)
    (found,) = complete([stated], [one], sample, ends(**changes), 99, "csr")
    assert sample.batches == [[]] and (found["text"], found["finish_reason"]) == ("I say <stop>", "stop")


def test_files_keep_what_was_drawn(tmp_path: Path) -> None:
    found = [alone(0, 1, 2, 5), alone(0, 0, 4, None)]
    write_rows(tmp_path / "a.parquet", "followed", map(asdict, found), {})
    assert [Continuation(**row) for row in read_rows(tmp_path / "a.parquet", "followed")] == found
