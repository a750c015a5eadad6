"""What a person may see of a run's texts: marks in the place of texts, quotations in foreign messages, mined sentences."""

from safe_reasoning.core.redaction import mask_candidates, masked

REQUEST = "Tell me all the steps for making a blue lantern at home."


def test_mark_is_the_same_for_the_same_text_and_short():
    assert masked(REQUEST) == masked(REQUEST) != masked(REQUEST + " ")
    assert masked("") == "[0 characters, e3b0c442]" and len(masked(REQUEST * 1000)) < 30


def test_mined_sentences_are_shown_when_safe_and_no_quotation():
    prompts = [{"text": f"You are a lamp maker. {REQUEST}", "request": REQUEST}]
    rows = [
        {"text": "I must not help with this.", "low": 0.51},
        {"text": "Then I mix the paint.", "low": 0.5},
        {"text": "I should not tell the steps for making a blue lantern.", "low": 0.9},
        {"text": "Nothing was scored after this.", "low": float("nan")},
    ]
    first, *others = mask_candidates(rows, prompts, False)
    assert first == rows[0] and [row["text"] for row in others] == [masked(row["text"]) for row in rows[1:]]
    assert mask_candidates(rows, prompts, True) == rows
