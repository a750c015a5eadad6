"""The manifest: every form of a figure, the same bytes every time, the hashes of what is committed."""

import shutil
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_bytes, write_json
from safe_reasoning.report.manifest import write_manifest
from tests.support.drawing import FIGURES
from tests.support.paths import ROOT


def test_manifest_holds_every_form_and_is_stable(tmp_path: Path):
    for form in ("png", "svg", "csv"):
        write_bytes(tmp_path / f"figures/a.{form}", form.encode())
    write_bytes(tmp_path / "metrics/m.csv", b"x")
    write_bytes(tmp_path / "metrics/m.csv.meta.json", b"{}")
    with pytest.raises(UserError, match=r"config\.yaml does not exist"):
        write_manifest(tmp_path, tmp_path / "manifest.json")
    write_bytes(tmp_path / "config.yaml", b"run: x")
    for name in ("one.json", "two.json"):
        write_manifest(tmp_path, tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert set(read_json(tmp_path / "one.json")["files"]) == {
        "config.yaml",
        "metrics/m.csv",
        "figures/a.csv",
        "figures/a.png",
        "figures/a.svg",
    }


def test_manifest_keeps_the_hashes_of_base_weights_without_the_models(tmp_path: Path):
    """Models are not stored with the evidence; a manifest that is renewed there still names them."""
    write_bytes(tmp_path / "config.yaml", b"run: x")
    out, summary = tmp_path / "manifest.json", tmp_path / "models/nano/base/training.json"
    write_manifest(tmp_path, out)
    assert read_json(out)["base_weights"] == {}
    write_json(summary, {"weights_sha256": "a" * 64})
    write_json(tmp_path / "models/other/base/training.json", {"steps": 1})
    write_json(tmp_path / "models/nano/ipo/seed0/training.json", {"weights_sha256": {"m": "b" * 64}})
    write_manifest(tmp_path, out)
    assert read_json(out)["base_weights"] == {"nano": "a" * 64}
    shutil.rmtree(tmp_path / "models")
    write_manifest(tmp_path, out)
    assert read_json(out)["base_weights"] == {"nano": "a" * 64}


@pytest.mark.parametrize("run", ["demo", "demo_replicates", "mini"])
def test_committed_evidence_is_what_its_manifest_says(run: str):
    folder = ROOT / "results/reference" / run
    files = read_json(folder / "manifest.json")["files"]
    assert {path for path in files if sha256(folder / path) != files[path]["sha256"]} == set()
    assert {f"figures/{name}.svg" for name in FIGURES} <= set(files)
