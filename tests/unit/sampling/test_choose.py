"""The draw of a token from logits."""

import math
import random
from itertools import accumulate

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from safe_reasoning.config import Decoding
from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling import nucleus
from safe_reasoning.sampling.nucleus import Tally, biased, by_sorting, choose, likeliest, uniform


def decoding(temperature: float, top_p: float = 1.0) -> Decoding:
    return Decoding(temperature=temperature, top_p=top_p, max_new_tokens=1)


def test_temperature_0_takes_the_most_likely():
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert choose(logits, torch.tensor([0.99, 0.99]), decoding(0)).tolist() == [1, 0]


@pytest.mark.parametrize("vocabulary", [4, 200, 20_000])
def test_logits_that_are_no_numbers_are_one_line(vocabulary: int):
    """Those of a model whose training diverged."""
    logits = torch.zeros(2, vocabulary)
    logits[1, 2] = math.nan
    with pytest.raises(UserError, match="diverged"):
        choose(logits, torch.tensor([0.1, 0.9]), decoding(0.6, 0.95))


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


def reference(logits: list[float], draw: float, temperature: float, top_p: float) -> tuple[int, float]:
    """The token by a plain full sort, and how far the draw is from the next token's share."""
    best = max(logits)
    weights = [math.exp((value - best) / temperature) for value in logits]
    total, before, kept = math.fsum(weights), 0.0, set()
    for token in sorted(range(len(logits)), key=lambda token: (-weights[token], token)):
        if before >= top_p * total:
            break
        kept.add(token)
        before += weights[token]
    needed = draw * math.fsum(weights[token] for token in kept)
    edges = list(accumulate(weights[token] if token in kept else 0.0 for token in range(len(logits))))
    chosen = next((token for token, edge in enumerate(edges) if edge > needed), max(kept))
    return chosen, min(abs(edge - needed) for edge in edges) / total


@st.composite
def rows_of_logits(draw: st.DrawFn) -> list[list[float]]:
    """Of tiny and larger vocabularies: flat and peaked rows, with and without ties."""
    vocabulary = draw(st.sampled_from([1, 2, 3, 20, 127, 128, 129, 300, 700, 3000]))
    rng = random.Random(draw(st.integers(0, 2**32)))
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        scale, step = draw(st.sampled_from([0, 0.5, 3, 15])), draw(st.sampled_from([0, 0.25, 2]))
        values = [rng.gauss(0, scale) for _ in range(vocabulary)]
        rows.append([round(value / step) * step if step else value for value in values])
    for place in draw(st.lists(st.integers(0, vocabulary - 1), max_size=5)):
        rows[0][place] = draw(st.sampled_from([-math.inf, 5.0, 40.0, rows[0][0]]))
    assume(all(max(row) > -math.inf for row in rows))
    return torch.tensor(rows).tolist()


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(
    rows_of_logits(),
    st.sampled_from([0.2, 0.6, 1.0, 3.0]),
    # Halves, quarters, ...: the edge of the nucleus of equally likely tokens lies at such shares
    st.one_of(st.sampled_from([0.25, 0.5, 0.95, 1.0]), st.floats(0.001, 1)),
    st.lists(st.one_of(st.floats(0, 1 - 2**-24), st.just(0.5)), min_size=3, max_size=3),
)
def test_every_token_is_that_of_a_full_sort(rows, temperature, top_p, numbers):
    logits, draws = torch.tensor(rows), torch.tensor(numbers[: len(rows)], dtype=torch.float64)
    tally = Tally()
    chosen = choose(logits, draws, decoding(temperature, top_p), tally)
    assert (
        chosen.tolist() == by_sorting(logits, draws[:, None], decoding(temperature, top_p)).flatten().tolist()
    )
    assert tally.draws == len(rows)
    for number, (row, draw, token) in enumerate(zip(rows, draws.tolist(), chosen.tolist(), strict=True)):
        alone = logits[number : number + 1]
        assert choose(alone, draws[number : number + 1], decoding(temperature, top_p)).tolist() == [token]
        expected, distance = reference(row, draw, temperature, top_p)
        # Where shares add up to top_p but for the last bit, either count of tokens is right
        if token != expected and distance > 1e-9:
            near = {reference(row, draw, temperature, top_p + by)[0] for by in (-1e-9, 1e-9)}
            assert token in near, (number, token, expected)


