"""Digests of container images, asked from a registry, and what the rules load."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime import images
from safe_reasoning.runtime.registries import digest_of
from tests.support.image_project import image_project
from tests.support.paths import ROOT

MANIFEST = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return image_project(tmp_path, monkeypatch)


def test_the_rules_load_nothing_heavy_with_it():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, safe_reasoning.runtime.images; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"pandas", "pyarrow", "torch", "numpy", "pydantic"} & set(loaded)


class Registry(BaseHTTPRequestHandler):
    """Shows one image, `me/base:1`, to whoever brings the token that it gives to everybody, as Docker Hub does."""

    def do_GET(self) -> None:
        host = self.headers["Host"]
        if self.path.startswith("/token?"):
            asked = "service=here" in self.path and "scope=repository" in self.path
            self.answer(200 if asked else 400, json.dumps({"token": "given"}).encode())
        elif self.headers.get("Authorization") != "Bearer given":
            where = f'Bearer realm="http://{host}/token",service="here",scope="repository:me/base:pull"'
            self.answer(401, b"", {"WWW-Authenticate": where})
        elif self.path == "/v2/me/base/manifests/1" and "index" in self.headers["Accept"]:
            self.answer(200, MANIFEST)
        else:
            self.answer(404, b"")

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def lock_containers(folder: Path, image: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a copy of the project whose bases are all this image."""
    for part in ("src", "scripts"):
        shutil.copytree(
            ROOT / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    content = images.table()
    for base in content["bases"].values():
        base["image"] = image
    (folder / images.TABLE).write_text(images.text_of(content))
    return subprocess.run(
        [sys.executable, "scripts/lock_containers.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_digests_are_asked_from_the_registry(folder: Path, registry: str):
    before = images.table()["bases"]["serve"]
    result = lock_containers(folder, f"{registry}/me/base:1")
    assert result.returncode == 0 and "which is new: run make containers" in result.stderr, result.stderr
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    content = images.table()
    assert all(
        base["digest"] == DIGEST and base["learned"] == f"from {registry} on {today}"
        for base in content["bases"].values()
    )
    assert content["bases"]["serve"]["snapshot"] == today.replace("-", "") + "T000000Z" != before["snapshot"]
    again = (folder / images.TABLE).read_text()
    assert (
        again.startswith("# Bases of the builds")
        and yaml.safe_load(again)["images"]["serve"]["image"] is None
    )
    result = lock_containers(folder, f"{registry}/me/base:1")
    assert (
        result.returncode == 0
        and "as before" in result.stderr
        and (folder / images.TABLE).read_text() == again
    )


def test_what_a_registry_does_not_have_is_one_line(folder: Path, registry: str):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        cases = [
            (
                f"{registry}/me/base:2",
                r"does not show \S+/me/base:2 \(status 404\): fix containers/digests.lock",
            ),
            (
                f"127.0.0.1:{nobody.getsockname()[1]}/me/base:1",
                "cannot be reached for .*: try again on a connected machine",
            ),
        ]
        for image, message in cases:
            with pytest.raises(UserError, match=message):
                digest_of(image)
            result = lock_containers(folder, image)
            text = (folder / images.TABLE).read_text()
            errors = [line for line in result.stderr.splitlines() if line]
            assert result.returncode == 1 and len(errors) == 1 and re.search(message, errors[0]), (
                result.stderr
            )
            assert DIGEST not in text and yaml.safe_load(text)["bases"]["serve"]["image"] == image
