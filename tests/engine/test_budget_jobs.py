"""Budgets over processes: a killed job stays counted, jobs side by side share one cap."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.sampling.chat_models.budget import Budget, Spending
from tests.support.misbehaving import KEY, kept_replies, serve
from tests.support.paths import ROOT

QUESTIONS = [str(number) for number in range(40)]
# One job: address, folder, requests of the budget (0: none), questions.
JOB = """
import sys
from pathlib import Path
from safe_reasoning.core.cli import command
from tests.support.misbehaving import Server, ask, endpoint

@command
def main():
    server = Server(None)
    server.address, folder, cap, *questions = sys.argv[1:]
    more = {"budget": {"requests": int(cap)}} if int(cap) else {}
    print(ask(endpoint(server, Path(folder), timeout_seconds=20, **more), *questions).count("fine"), "replies")

main()
"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def start(address: str, folder: Path, cap: int, questions: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", JOB, address, str(folder), str(cap), *questions]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def replies(folder: Path) -> int:
    return len(kept_replies(folder / "cache"))


def spent(folder: Path) -> Spending:
    return Budget(folder / "cache/spent.sqlite", "judge", Endpoint(model="m")).spent()


def test_a_killed_job_stays_counted_and_asks_again_only_what_it_had_not_got(tmp_path: Path):
    def slowly(*_: object) -> str:
        time.sleep(0.1)
        return "fine"

    with serve(slowly) as server:
        job = start(server.address, tmp_path, 0, QUESTIONS)
        while replies(tmp_path) < 10:
            assert job.poll() is None
            time.sleep(0.01)
        job.send_signal(signal.SIGKILL)
        job.communicate()
        time.sleep(0.3)
        had, seen = replies(tmp_path), server.requests
        assert had < 40 and had <= seen <= had + 4  # at most those under way are lost
        counted = spent(tmp_path)
        assert seen <= counted.requests <= had + 4  # also the lost ones, and those that were about to leave
        assert 2 * seen <= counted.completion_tokens <= 2 * had + 16 * (counted.requests - had)
        again = start(server.address, tmp_path, 0, QUESTIONS)
        out, err = again.communicate(timeout=60)
        assert again.returncode == 0 and "40 replies" in out, err
        assert server.requests == seen + 40 - had and spent(tmp_path).requests == counted.requests + 40 - had


def test_jobs_at_once_share_the_cap_and_ask_a_question_once(tmp_path: Path):
    def slowly(*_: object) -> str:
        time.sleep(0.05)
        return "fine"

    with serve(slowly) as server:
        # The same questions, and some of their own; all but two are within the cap.
        asked = [[*QUESTIONS, *(f"{name}{i}" for i in range(10))] for name in "ab"]
        jobs = [start(server.address, tmp_path, 58, questions) for questions in asked]
        ends = [(*job.communicate(timeout=60), job.returncode) for job in jobs]
        assert server.requests == replies(tmp_path) == 58 and max(server.tries.values()) == 1
        assert spent(tmp_path).requests == 58
        stopped = [err for _, err, code in ends if code == 1]
        assert stopped and all(
            "error: endpoints.judge.budget.requests: 58 would be passed, the run has spent 58 requests" in err
            for err in stopped
        )
        assert not any("Traceback" in err for _, err, _ in ends)
