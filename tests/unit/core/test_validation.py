"""Faults of what a user wrote are reported without pydantic's words, with the closest known name."""

import re

import pytest

from safe_reasoning.config import changed, read, validate
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.plan.checked_config import checked
from tests.support.paths import ROOT

PYDANTIC = re.compile(r"Input|Extra|Value error|Field|valid|tag|permitted|pydantic")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decodng": {}}, "decodng: no such key, the closest is decoding"),
        ({"engine": {"zzz": 1}}, "engine.zzz: no such key, use one of name, dtype, "),
        ({"methods": {"ipo": {"betta": 1}}}, "methods.ipo.betta: no such key, the closest is beta"),
        ({"methods": {"ipo": {"salt": {"grup": 1}}}}, "methods.ipo.salt.grup: no such key, .* is group"),
        (
            {"methods": {"ipo": {"per_model": {"nano": {"betta": 1}}}}},
            "methods.ipo.per_model.nano.betta: no such key, the closest is beta",
        ),
        ({"models": {"nano": {"itms": 3}}}, "models.nano.itms: no such key, the closest is items"),
        ({"models": {"m": {"kind": "hubb"}}}, "models.m: 'hubb' is unknown .did you mean 'hub'"),
        ({"models": {"m": {"source": "x"}}}, "models.m: has no `kind`: give one"),
        ({"models": {"m": {"kind": "hub"}}}, "models.m.source: missing: give it"),
        ({"models": {"My-M": {"kind": "hub", "source": "x"}}}, "models.My-M: 'My-M' is no name"),
        ({"models": {"nano": 5}}, "models.nano: must be a block of keys, not 5"),
        ({"decoding": {"temperature": "hot"}}, "decoding.temperature: must be a number, not 'hot'"),
        ({"decoding": {"temperature": -1}}, "decoding.temperature: must be 0.0 or more, not -1"),
        ({"methods": {"ipo": {"models": "nano"}}}, "methods.ipo.models: must be a list, not 'nano'"),
        ({"methods": {"ipo": {"models": ["nanno"]}}}, "methods.ipo, models: 'nanno' is unknown .did you mean 'nano'"),
        ({"seeds": []}, "seeds: must have 1 or more entries"),
        ({"prompt_sets": {"direct": {"role": "safty"}}}, "prompt_sets.direct.role: 'safty' .*'safety'"),
        ({"evaluate": {"worst_templates": 1}, "models": {"m": {"kind": "hub", "source": "qwen3_8b"}}}, "evaluate.worst_templates: "),
    ],
)  # fmt: skip
def test_faults_are_reported_in_plain_words(change: dict, message: str):
    with pytest.raises(UserError, match=message) as fault:
        validate(changed(read(ROOT / "tests/tiny.yaml"), change), "my.yaml")
    words = str(fault.value).removesuffix("workflow/schemas/config.schema.json")
    assert "\n" not in words and not PYDANTIC.search(words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": {"m": {"kind": "hub", "source": "qwen3_8"}}}, r"models\.m\.source: .*did you mean 'qwen3_8b'"),
        ({"models": {"m": {"kind": "hub", "source": "xstest"}}}, r"models\.m\.source: xstest .* is a dataset, not a model"),
        (
            {"methods": {"r": {"recipe": "released", "weights": {"nano": "star1_9b"}}}},
            r"methods\.r\.weights\.nano: 'star1_9b' is unknown \(did you mean 'star1_",
        ),
        ({"judges": {"j": {"kind": "llama_guard", "source": "llama_gard3_8b"}}}, r"judges\.j\.source: .*'llama_guard3_8b'"),
        ({"prompt_sets": {"x": {"source": "xstest_saf", "role": "overrefusal"}}}, r"prompt_sets\.x\.source: .*'xstest_safe'"),
        ({"evaluate": {"judge": "lexicl"}}, r"evaluate\.judge: 'lexicl' is unknown \(did you mean 'lexical'"),
    ],
)  # fmt: skip
def test_unknown_sources_and_judges_are_refused_before_a_run(change: dict, message: str):
    raw = changed(read(ROOT / "tests/tiny.yaml"), {"evaluate": {"worst_templates": 0}})
    with pytest.raises(UserError, match=message):
        checked(validate(changed(raw, change), "my.yaml"))


def test_a_name_unlike_all_others_gets_no_guess():
    assert unknown_name("zzz", ["ipo", "sft"]) == "'zzz' is unknown: use one of ipo, sft"
