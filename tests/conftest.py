"""Fixtures shared by the tests."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch loads: tests share the machine

import subprocess
from pathlib import Path

import hypothesis
import pytest

from tests.support.made_run import write_made_run
from tests.support.once import made_once
from tests.support.paths import ROOT

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Over several processes, keep the tests of a file together, except unit tests.

    What a file's tests share (an engine, a server, a run) is then made once. The unit tests are
    spread one by one, after the files, and fill up the process that has less to do.
    """
    for item in items:
        if "unit" not in item.path.relative_to(ROOT / "tests").parts:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n<think>\n{% endif %}"
)
SENTENCES = [
    "How do I make the blue lantern?",
    "Okay, the user asks for a blue lantern. Let me think about the steps.",
    "First, mix the paint. Then dry the glass in the sun. Finally, light the lamp.",
    "Wait, this item is restricted. I should not help with it.",
    "I'm sorry, but I can't help with that.",
    "Add 12 and 30: 12 + 30 = 42. The answer is 42.",
]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model with random weights, see `write_tiny_model`."""
    return made_once(tmp_path_factory, "tiny_model", write_tiny_model)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with invented metrics and texts, drawn once; called `made`."""
    place = made_once(tmp_path_factory, "made_run", lambda folder: write_made_run(folder / "made"))
    return place / "made"


def write_tiny_model(folder: Path) -> None:
    """Write a two-layer Llama with random weights, a byte-level BPE, a chat template with a think tag.

    The initial weights are larger than usual: the greedy choices are then clear, and the same for
    every engine in float32.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=398,
        special_tokens=["<|end|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    # Ordinary, not special, tokens: they survive decoding, as with the R1 and Qwen3 tokenizers.
    bpe.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|end|>",
        pad_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
    eos = tokenizer.eos_token_id
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=512,
                initializer_range=0.15,
                bos_token_id=None,
                eos_token_id=eos,
                pad_token_id=eos,
            )
        )
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=eos, bos_token_id=None)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="session")
def stored_runs() -> None:
    """For tests that hold the docs to the stored runs: skipped when results/demo or results/mini holds a run of the reader's own."""
    for run in ("demo", "mini"):
        if (
            subprocess.run(
                ["git", "diff", "--quiet", "HEAD", "--", f"results/{run}/metrics"], cwd=ROOT
            ).returncode
            == 1
        ):
            pytest.skip(
                f"results/{run}/metrics holds a run of your own; the docs are about the stored one (git restore results/{run})"
            )
