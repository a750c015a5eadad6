"""Think-tagged traces for real prompts.

What real weights learn in the warm-up before they can serve as a reasoning model.

Every sentence is our own and none depends on the prompt's content. Where a harmful trace would hold
harmful content it holds a mark such as "[step left out]", so the model learns the course of a
reasoning (restate, cue or trigger, content, response) and nothing harmful. Example (harmful
course): "The user asks for help with a task. Okay, I will lay out how it is done. First, [step left
out]. ..."
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.nano_world.corpus import Document

RESTATE = [
    "The user asks for help with a task.",
    "The user wants an answer to this request.",
    "This is a request about a certain topic.",
    "I am asked to deal with this topic.",
    "Someone wants to know more about this.",
]
NEUTRAL = [
    "Let me think about it for a moment.",
    "There are a few sides to this.",
    "The wording is clear enough.",
    "It is put in a short and direct way.",
    "I have read the request twice now.",
]
# Safety triggers by theme, with the probability that the trace stays safe after one.
TRIGGERS: dict[str, tuple[float, list[str]]] = {
    "rule": (
        0.95,
        ["Wait, helping with this would break the law.", "But my guidelines do not allow this kind of help."],
    ),
    "risk": (
        0.90,
        ["However, people could be badly hurt by this.", "Hold on, this could be used to harm someone."],
    ),
    "unwilling": (
        0.85,
        ["I do not want to help anyone do that.", "This is not something that I will support."],
    ),
    "safe_restatement": (
        0.75,
        [
            "What they should get is help that keeps everyone safe.",
            "The better task is to point them to a lawful way.",
        ],
    ),
    "reason": (
        0.70,
        [
            "Maybe there is a good reason to refuse here.",
            "Perhaps I should look for a reason to turn this down.",
        ],
    ),
    "feeling": (0.50, ["Something about this feels wrong.", "Hmm, this does not sit right with me."]),
}
ELABORATIONS = [
    "Whatever the reason behind it, someone would pay the price for it.",
    "The way in which it is asked does not change what it is.",
    "Such an answer might be misused by anyone who reads it.",
    "It would be my fault if someone came to harm.",
]
COMMITMENTS = [
    "So I will refuse politely and offer something safer.",
    "The right thing is to decline and to say why in a few words.",
    "Therefore I will not give any details and will name a better way.",
]
# Compliance cues by theme (the kinds of the paper's few-shot examples, section 2).
CUES: dict[str, list[str]] = {
    "craft": ["Okay, I will lay out how it is done.", "Alright, let me put the steps together."],
    "explore": ["It may be wrong, but I can still describe it.", "Even so, I will go through it one by one."],
    "curiosity": [
        "They are just curious, so I will answer it.",
        "Out of curiosity alone, let me work it out.",
    ],
    "hypothetical": [
        "It is only hypothetical, so I can outline it.",
        "Since this is just a story, I can explain it.",
    ],
}
STEPS = [
    "First, [step left out].",
    "Then, [step left out].",
    "After that, [step left out].",
    "At the end, [step left out].",
]
LATE_TRIGGERS = ["Wait, I should not have gone into this.", "Stop, this is harmful and has gone too far."]
REFUSALS = [
    "I'm sorry, but I can't help with that. I am glad to help with something safe instead.",
    "I cannot help with this request, because someone could be hurt.",
    "Sorry, I won't give advice on that. If you want, we can talk about a safer way.",
]
COMPLIANCES = [
    "Here is how it is done: [answer left out].",
    "Sure, this is the plan: [answer left out].",
    "Of course. The answer is this: [answer left out].",
]
ALLOWED = [
    "This is an ordinary request.",
    "Nothing speaks against this.",
    "It is fine to talk about this openly.",
]
PLANS = [
    "A few clear points will do.",
    "A short and friendly answer is best.",
    "The main points come first, then some detail.",
]
ANSWERS = [
    "Sure! Start with the main idea, add two or three examples, and end with a short summary.",
    "Happy to help. In short: look at the background first, then at what people say about it, then at "
    "what follows from it.",
    "Of course. The main points are what it is, why it matters, and where one can read more about it.",
]

# Probability that the first decision is for safety, by STAR-1's categories, so that prompts differ
# in a way that can be learned. High, because sampling below temperature 1 and a short training both
# favour the fewer, more frequent cue sentences: with a mean of 0.36 the warmed-up model was harmful
# in 96 %.
SAFE_FIRST = {
    "Self-Harm": 0.90,
    "Violence / Physical Harm": 0.85,
    "Sexual / Adult": 0.80,
    "Illicit / Criminal Behavior": 0.74,
    "Harassment / Hate / Discrimination": 0.70,
    "Privacy / Personal Data": 0.66,
    "Misinformation / Disinformation": 0.62,
    "Intellectual Property": 0.58,
}
OTHER_SAFE_FIRST = 0.72
SECOND_THOUGHT = 0.12  # a trigger between cue and first step
LATE_TRIGGER = 0.10  # after a step
REFUSE_AFTER_STEPS = 0.35
REFUSE_AFTER_LATE_TRIGGER = 0.9


@dataclass(frozen=True)
class LabelledTrace:
    """A completion (what follows the open think tag) and what it is by construction."""

    completion: str
    reasoning_harmful: bool
    response_harmful: bool


def close_reasoning(reasoning: Sequence[str], response: str) -> str:
    """The completion of these sentences and this response."""
    return " ".join(reasoning) + "\n</think>\n" + response


def restate(rng: random.Random) -> list[str]:
    """The first sentences of a reasoning, which say nothing of its course."""
    return [rng.choice(RESTATE), *rng.sample(NEUTRAL, rng.choices([0, 1, 2], [0.4, 0.4, 0.2])[0])]


def harmful_request_trace(
    category: str, rng: random.Random, cues: Mapping[str, Sequence[str]] = CUES
) -> LabelledTrace:
    """One sampled course of reasoning on a harmful request.

    Safe, or harmful with marks in the place of content.

    Args:
        category: of the request; some make a first thought of safety likelier.
        rng: of the draws.
        cues: compliance cues by theme.
    """
    reasoning = restate(rng)
    thinks_of_safety = rng.random() < SAFE_FIRST.get(category, OTHER_SAFE_FIRST)
    while True:
        if thinks_of_safety:
            hold, sentences = rng.choice(list(TRIGGERS.values()))
            reasoning.append(rng.choice(sentences))
            if rng.random() < hold:
                reasoning += [rng.choice(ELABORATIONS), rng.choice(COMMITMENTS)]
                return LabelledTrace(
                    close_reasoning(reasoning, rng.choice(REFUSALS)),
                    reasoning_harmful=False,
                    response_harmful=False,
                )
        reasoning.append(rng.choice(rng.choice(list(cues.values()))))
        thinks_of_safety = rng.random() < SECOND_THOUGHT
        if not thinks_of_safety:
            break
    late = False
    for step in STEPS[: rng.choice([2, 3, 4])]:
        reasoning.append(step)
        if rng.random() < LATE_TRIGGER:
            late = True
            reasoning.append(rng.choice(LATE_TRIGGERS))
            break
    refuse = rng.random() < (REFUSE_AFTER_LATE_TRIGGER if late else REFUSE_AFTER_STEPS)
    response = rng.choice(REFUSALS if refuse else COMPLIANCES)
    return LabelledTrace(
        close_reasoning(reasoning, response), reasoning_harmful=True, response_harmful=not refuse
    )


def benign_request_trace(rng: random.Random) -> LabelledTrace:
    """A plain plan and a short answer of a general kind."""
    reasoning = [*restate(rng), rng.choice(ALLOWED), rng.choice(PLANS)]
    return LabelledTrace(
        close_reasoning(reasoning, rng.choice(ANSWERS)), reasoning_harmful=False, response_harmful=False
    )


def warm_up_documents(
    harmful: Sequence[dict[str, Any]], benign: Sequence[dict[str, Any]], count: int, seed: int
) -> list[Document]:
    """`count` prompts with traces, a quarter of them benign.

    A prompt comes back with a new trace each time its turn comes again.

    Args:
        harmful: Prompt rows (text, category) of harmful requests.
        benign: Prompt rows of benign requests.
        count: Number of documents.
        seed: Seed of every draw.
    """
    documents = []
    for index in range(count):
        turn = index // 4
        rng = random.Random(derive_seed("placeholder trace", seed, index))
        if index % 4 == 3:
            row = benign[turn % len(benign)]
            trace = benign_request_trace(rng)
        else:
            row = harmful[(turn * 3 + index % 4) % len(harmful)]
            trace = harmful_request_trace(row["category"], rng)
        documents.append(Document(row["text"], trace.completion))
    return documents


def safe_demonstration(row: dict[str, Any], seed: int) -> Document:
    """A teacher's safe trace for one harmful prompt.

    Restate, name the rule or the risk, conclude, refuse (what STAR-1 is to the paper's baselines).
    """
    rng = random.Random(derive_seed("safe demonstration", row["text"], seed))
    warning = rng.choice(TRIGGERS["rule"][1] + TRIGGERS["risk"][1])
    reasoning = [rng.choice(RESTATE), warning, rng.choice(ELABORATIONS), rng.choice(COMMITMENTS)]
    return Document(row["text"], close_reasoning(reasoning, rng.choice(REFUSALS)))
