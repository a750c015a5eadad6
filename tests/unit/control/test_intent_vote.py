"""The vote over structured intents: equal to an online vote by enumeration, and what it keeps."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from types import SimpleNamespace
from typing import Any

import pytest

from safe_reasoning.config import validate
from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Row
from safe_reasoning.control.paths import run_paths
from safe_reasoning.control.policies import intent_vote
from safe_reasoning.control.policy import continuations_of, settings_of
from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import PROMPT_IDS, ScriptedSampler, tokenizer
from tests.support.markov import END, probabilities
from tests.support.paths import TINY
from tests.unit.control.test_controller import ASKED, LIMIT, Tokenizer, Watch, completions, row_of

NO, YES, NONE = (
    "There is no strategy. It says that it is restricted.\n</think>\nno",
    "There is no strategy. It says that it is free. So I mix.\n</think>\nyes",
    "Hm.\n</think>\nyes",
)


class Majority(Watch):
    """On the toy model: the first of the words a and b is a path's verdict; the majority is kept."""

    paths = 3

    def vote(self, rows: Sequence[Row]) -> tuple[int, str]:
        votes = [verdict(list(row["token_ids"])) for row in rows]
        won = max((0, 1), key=votes.count)
        return (votes.index(won), "vote") if won in votes else (0, "none")


def verdict(words: Sequence[int]) -> int | None:
    return next((word for word in words if word in (0, 1)), None)


def analyses(words: list[int]) -> list[tuple[tuple[int, ...], float]]:
    """Every beginning up to its verdict, or the whole where it has none, with its probability."""
    if verdict(words) is not None or END in words or len(words) >= LIMIT:
        return [(tuple(words), 1.0)]
    return [
        (end, share * rest)
        for word, share in enumerate(probabilities(words))
        for end, rest in analyses([*words, word])
    ]


def test_vote_over_whole_completions_equals_one_over_analyses():
    """Online: three analyses are sampled up to their verdict, one is kept, and only that goes on."""
    policy = Majority((9,), 0, (), 0)
    online: dict[tuple[int, ...], float] = defaultdict(float)
    for group in product(analyses([]), repeat=3):
        place, _ = policy.vote([{"token_ids": words} for words, _ in group])
        for whole, rest in completions(group[place][0], LIMIT):
            online[tuple(whole)] += prod(share for _, share in group) * rest
    ours: dict[tuple[int, ...], float] = defaultdict(float)
    for paths in product(list(completions([], LIMIT)), repeat=3):
        script = iter([words for words, _ in paths])
        (done,) = run_paths(
            lambda requests, label, script=script: [row_of(each, next(script)) for each in requests],
            Tokenizer(),
            policy,
            [ASKED],
            LIMIT,
        )
        ours[tuple(done.row["token_ids"])] += prod(share for _, share in paths)
    assert abs(sum(ours.values()) - 1) < 1e-12 and ours.keys() == online.keys() and len(ours) > 10
    assert all(abs(ours[words] - online[words]) < 1e-12 for words in ours)


def test_vote_that_reads_behind_the_verdict_is_not_equal():
    """The check can fail: this one keeps the path that ends best."""

    class Hindsight(Majority):
        def vote(self, rows: Sequence[Row]) -> tuple[int, str]:
            return max(range(len(rows)), key=lambda n: list(rows[n]["token_ids"])[-1:]), "end"

    one = {tuple(words): share for words, share in completions([], LIMIT)}
    ours: dict[tuple[int, ...], float] = defaultdict(float)
    for paths in product(list(completions([], LIMIT)), repeat=3):
        place, _ = Hindsight((9,), 0, (), 0).vote([{"token_ids": words} for words, _ in paths])
        ours[tuple(paths[place][0])] += prod(share for _, share in paths)
    assert max(abs(ours[words] - one[words]) for words in one) > 0.001


def run(script: Callable[[str, Request], str], **settings: Any) -> tuple[Any, ScriptedSampler]:
    sample = ScriptedSampler(script)
    given = intent_vote.Settings(kind="intent_vote", **settings)
    policy = intent_vote.open_policy(SimpleNamespace(settings=given, tokenizer=tokenizer()))
    request = Request("p.0", "p", "set", 0, 7, list(PROMPT_IDS))
    (done,) = run_paths(sample, tokenizer(), policy, [request], 200)
    return done, sample


def by_path(*texts: str) -> Callable[[str, Request], str]:
    """What the paths of a request say, in their order."""

    def say(given: str, request: Request) -> str:
        return texts[int(request.generation_id.partition("/path")[2] or 0)]

    return say


@pytest.mark.parametrize(
    ("texts", "kept", "reasons"),
    [
        ((YES, NO, NO), NO, ["2 of 3 restricted"]),
        ((NO, YES, NO), NO, []),
        ((NO, YES, YES), YES, ["2 of 3 free"]),
        ((NONE, YES, NO), NO, ["1 of 3 restricted"]),  # a tie is decided with care
        ((NONE, NONE, YES), YES, ["1 of 3 free"]),
        ((NONE, NONE, NONE), NONE, []),
    ],
)
def test_first_path_with_the_majority_verdict_is_kept(texts: tuple, kept: str, reasons: list[str]):
    done, sample = run(by_path(*texts), analyses=3)
    assert done.row["text"] == kept and done.without["text"] == kept
    assert (done.row["generation_id"], done.row["seed"]) == ("p.0", 7) == (done.log["generation_id"], 7)
    assert done.log["reasons"] == reasons and done.log["edits"] == len(reasons)
    assert done.log["sampled_tokens"] == sum(len(row["token_ids"]) for row in sample(sample.batches[0], ""))
    assert len({request.seed for request in sample.batches[0]}) == 3


def test_one_analysis_is_no_vote():
    done, sample = run(by_path(YES, NO, NO), analyses=1)
    assert done.row["text"] == YES and done.log["edits"] == 0 and len(sample.batches[0]) == 1
    assert sample.batches[0][0].seed == 7 and sample.batches[0][0].generation_id == "p.0"


def test_fields_are_put_behind_the_sentences_that_complete_them_and_a_refusal_closes():
    def say(given: str, request: Request) -> str:
        if "</think>" in given:
            return "no"
        if given.endswith("is:"):
            return " it is restricted. But I will mix.\n</think>\nyes"
        return " none. Then I mix.\n</think>\nyes"

    done, _ = run(say, analyses=1, fields=["Strategy:", "Wanted:", "The rule is:"], stop=True)
    assert done.row["text"] == ("Strategy: none. Wanted: none. The rule is: it is restricted. \n</think>\nno")
    assert done.log["edits"] == 3 and done.log["reasons"] == ["opening", "field 2", "field 3", "restricted"]
    assert "Wanted" not in done.without["text"] and done.without["text"].count("</think>") == 1


def test_an_even_number_of_analyses_is_refused_in_one_line():
    import yaml

    raw = yaml.safe_load(TINY.read_text())
    config = validate(raw | {"policies": {"vote": {"kind": "intent_vote", "analyses": 4}}}, "tiny")
    with pytest.raises(UserError, match="give an odd number") as found:
        settings_of(config, "vote")
    assert "\n" not in str(found.value)


def test_plan_counts_all_paths_with_their_edits():
    import yaml

    raw = yaml.safe_load(TINY.read_text())
    vote: dict[str, PolicySettings | Any] = {"kind": "intent_vote", "analyses": 3, "fields": ["a", "b"]}
    config = validate(raw | {"policies": {**raw["policies"], "vote": vote}}, "tiny")
    assert continuations_of(config, "vote") == 3 * (1 + 1) - 1
