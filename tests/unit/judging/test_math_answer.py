"""Which mathematical answers count as equal: the last box alone, in the forms in which people and models write answers."""

import pytest

from safe_reasoning.judging.scorers import math_answer
from safe_reasoning.judging.scorers.math_answer import score_math

RIGHT, WRONG, NO_ANSWER = (True, ""), (False, "wrong"), (False, "no_answer")


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ("It is \\boxed{6}, or rather: no. I forgot one, so \\boxed{7}.", RIGHT),
        ("So \\boxed{12}? Wait, that is twice. It is \\boxed{7}.", RIGHT),
        ("\\boxed{6}\n\\boxed{7}", RIGHT),
        ("\\boxed{6}, \\boxed{7}", RIGHT),
        ("\\boxed{6} + 1 = \\boxed{7}", RIGHT),
        ("$\\boxed{6}$ and $\\boxed{7}$", RIGHT),
        ("\\boxed{6} \u2192 \\boxed{7}", RIGHT),
        ("\\boxed{7}, not \\boxed{6}", WRONG),
        ("\\boxed{7} and \\boxed{6}", WRONG),
        ("\\boxed{x = \\boxed{7}}", RIGHT),
        ("\\fbox{7}", RIGHT),
        ("\\boxed{7} is in a \\boxed environment.", RIGHT),
        ("\\boxed{6} so \\fbox{7}", RIGHT),
        ("\\boxed 7", RIGHT),
        ("\\boxed{7}. I put it into \\boxed{} as asked.", RIGHT),
        ("First \\boxed{7}. No: the answer is \\boxed{", NO_ANSWER),
        ("First \\boxed{7}. No: the answer is \\boxed{8", NO_ANSWER),
        ("First \\boxed{7}. No: the answer is $\\boxed{\\frac{8}{", NO_ANSWER),
        ("First \\boxed{7}. No: the answer is \\boxed", NO_ANSWER),
        ("First \\boxed{7}. No: the answer is \\fbox{8", NO_ANSWER),
        ("The answer is 7.", RIGHT),
        ("$7$", RIGHT),
    ],
)
def test_the_last_box_counts_alone(response: str, outcome: tuple):
    assert score_math("7", response) == outcome


@pytest.mark.parametrize(
    ("reference", "stated"),
    [
        *[("12345", f"12{space}345") for space in ("\\,", "\\ ", "\\;", "\\:", "~", " ", "\u2009", "\u202f", "\u00a0")],
        *[("12345", text) for text in ("12,345", "12{,}345", "12\\!345", "\\text{12,345}")],
        ("1234567", "1\\,234\\,567"),
        ("1234567", "1 234 567"),
        ("1.234567", "1.234\\,567"),
        *[("45^\\circ", text) for text in ("45", "45\u00b0", "45^\\circ", "45^{\\circ}", "45\\degree", "45 degrees")],
        ("45", "45\u00b0"),
        ("45", "45\u00b0C"),
        ("45", "\\text{45\u00b0}"),
        ("45", "45."),
        ("45", "\\text{45\\%}"),
        ("(-\\infty,-1)\\cup(4,\\infty)", "x < -1 \\lor x > 4"),
        *[("8", text) for text in ("\\text{8 minutes}", "\\text{8 km/h}", "\\mathrm{8\\,min}", "8\\text{ cm}")],
        *[("8", text) for text in ("\\text{8 cm}^2", "\\text{8 dollars}", "8 dollars", "\\$8", "\\text{\\$8}")],
        ("5.4 \\text{ cents}", "\\text{5.4 cents}"),
        ("\\frac{1}{2}", "\\text{1/2 hour}"),
        *[("\\text{May 3}", text) for text in ("May 3", "\\text{May 3}", "\\text{May }3", "May~3", "may 3.")],
        ("\\text{Navin}", "Navin"),
        ("\\text{(B)}", "B"),
        ("(-1,4)", "-1 < x < 4"),
        ("(-1,4)", "x \\in (-1,4)"),
        ("[-1,4)", "-1 \\le x < 4"),
        ("[-1,4)", "-1 \u2264 x < 4"),
        ("(4,\\infty)", "x > 4"),
        ("(-\\infty,4]", "x \\leq 4"),
        ("(4,\\infty)", "> 4"),
        ("(-\\infty,-1)\\cup(4,\\infty)", "x < -1 \\text{ or } x > 4"),
        ("(-1,4)", "x > -1 \\text{ and } x < 4"),
        ("x > 4", "(4, \\infty)"),
        *[("43_6", text) for text in ("43_6", "43_{6}", "\\text{43}_6", "43_{\\text{six}}", "27 = 43_6", "43")],
        ("43_6", "43 \\text{ (base 6)}"),
        *[("43_6", text) for text in ("\\overline{43}_6", "43 \\text{ in base } 6")],
        ("(-1,4)", "\\{x : -1 < x < 4\\}"),
        ("(-1,4)", "\\{x \\in \\mathbb{R} \\mid -1 < x < 4\\}"),
        *[("8", text) for text in ("8\\\\", "\u20ac8", "8\u00a3", "\\underline{8}")],
        ("27", "43_6"),
        ("27", "43_6 = 27_{10}"),
        ("27", "27_{10}"),
        ("x \\neq 4", "\\neq 4"),
        ("x \\neq 4", "x \u2260 4"),
    ],
)  # fmt: skip
def test_other_written_forms_of_the_same_answer(reference: str, stated: str):
    assert score_math(reference, f"So it is $\\boxed{{{stated}}}$.") == RIGHT


@pytest.mark.parametrize(
    ("reference", "stated"),
    [
        ("12345", "12\\,346"),
        ("12345", "12, 345"),
        ("8", "\\text{9 minutes}"),
        ("\\text{May 3}", "May 4"),
        ("\\text{May 3}", "3"),
        ("\\text{east}", "seat"),
        ("(-1,4)", "-1 < x \\le 4"),
        ("(-1,4)", "-1 < x < 5"),
        ("(-1,4)", "x < -1 \\text{ or } x > 4"),
        ("(-\\infty,-1)\\cup(4,\\infty)", "-1 < x < 4"),
        ("43_6", "43_7"),
        ("43_6", "27"),
        ("43_6", "43_{10}"),
        ("43", "43_6"),
        *[
            ("4", text)
            for text in ("\\neq 4", "\\ne 4", "\u2260 4", "\\not= 4", "x \\neq 4", "> 4", "\\geq 4")
        ],
        *[
            ("4", text)
            for text in (
                "\\le 4",
                "< 4",
                "\u2265 4",
                "\\pm 4",
                "-4",
                "\\text{not } 4",
                "\\neg 4",
                "\\not\\in 4",
            )
        ],
        ("x \\neq 4", "x = 4"),
        ("x \\neq 4", "4"),
    ],
)
def test_marks_that_change_the_answer_are_kept(reference: str, stated: str):
    assert score_math(reference, f"So it is $\\boxed{{{stated}}}$.") == WRONG


@pytest.mark.parametrize(
    ("reference", "response"),
    [
        ("3", "\\boxed{9^{9^{9^{9}}}}"),
        ("2^{400000000}", "\\boxed{4^{200000000}}"),
        ("3", "\\boxed{\\binom{100000000}{50000000}}"),
        ("3", "\\boxed{100000000!}"),
    ],
)
def test_out_of_time_is_unscored(reference: str, response: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(math_answer, "SECONDS", 1)
    assert score_math(reference, response) == (None, "scorer_timeout")


def test_an_unreadable_reference_is_unscored():
    assert score_math("", "\\boxed{3}") == (None, "unreadable_reference")
