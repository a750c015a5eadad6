"""Which letter a response to a multiple-choice question states, in the ways in which models write one."""

import pytest

from safe_reasoning.judging.scorers.boxes import boxed
from safe_reasoning.judging.scorers.choice import stated_choice

STATES_B = r"""
ANSWER: B
Answer : B
answer: b
ANSWER:B
**ANSWER**: **B**
**ANSWER:** B
***ANSWER: B***
__ANSWER__: B
_ANSWER_: _B_
### ANSWER: B
> ANSWER: B
`ANSWER: B`
ANSWER: `B`
ANSWER: B.
ANSWER: (B)
ANSWER: [B]
ANSWER: {B}
ANSWER: [[B]]
ANSWER: <B>
ANSWER: "B"
ANSWER: 'B'
ANSWER: “B”
ANSWER: «B»
ANSWER: B<br>The gap is 5 eV.
ANSWER: B</think>The gap is 5 eV.
| ANSWER: B |
ANSWER: B✅
ANSWER: $B$
ANSWER: \(B\)
ANSWER: \[B\]
ANSWER: \mathrm{B}
ANSWER: $\mathbf{B}$
ANSWER: \textbf{B}
ANSWER: \text{(B)}
ANSWER: \boxed{B}
ANSWER: $\boxed{\text{B}}$
\textbf{ANSWER: B}
\textbf{ANSWER:} B
\textbf{ANSWER}: \textit{B}
<b>ANSWER:</b> <i>B</i>
ANSWER: Option B
ANSWER: option (B)
ANSWER: choice b
ANSWER: the correct option is B
ANSWER: B) 5 eV
ANSWER: (B) 5 eV
ANSWER: B. 5 eV
ANSWER: B: 5 eV
ANSWER: B - 5 eV
ANSWER: B — 5 eV
ANSWER: **B** 5 eV
ANSWER: **B)** 5 eV
ANSWER: b) 5 eV
ANSWER: (B)5 eV
ANSWER: The answer is B
ANSWER: (option B)
ANSWER: B, because the gap is 5 eV
ANSWER: B because the gap is 5 eV
ANSWER: B (5 eV)
ANSWER: B, not A
ANSWER： B
The final answer is: B
\boxed{B}
\fbox{B}
\boxed{(B)}
\boxed{\mathrm{B}}
\boxed{\textbf{B}}
\boxed{\mathbf{(B)}}
\boxed{\text{Option B}}
\boxed{B) 5 eV}
\boxed{B: 5 eV}
\boxed{B. 5 eV}
\boxed{\text{B) 5 eV}}
\boxed{\textbf{(B)}\ 5\text{ eV}}
\boxed{\text{ANSWER: B}}
$$\boxed{\text{B}}$$
"""

STATES_NONE = r"""
B seems right.
The answer is B.
Answer: a decrease in pressure shifts it left.
Answer: A decrease in pressure shifts it left.
ANSWER: B-type stars are hot.
Answer: b = 3e8 m/s, so it cannot be told.
Answer: B = 3 T
Answer: $B$ = 3 T
ANSWER: \mathbf{B} = 0
ANSWER: B-glucose, which is option C
ANSWER: B/s
ANSWER: B_2
ANSWER: B_{12}
ANSWER: $B^2$
ANSWER: Boron
ANSWER: E
ANSWER: none
ANSWER: B or C
ANSWER: B / C
ANSWER: B/C
ANSWER: B and C
ANSWER: B, C
ANSWER: B & D
ANSWER: B, C and D
ANSWER: (B) or (C)
ANSWER: **B** or **C**
ANSWER: Option B or option C
ANSWER: B (or C)
ANSWER: not B
ANSWER: B's field
ANSWER: either B or C
ANSWER: B, maybe C
ANSWER: B → C
ANSWER: B? C?
\boxed{A, B}
\boxed{B = 3}
\boxed{b}
\boxed{5\,\mathrm{B}}
\boxed{\mathrm{B}_2}
\boxed{Boron}
\boxed{B
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("response", lines(STATES_B))
def test_marks_and_the_choices_text_make_no_difference(response: str):
    assert stated_choice(response) == "B"
    assert stated_choice(f"Some thought, A or D.\n\n{response}\n") == "B"


@pytest.mark.parametrize("response", lines(STATES_NONE))
def test_a_letter_may_state_no_choice(response: str):
    assert stated_choice(response) is None
    assert stated_choice(f"ANSWER: D\n{response}") in ("D", None)


def test_the_last_statement_counts_and_words_that_state_none_are_passed_over():
    assert stated_choice("ANSWER: A? No.\nANSWER: D") == "D"
    assert stated_choice("ANSWER: A? No, ANSWER: D") == "D"
    assert stated_choice("ANSWER: D\nAnswer: b orbitals split.") == "D"
    assert stated_choice("Short answer: b orbitals split.\n\\boxed{D}") == "D"
    assert stated_choice("ANSWER: A\nANSWER: B or C") is None
    assert stated_choice("\\boxed{A} or rather \\boxed{C}") == "C"
    assert stated_choice("ANSWER:\n\nD\n\nsince it is.") == "D"


def test_contents_of_boxes():
    assert boxed(r"\boxed{a{b}c} \fbox{d} \boxed {\{x} \boxed{} \boxed7 \boxed{\boxed{3}}") == [
        "a{b}c",
        "d",
        r"\{x",
        "7",
        r"\boxed{3}",
        "3",
    ]
    assert boxed(r"\boxed{1} \boxed{2") == ["1", None]
    assert boxed(r"\boxed") == [None]
    assert boxed(r"\boxedfoo{1}") == []
