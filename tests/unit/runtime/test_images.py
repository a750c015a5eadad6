"""Which images the workflow takes and which it refuses, and how the digests of their bases are learned."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime import images
from safe_reasoning.runtime.image_builds import FOLDERS, arguments
from safe_reasoning.runtime.registries import parts, pinned
from tests.support.image_project import image_project
from tests.support.paths import ROOT

MANIFEST = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
OTHER = f"sha256:{'0' * 64}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return image_project(tmp_path, monkeypatch)


def write_image(folder: Path, name: str, **entry: str | None) -> None:
    """Set what the table says of an image; what is not given is right for a file with the content `image`."""
    content = images.table()
    right = {"image": f"containers/{name}.sif", "digest": f"sha256:{hashlib.sha256(b'image').hexdigest()}"}
    content["images"][name] = right | {"lock_sha256": images.lock_sha256(name)} | entry
    (folder / images.TABLE).write_text(images.text_of(content))
    (folder / f"containers/{name}.sif").write_bytes(b"image")


def test_the_table_of_the_repository_pins_every_base():
    content = images.table()
    assert set(content["bases"]) == set(FOLDERS.values())
    for base in content["bases"].values():
        assert (
            images.DIGEST.fullmatch(base["digest"])
            and re.fullmatch(r"\d{8}T000000Z", base["snapshot"])
            and base["learned"]
        )
        assert parts(base["image"])[2] != "latest"
    assert images.text_of(content) == (ROOT / images.TABLE).read_text()


def test_what_is_built_may_be_used_and_nothing_else(folder: Path):
    assert images.image("serve") == "containers/serve.sif"
    assert images.refusals(["serve"]) == ["the image serve is not built yet: run make containers NAMES=serve"]
    write_image(folder, "serve")
    assert images.image("serve") == "containers/serve.sif" and images.refusals(["serve", "serve"]) == []
    remote = f"docker://registry.example.org/me/train@{OTHER}"
    write_image(folder, "train", image=remote, digest=OTHER)
    assert images.image("train") == remote and images.refusals(["serve", "train"]) == []
    assert [line.split(" is ")[0] for line in images.refusals(images.NAMES)] == [
        "the image analyze",
        "the image grpo",
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"digest": None}, "has no digest"),
        ({"digest": "latest"}, "has no digest"),
        ({"digest": OTHER}, "is not the file whose digest is in"),
        ({"lock_sha256": "0" * 64}, "was built from another envs/serve.lock than the present one"),
        ({"image": "containers/gone.sif"}, "is not there"),
        (
            {"image": "docker://registry.example.org/me/serve:1", "digest": DIGEST},
            "is named by a tag, which can move",
        ),
        (
            {"image": f"docker://registry.example.org/me/serve@{OTHER}", "digest": DIGEST},
            "is not the one of the digest",
        ),
    ],
)
def test_a_refusal_names_image_cause_and_repair(folder: Path, entry: dict, message: str):
    write_image(folder, "serve", **entry)
    (line,) = images.refusals(["serve"])
    assert (
        line.startswith("the image serve (")
        and message in line
        and "run make containers NAMES=serve" in line
        and "\n" not in line
    )


def test_a_changed_lock_or_file_is_refused(folder: Path):
    write_image(folder, "serve")
    (folder / "envs/serve.lock").write_text("serve==2\n")
    assert "another envs/serve.lock" in images.refusals(["serve"])[0]
    (folder / "envs/serve.lock").write_text("serve==1\n")
    (folder / "containers/serve.sif").write_bytes(b"other")
    assert "is not the file" in images.refusals(["serve"])[0]
    (folder / "envs/serve.lock").unlink()
    assert images.refusals(["serve"]) == [
        "envs/serve.lock does not exist: take it from the repository, or run make lock"
    ]


def test_faults_of_the_table_and_of_names_are_one_line(folder: Path):
    with pytest.raises(UserError, match="no image is called 'sevre': use one of serve, train, grpo, analyze"):
        images.image("sevre")
    whole = (folder / images.TABLE).read_text()
    for text, message in (
        ("images: [", "cannot be read"),
        ("images: {serve: 1}", r"cannot be read \(images needs serve, train, grpo, analyze with"),
        (whole.replace("learned", "heard"), r"cannot be read \(bases needs"),
        (whole.replace("lock_sha256", "lock"), r"cannot be read \(images needs"),
        ("", "cannot be read"),
        (None, "does not exist"),
    ):
        (folder / images.TABLE).unlink(missing_ok=True)
        if text is not None:
            (folder / images.TABLE).write_text(text)
        with pytest.raises(UserError, match=message) as error:
            images.image("serve")
        assert "\n" not in str(error.value)


def test_build_arguments_name_the_base_by_digest(folder: Path):
    given = arguments("grpo")
    base = images.table()["bases"]["train"]
    assert (
        given["BASE"] == f"docker.io/nvidia/cuda@{base['digest']}"
        and given["LOCK"] == "envs/grpo.lock"
        and given["NAME"] == "grpo"
    )
    assert given["LOCK_SHA256"] == hashlib.sha256(b"grpo==1\n").hexdigest()
    content = images.table()
    content["bases"]["train"]["digest"] = None
    (folder / images.TABLE).write_text(images.text_of(content))
    with pytest.raises(UserError, match="has no digest in containers/digests.lock: run make lock-containers"):
        arguments("train")


def test_names_of_images():
    assert parts("python:3.12-slim") == ("registry-1.docker.io", "library/python", "3.12-slim")
    assert parts("nvidia/cuda:13") == ("registry-1.docker.io", "nvidia/cuda", "13")
    assert parts("127.0.0.1:5000/a/b:1") == ("127.0.0.1:5000", "a/b", "1")
    assert pinned("python:3.12", OTHER) == f"docker.io/library/python@{OTHER}"
    for image in ("python", "127.0.0.1:5000/python"):
        with pytest.raises(UserError, match="has no tag"):
            parts(image)
