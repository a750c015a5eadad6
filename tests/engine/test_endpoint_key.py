"""The endpoint's key: in no log and in no file, whatever the server says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.misbehaving import KEY, Raw, serve
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def test_the_key_is_in_no_log_and_no_file_even_when_the_server_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_LOG", "debug")
    program = (
        "import sys; from pathlib import Path; from tests.support.misbehaving import *\n"
        "server = Server(None); server.address = sys.argv[1]\n"
        "for question in sys.argv[3:]:\n"
        "    try: print(ask(endpoint(server, Path(sys.argv[2]), retries=1), 'good', question))\n"
        "    except Exception as error: print(type(error), error)"
    )
    faults = {str(fault): fault for fault in (400, 401, 402, 404, 429, 500, "drop", "half")} | {
        "page": Raw(f"<html>Bearer {KEY}</html>".encode())
    }
    with serve(lambda question, _: faults.get(question, "fine")) as server:
        command = [sys.executable, "-c", program, server.address, str(tmp_path), *faults]
        done = subprocess.run(command, capture_output=True, timeout=60, cwd=ROOT)
    shown = done.stdout + done.stderr
    assert (
        b"Sending HTTP Request" in shown
        and b"is refused (401)" in shown
        and done.stdout.count(b"['fine', None]") == 6
    )
    assert KEY.encode() not in shown
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3 and not [path for path in files if KEY.encode() in path.read_bytes()]
