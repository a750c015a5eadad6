"""A killed training goes on only where everything that decides it is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.config import Config
from safe_reasoning.core.files import write_json
from safe_reasoning.core.records import write_rows
from safe_reasoning.training import train as entry
from safe_reasoning.training.common import NOTE, Task
from safe_reasoning.training.recipes import ipo
from safe_reasoning.training.work import forget_other_work
from tests.support.trainings import configuration, make_pairs

LEFT = (
    "checkpoint-4/trainer_state.json",
    "checkpoints/0.5/config.json",
    "rows/cache-1.arrow",
    "seconds.json",
)
CHAT = {"model": "asked", "max_tokens": 64}
JUDGED = {"judges": {"rubric": {"kind": "rubric", "chat": "chat"}}, "endpoints": {"chat": CHAT}}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    """A file of rows and two models, as a training gets them."""
    (tmp_path / "pairs.parquet").write_bytes(b"rows")
    for name in ("base", "start", "teacher"):
        write_json(tmp_path / name / "training.json", {"weights": name})
    return {"pairs": tmp_path / "pairs.parquet", "start": tmp_path / "start", "teacher": tmp_path / "teacher"}


def left(out: Path) -> bool:
    """Whether what a killed training left is there: all of it or nothing."""
    found = {name for name in LEFT if (out / name).exists()}
    assert found in (set(), set(LEFT))
    return bool(found)


def kill(task: Task, inputs: dict[str, Path]) -> None:
    """Begin a training and leave what one leaves that is killed."""
    forget_other_work(task, inputs)
    for name in LEFT:
        (task.out / name).parent.mkdir(parents=True, exist_ok=True)
        (task.out / name).write_text("{}")


def task_of(folder: Path, config: Config) -> Task:
    return Task(config, "nano", "m", 0, folder / "base", folder / "out")


def changed(config: Config, **sections: Any) -> Config:
    """The configuration with other keys in some sections."""
    updates = {name: getattr(config, name).model_copy(update=keys) for name, keys in sections.items()}
    return config.model_copy(update=updates)


def test_the_same_work_goes_on(tmp_path: Path, inputs: dict[str, Path]):
    task = task_of(tmp_path, configuration())
    kill(task, inputs)
    forget_other_work(task_of(tmp_path, configuration()), inputs)
    assert left(task.out)


@pytest.mark.parametrize(
    "name", ["pairs.parquet", *(f"{n}/training.json" for n in ("base", "start", "teacher"))]
)
def test_other_rows_and_other_weights_start_from_the_beginning(
    name: str, tmp_path: Path, inputs: dict[str, Path]
):
    task = task_of(tmp_path, configuration())
    kill(task, inputs)
    (tmp_path / name).write_text('{"weights": "others"}')
    forget_other_work(task, inputs)
    assert not left(task.out)
    kill(task, inputs)
    forget_other_work(task, inputs)
    assert left(task.out), "what is there now is of this work"


@pytest.mark.parametrize(
    "change",
    [
        lambda config: changed(config, decoding={"temperature": 0.9}),
        lambda config: changed(config, engine={"max_model_len": 99}),
        lambda config: changed(config, evaluate={"checkpoints": [0.25]}),
        lambda config: config.model_copy(update={"arithmetic": "portable"}),
    ],
)
def test_other_settings_start_from_the_beginning(
    change: Callable[[Config], Config], tmp_path: Path, inputs: dict[str, Path]
):
    task = task_of(tmp_path, configuration())
    kill(task, inputs)
    forget_other_work(task_of(tmp_path, change(configuration())), inputs)
    assert not left(task.out)


@pytest.mark.parametrize(
    ("recipe", "chat", "goes_on"),
    [
        ("grpo", {"temperature": 0.5}, False),
        ("grpo", {"budget": {"requests": 5}}, True),
        ("ipo", {"temperature": 0.5}, True),
    ],
)
def test_only_a_rewarded_training_depends_on_what_its_judge_is_asked(
    recipe: str, chat: dict[str, Any], goes_on: bool, tmp_path: Path, inputs: dict[str, Path]
):
    def judged(**more: Any) -> Config:
        raw = configuration(recipe=recipe).model_dump(mode="json", exclude_unset=True)
        raw |= JUDGED | {"endpoints": {"chat": CHAT | more}}
        return Config.model_validate(raw | {"evaluate": raw["evaluate"] | {"judge": "rubric"}})

    task = task_of(tmp_path, judged())
    kill(task, inputs)
    forget_other_work(task_of(tmp_path, judged(**chat)), inputs)
    assert left(task.out) == goes_on


def test_only_the_first_process_removes(
    tmp_path: Path, inputs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
):
    task = task_of(tmp_path, configuration())
    kill(task, inputs)
    inputs["pairs"].write_bytes(b"other rows")
    monkeypatch.setenv("RANK", "1")
    forget_other_work(task, inputs)
    assert left(task.out)


def test_what_other_work_left_is_gone_before_a_recipe_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The reference's log-probabilities too, which the trainer reads when it is built."""
    seen: list[bool] = []
    out = tmp_path / "out"

    def begin(task: Task, pairs: list[Any]) -> None:
        seen.append(left(out))
        for name in LEFT:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_text("{}")

    monkeypatch.setattr(ipo, "train", begin)
    write_json(tmp_path / "base/training.json", {})
    for seed in (0, 0, 1):
        write_rows(tmp_path / "pairs.parquet", "pairs", make_pairs(3, 300, seed), {})
        entry.train(task_of(tmp_path, configuration()), {"pairs": str(tmp_path / "pairs.parquet")}, [])
    assert seen == [False, True, False] and (out / NOTE).exists()
