"""How an endpoint is asked: side by side, retried, each question paid for once, faults reported apart, nothing secret shown."""

import sqlite3
import time
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.chat_models.reply_store import FILE, ReplyStore
from tests.support.misbehaving import KEY, Raw, ask, completion, endpoint, kept_replies, serve

NONSENSE = {
    "a page": "garbage",
    "half JSON": Raw(b'{"choices": [{"message": {"role": "assis'),
    "no text": Raw(b"\xff\xfe\x00\x80"),
    "endless brackets": Raw(b"[" * 200_000),
    "nothing": Raw(b""),
    "an empty object": Raw({}),
    "a list": Raw([1, 2]),
    "a number": Raw(7),
    "empty choices": Raw({"choices": []}),
    "null for choices": Raw({"choices": None}),
    "a number for choices": Raw({"choices": 5}),
    "a choice without a message": Raw({"choices": [{"index": 0}]}),
    "a number for a choice": Raw({"choices": [1]}),
    "a number for the content": Raw(completion(5)),
    "a page that is not said to be JSON": Raw(b"<html>", headers={"Content-Type": "text/html"}),
    "an encoding that it is not in": Raw(b"plain", headers={"Content-Encoding": "gzip"}),
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def kept(tmp_path: Path) -> list[tuple[str, str]]:
    return kept_replies(tmp_path / "cache")


def test_replies_keep_their_order_and_are_paid_for_once(tmp_path: Path):
    with serve(lambda question, _: f"re: {question}") as server:
        questions = [str(i) for i in range(20)]
        assert ask(endpoint(server, tmp_path), *questions, "0") == [f"re: {q}" for q in [*questions, "0"]]
        assert server.requests == 20
        assert (
            ask(endpoint(server, tmp_path), *questions) == [f"re: {q}" for q in questions]
            and server.requests == 20
        )
        for number, changes in enumerate(
            ({"max_tokens": 99}, {"temperature": 1}, {"model": "other"}), start=21
        ):
            ask(
                endpoint(server, tmp_path, **changes), "0"
            )  # another model or other parameters are another question
            assert server.requests == number


@pytest.mark.parametrize(
    "change",
    [
        "reply = 'no'",
        "reply = CAST(x'00ff' AS BLOB)",
        "finish_reason = 3",
        "model = 'other'",
        "checksum = ''",
        "checksum = x'00'",
    ],
)
def test_a_kept_reply_that_is_damaged_is_said_and_asked_again(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serve(lambda *_: "fine") as server:
        ask(endpoint(server, tmp_path), "0", "1")
        with sqlite3.connect(tmp_path / "cache" / FILE) as database:
            (key,) = database.execute("SELECT question FROM replies LIMIT 1").fetchone()
            database.execute(f"UPDATE replies SET {change} WHERE question = ?", (key,))
        assert ask(endpoint(server, tmp_path), "0", "1") == ["fine", "fine"] and server.requests == 3
        assert "test: 1 kept replies are damaged and asked again" in capsys.readouterr().err
        assert ask(endpoint(server, tmp_path), "0", "1") == ["fine", "fine"] and server.requests == 3


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + bytes(5000)])
def test_a_broken_file_of_replies_is_one_line_and_nothing_is_asked(content: bytes, tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / FILE).write_bytes(content)
    with serve(lambda *_: "fine") as server, pytest.raises(UserError, match="must be deleted") as caught:
        endpoint(server, tmp_path)
    assert FILE in str(caught.value) and len(str(caught.value).splitlines()) == 1 and server.requests == 0


def test_half_a_character_in_a_reply_is_kept_as_a_mark(tmp_path: Path):
    with serve(lambda *_: Raw(completion("a\ud800b"))) as server:
        assert ask(endpoint(server, tmp_path), "q") == ask(endpoint(server, tmp_path), "q") == ["a?b"]
        assert server.requests == 1


def test_many_replies_are_found_in_one_file_and_the_journal_is_one_that_network_file_systems_have(
    tmp_path: Path,
):
    store = ReplyStore(tmp_path, "e")
    digests = [f"{number:064x}" for number in range(1200)]
    for digest in digests[:7]:
        store.keep(digest, f"reply {digest[-1]}", "stop", "m")
    assert store.find(digests) == {digest: f"reply {digest[-1]}" for digest in digests[:7]}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    with sqlite3.connect(tmp_path / FILE) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_no_more_requests_are_under_way_than_allowed(tmp_path: Path):
    def slowly(*_: object) -> str:
        time.sleep(0.1)
        return "fine"

    with serve(slowly) as server:
        ask(endpoint(server, tmp_path, concurrency=3), *map(str, range(12)))
        assert server.requests == 12 and 2 <= server.most_under_way <= 3


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_no_reply_and_is_not_kept(answer: str | Raw, tmp_path: Path):
    with serve(lambda question, _: answer if question == "bad" else "fine") as server:
        chat = endpoint(server, tmp_path, retries=0)
        assert ask(chat, "good", "bad") == ["fine", None] and chat.asked["failed"] == 1
        assert len(kept(tmp_path)) == 1
        server.reply = lambda *_: "fine now"
        assert ask(endpoint(server, tmp_path), "bad") == ["fine now"]


