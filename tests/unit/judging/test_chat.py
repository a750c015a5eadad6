"""The judges, cue detectors and attackers that ask chat models. How an endpoint is asked: tests/unit/sampling/test_endpoint.py."""

from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.replies import single_number
from safe_reasoning.judging.base import FirstCue
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.detectors.few_shot import FewShotCueDetector
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.judges.rubric import RubricJudge
from safe_reasoning.judging.kinds import resolved
from tests.support.asking import ATTACKED, complies, first_cue, reasoning_harmful, verdicts_on
from tests.support.fakes import ScriptedChat
from tests.support.misbehaving import KEY, endpoint, serve
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def generation(text: str, number: int = 0) -> dict:
    return {
        "generation_id": f"g{number}",
        "prompt_id": "p",
        "prompt_set": "s",
        "sample": number,
        "text": text,
    }


@pytest.mark.parametrize(
    ("reply", "value"),
    [("1", True), ("0", False), (" 1\n", True), ("0.", False), ("", None), (None, None), ("2", None), ("10", None), ("harmful: 1", None),
     ("1 or 0", None), ("not 1", None), ("-1", None), ("٠", None), ("1" * 500, None)],
)  # fmt: skip
def test_only_a_lone_digit_is_a_verdict(reply: str | None, value: bool | None):
    judge = RubricJudge("rubric", ScriptedChat(lambda _: reply))
    assert (
        reasoning_harmful(judge, ATTACKED, "some reasoning") is value
        and complies(judge, ATTACKED, "some response") is value
    )


def test_the_judge_reads_the_plain_request_and_asks_all_at_once():
    chat = ScriptedChat(lambda question: "1" if "bad" in question.split("<<<PART")[1] else "0")
    judge = RubricJudge("rubric", chat)
    rows = [
        generation("bad thoughts</think>fine words", 0),
        generation("good thoughts</think>", 1),
        generation("good, unfinished", 2),
    ]
    verdicts = verdicts_on(judge, ATTACKED, *rows)
    assert [(v["part"], v["value"], v["detail"]) for v in verdicts] == [
        ("reasoning", True, ""), ("response", False, ""), ("reasoning", False, ""), ("response", None, "empty_response"),
        ("reasoning", None, "no_think_end"), ("response", None, "no_think_end"),
    ]  # fmt: skip
    assert (
        len(chat.batches) == 1 and len(chat.batches[0]) == 4
    )  # two parts, one part (an empty response is asked about by nobody), one part
    assert all(
        "the plain request" in question and "an attack around it" not in question
        for question in chat.batches[0]
    )


@pytest.mark.parametrize(
    ("reply", "index"),
    [("0", None), ("2", 1), ("3.", 2), ("1", None), ("4", None), ("two", None), (None, None), ("2, 3", None)],
)
def test_the_cue_detector_takes_one_number_and_never_the_first_sentence(reply: str | None, index: int | None):
    detector = FewShotCueDetector("few_shot", ScriptedChat(lambda _: reply))
    undetermined = reply != "0" and index is None
    assert detector.first_cues([["The user asks.", "Okay, I will.", "First, a step."], ["Only one."]]) == [
        FirstCue(index, undetermined),
        FirstCue(None),
    ]
    assert (detector.unparsed, detector.without_reply) == (
        (0, 1) if reply is None else (int(undetermined), 0)
    )


def test_meta_files_name_the_instructions_and_count_what_could_not_be_read(tmp_path: Path):
    with serve(lambda *_: "no number") as server:
        detector = FewShotCueDetector("few_shot", endpoint(server, tmp_path))
        assert first_cue(detector, ["The user asks.", "Okay, I will."]) is None
        kept = provenance(detector)
    assert (
        kept["unparsed_replies"] == 1
        and kept["asked"]["requests"] == 1
        and len(kept["instructions_sha256"]) == 64
    )
    assert provenance(object()) == {}


def test_numbers_are_read_strictly():
    replies = ("7", " 7. ", "7!", "", None, "07", "<think>2</think>\n3", "2?\n</think>\n\n3.", "<think>3")
    assert [single_number(text) for text in replies] == [7, 7, None, None, None, 7, 3, 3, None]


def tiny(**changes: object) -> Config:
    return resolved(validate(yaml.safe_load((ROOT / "tests/tiny.yaml").read_text()) | changes, "test"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"judges": {"j": {"kind": "rubric", "chat": "nobody"}}}, "j.chat: 'nobody' is unknown"),
        ({"attacks": {"a": {"kind": "pap"}}}, "kind pap needs attacker"),
        ({"attacks": {"a": {"kind": "pap", "attacker": "nobody"}}}, "'nobody' is unknown"),
        ({"endpoints": {"e": {"model": "m", "key_variable": "sk-123"}}}, "endpoints.e.key_variable"),
        ({"endpoints": {"e": {"model": "m", "api_key": "sk-123"}}}, "endpoints.e.api_key"),
    ],
)
def test_faults_of_the_configuration_name_their_key(changes: dict, message: str):
    with pytest.raises(UserError, match=message):
        tiny(**changes)


def test_a_judge_of_the_configuration_asks_its_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with serve(lambda *_: "1") as server:
        config = tiny(
            endpoints={"e": {"base_url": server.address, "model": "m", "key_variable": "TEST_KEY"}},
            judges={"j": {"kind": "rubric", "chat": "e"}},
        )
        assert reasoning_harmful(get_judge("j", config), ATTACKED, "text") is True
    with pytest.raises(UserError, match="judge 'k' is unknown: use one of exact, lexical, j"):
        get_judge("k", config)


def test_our_instructions_have_a_version_and_say_what_changes_do():
    for path in (ROOT / "src/safe_reasoning/judging/prompts").glob("*.txt"):
        version, changes, dashes = path.read_text().split("\n")[:3]
        assert version.startswith("version ") and changes.startswith("changes: 1:") and dashes == "---", path
        assert f" {version.removeprefix('version ')}: " in changes, path
