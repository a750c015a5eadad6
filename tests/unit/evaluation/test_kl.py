"""KL by token: zero with itself, as in float64, and averaged over the traces that get there."""

from pathlib import Path

import numpy as np
import pytest
import torch

from safe_reasoning.core.errors import UserError
from safe_reasoning.evaluation import kl


def test_kl_is_zero_with_itself_and_matches_float64(tiny_model: Path):
    base, other = kl.load_weights(tiny_model), kl.load_weights(tiny_model)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    prompt, reasoning = [5, 6, 7], [11, 12, 13, 14, 15]
    assert kl.kl_by_token(base, base, prompt, reasoning, 4) == pytest.approx(np.zeros(4), abs=1e-7)
    measured = kl.kl_by_token(other, base, prompt, reasoning, 4)
    ids = torch.tensor([prompt + reasoning])
    with torch.no_grad():
        p, q = (
            torch.softmax(model.double()(input_ids=ids).logits[0, 2:6], -1).numpy() for model in (other, base)
        )
    assert measured == pytest.approx((p * np.log(p / q)).sum(-1), rel=1e-3)


def test_a_token_more_changes_no_kl(tiny_model: Path):
    """Over the tokens that both have: a model that only grew is where its base is."""
    from safe_reasoning.training.new_tokens import grow

    base, grown = kl.load_weights(tiny_model), kl.load_weights(tiny_model)
    grow(grown, [base.config.vocab_size])
    assert kl.kl_by_token(grown, base, [5, 6, 7], [11, 12, 13], 3) == pytest.approx(np.zeros(3), abs=1e-6)
    assert kl.kl_by_token(base, grown, [5, 6, 7], [11, 12, 13], 3) == pytest.approx(np.zeros(3), abs=1e-6)


def test_one_model_after_the_other_gives_the_same_curve(tiny_model: Path):
    base, other = kl.load_weights(tiny_model), kl.load_weights(tiny_model)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    traces = [([5, 6, 7], [11, 12, 13, 14, 15]), ([8], [9, 10])]
    both = [kl.kl_by_token(other, base, *trace, 4) for trace in traces]
    states = kl.StatesOfBase(base, traces, 4)
    del base
    for one, two in zip(states.kl_from(other), both, strict=True):
        assert one == pytest.approx(two, abs=1e-6) and two.max() > 1e-4
    half = kl.kl_by_token(kl.load_weights(tiny_model, "bfloat16"), other, *traces[0], 4)
    assert half == pytest.approx(both[0], rel=0.2, abs=0.01)


def test_a_model_whose_logits_are_more_than_its_output_layer_is_refused(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    base = kl.load_weights(tiny_model)
    logits = kl._logits
    monkeypatch.setattr(kl, "_logits", lambda *given: 2 * logits(*given))  # a scaled head, say
    with pytest.raises(UserError, match="set it to false"):
        kl.StatesOfBase(base, [([5], [6, 7])], 4)


def test_kl_curve_counts_the_traces_that_reach_a_position():
    curve = kl.kl_curve([np.array([1.0, 2.0]), np.array([3.0])], 200)
    assert [row["traces"] for row in curve] == [2, 1] and [row["kl"] for row in curve] == [2.0, 2.0]
    assert curve[0]["low"] >= 1.0 and curve[0]["high"] <= 3.0
