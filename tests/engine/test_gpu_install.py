"""The bundle of the GPU check is installed beside the machine's packages, and changes none of them."""

import subprocess
import sys
import zipfile
from pathlib import Path

from safe_reasoning.gpu_check import bundle
from tests.support.paths import ROOT


def write_wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """A package of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    return path


def test_a_bundle_is_installed_beside_the_packages_of_the_machine(tmp_path: Path):
    """What is carried goes before what was there; all else of the machine is seen."""
    content, environment = tmp_path / "content", tmp_path / "env"
    write_wheel(content / "wheels", "only_carried", "1.0", "VALUE = 7\n")
    write_wheel(content / "wheels", "hjson", "99.0", "VALUE = 8\n")  # the machine has another one
    (content / "nano").mkdir()
    (content / "nano/config.json").write_text("{}")
    bundle.build(content, tmp_path / "bundle")
    install = [sys.executable, str(ROOT / "scripts/gpu_install.py")]
    options = ["--bundle", str(tmp_path / "bundle"), "--env", str(environment)]
    done = subprocess.run([*install, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (environment / "carried/nano/config.json").read_text() == "{}"
    code = "import hjson, only_carried, yaml, safe_reasoning; print(hjson.VALUE, only_carried.VALUE)"
    seen = subprocess.run(
        [environment / "bin/python", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert seen.stdout == "8 7\n", seen.stderr
    here = subprocess.run([sys.executable, "-c", "import only_carried"], capture_output=True, timeout=60)
    assert here.returncode != 0, "nothing came into the machine's own packages"
    (tmp_path / "bundle/piece-1/contents.json").unlink()
    broken = subprocess.run([*install, *options], capture_output=True, text=True, timeout=60)
    assert broken.returncode == 1 and broken.stderr.startswith("error: ")
