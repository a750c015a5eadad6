"""From responses to programs: code in the forms in which models give it. The programs here are ours, so they run in this process."""

import pytest

from safe_reasoning.judging.scorers.program import completed_function, program

GOLD = {
    "prompt": 'from math import floor\n\n\ndef half(n: int) -> int:\n    """Half of a number, rounded down."""\n',
    "entry_point": "half",
    "test": "def check(f):\n    assert f(7) == 3 and f(-7) == -4\n",
}
RIGHT = "def half(n):\n    return n // 2\n"
WRONG = "def half(n):\n    return n\n"


def passes(response: str) -> bool | None:
    """Whether the response's program comes to its end; None where it has none."""
    made = program(GOLD, response)
    if made is None:
        return None
    try:
        exec(compile(made, "program.py", "exec"), {"__name__": "program"})
    except BaseException:
        return False
    return True


def fenced(code: str, info: str = "python", fence: str = "```") -> str:
    return f"{fence}{info}\n{code}{fence}\n"


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line if line.strip() else line for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    "info",
    ["", "python", "Python", "py", "py3", "python3", "python3.11", " python", "python ", 'python title="half.py"',
     "python {.numberLines}", "{python}", "{.python .numberLines}", "{python, echo=TRUE}", "python copy", "ipython",
     "text", "plaintext", "starlark", "{code-cell} ipython3"],
)  # fmt: skip
def test_info_strings(info: str):
    assert passes(fenced(RIGHT, info)) is True
    assert passes(fenced(RIGHT, info).replace("\n", "\r\n")) is True


@pytest.mark.parametrize(
    "response",
    [
        "Install:\n\n" + fenced("pip list\n", "bash") + "\nThen:\n\n" + fenced(RIGHT),
        fenced(WRONG) + "\nprints\n\n" + fenced("7\n", "output") + "\nso better:\n\n" + fenced(RIGHT),
        fenced(RIGHT) + "\nRun it:\n\n" + fenced("python half.py\n", "sh") + fenced('{"def half(": 1}\n', "json"),
        fenced(RIGHT) + "\n" + fenced("half(7)\n") + "\n" + fenced(">>> half(7)\n3\n", "pycon"),
        fenced(RIGHT) + "\nUse it:\n\n" + fenced("from solution import half\nprint(half(7))\n"),
        fenced(RIGHT) + "\nOr shorter:\n\n" + fenced("half = half\n"),
        fenced("So:\n\n" + fenced(RIGHT), "markdown", "````"),
        fenced(RIGHT.replace("    ", "\u00a0\u00a0\u00a0\u00a0")),
        fenced(RIGHT, fence="~~~"),
        fenced(RIGHT, fence="````"),
        fenced(RIGHT)[:-4],  # no closing fence
        fenced(RIGHT)[:-5] + "```",  # not on a line of its own
        fenced(RIGHT)[:-1] + " This halves.\n\n" + fenced("half(7)\n"),
        "1. The function:\n\n" + indented(fenced(RIGHT), 3) + "\n2. Use it.\n",
        "- The function:\n" + indented(fenced(RIGHT), 2),
        "The function:\n\n" + indented(fenced(RIGHT), 4),
        "- The function:\n\n" + indented(fenced(RIGHT), 8),
        "> " + fenced(RIGHT).strip().replace("\n", "\n> "),
        "<details>\n" + fenced(RIGHT) + "</details>\n",
    ],
)  # fmt: skip
def test_fences_are_those_of_commonmark(response: str):
    assert passes(response) is True
    assert passes(response.replace("\n", "\r\n")) is True


def test_the_last_definition_counts_even_when_it_is_broken():
    assert passes(fenced(RIGHT) + fenced(WRONG)) is False
    assert passes(fenced(RIGHT) + fenced("def half(n:\n")) is False
    assert passes(fenced("pip list\n", "bash")) is None
    assert passes(fenced("half(7)\n")) is None


