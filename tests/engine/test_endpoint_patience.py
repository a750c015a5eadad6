"""The endpoint client's patience: hangs, storms, servers that go away; in real seconds."""

import threading
import time
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from tests.support.misbehaving import KEY, Raw, ask, endpoint, kept_replies, serve

PASSING = [429, 500, 503, "drop", "half", "hang"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def kept(tmp_path: Path) -> list[tuple[str, str]]:
    return kept_replies(tmp_path / "cache")


def patience(fault: object) -> dict[str, float]:
    """A short time-out where one is waited for, a long one where a busy machine may be slow."""
    return {"timeout_seconds": 1 if fault == "hang" else 20}


@pytest.mark.parametrize("fault", PASSING)
def test_passing_faults_are_tried_again(fault: str | int, tmp_path: Path):
    with serve(lambda _, number: fault if number < 3 else "fine") as server:
        assert ask(endpoint(server, tmp_path, **patience(fault)), "q") == ["fine"] and server.requests == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_request_that_never_succeeds_is_told_and_asked_again_by_the_next_job(
    fault: str | int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serve(lambda question, _: fault if question == "bad" else "fine") as server:
        chat = endpoint(server, tmp_path, retries=1, **patience(fault))
        assert (
            ask(chat, "good", "bad") == ["fine", None]
            and chat.asked["failed"] == 1
            and server.tries["bad"] == 2
        )
        report = capsys.readouterr().err
        assert (
            "1 of 2 requests failed after 1 retries" in report
            and ": 1): unscored" in report
            and "remove what this job writes and run again" in report
        )
        server.reply = lambda *_: "fine now"
        assert ask(endpoint(server, tmp_path), "good", "bad") == ["fine", "fine now"]


@pytest.mark.parametrize(
    ("headers", "least"), [({"Retry-After": "1", "Retry-After-Ms": ""}, 1.0), ({"Retry-After-Ms": ""}, 0.37)]
)
def test_a_storm_is_waited_out_as_the_server_says_or_longer_each_time(
    headers: dict, least: float, tmp_path: Path
):
    with serve(lambda _, number: Raw({}, 429, headers) if number < 3 else "fine") as server:
        assert ask(endpoint(server, tmp_path), "q") == ["fine"]
        first, second = (
            after - before for before, after in zip(server.times, server.times[1:], strict=False)
        )
        assert first >= least and second >= (least if "Retry-After" in headers else 2 * least)


def test_a_time_out_is_of_silence_so_a_server_that_keeps_the_line_open_is_waited_for(tmp_path: Path):
    # Some providers send empty lines while a request waits for its turn.
    waiting = Raw(b" " * 8 + b'{"choices":[{"index":0,"message":{"content":"fine"}}]}', every=0.03)
    with serve(lambda *_: waiting) as server:
        assert ask(endpoint(server, tmp_path, timeout_seconds=1, retries=0), "q") == ["fine"]
        assert time.monotonic() - server.times[0] > 1


def test_a_server_that_goes_away_is_named_and_the_job_goes_on_when_it_is_back(tmp_path: Path):
    questions = [str(i) for i in range(60)]
    gone = threading.Event()

    def reply(*_: object) -> str:
        if server.requests == 20:
            gone.set()
        time.sleep(0.02)
        return "fine"

    with serve(reply) as server:
        address = server.address

        def leave() -> None:
            gone.wait()
            server.stop()

        threading.Thread(target=leave).start()
        with pytest.raises(UserError) as caught:
            ask(endpoint(server, tmp_path, retries=1), *questions)
    before = len(kept(tmp_path))
    assert (
        f"{address}/ can't be reached" in str(caught.value)
        and "then run again" in str(caught.value)
        and "\n" not in str(caught.value)
    )
    assert (
        f"{60 - before} of the 60 questions of test are still to ask" in str(caught.value)
        and 20 <= before < 60
    )
    with serve(lambda *_: "fine", port=int(address.split(":")[2].split("/")[0])) as again:
        assert ask(endpoint(again, tmp_path), *questions) == ["fine"] * 60 and again.requests == 60 - before
