"""What building images needs where no registry can be reached: a Debian base, a registry and Debian's snapshots on loopback, a real Apptainer.

Nothing here names this machine's addresses: Debian's mirror comes from its apt sources and Python's index from its pip settings, found at run time.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
SOURCES = """Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {keys}

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: {keys}
"""


def run(*command: str, **settings) -> str:
    """Run a program; its words are in the error when it fails."""
    settings = {"timeout": 600} | settings
    done = subprocess.run(command, capture_output=True, text=True, **settings)
    assert done.returncode == 0, (
        f"{' '.join(command[:3])} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}"
    )
    return done.stdout


def mirrors() -> dict[str, str]:
    """Where this machine gets Debian from: addresses of `debian` and `debian-security`, with a slash at the end."""
    lines = run(
        "apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"
    ).splitlines()
    found = {
        "debian-security" if line.split()[0].endswith("-security") else "debian": line.split()[1]
        for line in lines
    }
    return {"debian-security": found.get("debian", "")} | found


def pip_settings() -> str:
    """This machine's index and certificates as a pip.conf, with the certificates where Debian keeps them."""
    lines = run(sys.executable, "-m", "pip", "config", "list").splitlines()
    settings = dict(
        re.match(r"(?::env:|\w+)\.([\w-]+)='(.*)'$", line).groups()
        for line in lines
        if re.match(r"(:env:|global)\.", line)
    )
    settings["timeout"] = settings.pop("default-timeout", "60")
    wanted = {
        key: settings[key]
        for key in ("index-url", "extra-index-url", "find-links", "trusted-host", "timeout")
        if key in settings
    }
    return "[global]\n" + "".join(
        f"{key} = {value}\n" for key, value in (wanted | {"cert": CERTIFICATES}).items()
    )


def wheel_folders() -> list[str]:
    """Folders of this machine that pip looks into; a build needs them mounted. An index in a folder (file:) has its files beside it."""
    words = pip_settings().split()
    indexes = {
        str(Path(word.removeprefix("file://")).parent) for word in words if word.startswith("file:///")
    }
    return sorted(indexes | {word for word in words if word.startswith("/") and Path(word).is_dir()})


@contextmanager
def snapshots() -> Iterator[str]:
    """A proxy that stands for snapshot.debian.org, which cannot be reached: it sends apt from any day to this machine's mirror."""
    mirror = mirrors()

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = re.fullmatch(
                r"http://snapshot\.debian\.org/archive/(debian|debian-security)/\d{8}T000000Z/(.*)", self.path
            )
            self.send_response(302 if found else 404)
            if found:
                self.send_header("Location", mirror[found[1]] + found[2])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """A real registry (Debian's docker-registry) on loopback; its host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        address = f"127.0.0.1:{server.server_port}"
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {folder}/registry}}\nhttp: {{addr: '{address}'}}\nlog: {{level: error}}\n"
    )
    process = subprocess.Popen(
        ["docker-registry", "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            try:
                if httpx2.get(f"http://{address}/v2/").status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def builder_settings(folder: Path, address: str) -> dict[str, str]:
    """Environment of a buildah with a store of its own, which builds by chroot and pushes to the registry on loopback."""
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/storage-run"\n'
    )
    (folder / "registries.conf").write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    return {
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "BUILDAH_ISOLATION": "chroot",
    }


def make_base(image: str, proxy: str, environment: dict[str, str]) -> None:
    """A Debian with Python, made with mmdebstrap and pushed; it finds Python's index as this machine does, and Debian's snapshots through the proxy."""
    container = run("buildah", "from", "scratch", env=environment).strip()
    root = Path(run("buildah", "mount", container, env=environment).strip())
    mirror = mirrors()
    lines = [f"deb {mirror['debian']} {suite} main" for suite in ("bookworm", "bookworm-updates")]
    debootstrap(
        root,
        "bookworm",
        ["python3", "python3-venv", "ca-certificates", "passwd"],
        *lines,
        f"deb {mirror['debian-security']} bookworm-security main",
    )
    for file in (root / "etc/apt/sources.list.d").iterdir():
        file.unlink()
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(SOURCES.format(keys=KEYS))
    (root / "etc/apt/apt.conf.d/99snapshots").write_text(
        f'Acquire::http::Proxy::snapshot.debian.org "{proxy}";\n'
    )
    (root / "etc/pip.conf").write_text(pip_settings())
    shutil.copy(CERTIFICATES, root / CERTIFICATES[1:])
    run("buildah", "umount", container, env=environment)
    run("buildah", "commit", "--rm", container, image, env=environment)
    run("buildah", "push", image, env=environment)


def debootstrap(root: Path, suite: str, packages: list[str], *sources: str) -> None:
    """Install a Debian into a folder."""
    options = ['APT::Install-Recommends "false"', 'Acquire::Check-Valid-Until "false"']
    run(
        *(
            "mmdebstrap",
            "--mode=root",
            "--variant=apt",
            f"--keyring={KEYS}",
            f"--include={','.join(packages)}",
        ),
        *(f"--aptopt={option}" for option in options),
        *(suite, str(root), *sources),
    )


# Apptainer of Debian sid in a root of its own, since sid's C library is newer than this machine's. It keeps the paths of /tmp, where the tests work.
# It refuses to build with fewer rights than root has by law, as machines in machines have: then an ordinary user builds, as on a cluster.
LAUNCHER = """#!/bin/sh
exec unshare --mount --propagation private sh -ec '
root=$0 here=$PWD
mount --bind "$root" "$root"
for place in proc dev sys tmp; do mount --rbind "/$place" "$root/$place"; done
cd "$root"
pivot_root . mnt
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
umount -l /mnt
cd "$here"
if [ "$1" = build ]; then exec setpriv --reuid {user} --regid {user} --clear-groups env HOME=/home/builder apptainer "$@"; fi
exec apptainer "$@"' {root} "$@"
"""
BUILDER = 20001


def make_apptainer(folder: Path) -> Path:
    """A folder for PATH with `apptainer`: Debian sid's, ready to build as the user `BUILDER` and to run as root."""
    root = folder / "sid"
    debootstrap(root, "sid", ["apptainer", "ca-certificates", "mount"], f"deb {mirrors()['debian']} sid main")
    for name, line in {
        "passwd": f"builder:x:{BUILDER}:{BUILDER}::/home/builder:/bin/sh",
        "group": f"builder:x:{BUILDER}:",
    }.items():
        with (root / "etc" / name).open("a") as file:
            file.write(f"{line}\n")
    for name in ("subuid", "subgid"):
        (root / "etc" / name).write_text("builder:100000:65536\n")
    home = root / "home/builder"
    home.mkdir()
    os.chown(home, BUILDER, BUILDER)
    for name in ("hosts", "resolv.conf", "localtime"):
        (root / "etc" / name).unlink(missing_ok=True)
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    settings = root / "etc/apptainer/apptainer.conf"
    settings.write_text(
        re.sub(r"(?m)^root default capabilities = .*", "root default capabilities = no", settings.read_text())
    )
    launcher = folder / "bin/apptainer"
    launcher.parent.mkdir()
    launcher.write_text(LAUNCHER.format(root=root, user=BUILDER))
    launcher.chmod(0o755)
    return launcher.parent
