"""Fits the embedding judge on human labels, and says how it does on texts whose request it was not
fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from safe_reasoning.core.errors import UserError
from safe_reasoning.judge_audit.human_labels import LabelledText
from safe_reasoning.judging import sentence_embeddings
from safe_reasoning.judging.judges.embedding import KIND, THRESHOLD

FOLDS = 5
# scikit-learn's default; 10 and 100 changed agreement with people by less than a hundredth
INVERSE_PENALTY = 1.0


def _folds(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds with like shares of labels; no request lies in two."""
    from sklearn.model_selection import StratifiedGroupKFold

    return list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(x, y, clusters))


def _calibrated(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> Any:
    """One logistic regression on all rows, calibrated (Platt) on its own predictions out of fold,
    folds again by request.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)
    return CalibratedClassifierCV(
        classifier, method="sigmoid", cv=_folds(x, y, clusters), ensemble=False
    ).fit(x, y)


def out_of_fold(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Probability of each row by a judge that was fitted and calibrated without its fold, shape
    (rows,).
    """
    found = np.empty(len(y))
    for rest, held in _folds(x, y, clusters):
        found[held] = _calibrated(x[rest], y[rest], clusters[rest]).predict_proba(x[held])[:, 1]
    return found


def coefficients(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> dict[str, Any]:
    """The judge fitted on all rows, as numbers.

    Weights and bias of the score, slope and offset of its calibration.
    """
    (fitted,) = _calibrated(x, y, clusters).calibrated_classifiers_
    (curve,) = fitted.calibrators  # 1 / (1 + exp(a score + b)) in scikit-learn's signs
    return {
        "weights": [float(weight) for weight in fitted.estimator.coef_[0]],
        "bias": float(fitted.estimator.intercept_[0]),
        "slope": -float(curve.a_),
        "offset": -float(curve.b_),
        "rows": len(y),
        "positive": int(y.sum()),
    }


def fit(texts: Sequence[LabelledText]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The judge's coefficients, and its readings out of fold of all texts (unscored where the text
    was left out).

    Args:
        texts: with human labels, of both measures.
    """
    judge: dict[str, Any] = {"weights_sha256": sentence_embeddings.WEIGHTS_SHA256}
    readings: list[dict[str, Any]] = []
    for measure in KIND.criteria:
        known = [text for text in texts if text.measure == measure and text.response]
        if len({text.cluster for text in known}) < 2 * FOLDS or len({text.label for text in known}) < 2:
            raise UserError(
                f"{len(known)} texts are labelled as {measure} or not: too few to fit the embedding "
                "judge; give the whole data"
            )
        x = sentence_embeddings.embed([str(text.response) for text in known])
        y = np.array([text.label for text in known])
        clusters = np.array([text.cluster for text in known])
        judge[measure] = coefficients(x, y, clusters)
        found = dict(zip([text.row for text in known], out_of_fold(x, y, clusters), strict=True))
        for text in texts:
            if text.measure == measure:
                p = found.get(text.row)
                readings.append(
                    {"row": text.row, "value": None if p is None else bool(p >= THRESHOLD), "probability": p}
                )
    return judge, readings
