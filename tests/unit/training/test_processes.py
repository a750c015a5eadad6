"""What each process of a training has of its own: its GPU, and a limit on waiting for the first one."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.training import group_preference, new_tokens
from safe_reasoning.training.common import Task
from tests.support.trainings import configuration


class Placed(BaseException):
    """Raised where the reference is put, with the device."""


class Reference:
    def eval(self) -> "Reference":
        return self

    def requires_grad_(self, _: bool) -> "Reference":
        return self

    def to(self, device: Any) -> None:
        raise Placed(device)


@pytest.mark.parametrize(
    ("cuda", "rank", "device"), [(True, "3", "cuda:3"), (True, None, "cuda:0"), (False, "3", "cpu")]
)
def test_each_process_has_the_reference_on_its_own_gpu(
    cuda: bool, rank: str | None, device: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank:
        monkeypatch.setenv("LOCAL_RANK", rank)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(
        group_preference, "tokenizer_of", lambda _: type("Tokenizer", (), {"pad_token_id": 0})()
    )
    loader = type("Loader", (), {"from_pretrained": staticmethod(lambda *_, **__: Reference())})
    monkeypatch.setattr(group_preference, "AutoModelForCausalLM", loader)
    task = Task(configuration(recipe="salt"), "nano", "m", 0, tmp_path, tmp_path / "out")
    with pytest.raises(Placed) as placed:
        group_preference.train_on_groups(task, [{}] * 4)
    assert torch.device(placed.value.args[0]) == torch.device(device)


def test_a_process_waits_for_the_grown_base_and_says_so_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "config.json").write_text("{}")
    seconds, slept = itertools.count(step=600), list[float]()
    monkeypatch.setenv("RANK", "1")
    clock = SimpleNamespace(monotonic=lambda: next(seconds), sleep=slept.append)
    monkeypatch.setattr(new_tokens, "time", clock)
    with pytest.raises(UserError, match="the first process has not written .*grown-.* after 3600 s"):
        new_tokens.grown_base(tmp_path, ["<x>"], tmp_path)
    assert len(slept) == 5

    folder = tmp_path / f"grown-{sha256(tmp_path / 'config.json')[:12]}"
    clock.sleep = lambda _: folder.mkdir()
    assert new_tokens.grown_base(tmp_path, ["<x>"], tmp_path) == folder
