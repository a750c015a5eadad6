"""A model with the words 0, 1, 2 and the end 3, known exactly: the next word depends on the last one.

A reasoning is safe when it holds no 2; it has ROOM words at most.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate

NEXT = {None: [0.6, 0.2, 0.1, 0.1], 0: [0.7, 0.1, 0.1, 0.1], 1: [0.2, 0.5, 0.1, 0.2], 2: [0.1, 0.1, 0.6, 0.2]}
END = 3


def probabilities(words: Sequence[int]) -> list[float]:
    return NEXT[words[-1] if words else None]


def drawn(words: Sequence[int], number: float) -> int:
    return next(
        word for word, mass in enumerate(accumulate(probabilities(words))) if number < mass or word == END
    )


@cache
def exact(words: tuple[int, ...], room: int) -> float:
    """Probability that a reasoning that begins with these words is safe, by enumeration."""
    if 2 in words or len(words) == room or END in words:
        return float(2 not in words)
    return sum(share * exact((*words, word), room) for word, share in enumerate(probabilities(words)))


def rest(words: Sequence[int], rng: random.Random, room: int) -> list[int]:
    """The words with a sampled end."""
    whole = list(words)
    while len(whole) < room and END not in whole:
        whole.append(drawn(whole, rng.random()))
    return whole


def draws(trace: Sequence[int]) -> Iterator[Callable[[Sequence[float]], list[int]]]:
    """What `follow` asks of a model, after 0, 1, ... all words of the trace."""
    for length in range(len(trace) + 1):
        yield lambda numbers, words=trace[:length]: [drawn(words, number) for number in numbers]
