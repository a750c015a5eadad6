"""Fetching from a small hub over HTTP on loopback: what works, and each way in which it can go wrong, in one line."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.local_hub import COMMIT, Hub, serve
from tests.support.paths import ROOT

CSV = b"Goal,Category\n" + b"".join(f"Goal {i},c\n".encode() for i in range(6))
WEIGHTS = bytes(range(256)) * 400


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub(
        {
            ("dataset", "some/prompts", "data.csv"): CSV,
            (
                "model",
                "some/model",
                "config.json",
            ): b'{"model_type": "llama", "auto_map": {"AutoModel": "code.Evil"}}',
            ("model", "some/model", "model.safetensors"): WEIGHTS,
            ("model", "some/model", "tokenizer.json"): b"{}",
            ("model", "some/model", "pytorch_model.bin"): b"pickled",
            ("model", "some/model", "code.py"): b"raise SystemExit('remote code ran')",
            ("model", "some/pickles", "config.json"): b"{}",
            ("model", "some/pickles", "pytorch_model.bin"): b"pickled",
        }
    )
    with serve(made):
        yield made


def entry(**changes: object) -> dict:
    base = {
        "kind": "dataset",
        "repository": "some/prompts",
        "revision": COMMIT,
        "hub_file": "data.csv",
        "mirror_file": "p/data.csv",
        "rows": 6,
    }
    return {**base, "sha256": hashlib.sha256(CSV).hexdigest(), "licence": "MIT", "gated": False, **changes}


def model(**changes: object) -> dict:
    return {
        "kind": "model",
        "repository": "some/model",
        "revision": COMMIT,
        "parameters": 0.1,
        "licence": "MIT",
        "gated": False,
        **changes,
    }


def run(
    tmp_path: Path, hub: Hub | None, code: str, table: dict, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh process with this table, this hub and a cache of its own."""
    (tmp_path / "sources.yaml").write_text("# A table\n" + yaml.safe_dump(table, sort_keys=False))
    program = (
        "import pathlib, sys\nfrom safe_reasoning.sources import fetch\nfrom safe_reasoning.sources import table as sources_table\nfrom safe_reasoning.sources import hub\nfrom safe_reasoning.core.cli import command\n"
        f"sources_table.TABLE = pathlib.Path({str(tmp_path / 'sources.yaml')!r})\n@command\ndef main():\n"
        + "".join(f"    {line}\n" for line in code.splitlines())
        + "main()\n"
    )
    settings = {
        "HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_HUB_DOWNLOAD_TIMEOUT": "2",
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env=settings,
        cwd=tmp_path,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.returncode == 1 and len(errors) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return errors[0]


FETCH = "print(fetch.fetch('prompts', None).read_bytes() == pathlib.Path('expected').read_bytes())"


def test_a_data_set_is_fetched_at_its_commit_and_then_kept(hub: Hub, tmp_path: Path):
    (tmp_path / "expected").write_bytes(CSV)
    assert run(tmp_path, hub, FETCH, {"prompts": entry()}).stdout.strip() == "True"
    assert {request.split()[1] for request in hub.requests if "/resolve/" in request} == {
        f"datasets/some/prompts/resolve/{COMMIT}/data.csv"
    }
    seen = len(hub.requests)
    assert run(tmp_path, hub, FETCH, {"prompts": entry()}, HF_HUB_OFFLINE="1").stdout.strip() == "True"
    assert len(hub.requests) == seen


@pytest.mark.parametrize(
    ("table", "fault", "token", "message"),
    [
        ({"sha256": "0" * 64}, {}, "", "is altered"),
        ({}, {"data.csv": "truncated"}, "", "cannot download data.csv"),
        ({"hub_file": "other.csv"}, {}, "", "has no file other.csv"),
        ({"repository": "some/nothing"}, {}, "", "does not show some/nothing"),
        ({"revision": "b" * 40}, {}, "", "has no revision bbbb"),
        ({"revision": "floating"}, {}, "", "its revision is floating: run make lock-revisions"),
        (
            {"gated": True},
            {"some/prompts": "gated"},
            "",
            "is gated: accept its terms at .*some/prompts, then set HF_TOKEN",
        ),
        ({"gated": True}, {"some/prompts": "gated"}, "hf_wrong", "is gated: accept its terms"),
    ],
)
def test_each_fault_is_one_line_with_its_repair(
    hub: Hub, tmp_path: Path, table: dict, fault: dict, token: str, message: str
):
    import re

    hub.faults.update(fault)
    result = run(tmp_path, hub, FETCH, {"prompts": entry(**table)}, **({"HF_TOKEN": token} if token else {}))
    line = one_line(result)
    assert re.search(message, line) and re.search(r"data_mirror|delete it and fetch it again", line), line
    if message != "is altered":
        assert not [
            path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.name == "data.csv"
        ]


def test_a_truncated_download_is_finished_by_the_next_try(hub: Hub, tmp_path: Path):
    (tmp_path / "expected").write_bytes(CSV)
    hub.faults["data.csv"] = "truncated"
    one_line(run(tmp_path, hub, FETCH, {"prompts": entry()}))
    hub.faults.clear()
    assert run(tmp_path, hub, FETCH, {"prompts": entry()}).stdout.strip() == "True"


def test_a_hub_that_is_down_is_one_line(tmp_path: Path):
    assert "cannot" in one_line(run(tmp_path, None, FETCH, {"prompts": entry()}))


def test_the_token_opens_a_gated_source_and_is_left_nowhere(hub: Hub, tmp_path: Path):
    (tmp_path / "expected").write_bytes(CSV)
    hub.faults["some/prompts"] = "gated"
    result = run(tmp_path, hub, FETCH, {"prompts": entry(gated=True)}, HF_TOKEN="hf_right")
    assert result.stdout.strip() == "True" and "hf_right" in hub.tokens_seen
    assert "hf_right" not in result.stdout + result.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hf_right" in path.read_bytes()]


def test_a_full_disk_is_one_line(hub: Hub, tmp_path: Path):
    code = "import errno\nimport huggingface_hub\ndef full(*_, **__):\n    raise OSError(errno.ENOSPC, 'No space left on device')\nhuggingface_hub.hf_hub_download = full\n"
    assert "no space left on the disk" in one_line(run(tmp_path, hub, code + FETCH, {"prompts": entry()}))


LINK = (
    "from safe_reasoning.models.hub_weights import link_model\n"
    "link_model('weights', None, pathlib.Path('out'), model='m', method='base', seed=0)\nprint(sorted(p.name for p in pathlib.Path('out').iterdir()))"
)


def test_a_model_is_linked_without_code_and_pickles(hub: Hub, tmp_path: Path):
    result = run(tmp_path, hub, LINK, {"weights": model()})
    assert "['config.json', 'model.safetensors', 'tokenizer.json', 'training.json']" in result.stdout, (
        result.stderr
    )
    marker = json.loads((tmp_path / "out/training.json").read_text())
    assert (
        marker["weights_sha256"] == {"model.safetensors": hashlib.sha256(WEIGHTS).hexdigest()}
        and marker["revision"] == COMMIT
    )
    assert not [request for request in hub.requests if request.endswith((".py", ".bin"))]
    assert not [path for path in (tmp_path / "home").rglob("*") if path.suffix in (".py", ".bin")]


@pytest.mark.parametrize(
    ("table", "fault", "message"),
    [
        ({"repository": "some/pickles"}, {}, "holds no safetensors"),
        ({}, {"model.safetensors": "truncated"}, "cannot download the weights"),
        ({"gated": True}, {"some/model": "gated"}, "is gated: accept its terms at huggingface.co/some/model"),
        ({"repository": "some/nothing"}, {}, "does not show some/nothing"),
    ],
)
def test_each_fault_of_a_model_is_one_line(hub: Hub, tmp_path: Path, table: dict, fault: dict, message: str):
    hub.faults.update(fault)
    assert message in one_line(run(tmp_path, hub, LINK, {"weights": model(**table)}))
    assert not (tmp_path / "out/training.json").exists()


def test_an_index_whose_files_are_missing_is_refused(tmp_path: Path):
    folder = tmp_path / "mirror/models/weights"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})
    )
    (folder / "model-1.safetensors").write_bytes(b"x")
    result = run(tmp_path, None, LINK, {"weights": model()}, SAFE_REASONING_DATA=str(tmp_path / "mirror"))
    assert "lacks model-2.safetensors (1 of 2 files)" in one_line(result)


