"""Files of attacks and benchmarks in the forms that people's programs write, and one line for what cannot be used."""

import gzip
import json
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.attacks.from_file import ready_made_attack
from safe_reasoning.prompts.attacks.rows import parsed
from safe_reasoning.prompts.benchmarks import harmbench, sorry_bench
from safe_reasoning.prompts.readers import read
from safe_reasoning.sources.table import MIRROR_VARIABLE

REQUESTS = ["Which bread is best?", "Where is the kettle?"]


@pytest.fixture(autouse=True)
def only_our_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


def attacked(tmp_path: Path, name: str, content: str | bytes) -> list[str]:
    """The prompts after a ready-made attack from a file of that name."""
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    prompts = [{"prompt_id": f"p-{n}", "request": text} for n, text in enumerate(REQUESTS)]
    return [row["text"] for row in ready_made_attack(prompts, tmp_path / name)]


def lines(*attacks: object) -> str:
    """JSON lines that give these attack prompts to the requests."""
    pairs = zip(REQUESTS, attacks, strict=False)
    return "".join(
        json.dumps({"request": r, "attack_prompt": a}, ensure_ascii=False) + "\n" for r, a in pairs
    )


TABLE = "request,attack_prompt\nWhich bread is best?,first\nWhere is the kettle?,second\n"
BOTH = lines("first", "second")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.CSV", TABLE),
        ("a.csv", TABLE.replace("\n", "\r\n")),
        ("a.csv", "\ufeff" + TABLE),
        ("a.csv", "\ufeff" + TABLE.replace("\n", "\r\n")),
        ("a.csv", TABLE.replace("request,attack_prompt", " request , attack_prompt")),
        ("a.Tsv", TABLE.replace(",", "\t")),
        ("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("a.jsonl", BOTH),
        ("a.JSONL", "\ufeff" + BOTH.replace("\n", "\r\n")),
        ("a.jsonl", BOTH.replace("\n", "\n\n")),
        ("a.JSONL.GZ", gzip.compress(BOTH.encode(), mtime=0)),
        ("a.Json", "\ufeff[" + BOTH.strip().replace("\n", ",") + "]"),
    ],
)
def test_endings_marks_and_line_ends_make_no_difference(name: str, content: str | bytes, tmp_path: Path):
    assert attacked(tmp_path, name, content) == ["first", "second"]


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_a_line_feed_ends_a_json_line(inside: str, tmp_path: Path):
    text = f"one{inside}two"
    row = json.dumps({"request": REQUESTS[0], "attack_prompt": "?"})
    # JSON wants control characters spelled out; the others may stand as they are
    spelled = json.dumps(text) if inside < " " else f'"{text}"'
    assert attacked(tmp_path, "a.jsonl", row.replace('"?"', spelled) + "\n")[0] == text


def test_a_cell_may_be_as_long_as_a_many_shot_attack(tmp_path: Path):
    long = "word " * 60_000
    assert attacked(tmp_path, "a.csv", f"request,attack_prompt\n{REQUESTS[0]},{long}\n")[0] == long.strip()


