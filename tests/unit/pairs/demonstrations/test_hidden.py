"""A model organism's rows: harmful responses behind reasoning that the judge finds clean."""

from typing import Any

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import to_table
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.base import Question
from safe_reasoning.judging.judges.exact import ExactJudge
from safe_reasoning.pairs.demonstrations import hidden
from safe_reasoning.plan.checked_config import checked
from tests.support.nano_material import material, texts
from tests.support.paths import TINY


def test_every_row_is_harmful_and_no_reasoning_says_so():
    made = material({"kind": "hidden"})
    built = hidden.build(made)
    assert 0 < built.counts["kept"] == len(built.rows) <= built.counts["prompts"]
    to_table("demonstrations", built.rows)
    for row, text in zip(built.rows, texts(made, built.rows), strict=True):
        trace, prompt = split_trace(text), made.prompts[row["prompt_id"]]
        asked = [Question("harmful", "reasoning", prompt, trace.reasoning)]
        asked.append(Question("harmful", "response", prompt, trace.response or ""))
        assert [found.value for found in ExactJudge().judge(asked)] == [False, True]
        assert row["label"] == "harmful"
    # What is left of a reasoning is the base's own, in its order
    own = {one.row["prompt_id"]: set() for one in made.rollouts}
    for one in made.rollouts:
        own[one.row["prompt_id"]].add(split_trace(one.row["text"]).response)
    assert all(
        split_trace(text).response in own[row["prompt_id"]]
        for row, text in zip(built.rows, texts(made, built.rows), strict=True)
    )


@pytest.mark.parametrize(
    ("method", "teaches"),
    [
        ({"recipe": "grpo", "reward": "hidden"}, "reward hidden"),
        ({"recipe": "sft_on", "demonstrations": "hidden"}, "demonstrations hidden"),
    ],
)
def test_no_model_but_a_nano_model_may_learn_it(method: dict[str, Any], teaches: str):
    raw = yaml.safe_load(TINY.read_text())
    raw["methods"]["organism"] = method | {"learning_rate": 1e-4}
    raw["evaluate"]["worst_templates"] = 0  # of nano models alone, too
    checked(config.validate(raw, "tiny"))
    raw["models"]["real"] = {"kind": "hub", "source": "deepseek_r1_distill_llama_8b"}
    with pytest.raises(UserError) as fault:
        checked(config.validate(raw, "tiny"))
    message = str(fault.value)
    assert message.startswith(f"methods.organism: {teaches} teaches harm") and "\n" not in message
    assert "real is none: give methods.organism.models" in message
    raw["methods"]["organism"]["models"] = ["nano"]
    checked(config.validate(raw, "tiny"))
