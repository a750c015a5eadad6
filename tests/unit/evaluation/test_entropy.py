"""Entropy along reasonings: known values, the tenths, nothing moved by a copy of the base."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from safe_reasoning.evaluation.entropy import mean_by_tenth, reasoning_entropies, token_entropies
from safe_reasoning.evaluation.kl import load_weights


def test_known_entropies():
    uniform, sure = torch.zeros(7), torch.tensor([0.0, *[-math.inf] * 6])
    coin = torch.tensor([0.0, 0.0, *[-math.inf] * 5])
    found = token_entropies(torch.stack([uniform, sure, coin]))
    assert found == pytest.approx([math.log(7), 0, math.log(2)], abs=1e-6)


def test_tenths_of_traces_of_several_lengths():
    assert mean_by_tenth([np.arange(20.0)]) == [0.5 + 2 * tenth for tenth in range(10)]
    both = mean_by_tenth([np.arange(10.0), np.arange(10.0) + 4])
    assert both == [tenth + 2 for tenth in range(10)]
    short = mean_by_tenth([np.array([1.0, 2.0])])
    assert [short[0], short[5]] == [1, 2] and sum(map(math.isnan, short)) == 8
    assert all(map(math.isnan, mean_by_tenth([np.array([])])))


def test_a_copy_of_the_base_has_the_entropies_of_the_base(tiny_model: Path):
    first, second = (
        reasoning_entropies(load_weights(tiny_model), [5, 6, 7], list(range(20, 40))) for _ in range(2)
    )
    assert first.shape == (20,) and (first == second).all()
    assert (first > 0).all() and (first < math.log(400)).all()


def test_position_i_follows_i_tokens(tiny_model: Path):
    model = load_weights(tiny_model)
    found = reasoning_entropies(model, [5, 6], [20, 21, 22])
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[5, 6, 20]])).logits[0, -1:]
    assert found[1] == pytest.approx(token_entropies(logits)[0], abs=1e-5)
