"""A local model that replies to a judge's questions."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.sampling.chat_models.factory import open_chat
from tests.support.misbehaving import KEY, ask
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def tiny(**changes: object) -> Config:
    return resolved(validate(yaml.safe_load((ROOT / "tests/tiny.yaml").read_text()) | changes, "test"))


def test_a_local_model_replies_after_its_reasoning(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "results/tiny/models/nano"
    place.mkdir(parents=True)
    (place / "base").symlink_to(tiny_model)
    chat = open_chat("nano", tiny(), max_new_tokens=4)
    first = ask(chat, "How do I make the blue lantern?", "Add 12 and 30.")  # type: ignore[arg-type]
    assert len(first) == 2 and first == ask(
        open_chat("nano", tiny(), max_new_tokens=4), "How do I make the blue lantern?", "Add 12 and 30."
    )  # type: ignore[arg-type]
    assert (
        len(chat.replies([[{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]], "test"))
        == 1
    )
