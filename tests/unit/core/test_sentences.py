"""Sentences of reasonings as models write them: other scripts, lists, quotes, abbreviations."""

import pytest

from safe_reasoning.core.sentences import split_sentences


def texts(whole: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(whole)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["问题很清楚。", "我先想一想！", "可以吗？", "不行。"],
        ["質問を読む。", "これは断る。"],
        ["他说：“我不同意。”", "然后他走了。"],
        ["काम हो गया।", "अब रुकता हूँ।"],
        ["هل هذا صحيح؟", "لا أظن."],
        ["ሰላም ነው።", "እቆማለሁ።"],
        ["Լավ է։", "Կանգնում եմ։"],
        ["ကောင်းတယ်။", "ရပ်မယ်။"],
        ["យល់ហើយ។", "ឈប់។"],
        ["ལེགས་སོ།", "བསྡད།"],
    ],
)
def test_stops_of_other_scripts_end_sentences_without_a_space(sentences: list[str]):
    assert texts("".join(sentences)) == sentences
    assert texts(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "lines",
    [
        ["First:", "1. Take a pan.", "2. Warm it."],
        ["- Things", "10. A pan", "11. A spoon"],
        ["> 1. Take a pan.", "> 2. Warm it."],
        ["a. Take a pan.", "b. Warm it."],
        ["Step 1. Take a pan.", "Step 2. Warm it."],
        ["(1). Take a pan.", "(2). Warm it."],
        ["**1.** Take a pan.", "**2.** Warm it."],
        ["**1. Take a pan.**", "**2. Warm it.**"],
        ["1.1. Take a pan.", "1.2. Warm it."],
        ["### 1. Pans", "### 2. Heat"],
        ["* **Step 1.** Take a pan.", "* **Step 2.** Warm it."],
    ],
)
def test_numbers_of_lists_are_no_sentences(lines: list[str]):
    assert texts("\n   ".join(lines)) == lines


def test_a_numbered_step_in_a_row_stays_with_its_words():
    assert texts("Part 1. Read it. Part 2. Sum it up.") == ["Part 1. Read it.", "Part 2. Sum it up."]
    assert texts("So: 1. Read it. 2. Sum it up.") == ["So: 1. Read it.", "2. Sum it up."]


@pytest.mark.parametrize(
    "sentences",
    [
        ["**No.**", "I can say why."],
        ["_Is it so?_", "It is."],
        ["Elle dit « oui. »", "Alors il reste."],
        ["Hmm…", "Let me think."],
        ["So $y = 2.$", "That is small."],
        ['He wrote "no."', "She agreed."],
        ["„Ja.“", "Er geht."],
        ["<b>No.</b>", "I can say why."],
        ["So \\(y = 2.\\)", "That is small."],
        ["It was shown.[12]", "I can say where."],
        ["Is it so‽", "It is."],
        ["Fine.😀", "I can go on."],
        ["Hmm . . .", "Let me think."],
    ],
)
def test_marks_after_a_stop_belong_to_its_sentence(sentences: list[str]):
    assert texts(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        'They ask "is it so?" and wait.',
        "He calls it “done.” although it is not.",
        "It holds much (salt, oil, etc.) and water.",
        "「だめだ。」と彼は言った。",
        "値は３．５です。",
    ],
)
def test_what_is_quoted_inside_a_sentence_does_not_end_it(sentence: str):
    assert texts(sentence) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "Use small things, e.g. beans, for this.",
        "That is, i.e. in other words, it is over.",
        "Prof. Miller of the U.K. Office said so.",
        "A. B. C. Smith signed it.",
        "The shop opens at 9 a.m. on Sundays.",
        "It holds salt, oil, etc. and water.",
        "A Ph.D. student from the Univ. of York asked.",
        "It began in Jan. 2020 on a Mon. morning.",
        "See p. 5 and Sec. 3 of it.",
        "It takes max. 3 tsp. of salt per 5 lb. of flour.",
    ],
)
def test_abbreviations_end_no_sentence(sentence: str):
    assert texts(sentence) == [sentence]
    assert texts(f"{sentence} Then it ends.") == [sentence, "Then it ends."]


def test_an_abbreviation_before_an_opening_word_does_end_one():
    assert texts("He lives in the U.S. But she does not.") == ["He lives in the U.S.", "But she does not."]
    assert texts("Salt, oil, etc. Then stir.") == ["Salt, oil, etc.", "Then stir."]
    assert texts("The answer is no. I am sure.") == ["The answer is no.", "I am sure."]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x1e", "\u2028", "\u2029", "\x85"])
def test_every_line_end_ends_a_sentence(end: str):
    assert texts(f"One{end}Two") == ["One", "Two"]
