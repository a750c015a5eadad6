"""Configuration files over one another: an entry set to null is removed, and there must be one to remove."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import changed, check_files, load, read, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan.checked_config import checked
from tests.support.paths import ROOT

BASE = ROOT / "config/compare.yaml"


def over_base(change: dict, tmp_path: Path) -> dict:
    """The raw configuration of the comparison under a change, as files that were checked first."""
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(change))
    check_files([BASE, tmp_path / "my.yaml"])
    return changed(read(BASE), change)


def test_methods_prompt_sets_policies_and_models_are_removed(tmp_path: Path):
    there = load(BASE)
    method = next(name for name, entry in there.methods.items() if entry.recipe == "dpo_tree_short")
    prompt_set = there.sets_of("capability")[0]
    policy, kept = next(iter(there.policies)), dict.fromkeys(there.policies)
    using = [name for name, entry in there.methods.items() if entry.policy == policy]
    change = {
        "methods": dict.fromkeys([method, *using]),
        "prompt_sets": {prompt_set: None},
        "policies": {policy: None},
        "evaluate": {"contrasts": []},  # some are of these methods
    }
    config = checked(validate(over_base(change, tmp_path), "my.yaml"))
    assert method not in config.methods and len(config.methods) == len(there.methods) - 1 - len(using)
    assert prompt_set not in config.prompt_sets and set(config.policies) == set(kept) - {policy}
    assert "null" not in yaml.safe_dump({"methods": list(config.methods)})


def test_what_still_needs_the_removed_entry_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="ipo_stage2 goes on from the method named ipo: add it"):
        validate(over_base({"methods": {"ipo": None}}, tmp_path), "my.yaml")


@pytest.mark.parametrize("name", ["salt_bilt", "ipo_stage3"])
def test_there_must_be_an_entry_to_remove(name: str, tmp_path: Path):
    with pytest.raises(UserError, match=rf"my\.yaml: methods\.{name}: null removes an entry, .*did you mean"):
        over_base({"methods": {name: None}}, tmp_path)


def test_a_file_that_was_meant_to_follow_another_says_so(tmp_path: Path):
    alone = tmp_path / "mine.yaml"
    alone.write_text(yaml.safe_dump({"models": {"smollm2": None}}))
    with pytest.raises(UserError, match=r"models\.smollm2: .*: give it after the file that has it$"):
        check_files([alone])


def test_an_option_may_still_be_null(tmp_path: Path):
    raw = over_base({"evaluate": {"bsa_judge": None}, "data_mirror": None}, tmp_path)
    assert validate(raw, "my.yaml").evaluate.bsa_judge is None


def test_an_entry_may_come_back(tmp_path: Path):
    for number, entry in enumerate([None, {"recipe": "ipo", "learning_rate": 1e-5}]):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump({"methods": {"ipo": entry}}))
    check_files([BASE, tmp_path / "0.yaml", tmp_path / "1.yaml"])
    with pytest.raises(UserError, match=r"0\.yaml: methods\.ipo"):
        check_files([BASE, tmp_path / "0.yaml", tmp_path / "0.yaml"])