@pytest.mark.parametrize(
    ("answer", "reply", "counted"),
    [
        (Raw(completion(None)), "", None),
        (Raw(completion("")), "", None),
        (Raw(completion(None, refusal="I can't read that.")), "", None),
        (Raw(completion(None, "content_filter")), "", "refused"),
        (Raw({"error": {"message": "filtered", "code": "content_filter"}}, 400), "", "refused"),
        (
            Raw({"error": {"message": "Content Exists Risk", "code": "invalid_request_error"}}, 400),
            "",
            "refused",
        ),
        (Raw(completion("The text is", "length")), "The text is", "cut_off"),
    ],
)
def test_an_answer_without_a_verdict_is_kept_and_never_asked_again(
    answer: Raw, reply: str, counted: str | None, tmp_path: Path
):
    with serve(lambda *_: answer) as server:
        chat = endpoint(server, tmp_path)
        assert ask(chat, "q") == [reply] and chat.asked["failed"] == 0
        assert [name for name in ("refused", "cut_off") if chat.asked[name]] == ([counted] if counted else [])
        assert ask(endpoint(server, tmp_path), "q") == [reply] and server.requests == 1
        reason = {"refused": "content_filter", "cut_off": "length"}.get(counted or "", "stop")
        assert kept(tmp_path) == [(reply, reason)]


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "too many tokens"},
        {"code": 400, "param": "input_tokens", "message": "maximum context length"},
    ],
)
def test_a_question_too_long_for_the_model_is_unscored_and_stops_nothing(error: dict, tmp_path: Path):
    with serve(lambda question, _: Raw({"error": error}, 400) if "long" in question else "fine") as server:
        assert ask(endpoint(server, tmp_path), *[f"long {i}" for i in range(12)]) == [None] * 12
        assert ask(endpoint(server, tmp_path), "long 0", "short") == [None, "fine"]
        assert server.tries["long 0"] == 2  # once a job, without retries


def test_one_refused_request_among_others_is_its_own_fault(tmp_path: Path):
    with serve(lambda question, _: 400 if question.startswith("odd") else "fine") as server:
        chat = endpoint(server, tmp_path, concurrency=1)
        assert ask(chat, "fine", *[f"odd {i}" for i in range(15)]) == ["fine", *[None] * 15]


@pytest.mark.parametrize(
    ("fault", "report"),
    [
        (401, "the key in TEST_KEY is refused"),
        (403, "the key in TEST_KEY is refused"),
        (404, "there is no model m"),
        (
            400,
            "the request is refused with status 400 (in words that repeat what was sent, so they are not shown)",
        ),
        (422, "the request is refused with status 422"),
        (402, "no money or quota left"),
        (
            Raw({"error": {"message": "You exceeded it", "code": "insufficient_quota"}}, 429),
            "no money or quota left",
        ),
    ],
)
def test_faults_of_the_account_stop_in_one_line_without_key_and_prompt(
    fault: int | Raw, report: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serve(lambda *_: fault) as server, pytest.raises(UserError) as caught:
        ask(endpoint(server, tmp_path, retries=0), "how is the lantern made?")
    message = str(caught.value)
    assert (
        report in message
        and message.startswith("endpoints.judge: ")
        and message.endswith("1 of the 1 questions of test are still to ask")
    )
    shown = message + "".join(capsys.readouterr())
    assert KEY not in shown and "lantern" not in shown and "\n" not in message


def test_the_words_of_a_refusal_are_shown_where_they_repeat_nothing(tmp_path: Path):
    said = Raw({"error": {"message": "max_tokens must be at least 1\nand more", "code": 400}}, 400)
    with (
        serve(lambda *_: said) as server,
        pytest.raises(
            UserError,
            match=r"status 400 \(.*max_tokens must be at least 1.*fix the settings of endpoints.judge",
        ),
    ):
        ask(endpoint(server, tmp_path), "how is the lantern made?")


@pytest.mark.parametrize(
    ("fault", "report"),
    [
        (429, "status 429, too many requests: lower endpoints.judge.concurrency"),
        (503, "status 503: look after the server"),
        ("drop", "a connection that broke: look after the server"),
        ("garbage", "an answer that is no chat completion: look at what answers there"),
    ],
)
def test_a_storm_stops_the_job_and_leaves_the_rest_unasked(fault: str | int, report: str, tmp_path: Path):
    with serve(lambda question, _: "fine" if int(question) < 5 else fault) as server:
        with pytest.raises(
            UserError, match="10 requests in a row without a reply, after 0 retries each"
        ) as caught:
            ask(endpoint(server, tmp_path, retries=0), *map(str, range(60)))
        assert report in str(caught.value) and "55 of the 60 questions of test are still to ask" in str(
            caught.value
        )
        assert len(kept(tmp_path)) == 5 and server.requests < 40
        server.reply = lambda *_: "fine"
        assert ask(endpoint(server, tmp_path), *map(str, range(60))) == ["fine"] * 60


def test_what_was_paid_for_survives_a_stop_in_the_middle(tmp_path: Path):
    with serve(lambda question, _: 401 if question == "19" else "fine") as server:
        with pytest.raises(UserError):
            ask(endpoint(server, tmp_path, concurrency=1), *[str(i) for i in range(20)])
        assert len(kept(tmp_path)) == 19


def test_a_missing_key_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TEST_KEY")
    with serve(lambda *_: "x") as server, pytest.raises(UserError, match="TEST_KEY is not set"):
        endpoint(server, tmp_path)
