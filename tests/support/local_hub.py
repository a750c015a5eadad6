"""A small model hub on loopback that speaks what huggingface_hub asks for, and misbehaves on purpose where a test says so."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

COMMIT = "a" * 40


@dataclass
class Hub:
    """Files by (kind, repository, name), and faults by file name (truncated) or by repository (gated)."""

    files: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    token: str = "hf_right"
    requests: list[str] = field(default_factory=list)
    tokens_seen: set[str] = field(default_factory=set)
    address: str = ""


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve the hub until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def fail(self, status: int, code: str = "", message: str = "") -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
                self.send_header("X-Error-Message", message)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def reply_json(self, value: object) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def answer(self, body: bool) -> None:
            path = unquote(urlparse(self.path).path).lstrip("/")
            hub.requests.append(f"{self.command} {path}")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            hub.tokens_seen.add(token)
            if not path:
                return self.fail(404)
            if path.startswith("api/"):
                if path.count("/") < 3:
                    return self.fail(404)
                _, kinds, owner, name, *rest = path.split("/")
                kind, repository = kinds.removesuffix("s"), f"{owner}/{name}"
                names = [file for (k, r, file) in hub.files if (k, r) == (kind, repository)]
                if not names:
                    return self.fail(404, "RepoNotFound", "Repository not found")
                if hub.faults.get(repository) == "gated" and token != hub.token:
                    return self.fail(403 if token else 401, "GatedRepo", "gated")
                entries = [self.entry(kind, repository, file) for file in names]
                if rest and rest[0] == "tree":
                    return self.reply_json(entries)
                siblings = [
                    {"rfilename": e["path"], "size": e["size"], "blobId": e["oid"], "lfs": e["lfs"]}
                    for e in entries
                ]
                return self.reply_json(
                    {"id": repository, "sha": COMMIT, "siblings": siblings, "private": False}
                )
            kind = "dataset" if path.startswith("datasets/") else "model"
            owner, name, _, revision, file = path.removeprefix("datasets/").split("/", 4)
            repository = f"{owner}/{name}"
            if not any((k, r) == (kind, repository) for k, r, _ in hub.files):
                return self.fail(404, "RepoNotFound", "Repository not found")
            if hub.faults.get(repository) == "gated" and token != hub.token:
                return self.fail(403 if token else 401, "GatedRepo", "gated")
            if revision != COMMIT:
                return self.fail(404, "RevisionNotFound", "Revision not found")
            if (kind, repository, file) not in hub.files:
                return self.fail(404, "EntryNotFound", "Entry not found")
            content = hub.files[kind, repository, file]
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if body:
                if hub.faults.get(file) == "truncated":
                    self.wfile.write(content[start : max(start, len(content) // 2)])
                    self.close_connection = True
                    return None
                self.wfile.write(content[start:])
            return None

        def entry(self, kind: str, repository: str, file: str) -> dict:
            content = hub.files[kind, repository, file]
            digest = hashlib.sha256(content).hexdigest()
            lfs = (
                {"oid": digest, "sha256": digest, "size": len(content), "pointerSize": 130}
                if file.endswith((".safetensors", ".parquet"))
                else None
            )
            return {"type": "file", "oid": digest[:40], "size": len(content), "path": file, "lfs": lfs}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
