"""Attention to the request: of a prefix as of the whole, and 1 where nothing is preferred."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policies.attention_drop import ratios
from safe_reasoning.evaluation.attention import load_with_attention, request_focus
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import load_tokenizer


def test_focus_is_causal_and_at_most_the_whole_context(tiny_model: Path):
    model = load_with_attention(tiny_model)
    prompt, reasoning = [1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11]
    whole = request_focus(model, prompt, reasoning, range(2, 5))
    part = request_focus(model, prompt, reasoning[:3], range(2, 5))
    assert whole.shape == (5,) and np.allclose(whole[:3], part, atol=1e-5)
    everything = request_focus(model, prompt, reasoning[:1], range(len(prompt)))
    assert 0 < everything[0] <= (len(prompt) + 1) / len(prompt)


def test_even_attention_is_a_focus_of_one():
    layers = [torch.full((1, 2, 8, 8), 1 / 8)] * 3

    class Even:
        device = torch.device("cpu")

        def __call__(self, **asked: object) -> SimpleNamespace:
            return SimpleNamespace(attentions=layers)

    focus = request_focus(Even(), [1] * 5, [1] * 3, range(1, 4))
    assert np.allclose(focus, np.array([6, 7, 8]) / 8)


def test_ratio_is_against_the_sentences_before():
    focus = np.array([1.0, 1.0, 3.0, 3.0, 1.0])
    assert ratios(focus, [1, 3, 4]) == pytest.approx([3.0, 0.5])


def test_span_is_that_of_the_request_in_the_template(tiny_model: Path):
    tokenizer = load_tokenizer(tiny_model)
    text = "How do I bake bread?"
    ids = prompt_ids(tokenizer, text)
    inputs = PolicyInputs(None, "p", tokenizer, tiny_model, {"p-0": {"text": text}})  # type: ignore[arg-type]
    span = inputs.request_span("p-0", ids)
    assert text in tokenizer.decode(ids[span.start : span.stop]) and len(span) < len(ids)
