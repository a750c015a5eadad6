"""Marked parts of safe traces: in the nano world the restatement and the trigger or permission, exactly."""

from safe_reasoning.core.records import to_table
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.judges.exact import TRIGGERS
from safe_reasoning.pairs.demonstrations.understood import build, spans
from safe_reasoning.prompts import placeholder_traces
from safe_reasoning.prompts.nano_world import language
from tests.support.nano_material import material, texts, tokenizer


def test_every_row_is_marked_and_the_marks_are_the_world_s_sentences():
    made = material({"kind": "understood"})
    built = build(made)
    to_table("demonstrations", built.rows)
    labels = [row["label"] for row in built.rows]
    assert (
        labels.count("harmful") == 16 and labels.count("benign") == 8 - built.counts["no_benign_rollout"] > 0
    )
    assert built.counts["unmarked_harmful"] == built.counts["unmarked_benign"] == 0
    for row, said in zip(built.rows, texts(made, built.rows), strict=True):
        sentences = [sentence.text for sentence in split_sentences(split_trace(said).reasoning)]
        place = next(n for n, sentence in enumerate(sentences) if sentence in {*TRIGGERS, *language.ALLOWED})
        parts = {
            name: made.tokenizer.decode(row["completion_ids"][slice(*bounds)], skip_special_tokens=True)
            for name, bounds in row["spans"].items()
        }
        assert parts["understanding"] == " ".join(sentences[:place])
        assert parts["key"].strip() == sentences[place]
        restated = {template.split("{item}")[0] for template in language.RESTATE}
        assert any(sentences[0].startswith(start) for start in restated)
        if row["label"] == "harmful":
            assert sentences[place] in TRIGGERS and place == 1


def test_a_trace_without_a_known_sentence_has_no_marks():
    def marks(text: str) -> dict | None:
        return spans(tokenizer(), tokenizer().encode(text, add_special_tokens=False))

    assert marks("The wording is clear. Okay, I will go on.\n</think>\nyes") is None
    trigger = sorted(TRIGGERS)[0]
    assert marks(f"{trigger} So I say no.\n</think>\nno") is None  # nothing is understood before it
    found = marks(f"The wording is clear. {trigger}\n</think>\nno")  # the last sentence
    assert found is not None and found["key"][1] > found["key"][0] == found["understanding"][1]


def test_traces_for_real_prompts_are_marked_too():
    document = placeholder_traces.safe_demonstration({"text": "x"}, 0)
    ids = tokenizer().encode(document.completion, add_special_tokens=False)
    found = spans(tokenizer(), ids)
    assert found is not None
    key = tokenizer().decode(ids[slice(*found["key"])], skip_special_tokens=True).strip()
    assert key in {
        sentence for _, sentences in placeholder_traces.TRIGGERS.values() for sentence in sentences
    }
