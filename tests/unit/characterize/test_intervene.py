"""Substitution keeps the sampled tokens; rounds follow the first cue; a finished trace stays as it is."""

from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.characterize.intervention import Case, run_interventions, substitute
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import PROMPT_IDS, KeywordDetector, ScriptedSampler, generation, ids, text, tokenizer

TRIGGER = "Wait, this is not allowed."
DETECTOR = KeywordDetector()
START = "The user asks. Let me look."
HARMFUL = f"{START} Okay, I will do it. Then I mix.\n</think>\nyes"
BEFORE = st.sampled_from(["Café “über”.", "Let me look.", "Hm!", "A naïve 😀 thing?"])


@given(
    st.lists(BEFORE, min_size=1, max_size=4),
    st.sampled_from([" ", "\n", "\n\n", "  ", " \n "]),
    st.sampled_from(["Okay, ", "“Now” ", "😀 ", "é "]),
)
def test_substitution_keeps_tokens_and_text_before_the_cue(before: list[str], gap: str, opening: str) -> None:
    whole = gap.join([*before, f"{opening}I will do it.", "Then I mix."]) + "\n</think>\n"
    token_ids = ids(whole)
    ((cue, _),) = find_cues(tokenizer(), [token_ids], DETECTOR)
    assert cue is not None and cue.text == f"{opening}I will do it." and cue.sentence == len(before)
    assert whole[cue.character :].startswith(cue.text)
    assert text(token_ids[: cue.token]).rstrip() == whole[: cue.character].rstrip()
    parts = substitute(tokenizer(), token_ids, cue, TRIGGER)
    assert parts.kept_ids == token_ids[: cue.token]
    assert text(parts.kept_ids + parts.inserted_ids) == whole[: cue.character] + TRIGGER
    nothing = substitute(tokenizer(), token_ids, cue, None)
    assert nothing.inserted_ids == [] and nothing.kept_ids == parts.kept_ids


def test_a_lone_space_before_the_cue_goes_with_it() -> None:
    """ " Zo" is no token, so a space of its own stands before it; the trigger gets the tokens of running text all the same."""
    token_ids = ids("Let me look. Zoo, I will.")
    ((cue, _),) = find_cues(tokenizer(), [token_ids], DETECTOR)
    assert cue is not None and text(token_ids[cue.token : cue.token + 1]) == " "
    parts = substitute(tokenizer(), token_ids, cue, TRIGGER)
    assert text(parts.kept_ids) == "Let me look." and parts.inserted_ids == ids(f" {TRIGGER}")


def test_a_cue_is_sought_in_the_reasoning_only() -> None:
    texts = ["I think. So.\n</think>\nSure. I will do it.", "I will do it. And so on."]
    assert find_cues(tokenizer(), [ids(text) for text in texts], DETECTOR) == [(None, False)] * 2


def test_rounds_replace_the_first_cue_each_time_until_none_is_left() -> None:
    """The first continuation holds a second cue, the second none: the third round has nothing to do."""

    def script(given_text: str, request: Request) -> str:
        again = given_text.count(TRIGGER) < 2
        return " Hm. But I will go on. Then I mix.\n</think>" if again else " So I say no.\n</think>"

    sample = ScriptedSampler(script)
    row = generation("g0", HARMFUL)
    (history,) = run_interventions(sample, tokenizer(), [Case("case", row, TRIGGER)], DETECTOR, max_rounds=4)
    assert len(history) == 5 and len(sample.batches) == 2
    assert history[0].token_ids == row["token_ids"] and history[0].cue is not None
    assert history[1].text == f"{START} {TRIGGER} Hm. But I will go on. Then I mix.\n</think>"
    assert history[2].text == f"{START} {TRIGGER} Hm. {TRIGGER} So I say no.\n</think>"
    assert history[2].cue is None and history[4] is history[3] is history[2]
    kept = history[0].cue.token
    assert all(state.token_ids[:kept] == row["token_ids"][:kept] for state in history)
    first, second = (batch[0] for batch in sample.batches)
    assert first.prompt_token_ids == PROMPT_IDS
    assert first.seed != second.seed and first.generation_id != second.generation_id


def test_all_cases_of_a_round_are_one_batch_and_clean_ones_are_left_alone() -> None:
    clean = generation("g1", "The user asks. I should say no.\n</think>\nno")
    sample = ScriptedSampler(lambda given_text, request: " Fine.\n</think>")
    cases = [
        Case("a", generation("g0", HARMFUL), TRIGGER),
        Case("b", clean, TRIGGER),
        Case("c", generation("g0", HARMFUL), None),
    ]
    histories = run_interventions(sample, tokenizer(), cases, DETECTOR, max_rounds=3)
    assert [[r.generation_id for r in batch] for batch in sample.batches] == [["a/round1", "c/round1"]]
    assert histories[1][-1].text == clean["text"]
    assert histories[2][-1].text == f"{START} Fine.\n</think>"
