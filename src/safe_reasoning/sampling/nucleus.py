"""The draw of a token from logits: nucleus sampling, exact, without sorting the vocabulary.

The nucleus is nearly always among the 8 or at least the 128 most likely tokens, which are found
without a sort. Besides, only the total of the vocabulary's weights is needed. It is summed in
float32; where its rounding could change which tokens belong to the nucleus, in float64. What is
left, such as a nucleus of more than 128 tokens, is sorted whole. All ways give the same token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from safe_reasoning import config
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError

CANDIDATES = 128
_ATTEMPTS = ((8, torch.float32), (CANDIDATES, torch.float32), (CANDIDATES, torch.float64))
_BLOCK = 64  # tokens; the vocabulary's maxima are taken block by block
_IN_CACHE = 640_000  # numbers; new memory for each row costs more than the sum
_SORTED_AT_ONCE = 2**22  # numbers
# Bounds on the relative error of a sum of weights exp(-x). In float32 an exponent's error is 1.2e-7
# of x, whose weighted mean is at most the logarithm of the vocabulary, about 12; softmax computes
# exp to 20 units in the last place.
_ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-12}


@dataclass
class Tally:
    """How many draws there were; how many were wide: took the whole vocabulary in float64."""

    draws: int = 0
    wide: int = 0

    def report_since(self, draws: int, wide: int) -> None:
        """A line of progress on the draws since these counts, where any was wide."""
        draws, wide = self.draws - draws, self.wide - wide
        if wide:
            progress(
                f"{wide} of {draws} draws ({wide / draws:.1%}) took the whole vocabulary: the nucleus has "
                f"more than {CANDIDATES} tokens, or its edge was too close to call"
            )


def uniform(seed: int, count: int) -> torch.Tensor:
    """A request's numbers in [0, 1), one per position, shape (count,).

    They depend on no other request, and the CPU's generators draw the same for every device. A
    longer row begins with a shorter one.
    """
    return torch.rand(count, generator=torch.Generator().manual_seed(seed))


def choose(
    logits: torch.Tensor, draws: torch.Tensor, decoding: config.Decoding, tally: Tally | None = None
) -> torch.Tensor:
    """One token per draw, shape (requests,).

    At temperature 0 the most likely, else drawn from the fewest tokens that hold top_p of the
    probability. These are lined up by their ids, not by their probabilities: two that are about as
    likely would change places with the last bit, which depends on the batch and the device, and the
    same draw would then give another token.

    Args:
        logits: shape (requests, vocabulary), or (1, vocabulary) for all requests.
        draws: a number in [0, 1) per request.
        decoding: temperature and top-p.
        tally: counts the draws.

    Raises:
        UserError: a logit is not a number.
    """
    if decoding.temperature == 0:
        return logits.argmax(-1).expand(draws.shape)
    logits, draws = logits.detach().float(), draws.double()
    draws = draws[None] if len(logits) == 1 else draws[:, None]  # shape (rows, draws of a row)
    chosen = torch.empty(draws.shape, dtype=torch.long, device=logits.device)
    left = torch.arange(len(logits), device=logits.device)  # rows that are still in doubt
    total = None
    for count, dtype in _ATTEMPTS:
        some = logits if len(left) == len(logits) else logits[left]
        values, ids = likeliest(some, count)
        if values[:, 0].isnan().any():  # among numbers it counts as the greatest
            raise UserError("the model's logits are not numbers: its training diverged, train it again")
        if total is None or total.dtype != dtype:
            total = _total(some, values, ids, decoding.temperature, dtype)
        weights = torch.exp((values.double() - values[:, :1]) / decoding.temperature)
        kept, sure = _nucleus(weights, total, decoding.top_p, logits.shape[1])
        width = int(kept.sum(-1).max())
        ids, order = ids[:, :width].sort(-1)
        places = _drawn((weights * kept).gather(1, order), draws[left])
        chosen[left] = ids.gather(1, places)
        left, total = left[~sure], total[~sure]
        if not len(left):
            break
    for rows in left.split(max(1, _SORTED_AT_ONCE // logits.shape[1])):
        chosen[rows] = by_sorting(logits[rows], draws[rows], decoding)
    if tally is not None:
        tally.draws += draws.numel()
        tally.wide += len(left) * draws.shape[1]
    return chosen.flatten()


def biased(logits: torch.Tensor, biases: Sequence[Mapping[int, float]]) -> torch.Tensor:
    """The logits, shape (requests, vocabulary), with each request's biases added to its tokens."""
    places = [(row, token, bias) for row, of_row in enumerate(biases) for token, bias in of_row.items()]
    if not places:
        return logits
    rows, tokens, added = zip(*places, strict=True)
    logits = logits.clone()
    logits[list(rows), list(tokens)] += torch.tensor(added, dtype=logits.dtype, device=logits.device)
    return logits


