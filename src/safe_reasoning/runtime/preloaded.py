"""A process that has loaded a group of libraries and copies itself for each job (`start_job.py`).

Only libraries are loaded, none of our code that computes: each job reads that from its files. A
guard process per job reports the job's exit code, and kills the job when its client has ended. A
library that leaves a thread running ends this process, since a copy would lack the thread: jobs are
then started plainly.

    python preloaded.py ADDRESS GROUP
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from safe_reasoning.core.vllm_environment import EVERYWHERE, ON_CPU
from safe_reasoning.runtime.start_job import OWNER, short_path

_TABLES = [
    "pandas",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "scipy.stats",
    "pydantic",
    "yaml",
]
_MODULES = {
    "transformers": [*_TABLES, "transformers.models.llama.modeling_llama", "transformers.generation.utils"],
    "vllm": [
        *_TABLES,
        "vllm",
        "vllm.entrypoints.llm",
        "vllm.v1.engine.llm_engine",
        "vllm.v1.executor.uniproc_executor",
        "vllm.v1.worker.cpu_worker",
        "vllm.model_executor.models.llama",
        "compressed_tensors",
    ],
    "training": [*_TABLES, "peft", "trl.trainer.dpo_trainer", "trl.trainer.sft_trainer"],
    "tables": [*_TABLES, "matplotlib.pyplot", "seaborn", "jinja2"],
}
# Threads that their library restarts in a copy: jemalloc's, loaded by Arrow.
_HARMLESS = {"jemalloc_bg_thd"}


def load(group: str) -> None:
    """Load the libraries of a group, in the environment that its scripts give them."""
    if group != "tables":
        import torch

        if torch.cuda.is_available():
            sys.exit("jobs are started plainly: a GPU that a process has opened cannot be used by its copies")
    if group == "vllm":
        for name, value in (EVERYWHERE | ON_CPU).items():
            os.environ.setdefault(name, value)
    if group == "tables":
        os.environ.setdefault("MPLBACKEND", "agg")
    for module in _MODULES[group]:
        importlib.import_module(module)


def threads() -> set[str]:
    """Names of this process's threads except the first and the harmless ones."""
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    return {(task / "comm").read_text().strip() for task in tasks} - _HARMLESS


def serve(address: Path, owner: int) -> None:
    """Copy this process for each request, until its owner ends."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with short_path(Path(f"{address}.new")) as path:
        listener.bind(path)
    listener.listen(64)
    os.rename(f"{address}.new", address)  # from here on it is found
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards are reaped by the system
    end = os.pidfd_open(owner)
    while end not in select.select([listener.fileno(), end], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            os.close(end)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(guard(connection))
        connection.close()
    shutil.rmtree(address.parent, ignore_errors=True)  # a run that was killed leaves it behind


def guard(connection: socket.socket) -> int:
    """Start the job of a connection and report its exit code; kill it when the client has ended."""
    message, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    if not message:
        return 0
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)  # to be killed with what it starts; the session, and so its priority, stays
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        run(json.loads(message))
    with suppress(OSError):
        os.setpgid(job, job)  # the job does the same; either may come first
    for file in files:
        os.close(file)
    connection.send(b"started")
    end = os.pidfd_open(job)
    while end not in select.select([connection.fileno(), end], [], [])[0]:
        asked = connection.recv(64)
        with suppress(ProcessLookupError):
            os.killpg(job, int(asked) if asked else signal.SIGKILL)
        if not asked:
            return 0
    code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    with suppress(OSError):
        connection.send(str(code if code >= 0 else 128 - code).encode())
    return 0


def run(request: dict[str, Any]) -> NoReturn:
    """Run a script as Python does that was started with it."""
    sys.argv = request["arguments"]
    os.chdir(request["folder"])
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    random.seed()
    code = outcome(lambda: runpy.run_path(sys.argv[0], run_name="__main__"))
    for last in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):  # type: ignore[attr-defined]
        code = outcome(last) or code
    os._exit(code)


def outcome(work: Callable[[], object]) -> int:
    """The exit code of a piece of work, its error written as Python does."""
    try:
        work()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException as error:
        traceback.print_exc()
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


if __name__ == "__main__":
    load(sys.argv[2])
    if left := threads():
        sys.exit(f"jobs are started plainly: {sys.argv[2]} leaves threads behind: {', '.join(sorted(left))}")
    gc.collect()
    gc.freeze()
    serve(Path(sys.argv[1]), int(os.environ[OWNER]))