@pytest.mark.parametrize(
    "blocks",
    [
        ["import operator\n", "def half(n):\n    return operator.floordiv(n, 2)\n"],
        ["from operator import *\n", "def half(n):\n    return floordiv(n, 2)\n"],
        ["def by(n, d):\n    return n // d\n", "def half(n):\n    return by(n, 2)\n"],
        ["def half(n):\n    return by(n, 2)\n", "def by(n, d):\n    return n // d\n"],
        ["import math\n", "def by(n, d):\n    return math.floor(n / d)\n", "def half(n):\n    return by(n, TWO)\n", "TWO = 2\n"],
        ["TWO = 1\nTWO += 1\nprint(undefined)\n", "def half(n):\n    return n // TWO\n"],
        ["CALLS = 0\n", "def half(n):\n    global CALLS\n    CALLS += 1\n    return n // 2\n"],
        ["TWO = 3\n", "TWO = 2\n", "def half(n):\n    return n // TWO\n"],
        ["raise SystemExit\n", "def half(n, two=2):\n    return [m // two for m in [n]][0]\n"],
        ["class Halver:\n    def half(self, n):\n        return n // 2\n", "def half(n):\n    return Halver().half(n)\n"],
        ["def half(n):\n    return floor(n / 2)\n"],  # what the task's prompt imports
    ],
)  # fmt: skip
def test_what_the_function_needs_of_other_blocks_comes_with_it(blocks: list[str]):
    assert passes("\nand\n\n".join(map(fenced, blocks))) is True


@pytest.mark.parametrize(
    "response",
    [
        RIGHT,
        "Here is the function:\n\n" + RIGHT,
        "Here is the function:\n" + RIGHT,
        RIGHT + "\nThis halves the number.",
        RIGHT + "\nDone",
        "Sure.\n\nimport operator\n\n" + RIGHT.replace("n // 2", "operator.floordiv(n, 2)") + "\nIt's done; 2 is the divisor.\n",
        "Here:\n\n    def half(n):\n        two = 2\n\n        return n // two\n\nThat is it.",
        "def half(\n    n,\n):\n    return n // 2\nNote: it rounds down.",
        "def two():\n    return 2\n\n\ndef half(n):\n    return n // two()\n",
        WRONG + "\nNo, this is wrong. Better:\n\n" + RIGHT,
        "half = lambda n: n // 2",
        "<pre><code>\n" + RIGHT + "</code></pre>",
        '<pre><code class="language-python">' + RIGHT.replace("n // 2", "n // 2 if 1 &lt; 2 else 0") + "</code></pre>",
        "<p>So:</p>\n<code>\n" + RIGHT + "</code>",
        "It is `def half(n): return n // 2`.",
        "```python def half(n): return n // 2```",
        "[PYTHON]\n" + RIGHT + "[/PYTHON]",
        "\\begin{verbatim}\n" + RIGHT + "\\end{verbatim}",
        "    return n // 2\n",
        "return n // 2",
        "    if n < 0:\n        return floor(n / 2)\n    return n // 2\n",
        "if n < 0:\n    return floor(n / 2)\nreturn n // 2\n",
        "if n < 0:\n        return floor(n / 2)\n    return n // 2\n",
        "    return n // 2\n\nThis halves the number.",
        "    return n // 2\n\n\ndef main():\n    print(half(7))\n",
        fenced("    return n // 2\n"),
        fenced("return n // 2\n"),
    ],
)  # fmt: skip
def test_code_without_a_fence(response: str):
    assert passes(response) is True


@pytest.mark.parametrize(
    "response",
    [
        "",
        "Sorry",
        "I would rather not.",
        "None",
        "```\n```",
        "pass",
        "The function is half(n).",
        "\\boxed{3}",
    ],
)
def test_no_code_is_no_program(response: str):
    assert passes(response) is None


@pytest.mark.parametrize(
    "imports",
    ["from __future__ import annotations\n", "from __future__ import (\n    annotations,\n    division,\n)\n",
     '"""Halves."""\nfrom __future__ import annotations; import os\n'],
)  # fmt: skip
def test_imports_from_the_future_stand_at_the_beginning(imports: str):
    assert passes(fenced(imports + "\ndef half(n: Later) -> Later:\n    return n // 2\n")) is True


def test_long_prose_is_read_in_time():
    assert completed_function("word\n" * 20_000 + RIGHT + "more words\n" * 20_000, "half") is not None
    assert completed_function("*" * 50_000 + "`" * 50_000, "half") is None
