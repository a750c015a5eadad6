"""The endpoint client against a real vLLM server on loopback: the demo's way of a job, judge_generations, with a model of random weights behind it."""

import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import read_rows, write_rows
from tests.support.misbehaving import KEY, kept_replies
from tests.support.paths import ROOT

GENERATIONS = 20
QUESTIONS = 2 * GENERATIONS  # reasoning and response apart
CONCURRENCY = 3
ON_CPU = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
    "TORCH_COMPILE_DISABLE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "1",  # the server needs it; tests of the engine in this process turn it off
}


class Relay(socketserver.ThreadingTCPServer):
    """Hands bytes on to the server and keeps what it was asked: from the client's side it is the server, and it can go and come back in no time. After `limit` requests it holds the next ones back, so that a test which stops a job in the middle does not depend on how fast the machine is."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, port: int, to: int, limit: int | None = None) -> None:
        self.to, self.sent, self.open, self.limit = to, defaultdict[object, bytearray](bytearray), [], limit
        self.keeping, self.gone = threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", port), Pipe)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def asked(self) -> Counter[bytes]:
        """How often each request was sent, by its body. One that a kill cut short in the middle does not count."""
        parts = [
            part.partition(b"\r\n\r\n")
            for sent in list(self.sent.values())
            for part in bytes(sent).split(b"POST /v1/chat/completions")[1:]
        ]
        length = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
        return Counter(
            body for head, _, body in parts if (says := length.search(head)) and len(body) == int(says[1])
        )

    def keep(self, source: object, data: bytes) -> bool:
        """Keep what the client sent on a connection; whether it may go on to the server."""
        with self.keeping:
            self.sent[source] += data
            return self.limit is None or self.asked().total() <= self.limit

    def leave(self) -> None:
        """Stop listening and break every connection, as a killed server does."""
        self.gone.set()
        self.shutdown()
        self.server_close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Pipe(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.to)) as server:
            self.server.open += [self.request, server]
            back = threading.Thread(target=self.copy, args=(server, self.request), daemon=True)
            back.start()
            self.copy(self.request, server, asks=True)
            back.join()

    def copy(self, source: socket.socket, target: socket.socket, asks: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asks and not self.server.keep(source, data):
                    self.server.gone.wait()
                    return
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def vllm(
    tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, subprocess.Popen]]:
    """Port and process of the server. The program `vllm serve` starts the same; in our CPU environment it does not find its own package by name."""
    port, log = free_port(), tmp_path_factory.mktemp("vllm") / "log"
    settings = {
        "host": "127.0.0.1",
        "port": port,
        "served-model-name": "m",
        "dtype": "float32",
        "max-model-len": 4096,
        "generation-config": "vllm",
    }
    options = [f"--{key}={value}" for key, value in settings.items()]
    options += [
        "--enforce-eager",
        "--no-enable-chunked-prefill",
        "--max-num-batched-tokens=16384",
        '--hf-overrides={"max_position_embeddings": 4096}',
    ]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", f"--model={tiny_model}", *options]
    environment = {**os.environ, **ON_CPU, "VLLM_API_KEY": KEY}
    with open(log, "wb") as handle:
        process = subprocess.Popen(
            command, env=environment, stdout=handle, stderr=handle, start_new_session=True
        )
    try:
        for _ in range(600):
            if process.poll() is not None:
                break
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                break
            time.sleep(0.2)
        assert process.poll() is None, log.read_text()[-3000:]
        yield port, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Run:
    """A folder with rows to judge, and the job that judges them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        common = {"prompt_set": "s", "sample": 0}
        prompts = [
            {
                "prompt_id": f"s-{i}",
                "prompt_set": "s",
                "role": "safety",
                "category": "",
                "text": f"request {i}",
                "request": f"request {i}",
                "gold": "",
            }
            for i in range(GENERATIONS)
        ]
        made = {
            "seed": 0,
            "prompt_token_ids": [1],
            "given_tokens": 0,
            "token_ids": [2],
            "finish_reason": "stop",
        }
        rows = [
            {
                **common,
                **made,
                "generation_id": f"s-{i}.0",
                "prompt_id": f"s-{i}",
                "text": f"Okay, lantern {i}.\n</think>\nStep {i}.",
            }
            for i in range(GENERATIONS)
        ]
        write_rows(folder / "prompts.parquet", "prompts", prompts, {})
        write_rows(folder / "generations.parquet", "generations", rows, {})

    def start(self, **endpoint: object) -> subprocess.Popen[str]:
        raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
        address = f"http://127.0.0.1:{self.port}/v1"
        settings = {
            "base_url": address,
            "model": "m",
            "key_variable": "TEST_KEY",
            "concurrency": CONCURRENCY,
            "retries": 1,
            **endpoint,
        }
        raw |= {
            "run": "served",
            "endpoints": {"e": settings},
            "judges": {"j": {"kind": "rubric", "chat": "e"}},
        }
        (self.folder / "config.yaml").write_text(yaml.safe_dump(raw))
        files = [
            "--generations",
            "generations.parquet",
            "--prompts",
            "prompts.parquet",
            "--out",
            "verdicts.parquet",
        ]
        command = [
            sys.executable,
            str(ROOT / "scripts/judge_generations.py"),
            "--config",
            "config.yaml",
            "--judge",
            "j",
            *files,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TEST_KEY": KEY, "OPENAI_LOG": "debug"}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, job: subprocess.Popen[str], code: int) -> str:
        """The line of the error, or nothing; the key is nowhere."""
        out, err = job.communicate(timeout=120)
        assert job.returncode == code and "Traceback" not in err, err[-3000:]
        assert KEY not in out + err and not [
            path for path in self.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
        ]
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) == (code != 0)
        return errors[0] if errors else ""

    @property
    def replies(self) -> int:
        return len(kept_replies(self.folder / "results/served/replies/e"))

    def wait_for_replies(self, count: int, job: subprocess.Popen[str]) -> None:
        while self.replies < count:
            assert job.poll() is None, job.communicate()
            time.sleep(0.005)

    @property
    def verdicts(self) -> list[dict]:
        return read_rows(self.folder / "verdicts.parquet", "verdicts")


