"""The draw of a token from logits."""

import pytest
import torch

from safe_reasoning.config import Decoding
from safe_reasoning.sampling.transformers_engine import choose


def decoding(temperature: float, top_p: float = 1.0) -> Decoding:
    return Decoding(temperature=temperature, top_p=top_p, max_new_tokens=1)


def test_temperature_0_takes_the_most_likely():
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert choose(logits, torch.tensor([0.99, 0.99]), decoding(0)).tolist() == [1, 0]


def test_shares_are_the_probabilities_of_the_nucleus():
    """Of 0.5, 0.3, 0.15, 0.05 a top-p of 0.9 keeps three: the fewest that hold it."""
    logits = torch.tensor([0.05, 0.5, 0.15, 0.3]).log()
    draws = (torch.arange(10_000) + 0.5) / 10_000
    chosen = choose(logits.expand(10_000, 4), draws, decoding(1, 0.9))
    shares = torch.bincount(chosen, minlength=4) / 10_000
    assert shares.tolist() == pytest.approx([0, 0.5 / 0.95, 0.15 / 0.95, 0.3 / 0.95], abs=2e-4)


def test_the_last_bits_of_like_logits_do_not_change_the_draw():
    """As another batch size or device would round them."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(64, 1, generator=generator) + 1e-6 * torch.randn(64, 3000, generator=generator)
    other = logits + 1e-6 * torch.randn(64, 3000, generator=generator)
    draws = (torch.randint(3000, (64,), generator=generator) + 0.5) / 3000  # in the middle of a token's share
    assert torch.equal(choose(logits, draws, decoding(1)), choose(other, draws, decoding(1)))
