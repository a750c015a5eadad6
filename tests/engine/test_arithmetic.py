"""Pinned arithmetic in processes of its own: the same weights whatever the instruction sets, right products."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT

# Without the pins these give other weights
OTHER = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}
THREADS = {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "2"}


NATIVE = """
import sys
from pathlib import Path
from safe_reasoning.config import load
from safe_reasoning.models.nano import train_nano_base
train_nano_base(load(sys.argv[1]).models["nano"], 0, Path(sys.argv[2]))
"""


def weights(folder: Path, environment: dict[str, str], pinned: bool) -> str:
    """The hash of a short training's weights; the script pins its arithmetic, the function does not."""
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    raw["models"]["nano"] |= {"documents": 24, "items": 8, "vocabulary": 400, "threads": 2}
    config, out = folder / "run.yaml", folder / "out"
    config.write_text(yaml.safe_dump(raw))
    script = ["scripts/train_nano_base.py", "--config", str(config), "--model", "nano", "--out", str(out)]
    subprocess.run(
        [sys.executable, *(script if pinned else ["-c", NATIVE, str(config), str(out)])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads((out / "training.json").read_text())["weights_sha256"])


def test_bases_agree_where_native_trainings_do_not(tmp_path: Path):
    found = {}
    for pinned in (True, False):
        for name, environment in (("plain", {}), ("other", OTHER | THREADS)):
            folder = tmp_path / f"{name}-{pinned}"
            folder.mkdir()
            found[pinned, name] = weights(folder, environment, pinned)
    assert found[True, "plain"] == found[True, "other"]
    assert found[False, "plain"] != found[False, "other"], "the environments must be able to differ"


PRODUCTS = """
import torch
from safe_reasoning.core.products import use_threads
def random(*shape, **kind): return torch.randn(*shape, generator=torch.Generator().manual_seed(1), **kind)
a, b, c = random(300, 90), random(90, 110), random(110)
d, e, f = random(6, 70, 40), random(6, 40, 80), random(6, 70, 80)
small = torch.zeros(3, 0) @ torch.zeros(0, 2)
def all_of(kind):
    x, y, z, u, v, w = (t.to(kind).requires_grad_() for t in (a, b, c, d, e, f))
    found = [x @ y, torch.addmm(z, x, y, beta=2, alpha=3), u @ v, torch.baddbmm(w, u, v, beta=0.5, alpha=2)]
    found.append(torch.nn.functional.linear(x, y.t(), z))
    found.append(torch.nn.functional.scaled_dot_product_attention(u[None], u[None], u[None], is_causal=True))
    sum((t * t).sum() for t in found).backward()
    return [t.detach() for t in found] + [t.grad for t in (x, y, z, u, v, w)]
few = torch.rand(7, 9)
def root_of(kind): return few.to(kind).sqrt()
before, roots = all_of(torch.float64), root_of(torch.float64)
use_threads({threads})
assert torch.get_num_threads() == 1
assert all(torch.allclose(p, q, rtol=1e-12) for p, q in zip(before, all_of(torch.float64)))
for p, q in zip(before, all_of(torch.float32)):
    assert torch.allclose(p.float(), q, rtol=1e-3, atol=1e-3 * float(p.abs().mean()))
assert torch.equal(root_of(torch.float64), roots)
assert torch.equal(root_of(torch.float32), few.double().sqrt().float()), "rounded as IEEE 754 asks"
assert torch.tensor(4.0).sqrt() == 2 and torch.tensor([], dtype=torch.float32).sqrt().shape == (0,)
assert torch.equal(torch.zeros(3, 0) @ torch.zeros(0, 2), small)
assert not any(key.startswith(("avx512", "amx")) for key in torch.cpu.get_capabilities())
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_products_and_their_gradients_are_right(threads: int):
    environment = {**os.environ, "PYTHONPATH": "src", "SAFE_REASONING_ARITHMETIC": "portable"}
    code = PRODUCTS.replace("{threads}", str(threads))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