def test_kills_caps_and_absences_cost_nothing_twice(vllm: tuple[int, subprocess.Popen], tmp_path: Path):
    port, process = vllm
    relay = Relay(0, port, limit=8)
    run = Run(tmp_path, relay.port)

    job = run.start()
    run.wait_for_replies(5, job)
    job.kill()
    job.communicate()
    had, seen = run.replies, relay.asked().total()
    assert 5 <= had <= seen <= had + CONCURRENCY  # what was under way is lost, and no more
    relay.limit = None

    # The cap counts what the killed job has spent.
    error = run.end(run.start(budget={"requests": 18}), 1)
    assert "endpoints.e.budget.requests: 18 would be passed, the run has spent 18 requests" in error
    assert (
        f"{QUESTIONS - run.replies} of the {QUESTIONS - had} questions of j are still to ask: raise it and run again"
        in error
    )
    assert relay.asked().total() <= 18 and run.replies >= 18 - CONCURRENCY

    # The server goes away in the middle, and comes back.
    before, relay.limit = run.replies, relay.asked().total() + 8
    job = run.start()
    run.wait_for_replies(before + 4, job)
    relay.leave()
    error = run.end(job, 1)
    assert (
        f"endpoints.e: http://127.0.0.1:{relay.port}/v1/ can't be reached" in error
        and "then run again" in error
    )
    assert not (tmp_path / "verdicts.parquet").exists()
    had, again = run.replies, Relay(relay.port, port)
    run.end(run.start(), 0)
    assert again.asked().total() == QUESTIONS - had  # what was there was not asked for
    asked = relay.asked() + again.asked()
    assert (
        len(asked) == QUESTIONS == run.replies and asked.total() <= QUESTIONS + 2 * CONCURRENCY + 1
    )  # those under way at the kill and at the absence
    first = run.verdicts
    counted = read_meta(tmp_path / "verdicts.parquet")["asked"]
    assert (
        counted["requests"] == QUESTIONS - had
        and counted["failed"] == 0
        and counted["prompt_tokens"] > 400 * counted["requests"]
    )

    # Without any server, the same verdicts from what was kept.
    os.killpg(process.pid, signal.SIGKILL)
    again.leave()
    (tmp_path / "verdicts.parquet").unlink()
    run.end(run.start(budget={"requests": 1}), 0)
    assert run.verdicts == first and len(first) == QUESTIONS
    assert read_meta(tmp_path / "verdicts.parquet")["asked"]["requests"] == 0