def test_floating_revisions_are_locked_in_place(hub: Hub, tmp_path: Path):
    hub.files["dataset", "some/prompts", "data.parquet"] = b"rows"
    table = {
        "pinned": entry(),
        "prompts": {**entry(revision="floating", hub_file="data.parquet"), "sha256": None},
        "weights": model(revision="floating"),
        "gone": model(revision="floating", repository="some/nothing"),
    }
    del table["prompts"]["sha256"]
    code = f"import runpy\nsys.argv = ['lock_revisions.py']\nrunpy.run_path({str(ROOT / 'scripts/lock_revisions.py')!r}, run_name='__main__')"
    result = run(tmp_path, hub, code, table)
    assert result.returncode == 1 and "does not show some/nothing" in result.stderr
    locked = yaml.safe_load((tmp_path / "sources.yaml").read_text())
    assert (tmp_path / "sources.yaml").read_text().startswith("# A table\n")
    assert (
        locked["prompts"]["revision"] == locked["weights"]["revision"] == COMMIT
        and locked["gone"]["revision"] == "floating"
    )
    assert (
        locked["prompts"]["sha256"] == hashlib.sha256(b"rows").hexdigest()
        and locked["pinned"] == table["pinned"]
    )
    before = (tmp_path / "sources.yaml").read_text()
    run(tmp_path, hub, code, yaml.safe_load(before))
    assert yaml.safe_load((tmp_path / "sources.yaml").read_text()) == locked


