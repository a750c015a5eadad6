"""Hostile programs in the real sandbox: each ends, harms nothing, and does not count as passed."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.scorers import sandbox
from safe_reasoning.judging.scorers.sandbox import run_program, run_programs
from tests.support.paths import ROOT

with_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed (apt-get install bubblewrap)"
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 5)
    monkeypatch.delenv(sandbox.UNSANDBOXED, raising=False)


@with_bubblewrap
def test_right_and_wrong_programs_are_told_apart_in_their_order():
    programs = [
        "assert 1 + 1 == 2",
        "assert 1 + 1 == 3",
        "import math, json, re, itertools\nassert math.pi > 3",
        "this is no python",
    ]
    assert run_programs(programs) == [(True, ""), (False, "failed"), (True, ""), (False, "failed")]


@with_bubblewrap
@pytest.mark.parametrize(
    "program",
    [
        "import sys; sys.exit(0)",
        "import os; os._exit(0)",
        "raise SystemExit",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_leaving_early_is_not_passing(program: str):
    assert run_program(f"{program}\nassert False")[0] is False


@with_bubblewrap
def test_endless_loops_and_sleeps_end():
    begin = time.monotonic()
    assert (
        run_programs(
            [
                "while True: pass",
                "import time; time.sleep(1000)",
                "import threading; threading.Event().wait()",
            ]
        )
        == [(False, "timeout")] * 3
    )
    assert time.monotonic() - begin < 30


@with_bubblewrap
def test_memory_is_limited():
    assert run_program("x = bytearray(8 * 2**30)") == (False, "memory")
    assert run_program("x = []\nwhile True: x.append(bytearray(2**20))") == (False, "memory")


@with_bubblewrap
def test_a_fork_bomb_is_bounded_and_leaves_nothing_behind():
    before = len(list(Path("/proc").glob("[0-9]*")))
    assert run_program("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")[0] is False
    time.sleep(0.5)
    assert len(list(Path("/proc").glob("[0-9]*"))) < before + 20
    # A program may start a few children, and the number is counted: 200 are not to be had.
    counting = "import os, time\nn = 0\ntry:\n    for _ in range(200):\n        if os.fork() == 0: time.sleep(60); os._exit(0)\n        n += 1\nexcept OSError: pass\nassert n < 60, n"
    assert run_program(counting) == (True, "")


@with_bubblewrap
def test_nothing_outside_can_be_written_or_read(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    os.chmod(secret, 0o644)
    places = [
        "/etc/written",
        "/usr/written",
        "/work/written",
        "/python/written",
        "/packages/written",
        "/packages/numpy/written",
        "/written",
        str(tmp_path / "written"),
        str(Path.home() / "written"),
    ]
    tries = "".join(
        f"try:\n    open({place!r}, 'w'); wrote.append({place!r})\nexcept OSError: pass\n" for place in places
    )
    assert run_program(f"wrote = []\n{tries}assert not wrote, wrote") == (True, "")
    hidden = [str(secret), str(Path.home()), str(ROOT), "/etc/passwd"]
    assert run_program(f"import os\nassert not [path for path in {hidden!r} if os.path.exists(path)]") == (
        True,
        "",
    )
    assert not (tmp_path / "written").exists()


@with_bubblewrap
def test_no_environment_and_no_rights_are_passed_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "a-secret-token")
    assert run_program(
        "import os\nassert 'HF_TOKEN' not in os.environ\nassert os.getuid() != 0 and os.geteuid() != 0"
    ) == (True, "")
    regain = "import os\nfor call in (lambda: os.setuid(0), lambda: os.mkfifo('/etc/x'), lambda: os.chroot('/tmp')):\n    try: call(); raise SystemExit(1)\n    except OSError: pass"
    assert run_program(regain) == (True, "")


@with_bubblewrap
def test_numpy_is_the_only_package():
    assert run_program("import numpy as np\nassert np.linalg.det(np.eye(400)) == 1") == (True, "")
    for name in ("pandas", "torch", "yaml", "safe_reasoning"):
        assert run_program(f"import importlib.util\nassert importlib.util.find_spec({name!r}) is None") == (
            True,
            "",
        )
    assert run_program("import os\nassert set(os.listdir('/packages')) <= {'numpy', 'numpy.libs'}") == (
        True,
        "",
    )


@with_bubblewrap
def test_without_numpy_programs_have_the_standard_library(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "_numpy", lambda: [])
    assert run_programs(["import math", "import numpy"]) == [(True, ""), (False, "failed")]


@with_bubblewrap
def test_main_guards_do_not_run_and_classes_find_their_module():
    guarded = "if __name__ == '__main__':\n    import unittest\n    unittest.main()\n    assert False\n"
    classes = "from __future__ import annotations\nimport dataclasses, typing\n@dataclasses.dataclass\nclass A:\n    x: typing.ClassVar[int] = 3\n    y: int = 4\nassert A() == A(4) and typing.get_type_hints(A)['y'] is int\n"
    assert run_programs([guarded, classes, guarded + "assert False"]) == [
        (True, ""),
        (True, ""),
        (False, "failed"),
    ]


@with_bubblewrap
def test_there_is_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket\ntry: socket.create_connection(('127.0.0.1', {port}), 2)\nexcept OSError: pass\nelse: raise SystemExit(1)"
        assert run_program(program) == (True, "")
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert run_program(
        "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 2)\nexcept OSError: pass\nelse: raise SystemExit(1)"
    ) == (True, "")


@with_bubblewrap
def test_the_parent_cannot_be_killed():
    for target in ("os.getppid()", "-1", "1"):
        run_program(f"import os, signal\ntry: os.kill({target}, signal.SIGKILL)\nexcept OSError: pass")
    outside = subprocess.Popen(["sleep", "60"])
    run_program(f"import os, signal\ntry: os.kill({outside.pid}, signal.SIGKILL)\nexcept OSError: pass")
    assert outside.poll() is None
    outside.kill()
    outside.wait()


@with_bubblewrap
def test_gigabytes_of_output_go_nowhere():
    begin = time.monotonic()
    assert run_program("import sys\nfor _ in range(2000): sys.stdout.write('x' * 2**20)") == (True, "")
    flood = "import os\nchunk = b'x' * 2**20\nfor d in range(3, 20):\n    try:\n        for _ in range(10000): os.write(d, chunk)\n    except OSError: pass"
    assert run_program(flood)[0] is False
    assert time.monotonic() - begin < 40
    assert (
        run_program("f = open('/tmp/big', 'wb')\nfor _ in range(1000): f.write(b'x' * 2**20); f.flush()")[0]
        is False
    )


@with_bubblewrap
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which only root can")
def test_it_also_works_for_a_user_without_rights():
    code = "from safe_reasoning.judging.scorers.sandbox import run_program as r; print(r('import os; assert os.getuid() == 65534'), r('assert False'), r('while True: pass'))"
    folder = Path(sys.base_prefix)
    if any(not (os.stat(parent).st_mode & 0o005) for parent in [folder, *folder.parents]):
        pytest.skip("this Python lies where other users cannot read")
    result = subprocess.run(
        [f"{sys.base_prefix}/bin/python3", "-c", code], capture_output=True, text=True, timeout=60, user=65534, group=65534, extra_groups=[],
        cwd="/", env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert result.stdout.strip() == "(True, '') (False, 'failed') (False, 'timeout')", result.stderr


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    sandbox.check_sandbox.cache_clear()
    with pytest.raises(UserError, match="apt-get install bubblewrap"):
        run_programs(["assert True"])


def test_it_can_be_allowed_to_run_with_limits_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv(sandbox.UNSANDBOXED, "1")
    sandbox.check_sandbox.cache_clear()
    assert run_programs(
        ["import numpy; assert numpy.sum([1, 2]) == 3", "assert False", "import os; os._exit(0)"]
    ) == [
        (True, ""),
        (False, "failed"),
        (False, "died"),
    ]


def test_a_broken_sandbox_is_told_and_never_taken_for_a_wrong_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(fake))
    sandbox.check_sandbox.cache_clear()
    with pytest.raises(UserError, match="does not work here"):
        run_programs(["assert True"])
    assert run_program("assert True") == (None, "sandbox_failed")
    sandbox.check_sandbox.cache_clear()
