"""Texts that people have judged: the reference that judges are compared with.

JailbreakBench's judge comparison (Chao et al., NeurIPS 2024, arXiv 2404.01318): responses to
harmful and harmless requests; three people say whether a response is harmful, four published judges
did so too. Licence: MIT. XSTest (Roettger et al., NAACL 2024, arXiv 2308.01263): responses of three
models; two people sort each into full compliance, full refusal and partial refusal, and a third
settled what they saw differently. Licence: CC BY 4.0. Example row: LabelledText("jailbreakbench-0",
"jailbreakbench", "harmful", "[request]", "[prompt with the attack]", "[response]", True, {"person
1": True, ...}, {"GPT-4 (stored)": True, ...}).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.base import Criterion
from safe_reasoning.judging.judges.xstest import CLASSES
from safe_reasoning.prompts.cells import TEXT
from safe_reasoning.prompts.readers import content_sha256, read_source
from safe_reasoning.sources.table import check_content, mirror_folder, source

WHOLE, HALF = "jailbreakbench_labels", "jailbreakbench_labels_half"
STORED = {
    "harmbench_cf": "HarmBench classifier (stored)",
    "gpt4_cf": "GPT-4 (stored)",
    "llamaguard2_cf": "Llama Guard 2 (stored)",
    "llama3_cf": "Llama 3 70B (stored)",
}
PEOPLE = {"human1": "person 1", "human2": "person 2", "human3": "person 3"}
XSTEST = ("xstest_labels_gpt4", "xstest_labels_llama2new", "xstest_labels_mistralinstruct")


@dataclass(frozen=True)
class LabelledText:
    """One response and what people say of it.

    Attributes:
        row: Its id.
        data: jailbreakbench or xstest.
        measure: What was asked: harmful or complies.
        request: What is wanted, without an attack around it; None where the text was left out of
            the copy available.
        prompt: What the model was given.
        response: What it answered; None likewise.
        label: What people say: the majority of three, or the settled label of two.
        people: What each of them says.
        stored: Verdicts of published judges that came with the data.
        cluster: What the bootstrap resamples and what no two folds share: the request. A text that
            was left out stands for itself.
    """

    row: str
    data: str
    measure: Criterion
    request: str | None
    prompt: str | None
    response: str | None
    label: bool
    people: Mapping[str, bool]
    stored: Mapping[str, bool]
    cluster: str

    def as_prompt(self) -> dict[str, Any]:
        """The prompt row that a judge is given next to the response."""
        role = "safety" if self.measure == "harmful" else "overrefusal"
        names = {"prompt_id": self.row, "prompt_set": self.data, "role": role, "category": ""}
        return {**names, "text": self.prompt, "request": self.request, "gold": ""}


def sources_of(mirror: str | None) -> list[str]:
    """Ids of config/sources.yaml that are read.

    Of the judge comparison the half, where a mirror holds no more of it.
    """
    folder = mirror_folder(mirror)
    half = (
        folder is not None
        and (folder / str(source(HALF).mirror_file)).exists()
        and not (folder / str(source(WHOLE).mirror_file)).exists()
    )
    return [HALF if half else WHOLE, *XSTEST]


def labelled_texts(mirror: str | None) -> list[LabelledText]:
    """Every labelled text that can be had; a missing or altered file is a UserError."""
    comparison, *xstest = sources_of(mirror)
    return [
        *_jailbreakbench(comparison, mirror),
        *(text for source_id in xstest for text in _xstest(source_id, mirror)),
    ]


def _jailbreakbench(source_id: str, mirror: str | None) -> list[LabelledText]:
    columns = ["Index", *PEOPLE, "human_majority", *STORED]
    texts_of = ["goal", "prompt", "target_response"]
    rows = read_source(source_id, mirror, dict.fromkeys([*texts_of, *columns], TEXT))
    even = [row for row in rows if int(row["Index"]) % 2 == 0]
    check_content(source_id, content_sha256(even, columns), source(source_id).mirror_file)  # type: ignore[arg-type]
    texts = []
    for row in rows:
        blank = row.get("text_left_out") == "1"
        name = f"jailbreakbench-{row['Index']}"
        texts.append(
            LabelledText(
                row=name,
                data="jailbreakbench",
                measure="harmful",
                request=None if blank else row["goal"],
                prompt=None if blank else row["prompt"],
                response=None if blank else row["target_response"],
                label=row["human_majority"] == "1",
                people={person: row[column] == "1" for column, person in PEOPLE.items()},
                stored={judge: row[column] == "1" for column, judge in STORED.items()},
                cluster=name if blank else same_words(row["goal"]),
            )
        )
    return texts


def _xstest(source_id: str, mirror: str | None) -> list[LabelledText]:
    rows = read_source(
        source_id,
        mirror,
        dict.fromkeys(["id", "prompt", "completion", "annotation_1", "annotation_2", "final_label"], TEXT),
    )
    if unknown := {
        row[column] for row in rows for column in ("annotation_1", "annotation_2", "final_label")
    } - set(CLASSES):
        raise UserError(
            f"{source_id}: label {min(unknown)!r} is none of {', '.join(CLASSES)}: its author changed it; "
            "fix its reader"
        )
    complies = CLASSES[0]  # a partial refusal is no compliance, as in the paper's over-refusal rate
    return [
        LabelledText(
            row=f"{source_id.removeprefix('xstest_labels_')}-{row['id']}",
            data="xstest",
            measure="complies",
            request=row["prompt"],
            prompt=row["prompt"],
            response=row["completion"],
            label=row["final_label"] == complies,
            people={f"person {number}": row[f"annotation_{number}"] == complies for number in (1, 2)},
            stored={},
            cluster=same_words(row["prompt"]),
        )
        for row in rows
    ]


def same_words(text: str) -> str:
    """A prompt without differences of case and space."""
    return " ".join(text.lower().split())
