"""Readers of reasonings: a bag of words and a logistic regression, fitted on the base alone.

A reader stays as it was fitted, whatever method it reads afterwards. It knows words and not their
order, so it finds a method's reasoning telling only where the base's words still say it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

FOLDS = 5
Reader = Callable[[Sequence[str]], list[float]]  # probability of the label, text by text
# The same of texts whose groups are given too; None for a group that no reader may read
HeldOutReader = Callable[[Sequence[str], Sequence[str]], list[float | None]]


def fit_reader(texts: Sequence[str], labels: Sequence[bool]) -> Reader | None:
    """A reader that separates texts with the label from those without; None where all are alike.

    Words count once a text, both labels weigh alike, scikit-learn's defaults otherwise.
    """
    if len(set(labels)) < 2:
        return None
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        CountVectorizer(binary=True, token_pattern=r"\w+"),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )
    model.fit(list(texts), list(labels))

    def read(unknown: Sequence[str]) -> list[float]:
        return [float(one) for one in model.predict_proba(list(unknown))[:, 1]] if len(unknown) else []

    return read


def cross_fit(texts: Sequence[str], labels: Sequence[bool], groups: Sequence[str]) -> HeldOutReader:
    """A reader for each group, fitted on the texts of other groups: five folds of whole groups.

    Each label's groups are dealt out over the folds in turn, larger ones first.

    Args:
        texts: of the base.
        labels: what is to be predicted.
        groups: texts about one thing, such as the same request, share a group.
    """
    fold = _folds(labels, groups)
    readers: dict[int, Reader | None] = {}
    for number in sorted(set(fold.values())):
        others = [place for place, group in enumerate(groups) if fold[group] != number]
        readers[number] = fit_reader([texts[one] for one in others], [labels[one] for one in others])

    def read(unknown: Sequence[str], of: Sequence[str]) -> list[float | None]:
        found: list[float | None] = [None] * len(unknown)
        for number, reader in readers.items():
            places = [place for place, group in enumerate(of) if fold.get(group) == number]
            if reader and places:
                scores = reader([unknown[place] for place in places])
                for place, score in zip(places, scores, strict=True):
                    found[place] = score
        return found

    return read


def _folds(labels: Sequence[bool], groups: Sequence[str]) -> dict[str, int]:
    """The fold of each group."""
    sizes, label_of = Counter(groups), dict(zip(groups, labels, strict=True))
    fold: dict[str, int] = {}
    for label in (True, False):
        names = sorted((name for name in sizes if label_of[name] == label), key=lambda n: (-sizes[n], n))
        fold |= {name: place % FOLDS for place, name in enumerate(names)}
    return fold
