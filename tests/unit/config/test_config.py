"""The configuration: unknown keys and wrong types refused in one line, the schema file up to date, the shipped files valid."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import resolved, schema
from safe_reasoning.training.recipe import check_recipes
from tests.support.paths import ROOT

TINY = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())


@pytest.mark.parametrize("path", ["config/demo.yaml", "config/mini.yaml", "tests/tiny.yaml"])
def test_shipped_configurations_are_valid(path: str):
    assert config.load(ROOT / path).methods


def test_schema_file_is_up_to_date():
    assert (ROOT / "workflow/schemas/config.schema.json").read_text() == schema(), "run `make schema`"


def test_resolved_configuration_reads_back():
    loaded = config.validate(TINY, "tiny")
    assert config.validate(yaml.safe_load(config.dump(loaded)), "dump") == loaded


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tempreature": 1}, "tempreature"),
        ({"decoding": {"temperature": "hot", "max_new_tokens": 5}}, "decoding.temperature"),
        ({"decoding": {"max_new_tokens": 5, "repetition_penalty": 1.1}}, "decoding.repetition_penalty"),
        ({"methods": {"base": {"recipe": "ipo", "learning_rate": 1e-5}}}, "base"),
        ({"methods": {"x": {"recipe": "ipo_stage2", "learning_rate": 1e-5}}}, "ipo_stage2"),
        (
            {"characterize": {"intervention_sets": ["benign"]}},
            "characterize.intervention_sets: 'benign' is unknown",
        ),
        ({"run": "My Run"}, "run"),
    ],
)
def test_faults_are_one_line_that_names_the_key(change: dict, named: str):
    with pytest.raises(UserError, match=named) as caught:
        config.validate(TINY | change, "test.yaml")
    assert "\n" not in str(caught.value) and "test.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"evaluate": {"judge": "oracle"}}, "evaluate.judge: 'oracle' is unknown"),
        ({"evaluate": {"judge": "exact", "audit": ["exact"]}}, "evaluate.audit: 'exact' is unknown"),
        ({"characterize": {"detector": "oracle"}}, "characterize.detector: 'oracle' is unknown"),
        ({"judges": {"guard": {"kind": "oracle"}}}, "judges.guard.kind: 'oracle' is unknown"),
        ({"judges": {"guard": {"kind": "llama_guard", "sauce": "x"}}}, "judges.guard.sauce"),
        ({"judges": {"lexical": {"kind": "llama_guard"}}}, "lexical has another meaning"),
        (
            {"judges": {"guard": {"kind": "llama_guard"}}, "detectors": {"guard": {"kind": "embedding"}}},
            "guard has another meaning",
        ),
    ],
)
def test_judges_and_detectors_are_checked_against_their_kinds(change: dict, named: str):
    with pytest.raises(UserError, match=named) as caught:
        resolved(config.validate(TINY | change, "test.yaml"))
    assert "\n" not in str(caught.value)


def test_the_defaults_of_a_judge_are_written_out():
    loaded = resolved(config.validate(TINY | {"judges": {"guard": {"kind": "llama_guard"}}}, "tiny"))
    assert yaml.safe_load(config.dump(loaded))["judges"]["guard"] == {
        "kind": "llama_guard",
        "source": "llama_guard3_8b",
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"recipe": "idpo"}, "methods.ipo.recipe: 'idpo' is unknown"),
        ({"recipe": "sft_traces", "traces": "oracle"}, "methods.ipo.traces: 'oracle' is unknown"),
    ],
)
def test_recipes_and_their_traces_are_checked(change: dict, named: str):
    with pytest.raises(UserError, match=named):
        check_recipes(
            config.validate(TINY | {"methods": {"ipo": {"learning_rate": 1e-5, **change}}}, "test.yaml")
        )


def test_missing_file_and_broken_yaml(tmp_path: Path):
    with pytest.raises(UserError, match="does not exist"):
        config.load(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("run: [")
    with pytest.raises(UserError, match="not valid YAML"):
        config.load(tmp_path / "broken.yaml")
