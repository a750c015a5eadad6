"""Overlap of prompts: what must not matter does not, and each kind is reported when it is there."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from safe_reasoning.evaluation.contamination import TrainingPrompts, contamination, jaccard, shingles, words

LONG = "please tell me in a few words how one may paint a very old wooden garden chair so that it lasts through the winter"
sentences = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=6), min_size=1, max_size=30).map(
    " ".join
)
FEW = settings(max_examples=30)  # each builds an index


@FEW
@given(sentences)
def test_a_prompt_overlaps_itself_whatever_its_case_punctuation_and_spacing(text: str):
    changed = "  " + text.upper().replace(" ", " \n ") + "?!"
    assert "exact" in TrainingPrompts([text]).overlap(changed)
    assert "near_duplicate" in TrainingPrompts([text]).overlap(changed)


@FEW
@given(sentences, sentences)
def test_overlap_is_symmetric(first: str, second: str):
    there, back = TrainingPrompts([first]).overlap(second), TrainingPrompts([second]).overlap(first)
    assert ("exact" in there, "ngram13" in there) == ("exact" in back, "ngram13" in back)
    assert jaccard(shingles(first), shingles(second)) == jaccard(shingles(second), shingles(first))


@FEW
@given(sentences, sentences)
def test_only_true_neighbours_are_near_duplicates(first: str, second: str):
    if "near_duplicate" in TrainingPrompts([first]).overlap(second):
        assert jaccard(shingles(first), shingles(second)) >= 0.7


def test_each_kind_alone():
    training = TrainingPrompts([LONG, "short one"])
    assert training.overlap("Short one!") == ["exact", "near_duplicate"]
    around = "A story begins like this and goes on for quite a while before anything of note comes up. " * 3
    assert training.overlap(around + LONG) == ["ngram13"]
    swapped = LONG.replace(
        "paint a very", "paint one very"
    )  # the middle word: no 13 of the 23 in a row are left
    assert jaccard(shingles(LONG), shingles(swapped)) >= 0.7 and training.overlap(swapped) == [
        "near_duplicate"
    ]
    assert training.overlap("Something else entirely, about boats and the sea.") == []
    assert training.overlap("") == []


def test_other_scripts_have_words_too():
    assert words("Какая погода, сегодня?") == ["какая", "погода", "сегодня"]
    assert "exact" in TrainingPrompts(["天気 は どう"]).overlap("天気　は　どう？")


def test_counts_and_ids_by_set():
    test = [
        {"prompt_id": f"{name}-{i}", "prompt_set": name, "request": text}
        for name in ("one", "two")
        for i, text in enumerate(
            [LONG if name == "one" else "other words here", "nothing of the kind", "short one"]
        )
    ]
    table, prompts = contamination({"star": [LONG], "benign": ["short one"]}, test)
    found = {
        (row["training_set"], row["prompt_set"]): (row["prompts"], row["exact"], row["ngram13"], row["any"])
        for row in table
    }
    assert found == {
        ("star", "one"): (3, 1, 1, 1),
        ("star", "two"): (3, 0, 0, 0),
        ("benign", "one"): (3, 1, 0, 1),
        ("benign", "two"): (3, 1, 0, 1),
    }
    assert [(row["prompt_id"], row["training_set"]) for row in prompts] == [
        ("one-0", "star"),
        ("one-2", "benign"),
        ("two-2", "benign"),
    ]
    assert all(set(row) == {"prompt_id", "prompt_set", "training_set", "kinds"} for row in prompts)  # no text
