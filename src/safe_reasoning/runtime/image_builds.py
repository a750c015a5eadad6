"""Builds the images of the environments.

Files of Apptainer, or images in a registry by buildah, podman or docker.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.provenance import commit
from safe_reasoning.runtime import images
from safe_reasoning.runtime.registries import pinned

# grpo is train with vLLM next to it: the same definition, another lock.
FOLDERS = {"serve": "serve", "train": "train", "grpo": "train", "analyze": "analyze"}
BUILDERS = ("buildah", "podman", "docker")


def arguments(name: str) -> dict[str, str]:
    """The build arguments of an image; both kinds of definition take the same.

    Raises:
        UserError: its base has no digest yet.
    """
    base = images.table()["bases"][FOLDERS[name]]
    if not images.DIGEST.fullmatch(base["digest"] or ""):
        raise UserError(
            f"the base of {name} ({base['image']}) has no digest in {images.TABLE}: run make "
            "lock-containers on a connected machine"
        )
    return {
        "NAME": name,
        "BASE": pinned(base["image"], base["digest"]),
        "LOCK": f"envs/{name}.lock",
        "LOCK_SHA256": images.lock_sha256(name),
        "SNAPSHOT": base["snapshot"] or "",
        "COMMIT": commit(),
    }


def build(name: str, push: str | None) -> None:
    """Build one image and write it into containers/digests.lock.

    Args:
        name: the environment, one of `images.NAMES`.
        push: where a registry keeps the images, such as `registry.example.org/group`; None builds a
            file of Apptainer.
    """
    given = arguments(name)
    reference, digest = _to_registry(name, push, given) if push else _to_file(name, given)
    content = images.table()
    content["images"][name] = {"image": reference, "digest": digest, "lock_sha256": given["LOCK_SHA256"]}
    write_bytes(images.ROOT / images.TABLE, images.text_of(content).encode())


def _to_file(name: str, given: dict[str, str]) -> tuple[str, str]:
    if not shutil.which("apptainer"):
        raise UserError(
            "apptainer is not here: install it, or build for a registry with buildah, podman or docker: "
            "make containers PUSH=registry/path"
        )
    part = images.ROOT / f"{images.sif(name)}.part"
    _run(
        "apptainer", "build", "--force", *_each(given), str(part), f"containers/{FOLDERS[name]}/apptainer.def"
    )
    digest = images.file_digest(part)
    os.replace(part, images.ROOT / images.sif(name))
    return images.sif(name), digest


def _to_registry(name: str, push: str, given: dict[str, str]) -> tuple[str, str]:
    builder = next((candidate for candidate in BUILDERS if shutil.which(candidate)), None)
    if not builder:
        raise UserError(
            f"none of {', '.join(BUILDERS)} is here: install one, or build files with Apptainer: make "
            "containers without PUSH"
        )
    tagged = f"{push}/{name}:{given['LOCK_SHA256'][:12]}"
    _run(
        builder,
        "build",
        *_each(given),
        "--file",
        f"containers/{FOLDERS[name]}/Dockerfile",
        "--tag",
        tagged,
        ".",
    )
    with tempfile.TemporaryDirectory() as folder:
        digest_file = Path(folder, "digest")
        if builder == "docker":
            _run("docker", "push", tagged)
            digests = json.loads(
                _run("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tagged, capture=True)
            )
            digest = next(entry.partition("@")[2] for entry in digests if entry.startswith(f"{push}/{name}@"))
        else:
            _run(builder, "push", "--digestfile", str(digest_file), tagged)
            digest = digest_file.read_text().strip()
    return f"docker://{push}/{name}@{digest}", digest


def _each(given: dict[str, str]) -> list[str]:
    return [word for key, value in given.items() for word in ("--build-arg", f"{key}={value}")]


def _run(*command: str, capture: bool = False) -> str:
    """Run a builder in the repository's folder; its own words go where ours go."""
    done = subprocess.run(command, cwd=images.ROOT, stdout=subprocess.PIPE if capture else None, text=True)
    if done.returncode:
        raise UserError(
            f"{command[0]} {command[1]} ended with exit code {done.returncode}: its own words above say why"
        )
    return done.stdout or ""
