"""The cap on what a run spends at an endpoint: never passed, shared by jobs, and none the wiser for a kill."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan.endpoints import expected
from safe_reasoning.plan.estimate import plan
from safe_reasoning.sampling.chat_models.budget import Budget, BudgetReached, Spending
from tests.support.misbehaving import KEY, Raw, ask, completion, endpoint, kept_replies, serve
from tests.support.paths import ROOT

QUESTIONS = [str(number) for number in range(40)]
USED = 12  # tokens of an answer of the server in tests.misbehaving
PRICES = {"price_in": 1000, "price_out": 10_000}  # an answer costs 0.03 USD


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def replies(folder: Path) -> int:
    return len(kept_replies(folder / "cache"))


def spent(folder: Path) -> Spending:
    return Budget(folder / "cache/spent.sqlite", "judge", Endpoint(model="m")).spent()


def test_the_cap_stops_in_one_line_and_a_higher_one_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serve(lambda *_: "fine") as server:
        with pytest.raises(UserError) as caught:
            ask(endpoint(server, tmp_path, budget={"requests": 12}), *QUESTIONS)
        assert server.requests == replies(tmp_path) == 12
        assert str(caught.value) == (
            "endpoints.judge.budget.requests: 12 would be passed, the run has spent 12 requests, 120 tokens in, 24 out; "
            "28 of the 40 questions of test are still to ask: raise it and run again, it goes on from the replies it has"
        )
        assert (
            "asking m 40 times (about 17 tokens in, at most 640 out), 0 replies were there"
            in capsys.readouterr().err
        )  # before the first request
        with pytest.raises(UserError, match="28 of the 28 questions"):
            ask(endpoint(server, tmp_path, budget={"requests": 12}, **PRICES), *QUESTIONS)
        assert server.requests == 12  # and not one more
        message = capsys.readouterr().err
        assert (
            "asking m 28 times (about 14 tokens in, at most 448 out, 4.49 USD), 12 replies were there"
            in message
        )
        assert "spent at judge so far in this run: 12 requests, 120 tokens in, 24 out, 0.36 USD" in message
        assert ask(endpoint(server, tmp_path, budget={"requests": 40}), *QUESTIONS) == ["fine"] * 40
        assert server.requests == 40 and max(server.tries.values()) == 1
        assert (
            ask(endpoint(server, tmp_path, budget={"requests": 1}), *QUESTIONS) == ["fine"] * 40
        )  # what was paid for costs nothing


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({"budget": {"tokens": 1000}}, 1000 / USED),
        ({"budget": {"usd": 2}, **PRICES}, 2 / 0.03),
        ({"budget": {"tokens": 100, "requests": 99}}, 0),
    ],
)
def test_tokens_and_money_are_never_passed_and_almost_used_up(changes: dict, most: float, tmp_path: Path):
    """A request holds the most it can cost (its bytes and max_tokens) only while it is under way."""
    with serve(lambda *_: "fine") as server:
        with pytest.raises(UserError, match="would be passed"):
            ask(endpoint(server, tmp_path, **changes), *map(str, range(200)))
        assert server.requests == replies(tmp_path) <= most
        assert server.requests >= most - 20


def test_what_may_have_been_paid_for_is_counted_and_what_was_refused_is_not(tmp_path: Path):
    with serve(
        lambda question, number: (
            {"0": "half", "1": 429, "2": "garbage", "3": 503, "4": "drop"}[question]
            if number == 1
            else "fine"
        )
    ) as server:
        chat = endpoint(server, tmp_path, max_tokens=50)
        assert ask(chat, *"01234") == ["fine", "fine", None, "fine", "fine"]
        requests, prompt, reply = spent(tmp_path)
        assert (
            requests == 4 + 3
        )  # four replies; a half one, a page and a dropped connection, which may have been paid for
        assert reply == 4 * 2 + 3 * 50 and 4 * 10 + 3 * 50 < prompt < 4 * 10 + 3 * 300


@pytest.mark.parametrize(
    "usage",
    [
        None,
        7,
        {"prompt_tokens": -5, "completion_tokens": 1},
        {"prompt_tokens": "x", "completion_tokens": 1},
        {"prompt_tokens": 1},
    ],
)
def test_an_answer_that_does_not_say_what_it_used_counts_at_the_most(usage: object, tmp_path: Path):
    with serve(lambda *_: Raw({**completion("fine"), "usage": usage})) as server:
        assert ask(endpoint(server, tmp_path), "q") == ["fine"]
    requests, prompt, reply = spent(tmp_path)
    assert requests == 1 and prompt > 50 and reply == 16


def test_a_server_that_is_away_costs_nothing(tmp_path: Path):
    with serve(lambda *_: "fine") as server:
        pass
    with pytest.raises(UserError, match="can't be reached"):
        ask(endpoint(server, tmp_path, retries=0), "q")
    assert spent(tmp_path) == (0, 0, 0)


def test_a_broken_count_is_one_line_and_nothing_is_asked(tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/spent.sqlite").write_bytes(b"no database" * 500)
    with (
        serve(lambda *_: "fine") as server,
        pytest.raises(UserError, match="spent.sqlite, where the spending at endpoints.judge is counted"),
    ):
        endpoint(server, tmp_path)
    assert server.requests == 0


def test_a_request_waits_for_those_under_way_and_no_longer(tmp_path: Path):
    budget = Budget(tmp_path / "spent.sqlite", "e", Endpoint(model="m", budget={"tokens": 100}))
    other = Budget(tmp_path / "spent.sqlite", "e", Endpoint(model="m", budget={"tokens": 100}))
    ticket = budget.reserve(60, 20)
    with pytest.raises(BudgetReached, match="80 tokens in|60 tokens in, 20 out"):
        other.reserve(30, 0)  # another process does not wait for what it can't see the end of
    threading.Timer(0.2, budget.settle, (ticket, (10, 5))).start()
    before = time.monotonic()
    assert budget.reserve(30, 0) and time.monotonic() - before >= 0.15
    with pytest.raises(BudgetReached):
        other.reserve(1, 0)  # once stopped, stopped
    with sqlite3.connect(tmp_path / "spent.sqlite") as database:
        assert database.execute("SELECT * FROM spent").fetchall() == [(1, 10, 5)]


def tiny(**settings: object) -> dict:
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    judge = {"evaluate": {**raw["evaluate"], "judge": "j"}, "judges": {"j": {"kind": "rubric", "chat": "e"}}}
    return raw | judge | {"endpoints": {"e": {"model": "m", **settings}}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": {}}, "an empty budget caps nothing"),
        ({"budget": {"usd": 5}}, "budget.usd needs prices"),
        ({"budget": {"requests": 0}}, "endpoints.e.budget.requests"),
        ({"budget": {"euro": 5}}, "endpoints.e.budget.euro"),
    ],
)
def test_faults_of_a_budget_name_their_key(settings: dict, message: str):
    with pytest.raises(UserError, match=message):
        validate(tiny(**settings), "test")


def test_the_plan_says_what_an_endpoint_will_cost_and_whether_its_budget_is_enough():
    def line(**settings: object) -> str:
        config = validate(tiny(**settings), "test")
        (message,) = expected(config, plan(config))
        return message

    assert line().startswith("endpoint e (m): at most ") and line().endswith("; no budget")
    assert line(budget={"requests": 10**9, "tokens": 10**12}).endswith(
        "; budget 1,000,000,000 requests, 1,000,000,000,000 tokens"
    )
    assert "budget 3 requests: may not be enough" in line(budget={"requests": 3})
    assert "USD; budget 0.01 USD: may not be enough" in line(price_in=5, price_out=5, budget={"usd": 0.01})
