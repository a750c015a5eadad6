"""Archives by their scripts: the same bytes as the functions', redrawn without the heavy packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safe_reasoning.archive.contents import gather
from safe_reasoning.archive.pack import pack
from tests.support.paths import ROOT

# No package that drawing from metrics can do without may be imported for it: as if these were not installed.
WITHOUT = """
class Missing:
    names = "torch vllm transformers trl deepspeed datasets snakemake openai rocrate jinja2 docutils pydantic".split()
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
"""


def run_script(name: str, *arguments: object, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script as a command does; `before` is Python that comes first."""
    code = f"import runpy, sys\n{before}\nsys.argv = ['{name}', *sys.argv[1:]]\nrunpy.run_path('{ROOT}/scripts/{name}.py', run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


@pytest.fixture(scope="module")
def written(made_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("archived") / "made.zip"
    result = run_script("write_archive", "--run", made_run, "--out", archive)
    assert result.returncode == 0, result.stderr
    return archive


def test_same_content_is_the_same_bytes(made_run: Path, written: Path, tmp_path: Path):
    again = Path(shutil.copytree(made_run, tmp_path / made_run.name))
    for path in again.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert pack(gather(again, ROOT)[0]) == written.read_bytes()


@pytest.mark.parametrize("run", ["demo", "mini"])
def test_committed_runs_redraw_from_their_archive_alone(run: str, tmp_path: Path):
    folder, archive, out = ROOT / "results/reference" / run, tmp_path / f"{run}.zip", tmp_path / "elsewhere"
    written = run_script("write_archive", "--run", folder, "--out", archive)
    assert written.returncode == 0, written.stderr
    if not (folder / "verdicts").exists():
        message = [line for line in written.stderr.splitlines() if "left out: " in line]
        assert (
            len(message) == 1
            and "verdicts, since" in message[0]
            and ("quotes a prompt" in message[0]) == (run == "mini")
        )
    drawn = run_script("redraw", "--archive", archive, "--out", out, before=WITHOUT)
    assert drawn.returncode == 0, drawn.stderr
    names = [
        path.relative_to(folder) for pattern in ("tables/*", "figures/*.csv") for path in folder.glob(pattern)
    ]
    assert len(names) >= 36 and all(
        (out / name).read_bytes() == (folder / name).read_bytes() for name in names
    )
    assert {path.name for path in (folder / "figures").iterdir()} == {
        path.name for path in (out / "figures").iterdir()
    }


def test_a_run_without_manifest_is_one_line(made_run: Path, tmp_path: Path):
    run = Path(shutil.copytree(made_run, tmp_path / made_run.name))
    (run / "manifest.json").unlink()
    result = run_script("write_archive", "--run", run, "--out", tmp_path / "x.zip")
    assert (
        result.returncode == 1
        and result.stderr.count("error: ") == 1
        and "manifest.json does not exist" in result.stderr
    )
    assert not (tmp_path / "x.zip").exists()
