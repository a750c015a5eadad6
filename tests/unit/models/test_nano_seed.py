"""The seed of a nano base: it draws corpus, first weights and batches, and leaves the world as it is."""

import json
from pathlib import Path

import pytest

from safe_reasoning import config
from safe_reasoning.config import NanoModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.models.nano import corpus_of, train_nano_base
from safe_reasoning.prompts.nano_world.corpus import make_corpus
from safe_reasoning.prompts.nano_world.items import make_items
from safe_reasoning.prompts.prompt_sets import make_prompt_set
from tests.support.replicates import RAW, with_models

SMALL = {"kind": "nano", "items": 8, "documents": 200, "vocabulary": 400, "hidden": 32, "layers": 1}
SMALL |= {"heads": 2, "batch_tokens": 1024, "threads": 1}


def nano(**more: object) -> NanoModel:
    return NanoModel.model_validate({**SMALL, **more})


def test_without_a_seed_the_corpus_is_the_worlds():
    """As before there was a seed: items and draw both from the world's."""
    before = make_corpus(make_items(8, 3), 200, derive_seed("nano corpus", 3))
    assert corpus_of(nano(), 3) == corpus_of(nano(seed=3), 3) == before


def test_another_seed_draws_another_corpus_of_the_same_items():
    first, again, other = corpus_of(nano(seed=1), 0), corpus_of(nano(seed=1), 0), corpus_of(nano(seed=2), 0)
    assert first == again != other
    names = {item.name for item in make_items(8, 0)}
    for corpus in (first, other):
        assert {name for name in names if any(name in d.prompt for d in corpus)} == names
    assert not names <= {item.name for item in make_items(8, 1)}  # another world has other items


def test_prompts_do_not_depend_on_the_seeds_of_the_models():
    one, several = with_models({"nano": {}}), with_models({"nano": {"seed": 4}, "b": {"seed": 5}})
    for name in one.prompt_sets:
        assert make_prompt_set(name, one) == make_prompt_set(name, several)


def test_seeds_give_other_weights_and_the_worlds_seed_gives_its_own(tmp_path: Path):
    weights = {}
    for name, settings in {"none": nano(), "zero": nano(seed=0), "one": nano(seed=1)}.items():
        train_nano_base(settings, 0, tmp_path / name)
        weights[name] = json.loads((tmp_path / name / "training.json").read_text())["weights_sha256"]
    assert weights["none"] == weights["zero"] != weights["one"]


def test_a_model_without_the_key_is_dumped_without_it():
    """What is dumped decides which jobs run again: finished runs must not."""
    assert "seed" not in nano().model_dump(mode="json") and nano(seed=0).model_dump()["seed"] == 0
    assert "seed: null" not in config.dump(with_models({"nano": {}}))


@pytest.mark.parametrize(
    ("models", "found"),
    [
        ({"nano": {}, "b": {"seed": 1}, "c": {"seed": 2, "threads": 2}}, ["nano", "b", "c"]),
        ({"nano": {}}, []),
        ({"nano": {}, "b": {"seed": 0}}, []),  # the world's seed is 0: the same base twice
        ({"nano": {"seed": 1}, "b": {"seed": 2, "hidden": 48}}, []),
    ],
)
def test_replicates_differ_in_their_seed_alone(models: dict, found: list[str]):
    assert RAW["world_seed"] == 0 and with_models(models).replicates == found


def test_a_negative_seed_is_one_line():
    with pytest.raises(UserError, match="models.nano.seed: must be 0 or more"):
        with_models({"nano": {"seed": -1}})