def test_a_large_vocabulary_is_searched_block_by_block():
    """Equal logits within blocks, across them and in the rest behind the last block."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 40_001, generator=generator)
    logits[1] = logits[1].mul(4).round()
    logits[2, -90:] += 20
    logits[3, :200] += 20
    logits[4] *= 6
    logits[5, ::300] += 20
    values, ids = likeliest(logits, 128)
    assert torch.equal(values, logits.topk(128).values)
    assert torch.equal(logits.gather(1, ids), values)
    assert all(len(set(row)) == 128 for row in ids.tolist())
    for top_p in (0.2, 0.95):
        draws, tally = torch.rand(6, generator=generator), Tally()
        chosen = choose(logits, draws, decoding(1, top_p), tally)
        assert torch.equal(chosen, by_sorting(logits, draws[:, None], decoding(1, top_p))[:, 0])
        assert 0 < tally.wide < 6


@pytest.mark.parametrize("spread", [0.0, 1.0, 4.0, 12.0])
def test_the_total_is_as_exact_as_the_edge_of_the_nucleus_assumes(spread):
    logits = spread * torch.randn(3, 150_001, generator=torch.Generator().manual_seed(1)) + 50
    logits[1, 70_000] = 80  # alone, before many tokens that a plain sum would lose
    for temperature in (0.1, 0.6, 1.0):
        single, double = (
            nucleus._total(logits, *logits.max(-1, keepdim=True), temperature, dtype).double()
            for dtype in (torch.float32, torch.float64)
        )
        exact = torch.exp((logits.double() - logits.amax(-1, keepdim=True)) / temperature).sum(
            -1, keepdim=True
        )
        assert ((double / exact - 1).abs() < 0.1 * nucleus._ROUNDING[torch.float64]).all()
        assert ((single / exact - 1).abs() < 0.2 * nucleus._ROUNDING[torch.float32]).all()


def test_draws_of_a_request_are_its_own():
    assert torch.equal(uniform(5, 7), uniform(5, 100)[:7])
    assert not torch.equal(uniform(5, 7), uniform(6, 7))


@pytest.mark.parametrize(("top_p", "scale"), [(0.95, 2.0), (0.95, 0.3), (1.0, 2.0)])
def test_draws_are_distributed_as_the_nucleus(top_p, scale):
    """By the chi-square test, the numbers being those of as many requests; with a wide nucleus too."""
    logits = scale * torch.randn(1, 400, generator=torch.Generator().manual_seed(2))
    draws, tally = torch.cat([uniform(seed, 1) for seed in range(20_000)]), Tally()
    chosen = choose(logits, draws, decoding(0.6, top_p), tally)
    shares, ids = torch.softmax(logits[0].double() / 0.6, -1).sort(descending=True)
    count = int((shares.cumsum(0) < top_p - 1e-12).sum()) + 1
    expected = torch.zeros(400, dtype=torch.float64).scatter_(0, ids[:count], shares[:count])
    counts = torch.bincount(chosen, minlength=400)
    assert not counts[expected == 0].any()
    assert (tally.wide > 0) == (count > 128)
    expected *= len(draws) / expected.sum()
    rare = (expected > 0) & (expected < 10)
    seen, awaited = counts[expected >= 10].tolist(), expected[expected >= 10].tolist()
    if rare.any():
        seen.append(int(counts[rare].sum()))
        awaited.append(float(expected[rare].sum()))
    assert chisquare(seen, awaited).pvalue > 0.001


def test_biases_are_added_to_the_tokens_of_their_request_alone():
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert biased(logits, [{}, {}]) is logits
    found = biased(logits, [{0: 5.0, 1: -100.0}, {}])
    assert found.tolist() == [[5.0, -98.0, 1.0], [3.0, 2.0, 1.0]]
    assert logits.tolist() == [[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]]
    draws = (torch.arange(1000) + 0.5) / 1000
    never = biased(torch.zeros(1000, 3), [{1: -100.0}] * 1000)
    assert set(choose(never, draws, decoding(1)).tolist()) == {0, 2}