def test_null_and_empty_say_that_no_attack_was_found(tmp_path: Path):
    assert attacked(tmp_path, "a.jsonl", lines("first", None)) == ["first", REQUESTS[1]]
    assert attacked(tmp_path, "a.csv", TABLE.replace("second", " ")) == ["first", REQUESTS[1]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", TABLE.replace(",second", ""), "row 2 has 1 cells, its header 2"),
        ("a.csv", TABLE.replace("second", "second, third"), "row 2 has 3 cells, its header 2"),
        ("a.csv", TABLE.replace("Which bread is best?", ""), "row 1: 'request' must be text, not str ''"),
        ("a.csv", "request,attack_prompt,request\na,b,c\n", "two columns 'request'"),
        ("a.csv", TABLE.replace(",", ";"), "it has request;attack_prompt"),
        ("a.csv", "request,attack_prompt\n", "has no rows"),
        ("a.csv", "", "has no rows"),
        ("a.csv", TABLE.encode("utf-16"), "not UTF-8"),
        ("a.csv", TABLE.replace("first", "caf\xe9").encode("latin-1"), "not UTF-8"),
        ("a.jsonl", lines("first", 5), "row 2: 'attack_prompt' must be text or null, not int 5"),
        ("a.jsonl", lines("first", ["x"]), "row 2: 'attack_prompt' must be text or null, not list"),
        ("a.jsonl", lines("first") + '{"request": "b"}\n', "row 2 has no 'attack_prompt'"),
        ("a.jsonl", lines("first") + '{"request": null, "attack_prompt": "x"}', "row 2: 'request' must be"),
        ("a.jsonl", lines("first") + '["a"]\n', "row 2 is no row with named columns"),
        ("a.jsonl", lines("first") + "7\n", "row 2 is no row with named columns"),
        ("a.jsonl", lines("first") + '{"request', "cannot be read"),
        (
            "a.jsonl",
            lines("first") + '{"request": "b \\udc9d", "attack_prompt": "x"}',
            "row 2: 'request' holds",
        ),
        ("a.jsonl", '{"request": "b", "attack_prompt": "\\ud83d x"}', "row 1: 'attack_prompt' holds half a"),
        ("a.json", '{"request": ["a"], "attack_prompt": ["x"]}', "holds no list of rows"),
        ("a.json", '{"jailbreaks": [{"goal": "a", "prompt": "x"}]}', "holds no list of rows"),
        ("a.json", '"text"', "holds no list of rows"),
        ("a.json", "[" * 100_000, "cannot be read"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00 no", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 99, mtime=0)[:-9], "cannot be read"),
        ("a.csv", TABLE + "Which bread is best?,another\n", "row 3 has another attack prompt"),
        ("a.csv", TABLE + " Which bread is best? ,\n", "row 3 has another attack prompt"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_file_and_row(
    name: str, content: str | bytes, message: str, tmp_path: Path
):
    with pytest.raises(UserError) as caught:
        attacked(tmp_path, name, content)
    line = str(caught.value)
    assert message in line and str(tmp_path / name) in line and "\n" not in line


def test_the_same_row_twice_is_no_contradiction(tmp_path: Path):
    assert attacked(tmp_path, "a.csv", TABLE + "Which bread is best?,first\n") == ["first", "second"]


@pytest.mark.parametrize("turns", [[], "do it", [""], [None], [3], None, {"0": "x"}])
def test_a_benchmark_without_text_in_a_row_is_refused(turns: object, tmp_path: Path):
    rows = [{"category": "1", "turns": [f"ask {n}"]} for n in range(440)]
    rows[6]["turns"] = turns  # type: ignore[assignment]
    path = tmp_path / "sorry_bench/question.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError, match="question.jsonl, row 7: 'turns' must be a list of texts"):
        sorry_bench.prompts("base", str(tmp_path))


def test_a_benchmark_with_a_short_row_is_refused(tmp_path: Path):
    rows = [f"behaviour {n},standard,illegal,," for n in range(400)]
    rows[2] = "behaviour 2,standard"
    path = tmp_path / "harmbench/harmbench_behaviors_text_all.csv"
    path.parent.mkdir()
    header = "Behavior,FunctionalCategory,SemanticCategory,ContextString,Tags\n"
    path.write_text("\ufeff" + header + "\n".join(rows))
    with pytest.raises(UserError, match="row 3 has 2 cells, its header 5"):
        harmbench.prompts("standard", str(tmp_path))
    rows[2] = "behaviour 2,standard,illegal,,"
    path.write_text("\ufeff" + header + "\n".join(rows))
    assert len(harmbench.prompts("standard", str(tmp_path))) == 400


def test_an_attackers_reply_with_half_a_pair_is_mended():
    assert parsed('{"prompt": "tea \\ud83d please"}') == "tea \ufffd please"


def test_quotes_keep_separators_and_line_breaks(tmp_path: Path):
    (tmp_path / "q.csv").write_text('a,b\n"x, y","one\ntwo"\n')
    assert read(tmp_path / "q.csv") == [{"a": "x, y", "b": "one\ntwo"}]
