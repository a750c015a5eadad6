"""Jobs that are copies of a process with its libraries loaded, against the same script started plainly."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_reasoning.runtime import start_job
from safe_reasoning.runtime.start_job import ENGINE, FOLDER, OWNER, SCRIPTS, group_of, key, offer
from tests.support.paths import ROOT

CLIENT = ROOT / "src/safe_reasoning/runtime/start_job.py"
SCRIPT = """
import os, signal, sys, time
had = "seaborn" in sys.modules
print("had" if had else "plain", os.getcwd(), *sys.argv[1:], os.environ.get("A"), sys.stdin.read())
if sys.argv[1] == "exit": sys.exit(int(sys.argv[2]))
if sys.argv[1] == "say": sys.exit("said")
if sys.argv[1] == "fail": raise ValueError("what")
if sys.argv[1] == "die": os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "tidy": signal.signal(signal.SIGTERM, lambda *_: (print("tidied"), sys.exit(7)))
if sys.argv[1] in ("tidy", "sleep"):
    open("pid.new", "w").write(str(os.getpid()))
    os.rename("pid.new", "pid")
    time.sleep(60)
"""


class Starter:
    """Starts the script as a job of a run does whose process has this folder."""

    def __init__(self, folder: Path, owner: int) -> None:
        # Longer than the path of a socket may be: temporary folders are deep on some clusters
        self.folder, self.work = folder / ("deep" * 30) / "processes", folder / "work"
        self.folder.mkdir(parents=True)
        self.work.mkdir()
        (self.work / "write_table.py").write_text(SCRIPT)
        self.environment = os.environ | {
            FOLDER: str(self.folder),
            OWNER: str(owner),
            ENGINE: "vllm",
            "PYTHONPATH": str(ROOT / "src"),
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-S", str(CLIENT), "write_table.py", *arguments],
            cwd=self.work,
            env=self.environment | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        job = self.start(*arguments, **more)
        out, err = job.communicate("given", timeout=60)
        return job.returncode, out, err

    @property
    def address(self) -> Path:
        return self.folder / key("tables", self.environment)

    def pid(self) -> int:
        """Of a job that has begun."""
        wait_for((self.work / "pid").exists)
        pid = int((self.work / "pid").read_text())
        (self.work / "pid").unlink()
        return pid


def wait_for(condition: object) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited for a minute")


def alive(pid: int) -> bool:
    """Whether a process is there and no mere entry in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def owner() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, owner: subprocess.Popen) -> Starter:
    """The first two jobs are started plainly, the second of which has the process started."""
    starter = Starter(tmp_path_factory.mktemp("loaded"), owner.pid)
    for _ in range(2):
        assert starter.run("exit", "0")[1].startswith("plain ")
    log = Path(f"{starter.address}.log")
    wait_for(lambda: starter.address.exists() or log.read_text())
    assert starter.address.exists(), log.read_text()
    return starter


@pytest.mark.parametrize("arguments", [("exit", "0"), ("exit", "3"), ("say", "x"), ("fail", "ä b")])
def test_a_copy_does_what_a_plain_start_does(loaded: Starter, arguments: tuple[str, ...]):
    other = "-".join(arguments)  # an environment of its own: no process has loaded libraries in it
    code, out, err = loaded.run(*arguments, A=other)
    assert out == f"plain {loaded.work} {' '.join(arguments)} {other} given\n"
    code_here, out_here, err_here = loaded.run(*arguments, SHLVL="9")
    assert code_here == code and out_here == out.replace("plain", "had").replace(
        other + " given", "None given"
    )
    assert err_here.splitlines()[-1:] == err.splitlines()[-1:]


def test_a_job_that_is_killed_is_reported_as_killed(loaded: Starter):
    assert loaded.run("die", "x")[0] == 128 + signal.SIGKILL


def test_a_signal_reaches_the_job(loaded: Starter):
    job = loaded.start("tidy")
    job.stdin.close()
    loaded.pid()
    job.terminate()
    assert job.wait(60) == 7 and "tidied" in job.stdout.read()


def test_a_job_does_not_outlive_the_one_who_started_it(loaded: Starter):
    job = loaded.start("sleep")
    job.stdin.close()
    pid = loaded.pid()
    assert alive(pid)
    job.kill()
    job.wait()
    wait_for(lambda: not alive(pid))


def test_jobs_run_side_by_side(loaded: Starter):
    first = loaded.start("sleep")
    first.stdin.close()
    pid = loaded.pid()
    assert loaded.run("exit", "5")[0] == 5 and alive(pid)
    first.kill()
    first.wait()


def test_the_process_ends_with_its_owner_and_jobs_go_on(tmp_path: Path):
    owner = subprocess.Popen(["sleep", "600"])
    starter = Starter(tmp_path, owner.pid)
    for _ in range(2):
        starter.run("exit", "0")
    wait_for(starter.address.exists)
    job = starter.start("sleep")
    job.stdin.close()
    pid = starter.pid()
    owner.kill()
    owner.wait()
    wait_for(lambda: not starter.folder.exists())
    assert alive(pid) and job.poll() is None
    assert starter.run("exit", "4")[:2] == (4, f"plain {starter.work} exit 4 None given\n")
    job.kill()
    job.wait()
    wait_for(lambda: not alive(pid))


def test_what_was_left_of_a_killed_process_is_no_hindrance(tmp_path: Path, owner: subprocess.Popen):
    starter = Starter(tmp_path, owner.pid)
    starter.address.touch()
    assert starter.run("exit", "6")[0] == 6


def test_without_a_folder_or_for_other_scripts_python_is_started(tmp_path: Path):
    starter = Starter(tmp_path, os.getpid())
    for folder in ("0", "", str(tmp_path / "gone")):
        assert starter.run("exit", "2", **{FOLDER: folder})[0] == 2
    (starter.work / "write_table.py").rename(starter.work / "another.py")
    assert group_of("scripts/another.py", "vllm") is None
    assert not list(starter.folder.iterdir())


def test_an_environment_has_its_folder_or_keeps_its_own(monkeypatch: pytest.MonkeyPatch):
    ends = []
    monkeypatch.setattr(start_job.atexit, "register", lambda *work, **options: ends.append((work, options)))
    environment: dict[str, str] = {}
    offer(environment, "vllm")
    folder = Path(environment[FOLDER])
    assert folder.is_dir() and environment[OWNER] == str(os.getpid()) and environment[ENGINE] == "vllm"
    [(work, options)] = ends
    work[0](*work[1:], **options)
    assert not folder.exists()
    kept = {FOLDER: "0"}
    offer(kept, "transformers")
    assert kept == {FOLDER: "0", ENGINE: "transformers"}


# Run once or twice in a run: loading for them alone does not pay
STARTED_PLAINLY = {"convert_gguf", "fetch_model", "lease_gpus", "train_nano_base", "warm_up"}


def test_every_script_of_a_rule_has_its_libraries_or_is_started_plainly():
    names = " ".join(SCRIPTS.values()).split()
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    assert len(set(names)) == len(names)
    assert set(re.findall(r"python scripts/(\w+)\.py", rules)) == {*names, *STARTED_PLAINLY}
    assert group_of("scripts/generate_evaluation.py", "transformers") == "transformers"
    assert group_of("scripts/train_method.py", "vllm") == "training"
