"""The configuration: unknown keys and wrong types refused in one line, the schema file up to date, the shipped files valid."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.yaml_files import parse_yaml
from safe_reasoning.judging.kinds import resolved, schema
from safe_reasoning.training.recipe import check_recipes
from tests.support.paths import ROOT

TINY = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())


@pytest.mark.parametrize(
    "path",
    [
        "config/demo.yaml",
        "config/demo_learning_rates.yaml",
        "config/demo_replicates.yaml",
        "config/mini.yaml",
        "tests/tiny.yaml",
    ],
)
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


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The small configuration with one place changed."""
    text = (ROOT / "tests/tiny.yaml").read_text()
    assert old in text
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("run: tiny", "run: tiny\nrun: other", "key 'run' is given twice"),
        (
            "methods:\n",
            "methods:\n  ipo: { recipe: ipo, learning_rate: 5.0e-4 }\n",
            "key 'ipo' is given twice",
        ),
        ("limit: 20", "limit: 20, limit: 30", "key 'limit' is given twice"),
        ("limit: 20", "limit: yes", "limit: yes, no, true and false are no value here"),
        ("limit: 20", "limit: 020", "020 is another number in YAML"),
        ("limit: 20", "limit: 1:20", "1:20 is another number in YAML"),
        ("limit: 20", "limit: .inf", "limit"),
        ("limit: 20", "limit: .nan", "limit"),
        ("seeds: [0]", "seeds: [0, on]", "seeds: yes, no, true and false"),
        ("world_seed: 0", "world_seed: off", "world_seed: yes, no, true and false"),
        ("learning_rate: 1.0e-4", "learning_rate: .inf", "learning_rate: must be a finite number"),
        (
            "learning_rate: 1.0e-4",
            "learning_rate: 1.0e+999",
            "learning_rate: must be a finite number",
        ),
        ("learning_rate: 1.0e-4", "learning_rate: .NaN", "learning_rate: must be a finite number"),
        ("learning_rate: 1.0e-4", "learning_rate: true", "learning_rate: yes, no, true and false"),
        (
            "learning_rate: 1.0e-4",
            "learning_rate: 1.0e-4, per_model: { nano: { epochs: yes } }",
            "per_model: yes",
        ),
        ("learning_rate: 1.0e-4", "learning_rate: 1.0e-4, per_model: { nano: { epochs: .inf } }", "finite"),
    ],
)
def test_yaml_that_means_something_else_is_one_line(old: str, new: str, message: str, tmp_path: Path):
    with pytest.raises(UserError) as caught:
        config.load(changed(tmp_path, old, new))
    assert message in str(caught.value) and "changed.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_configuration_in_another_encoding_is_one_line(encoding: str, tmp_path: Path):
    path = changed(tmp_path, "run: tiny", "# déjà vu\nrun: tiny")
    path.write_bytes(path.read_text().encode(encoding, "replace"))
    with pytest.raises(UserError, match="not UTF-8") as caught:
        config.load(path)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_and_merged_defaults_are_no_fault(tmp_path: Path):
    plain = config.load(ROOT / "tests/tiny.yaml")
    path = changed(tmp_path, "run: tiny", "run: tiny")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert config.load(path) == plain
    assert parse_yaml("a: &a { x: 1, y: 2 }\nb: { <<: *a, x: 3 }", "made") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 3, "y": 2},
    }


def test_booleans_stay_where_they_belong():
    shown = config.validate(TINY | {"report": {"show_text": True}}, "test")
    assert shown.report.show_text is True


@pytest.mark.parametrize("shares", [[0.0], [1.0], [0.5, 0.1], [0.1, 0.1], [0.125]])
def test_shares_of_a_training_are_whole_percents_in_order(shares: list[float]):
    evaluate = {"judge": "exact", "checkpoints": shares}
    with pytest.raises(UserError, match="whole percents between 0 and 1, ascending"):
        config.validate(TINY | {"evaluate": evaluate}, "test")
