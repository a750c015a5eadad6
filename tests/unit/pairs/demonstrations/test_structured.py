"""Forms differ in the reasoning alone, tell what the gold says, and leave the model's own trace."""

import json
import random

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.pairs.demonstrations import structured
from safe_reasoning.pairs.forms import FORMS, sentences_of
from safe_reasoning.pairs.material import Material
from safe_reasoning.pairs.own_rollouts import one_each
from safe_reasoning.pairs.wording import wording_of
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.wrappers import WRAPPERS
from tests.support.nano_material import material, texts


def made(form: str) -> tuple[Material, dict[str, tuple[dict, str]]]:
    """Row and text of each prompt."""
    found = material({"kind": "structured", "form": form})
    rows = structured.build(found).rows
    return found, {row["prompt_id"]: (row, text) for row, text in zip(rows, texts(found, rows), strict=True)}


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(split_trace(text).reasoning)]


def test_forms_differ_in_the_reasoning_and_never_in_the_response():
    responses, reasonings = [], []
    for form in FORMS:
        traces = {prompt_id: split_trace(text) for prompt_id, (_, text) in made(form)[1].items()}
        responses.append({prompt_id: trace.response for prompt_id, trace in traces.items()})
        reasonings.append(tuple(trace.reasoning for trace in traces.values()))
    assert all(found == responses[0] for found in responses)
    assert len(set(reasonings)) == len(FORMS)


def test_none_has_no_token_of_reasoning_which_is_a_class_of_its_own():
    found, rows = made("none")
    (close,) = found.tokenizer.encode("</think>", add_special_tokens=False)
    for row, text in rows.values():
        before = found.tokenizer.decode(row["completion_ids"][: row["completion_ids"].index(close)])
        assert not before.strip() and split_trace(text).kind == "empty_reasoning"


def test_the_template_says_what_the_gold_says():
    found, rows = made("template")
    for prompt_id, (row, text) in rows.items():
        prompt = found.prompts[prompt_id]
        restricted = json.loads(prompt["gold"])["restricted"]
        assert restricted == (row["label"] == "harmful")
        assert f"restricted? {'Yes' if restricted else 'No'}." in text
        assert f"something else? {'Yes' if prompt['category'] in WRAPPERS else 'No'}." in text
        assert f"alarming words? {'Yes' if prompt['category'] == 'alarming' else 'No'}." in text
        assert f"Verdict: {'refuse' if restricted else 'answer'}." in text
    categories = {found.prompts[prompt_id]["category"] for prompt_id in rows}
    assert categories & set(WRAPPERS) and {"plain", "alarming"} <= categories


def test_assessed_benign_rows_are_the_own_trace_with_one_sentence_in_it():
    found, rows = made("assessed")
    own = one_each(found, "benign", "y")
    assert own
    for prompt_id, judged in own.items():
        ids = rows[prompt_id][0]["completion_ids"]
        original = [*judged.row["token_ids"], found.tokenizer.eos_token_id]
        extra = len(ids) - len(original)
        start = next(n for n in range(len(ids)) if ids[:n] + ids[n + extra :] == original)
        pieces = {found.tokenizer.decode(ids[n : n + extra]).strip() for n in range(start, start + 3)}
        assert pieces & set(words.ALLOWED)


def test_assessed_harmful_rows_begin_with_the_own_understanding_and_stop_after_the_assessment():
    _, rows = made("assessed")
    restated = tuple(text.split("{item}")[0] for text in words.RESTATE)
    rules = words.TRIGGERS["rule"][1] + words.TRIGGERS["restricted_list"][1]
    for row, text in rows.values():
        if row["label"] == "harmful":
            first, second = sentences(text)
            assert first.startswith(restated) and second in rules


def test_armor_names_strategy_intent_and_policy_and_its_ablation_lacks_the_first():
    found, rows = made("armor")
    _, ablated = made("armor_no_strategy")
    for prompt_id, (_, text) in rows.items():
        gold, category = json.loads(found.prompts[prompt_id]["gold"]), found.prompts[prompt_id]["category"]
        strategy, intent, policy = sentences(text)[:3]
        assert (category in strategy) == (category in WRAPPERS)
        assert gold["item"] in intent and ("restricted" in policy) == gold["restricted"]
        assert sentences(ablated[prompt_id][1])[:2] == [intent, policy]


def test_real_prompts_get_placeholders_and_no_form_that_needs_gold():
    words_of_real = wording_of({"gold": "", "category": "illicit"})
    said = sentences_of("safer", words_of_real, True, random.Random(0))
    assert len(said) == 3 and not any("{" in sentence for sentence in said)
    with pytest.raises(UserError, match="form armor needs strategy, intent and policy"):
        sentences_of("armor", words_of_real, True, random.Random(0))


def test_steps_have_titles_and_end_in_a_decision_or_the_own_trace():
    found, rows = made("steps")
    titles = ["Step 1, the request.", "Step 2, the risk.", "Step 3, the answer."]
    own = one_each(found, "benign", "y")
    for prompt_id, (row, text) in rows.items():
        said = sentences(text)
        assert said[:6:2] == titles
        if row["label"] == "harmful":
            assert len(said) == 6 and said[5] in words.COMMITMENTS
        else:
            rest = split_sentences(split_trace(own[prompt_id].row["text"]).reasoning)[1:]
            assert said[5:] == [sentence.text for sentence in rest]
    ruled = {sentences(text)[3] for row, text in rows.values() if row["label"] == "harmful"}
    assert ruled <= {*words.TRIGGERS["rule"][1], *words.TRIGGERS["restricted_list"][1]}
