"""Configurations with seeded faults: accepted and read back as they are, or refused in one line."""

import random
from collections import Counter

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.yaml_files import parse_yaml
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.report import contents
from safe_reasoning.training.recipe import pair_stems
from tests.support.mutations import YAML, damaged, mutated, outcome
from tests.support.paths import ROOT

# Each stands on another file
ON_OTHERS = (
    "compare_learning_rates.yaml",
    "compare_sweeps.yaml",
    "mini_qwen.yaml",
    "one_gpu_80gb.yaml",
)
OF_NO_RUN = ("sources.yaml", "gpu-check.yaml", *ON_OTHERS)
SHIPPED = [
    *sorted(path for path in (ROOT / "config").glob("*.yaml") if path.name not in OF_NO_RUN),
    ROOT / "tests/tiny.yaml",
]


def accepted(raw: object) -> bool:
    """Whether a configuration is accepted and what was accepted reads back."""
    assert isinstance(raw, dict)
    found = checked(config.validate(raw, "configuration"))
    assert contents.of_run(found) is not None and [pair_stems(found, model) for model in found.models]
    dumped = config.dump(found)
    assert config.dump(config.validate(parse_yaml(dumped.encode(), "dump"), "dump")) == dumped
    return True


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_mutated_settings_are_accepted_or_refused_in_one_line(path):
    raw, chance = config.read(path), random.Random(path.stem)
    assert outcome(lambda: accepted(raw), True) == "same"
    found = Counter(outcome(lambda: accepted(mutated(raw, chance)), True) for _ in range(60))
    assert set(found) <= {"same", "refused"} and found["refused"] > 20, found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_damaged_yaml_is_read_or_refused_in_one_line(path):
    content, chance = path.read_bytes()[:4000], random.Random(path.stem)
    found = Counter(outcome(lambda: parse_yaml(damaged(content, chance, YAML), path)) for _ in range(50))
    assert found["refused"] > 5, found


@pytest.mark.parametrize(
    "text",
    ["a: !!bool 3", "a: !!timestamp x", "!!set {a}: 1", "? {a: 1}\n: 2", "a: !!int x", "a: !!float x", "a: 2020-13-45",
     "a: &a [*a]", "a: !!binary é", "!!omap [1]: 2", "a: !!null {}", "{[a]: 1}"],
)  # fmt: skip
def test_values_that_their_tags_do_not_fit(text: str):
    assert outcome(lambda: accepted(parse_yaml(text, "x.yaml")), True) == "refused"


def test_the_tables_of_sources_with_faults(tmp_path, monkeypatch: pytest.MonkeyPatch):
    from safe_reasoning.sources import table

    shipped = yaml.safe_load(table.TABLE.read_bytes())
    some, chance = dict(list(shipped.items())[:6]), random.Random(0)
    monkeypatch.setattr(table, "TABLE", tmp_path / "sources.yaml")
    found = Counter[str]()
    for number in range(100):
        if number % 2:
            content = damaged(yaml.safe_dump(some).encode(), chance, YAML)
        else:
            content = yaml.safe_dump(mutated(some, chance)).encode()
        table.TABLE.write_bytes(content)
        found[outcome(lambda: set(table.table()) <= set(some), True)] += 1
    assert found["refused"] > 50, found
