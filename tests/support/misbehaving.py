"""An OpenAI-compatible server on loopback that behaves as it is set, well or badly, and keeps what it saw."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.sampling.chat_models.endpoint import EndpointChat
from safe_reasoning.sampling.chat_models.reply_store import FILE, ReplyStore

KEY = "sk-a-secret-key"
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}  # of every ordinary answer


class Raw(NamedTuple):
    """An answer byte by byte."""

    body: bytes | dict | list | int | str = b""
    status: int = 200
    headers: dict[str, str] = {}
    sent: float = 1.0  # the share of the body that is sent before the connection is dropped
    every: float = 0.0  # seconds between two pieces of it


def completion(content: object, finish_reason: str = "stop", **message: object) -> dict:
    """The body of an ordinary answer."""
    choice = {
        "message": {"role": "assistant", "content": content, **message},
        "index": 0,
        "finish_reason": finish_reason,
    }
    return {"choices": [choice], "usage": USAGE}


Reply = Callable[[str, int], str | int | Raw]


class Server:
    """Answers by `reply(question, number of the try)`: a text, a status code whose words repeat the question and the key, "hang", "drop", "garbage", "half", or `Raw`."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.lock, self.address = reply, threading.Lock(), ""
        self.tries: dict[str, int] = {}
        self.times: list[float] = []
        self.answered: list[str] = []  # questions that got a whole reply
        self.under_way = self.most_under_way = 0
        self.stop: Callable[[], None] = lambda: None

    @property
    def requests(self) -> int:
        return sum(self.tries.values())


def raw(answer: str | int | Raw, question: str, key: str) -> Raw:
    """The answer as bytes, status and headers."""
    match answer:
        case Raw():
            return answer
        case int():
            report = f"no: '{question}' by {key}"
            return Raw({"error": {"message": report, "code": "no"}}, answer)
        case "garbage":
            return Raw(b"<html>not json</html>")
        case "half":
            return Raw(completion("half"), sent=0.5)
    return Raw(completion(answer))


@contextmanager
def serve(reply: Reply, port: int = 0) -> Iterator[Server]:
    """A server for the length of a `with` block."""
    server = Server(reply)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1][
                "content"
            ]
            with server.lock:
                server.tries[question] = server.tries.get(question, 0) + 1
                number = server.tries[question]
                server.times.append(time.monotonic())
                server.under_way += 1
                server.most_under_way = max(server.most_under_way, server.under_way)
            answer = server.reply(question, number)
            with server.lock:
                server.under_way -= 1
            if answer == "hang":
                time.sleep(3)
            if answer not in ("drop", "hang"):
                self.answer(raw(answer, question, self.headers["Authorization"]))
                if isinstance(answer, str) and answer not in ("garbage", "half"):
                    with server.lock:
                        server.answered.append(question)

        def answer(self, answer: Raw) -> None:
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            headers = {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Retry-After-Ms": "10",
                **answer.headers,
            }
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            body = body[: round(answer.sent * len(body))]
            if not answer.every:
                self.wfile.write(body)
                return
            for start in range(len(body)):
                self.wfile.write(body[start : start + 1])
                self.wfile.flush()
                time.sleep(answer.every)

    http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    server.address = f"http://127.0.0.1:{http.server_address[1]}/v1"

    def stop() -> None:
        http.shutdown()
        http.server_close()

    server.stop = stop
    try:
        yield server
    finally:
        stop()


def endpoint(server: Server, folder: Path, **changes: object) -> EndpointChat:
    """The client under test, which keeps its replies in `folder`. The variable TEST_KEY must hold the key."""
    settings = {
        "base_url": server.address,
        "model": "m",
        "key_variable": "TEST_KEY",
        "retries": 2,
        "timeout_seconds": 20,
        "concurrency": 4,
        **changes,
    }
    return EndpointChat("judge", Endpoint.model_validate(settings), folder / "cache")


def ask(chat: EndpointChat, *questions: str) -> list[str | None]:
    """The replies to these questions, each a conversation of one message."""
    return chat.replies([[{"role": "user", "content": question}] for question in questions], "test")


def kept_replies(cache: Path) -> list[tuple[str, str]]:
    """Reply and reason of its end of all that an endpoint's folder keeps, also while jobs write there."""
    if not cache.exists():
        return []
    ReplyStore(cache, "judge")  # which makes the table
    with closing(sqlite3.connect(cache / FILE, timeout=60)) as database:
        return database.execute("SELECT reply, finish_reason FROM replies").fetchall()
