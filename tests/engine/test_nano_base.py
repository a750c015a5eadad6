"""The nano world in processes of its own: the same in each, and its base model's training resumable."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def test_world_is_the_same_in_every_process():
    """The order of a Python set depends on the process; the world must not."""
    code = "from safe_reasoning.prompts.nano_world.items import make_items; print(make_items(64, 0))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


TRAIN = """
import sys
from pathlib import Path
from safe_reasoning.config import NanoModel
from safe_reasoning.models import nano
nano.CHECKPOINT_STEPS = 10
settings = NanoModel(kind="nano", items=8, documents=400, vocabulary=400, hidden=32, layers=1, heads=2, batch_tokens=512, threads=1)
nano.train_nano_base(settings, 0, Path(sys.argv[1]))
"""


def test_killed_training_ends_with_the_same_weights(tmp_path: Path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run([sys.executable, "-c", TRAIN, whole], check=True, capture_output=True)
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, broken], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (broken / "checkpoint.pt").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (broken / "checkpoint.pt").exists() and not (broken / "training.json").exists()
    again = subprocess.run([sys.executable, "-c", TRAIN, broken], check=True, capture_output=True, text=True)
    assert again.stderr.count("continuing from step") == 1 and "continuing" not in again.stdout
    results = [json.loads((folder / "training.json").read_text()) for folder in (whole, broken)]
    assert results[0]["weights_sha256"] == results[1]["weights_sha256"]
    assert not (broken / "checkpoint.pt").exists()


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_a_damaged_checkpoint_is_left(share: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    import torch

    from safe_reasoning.models import train_loop

    path = tmp_path / "checkpoint.pt"
    torch.save({"work": {}, "step": 3, "model": torch.zeros(999)}, path)
    assert train_loop._read(path, "nano")["step"] == 3
    os.truncate(path, int(share * path.stat().st_size))
    assert train_loop._read(path, "nano") == {}
    line = capsys.readouterr().err
    assert re.search(r"checkpoint\.pt is damaged \(.+\): training from the beginning$", line.strip())
