"""The configuration: unknown keys and wrong types refused in one line, the schema file up to date, the shipped files valid."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError

ROOT = Path(__file__).parents[1]
TINY = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())


@pytest.mark.parametrize("path", ["config/demo.yaml", "config/mini.yaml", "tests/tiny.yaml"])
def test_shipped_configurations_are_valid(path: str):
    assert config.load(ROOT / path).methods


def test_schema_file_is_up_to_date():
    assert (ROOT / "workflow/schemas/config.schema.json").read_text() == config.schema(), "run `make schema`"


def test_resolved_configuration_reads_back():
    loaded = config.validate(TINY, "tiny")
    assert config.validate(yaml.safe_load(config.dump(loaded)), "dump") == loaded


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tempreature": 1}, "tempreature"),
        ({"decoding": {"temperature": "hot", "max_new_tokens": 5}}, "decoding.temperature"),
        ({"decoding": {"max_new_tokens": 5, "repetition_penalty": 1.1}}, "decoding.repetition_penalty"),
        ({"methods": {"ipo": {"recipe": "idpo", "learning_rate": 1e-5}}}, "methods.ipo.recipe"),
        ({"methods": {"base": {"recipe": "ipo", "learning_rate": 1e-5}}}, "base"),
        ({"methods": {"x": {"recipe": "ipo_stage2", "learning_rate": 1e-5}}}, "ipo_stage2"),
        ({"evaluate": {"judge": "oracle"}}, "evaluate.judge"),
        ({"characterize": {"intervention_sets": ["benign"]}}, "characterize.intervention_sets: 'benign' is unknown"),
        ({"run": "My Run"}, "run"),
        ({"judges": {"lexical": {"kind": "llama_guard"}}}, "the name lexical means another"),
        ({"judges": {"guard": {"kind": "llama_guard"}}, "detectors": {"guard": {"kind": "embedding"}}}, "the name guard means another"),
    ],
)
def test_faults_are_one_line_that_names_the_key(change: dict, named: str):
    with pytest.raises(UserError, match=named) as caught:
        config.validate(TINY | change, "test.yaml")
    assert "\n" not in str(caught.value) and "test.yaml" in str(caught.value)


def test_missing_file_and_broken_yaml(tmp_path: Path):
    with pytest.raises(UserError, match="does not exist"):
        config.load(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("run: [")
    with pytest.raises(UserError, match="not valid YAML"):
        config.load(tmp_path / "broken.yaml")
