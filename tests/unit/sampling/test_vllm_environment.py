"""What vLLM finds in its environment, on CUDA as far as a CPU can tell: a stand-in takes its place."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from safe_reasoning.config import Decoding, Engine
from safe_reasoning.core.vllm_environment import EVERYWHERE, ON_CPU
from safe_reasoning.sampling import vllm_engine

NAMES = [*EVERYWHERE, *ON_CPU, "VLLM_CPU_KVCACHE_SPACE", "OMP_NUM_THREADS"]


def opened(monkeypatch: pytest.MonkeyPatch, cuda: bool, **given: str) -> dict[str, str]:
    """The environment at the moment at which vLLM is asked for an engine."""
    found: dict[str, str] = {}

    class LLM:
        def __init__(self, **_: Any) -> None:
            found.update(os.environ)

    vllm = ModuleType("vllm")
    vllm.LLM = LLM  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    for name in ("load_tokenizer", "ends_of", "use_threads"):
        monkeypatch.setattr(vllm_engine, name, lambda *_: None)
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the engine sets is taken back
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    vllm_engine.VllmEngine(Path("model"), Engine(name="vllm", threads=3), Decoding(max_new_tokens=8))
    return {name: found[name] for name in NAMES if name in found}


def test_on_cuda_no_forked_process_meets_a_gpu(monkeypatch: pytest.MonkeyPatch):
    """Asking whether there is a GPU already keeps a forked process from using it."""
    found = opened(monkeypatch, cuda=True)
    assert found["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert found["VLLM_WORKER_MULTIPROC_METHOD"] == "spawn"
    assert not found.keys() & {"TORCH_COMPILE_DISABLE", "VLLM_CPU_OMP_THREADS_BIND", "OMP_NUM_THREADS"}


def test_on_the_cpu_the_engine_is_in_this_process_as_ever(monkeypatch: pytest.MonkeyPatch):
    assert opened(monkeypatch, cuda=False) == {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # vLLM sets it on CPUs itself
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCH_COMPILE_DISABLE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "OMP_NUM_THREADS": "3",
    }


def test_what_is_in_the_environment_goes_before(monkeypatch: pytest.MonkeyPatch):
    assert opened(monkeypatch, cuda=True, VLLM_LOGGING_LEVEL="INFO")["VLLM_LOGGING_LEVEL"] == "INFO"


def test_vllm_knows_these_variables():
    spec = importlib.util.find_spec("vllm")
    assert spec and spec.origin
    known = Path(spec.origin).with_name("envs.py").read_text()
    missing = [
        name for name in (*EVERYWHERE, *ON_CPU) if name.startswith("VLLM_") and f'"{name}"' not in known
    ]
    assert missing == []