def by_sorting(logits: torch.Tensor, draws: torch.Tensor, decoding: config.Decoding) -> torch.Tensor:
    """What `choose` gives at a temperature above 0, by its definition: slow.

    Args:
        logits: shape (rows, vocabulary).
        draws: shape (rows, draws of a row), as the result.
        decoding: temperature and top-p.
    """
    weights = torch.softmax(logits.double() / decoding.temperature, -1)
    if decoding.top_p < 1:
        ordered, ids = weights.sort(dim=-1, descending=True, stable=True)
        ordered[ordered.cumsum(-1) - ordered >= decoding.top_p] = 0
        weights.scatter_(-1, ids, ordered)
    return _drawn(weights, draws)


def likeliest(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The greatest logits in decreasing order and their ids, both of shape (requests, count).

    Fewer where the vocabulary is smaller. Which of several equal ones come last is left open.

    In a large vocabulary they are looked for in the blocks with the greatest maxima: as many blocks
    as tokens, since no more than these can hold one.
    """
    requests, vocabulary = logits.shape
    blocks = vocabulary // _BLOCK
    if blocks <= 2 * count:
        values, ids = logits.topk(min(count, vocabulary))
        return values, ids
    in_blocks = logits[:, : blocks * _BLOCK].unflatten(1, (blocks, _BLOCK))
    best = in_blocks.amax(-1).topk(count, sorted=False).indices
    inside = torch.arange(_BLOCK, device=logits.device)
    rest = torch.arange(blocks * _BLOCK, vocabulary, device=logits.device).expand(requests, -1)
    places = torch.cat([(best[:, :, None] * _BLOCK + inside).flatten(1), rest], 1)
    values, found = logits.gather(1, places).topk(count)
    return values, places.gather(1, found)


def _total(
    logits: torch.Tensor, values: torch.Tensor, ids: torch.Tensor, temperature: float, dtype: torch.dtype
) -> torch.Tensor:
    """Sum of the vocabulary's weights, that of the greatest logit being 1, shape (requests, 1).

    On the CPU as many rows at once as stay in its cache. softmax is the fastest way to exponents;
    its own sum, which is less exact than `sum`, cancels.
    """
    rows = len(logits) if logits.is_cuda else max(torch.get_num_threads(), _IN_CACHE // logits.shape[1])
    work = torch.empty(min(rows, len(logits)), logits.shape[1], dtype=dtype, device=logits.device)
    totals = []
    for some, best, id_ in zip(*(of.split(rows) for of in (logits, values[:, :1], ids[:, :1])), strict=True):
        shares = torch.sub(some.to(dtype), best, out=work[: len(some)]).mul_(1 / temperature)
        torch.softmax(shares, -1, out=shares)
        totals.append(shares.sum(-1, keepdim=True) / shares.gather(1, id_))
    return torch.cat(totals)


def _nucleus(
    weights: torch.Tensor, total: torch.Tensor, top_p: float, vocabulary: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which candidates belong to the nucleus, and in which rows that is beyond doubt.

    Doubtful: the candidates may not hold all of it, its edge lies within the total's rounding, or
    among equally likely tokens, of which those with the lowest ids belong to it.

    Args:
        weights: of the candidates, decreasing, shape (requests, candidates).
        total: of the vocabulary, shape (requests, 1).
        top_p: share of the total that the nucleus holds.
        vocabulary: how many tokens there are.
    """
    needed = top_p * total.double()
    before = weights.cumsum(-1) - weights
    kept = before < needed
    clear = ((before - needed).abs() > needed * _ROUNDING[total.dtype]).all(-1)
    # The candidate after the last one that is kept; all are kept where there is none
    after = kept.sum(-1, keepdim=True)
    following = weights.gather(1, after.clamp(max=weights.shape[1] - 1))
    separate = (weights.gather(1, after - 1) > following)[:, 0]
    none_left = kept[:, -1] & (weights.shape[1] == vocabulary)
    return kept, clear & (separate | none_left)


def _drawn(weights: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """The place of one weight per draw, shape (rows, draws of a row): the first at which the sum of
    the weights exceeds the draw's share of all.
    """
    cumulative = weights.cumsum(-1)
    return torch.searchsorted(cumulative, draws.double() * cumulative[:, -1:], right=True)
