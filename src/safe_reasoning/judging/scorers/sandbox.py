"""Programs that a model wrote, run where they can do no harm.

Bubblewrap, without network, home, or files of ours, with limits on everything.

What a program gets: a read-only Python, the numpy of this environment where there is one (two
folders, read-only; HumanEval's own harness has it installed), 64 MiB of /tmp, an unprivileged user
of its own, no environment. What ends it: its wall-clock time, processor time, memory, number of
processes, size of files. What it prints goes nowhere. Passing is signalled by a random token that
the driver writes after the last test, so leaving early is not passing.

Not covered: a program written to cheat this very driver, which runs in the same interpreter; and
faults of the kernel.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from safe_reasoning.core.errors import UserError

DRIVER = Path(__file__).with_name("driver.py")
UNSANDBOXED = "SAFE_REASONING_UNSANDBOXED"
WALL_SECONDS = 8  # HumanEval's own harness allows 3, on machines that are not shared
TMP_BYTES = 64 * 2**20
# As root, each program gets a user of its own from here: the limit on processes counts by user
FIRST_UID, UIDS = 210_000, 10_000
REPAIR = (
    f"install it (apt-get install bubblewrap), or set {UNSANDBOXED}=1 to run model-written programs "
    "without a sandbox, which is dangerous"
)


def run_program(program: str) -> tuple[bool | None, str]:
    """Run one program.

    Returns:
        (True, "") when it came to its end; (False, "failed" | "timeout" | "memory" | "died");
        (None, "sandbox_failed") when the sandbox itself could not start.
    """
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="program-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "program.py").write_text(program, encoding="utf-8", errors="replace")
        shutil.copy(DRIVER, folder / "driver.py")
        command = _command(folder)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={},
            cwd="/",
        )
        output, error, timed_out = _listen(process, token)
    if timed_out:
        return False, "timeout"
    if output.startswith(f"{token} ".encode()):
        outcome = output.decode(errors="replace").split()[1]
        return (
            (True, "")
            if outcome == "passed"
            else (False, outcome if outcome in ("failed", "memory", "timeout") else "failed")
        )
    if error.startswith(b"bwrap:") or error.startswith(b"setpriv:"):
        return None, "sandbox_failed"
    if process.returncode in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return False, "timeout"
    return False, "died"


def _listen(process: subprocess.Popen[bytes], token: str) -> tuple[bytes, bytes, bool]:
    """Give the token, wait for the end, and read at most a little of what is output.

    (from the driver, errors of the sandbox, whether time ran out).
    """
    assert process.stdin and process.stdout and process.stderr
    with contextlib.suppress(BrokenPipeError):  # it may have ended already; the exit code says so
        process.stdin.write(f"{token}\n".encode())
        process.stdin.close()
    try:
        process.wait(timeout=WALL_SECONDS)
        timed_out = False
    except subprocess.TimeoutExpired:
        timed_out = True
    # What it left behind, too; a process namespace dies with its first process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        os.set_blocking(stream.fileno(), False)
    output, error = (process.stdout.read(4096) or b""), (process.stderr.read(4096) or b"")
    process.stdout.close()
    process.stderr.close()
    return output, error, timed_out


def _command(folder: Path) -> list[str]:
    options = ["-I", "-S", "-B"]
    # This interpreter outside its virtual environment: programs get the standard library and numpy.
    base, name = Path(sys.base_prefix), f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if os.environ.get(UNSANDBOXED) == "1":
        for package in _numpy():
            (folder / package.name).symlink_to(package)
        return [str(base / name), *options, *(str(folder / part) for part in ("driver.py", "program.py", ""))]
    command = [
        _bubblewrap(),
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    command += [
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--setenv",
        "PATH",
        "/usr/bin:/bin",
        "--setenv",
        "PYTHONHASHSEED",
        "0",
    ]
    command += [
        "--ro-bind",
        "/usr",
        "/usr",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        str(TMP_BYTES),
        "--perms",
        "1777",
        "--tmpfs",
        "/tmp",
    ]
    for folder_of_root in ("/bin", "/lib", "/lib64", "/sbin"):
        if Path(folder_of_root).is_symlink():
            command += ["--symlink", f"usr{folder_of_root}", folder_of_root]
        elif Path(folder_of_root).exists():
            command += ["--ro-bind", folder_of_root, folder_of_root]
    # The folders above it may be closed to other users
    python = base if base == Path("/usr") else Path("/python")
    if python != base:
        command += ["--ro-bind", str(base), str(python)]
    command += ["--dir", "/packages"]  # bubblewrap would close it to other users
    for package in _numpy():
        command += ["--ro-bind", str(package), f"/packages/{package.name}"]
    command += ["--ro-bind", str(folder), "/work", "--remount-ro", "/", "--chdir", "/tmp"]
    if os.geteuid() == 0:
        # Limits on processes do not hold for root, not even in a user namespace: the program
        # becomes a user of its own.
        user = str(FIRST_UID + secrets.randbelow(UIDS))
        command += [
            "--cap-drop",
            "ALL",
            "--cap-add",
            "CAP_SETUID",
            "--cap-add",
            "CAP_SETGID",
            "--cap-add",
            "CAP_SETPCAP",
            "setpriv",
        ]
        command += [
            f"--reuid={user}",
            f"--regid={user}",
            "--clear-groups",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all",
        ]
    else:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    return [*command, str(python / name), *options, "/work/driver.py", "/work/program.py", "/packages"]


@functools.cache
def _numpy() -> list[Path]:
    """The folders of this environment's numpy and of the libraries that came with it, if any.

    Nothing else of the environment is shown to a program. What numpy brings is compiled code, which
    runs under the same limits as the program's own.
    """
    spec = importlib.util.find_spec("numpy")
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).resolve().parent
    return [folder for folder in (package, package.with_name("numpy.libs")) if folder.is_dir()]


def _bubblewrap() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise UserError(f"programs that a model wrote are not run without bubblewrap: {REPAIR}")
    return path


@functools.cache
def check_sandbox() -> None:
    """Once a process: an empty program must pass.

    A UserError otherwise, so that a broken sandbox is never taken for wrong programs.
    """
    passed, detail = run_program("assert True\n")
    if not passed:
        raise UserError(
            f"bubblewrap does not work here ({detail}): allow user namespaces "
            f"(kernel.unprivileged_userns_clone=1), or set {UNSANDBOXED}=1, which is dangerous"
        )


def run_programs(programs: Sequence[str], workers: int | None = None) -> list[tuple[bool | None, str]]:
    """Run programs side by side; results in their order. None to run: no sandbox is asked for."""
    if not programs:
        return []
    check_sandbox()
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(run_program, programs))
