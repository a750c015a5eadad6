"""Weights that are read into an open engine, with output embeddings tied to the input ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.support.paths import ROOT

# vLLM has one engine a process: another one would end those of other tests
SCRIPT = """
import sys
from pathlib import Path
from safe_reasoning import config
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.factory import open_engine

one, other = map(Path, sys.argv[1:])
decoding = config.Decoding(temperature=0.6, top_p=0.95, max_new_tokens=16)
requests = [Request(f"g{i}", "p", "s", i, i, [5 + i, 6, 7]) for i in range(6)]

def settings(name):
    return config.Engine(name=name, dtype="float32", max_model_len=64, max_num_seqs=8, kv_cache_gib=1)

def sampled(engine):
    return [row["token_ids"] for row in engine.generate(requests)]

engine = open_engine(one, settings("vllm"), decoding)
first = sampled(engine)
engine.load_weights(other)
second = sampled(engine)
engine.load_weights(one)
assert first == sampled(engine) != second
assert second == sampled(open_engine(other, settings("transformers"), decoding)), "other weights"
"""


def test_output_embeddings_are_read_with_the_other_weights(tiny_model: Path, tmp_path: Path):
    """On CPUs vLLM multiplies by a packed copy of them."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for seed, folder in enumerate(folders):
        shutil.copytree(tiny_model, folder)
        shape = LlamaConfig.from_pretrained(tiny_model)
        shape.tie_word_embeddings = True
        torch.manual_seed(seed)
        LlamaForCausalLM(shape).save_pretrained(folder)
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, folders)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-2000:]
