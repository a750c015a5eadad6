"""The evaluation of one model by the configuration of another run."""

import json
import shutil
from pathlib import Path

import pytest

from safe_reasoning.config import Config, FolderModel, changed, load, read, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.model_folder import parameters_in
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.one_model import evaluation_of, found, name_of
from safe_reasoning.report import contents
from tests.support.paths import ROOT

FOLDER = {"kind": "folder", "path": "somewhere"}


def evaluated(config: Config, **changes: object) -> Config:
    return validate(changed(evaluation_of(config, "mine", FOLDER), changes), "test")


@pytest.mark.parametrize("name", ["demo", "one_gpu", "paper"])
def test_it_keeps_prompts_judge_and_decoding_and_nothing_else(name: str):
    whole = load(ROOT / f"config/{name}.yaml")
    config = evaluated(whole)
    assert config.run == f"mine_on_{name}" and list(config.models) == ["mine"] and config.methods == {}
    assert config.decoding == whole.decoding and config.all_judges == whole.all_judges
    assert list(config.prompt_sets) == whole.sets_of("safety", "overrefusal", "capability")
    assert {step.stage.split(" ")[0] for step in plan(config)} <= {"attack", "weights", "base", "evaluation"}
    assert {item.name for item in contents.of_run(config)} >= {"table2_main", "fig2_reasoning_vs_response"}
    assert not {item.name for item in contents.of_run(config)} & {
        "fig5a_csr_curves",
        "table_pairs",
        "fig7_kl",
    }


def test_the_world_of_a_nano_model_is_that_of_the_configuration():
    config = evaluated(load(ROOT / "config/demo.yaml"))
    model = config.models["mine"]
    assert (
        isinstance(model, FolderModel) and model.items == load(ROOT / "config/demo.yaml").models["nano"].items
    )


def test_an_attack_aims_at_the_model_and_roles_can_be_left_out():
    paper = load(ROOT / "config/paper.yaml")
    assert evaluated(paper).attacks["pair"].target == "mine"
    raw = evaluation_of(paper, "mine", FOLDER, ["safety"])
    assert raw["run"] == "mine_on_paper_safety"
    assert {entry["role"] for entry in raw["prompt_sets"].values()} == {"safety"}
    assert validate(raw, "test").sets_of("overrefusal") == []


def test_a_judge_that_is_a_model_of_the_run_is_refused():
    raw = read(ROOT / "config/paper.yaml")
    raw["judges"]["gpt_4o_rubric"]["chat"] = "ds_llama_8b"
    with pytest.raises(UserError, match=r"judges.gpt_4o_rubric.chat: ds_llama_8b is a model of paper"):
        evaluation_of(validate(raw, "test"), "mine", FOLDER)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"methods": {"ipo": {"recipe": "ipo", "learning_rate": 1e-6}}}, "takes released weights alone"),
        ({"evaluate": {"checkpoints": [0.5]}}, "evaluate.checkpoints: stages: evaluation has none"),
        ({"prompt_sets": None}, "none has role safety"),
    ],
)
def test_what_an_evaluation_has_not_is_refused(changes: dict, line: str):
    raw = changed(evaluation_of(load(ROOT / "config/demo.yaml"), "mine", FOLDER), changes)
    raw["prompt_sets"] = raw["prompt_sets"] or {}
    with pytest.raises(UserError, match=line):
        validate(raw, "test")


def test_a_model_is_named_after_its_folder():
    assert name_of("results/demo/models/nano/ipo/seed0") == "ipo_seed0"
    assert name_of("/data/My-Model.v2/checkpoint-400/") == "my_model_v2_checkpoint_400"
    assert name_of("owner/Name-1.5B") == "name_1_5b" and name_of("./base") == "base"


def _without(name: str):
    return lambda folder: (folder / name).unlink()


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _adapter(folder: Path) -> None:
    (folder / "adapter_config.json").touch()


def _code(model_type: str):
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config |= {"model_type": model_type, "auto_map": {"AutoModelForCausalLM": "modeling_x.X"}}
        (folder / "config.json").write_text(json.dumps(config))

    return change


def _no_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (shutil.rmtree, "is no folder"),
        (_without("config.json"), "has no config.json"),
        (_without("model.safetensors"), "holds no safetensors"),
        (_pickled, "holds no safetensors, .* save this one again as safetensors"),
        (_adapter, "LoRA adapter alone: merge it"),
        (_without("tokenizer.json"), "has no tokenizer: put"),
        (_no_template, "has no chat template: put"),
        (_code("not_in_transformers"), "needs code of its own .*, which is never run here"),
    ],
)
def test_a_folder_that_cannot_be_evaluated_is_one_line(change, line: str, tiny_model: Path, tmp_path: Path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    change(folder)
    with pytest.raises(UserError, match=line) as caught:
        found(str(folder))
    assert str(caught.value).startswith("MODEL: ") and "\n" not in str(caught.value)
    raw = changed(read(ROOT / "config/demo.yaml"), {"models": {"mine": {"path": str(folder)}}})
    with pytest.raises(UserError, match=f"models.mine.path: .*{line}"):
        checked(validate(raw, "test"))


def test_code_beside_a_known_model_is_no_hindrance(tiny_model: Path, tmp_path: Path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    _code("llama")(folder)
    assert found(str(folder)) == {"kind": "folder", "path": str(folder)}


def test_what_the_table_of_sources_has_is_taken_from_there():
    hub = {"kind": "hub", "source": "qwen3_8b"}
    assert found("Qwen/Qwen3-8B") == hub and found("qwen3_8b") == hub
    with pytest.raises(UserError, match="neither a folder nor a model of the hub: give owner/name"):
        found("qwen3_9b")


def test_parameters_are_counted_from_the_headers(tiny_model: Path):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert parameters_in(tiny_model) * 1e9 == pytest.approx(model.num_parameters(), abs=0.5)
