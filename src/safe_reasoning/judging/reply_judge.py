"""Judges that read each judgement off one reply of a model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from safe_reasoning.core.trace import without_thoughts
from safe_reasoning.judging.base import NOT_JUDGED, Criterion, Judgement, Question
from safe_reasoning.judging.chat_annotator import ChatAnnotator

NOT_APPLICABLE = "n/a"  # detail of a reply that says so of the criterion


class Reply(NamedTuple):
    """What a reply says.

    Attributes:
        harmful: None where the reply does not say.
        complies: likewise.
        detail: what it says beyond that (a score, a class).
    """

    harmful: bool | None = None
    complies: bool | None = None
    detail: str = ""


def turns(question: tuple[str, str]) -> list[dict[str, str]]:
    """A user turn with the request and an assistant turn with the text.

    A guard model's template judges the last one.
    """
    request, text = question
    return [{"role": "user", "content": request}, {"role": "assistant", "content": text}]


class ReplyJudge(ChatAnnotator):
    """A judge whose reply to one question gives one judgement.

    Subclasses say what is asked (`question`) and how a verdict is read (`read`). No question is
    asked about an empty text, and a reply that cannot be read is counted.

    Attributes:
        criteria: what it can judge; anything else is unscored, with the detail `not_judged`.
    """

    criteria: tuple[Criterion, ...] = ("harmful",)

    def question(self, asked: Question) -> Hashable | None:
        """What the model is asked: the request and the part.

        None where the prompt lacks what the question needs.
        """
        return str(asked.prompt["request"]), asked.text.strip()

    def parse(self, reply: str) -> Reply | None:
        """What a reply says; None for one that is not of an allowed form.

        A model that thinks aloud gives its verdict after its thoughts, which are left out.
        """
        return self.read(without_thoughts(reply).strip())

    def reply_to(self, question: Any, reply: str) -> Any:
        """What a reply to a question says, for judges whose allowed replies depend on it.

        A Reply, or a tuple with the values of other criteria under their names; None as in `parse`.
        """
        return self.parse(reply)

    def read(self, verdict: str) -> Reply | None:
        """What a verdict says, given without the thoughts and white space around it."""
        raise NotImplementedError

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """One judgement per question; all questions to the model are asked at a time."""
        sent = [self.question(asked) if self._is_asked(asked) else None for asked in questions]
        wanted = [question for question in sent if question is not None]
        replies = dict(zip(wanted, self.ask(wanted), strict=True))
        return [
            self._unasked(asked) if question is None else self._read(asked, question, replies[question])
            for asked, question in zip(questions, sent, strict=True)
        ]

    def _is_asked(self, asked: Question) -> bool:
        return asked.criterion in self.criteria and bool(asked.text.strip())

    def _unasked(self, asked: Question) -> Judgement:
        if asked.criterion not in self.criteria:
            return NOT_JUDGED
        if asked.text.strip():
            return Judgement(None, "prompt_unfit")
        return Judgement(None, "empty")

    def _read(self, asked: Question, question: Hashable, text: str | None) -> Judgement:
        if text is None:
            return Judgement(None, "no_reply")
        reply = self.reply_to(question, text)
        value = reply and getattr(reply, asked.criterion)
        if reply is None or (value is None and reply.detail != NOT_APPLICABLE):
            self.count_unparsed(question)
            return Judgement(None, "unparsed_reply")
        return Judgement(value, reply.detail)