MIRROR = """
from safe_reasoning.models.hub_weights import model_folder
from safe_reasoning.sources import at_hand, mirror
there = [at_hand.at_hand(name, "mirror") for name in ("prompts", "kept", "weights")]
out = pathlib.Path("out")
for name in ("prompts", "kept"):
    mirror.put(name, fetch.fetch(name, "mirror"), "mirror", out)
mirror.put("weights", model_folder("weights", "mirror"), "mirror", out)
after = [at_hand.at_hand(name, "mirror") for name in ("prompts", "kept", "weights")]
print(there, mirror.write_sums(out), after, at_hand.why_unreachable("hub", ""))
"""


def test_a_mirror_is_filled_up_from_the_hub(hub: Hub, tmp_path: Path):
    """Of three sources the mirror has one; the new folder has all of them, with their hashes, and needs no hub."""
    (tmp_path / "mirror/k").mkdir(parents=True)
    (tmp_path / "mirror/k/data.csv").write_bytes(CSV)
    table = {
        "prompts": entry(),
        "kept": entry(mirror_file="k/data.csv", repository="not/there"),
        "weights": model(),
    }
    done = run(tmp_path, hub, MIRROR, table)
    assert done.stdout.strip() == "[False, True, False] 5 [True, True, True] None", done.stderr
    files = {
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    weights = {f"models/weights/{name}" for name in ("config.json", "model.safetensors", "tokenizer.json")}
    assert files == {"SHA256SUMS", "p/data.csv", "k/data.csv", *weights}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", check=True)
    (tmp_path / "home").rename(tmp_path / "old")
    read = "print([fetch.fetch(name, 'out').name for name in ('prompts', 'kept')], hub_weights.model_folder('weights', 'out'))"
    again = run(tmp_path, None, "from safe_reasoning.models import hub_weights\n" + read, table)
    assert again.stdout.strip() == "['data.csv', 'data.csv'] out/models/weights", again.stderr


def test_a_hub_that_does_not_answer_is_told_in_one_line(tmp_path: Path):
    code = "from safe_reasoning.sources import at_hand\nprint(repr(at_hand.why_unreachable('hub', '')))"
    assert "refused" in run(tmp_path, None, code, {}).stdout.lower()
    assert "HF_HUB_OFFLINE" in run(tmp_path, None, code, {}, HF_HUB_OFFLINE="1").stdout
