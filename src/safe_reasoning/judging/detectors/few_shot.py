"""The paper's cue detector: a chat model reads the numbered sentences of the reasoning, not the prompt, and answers one number (section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.judging.chat_instrument import ChatInstrument, instruction, quoted, single_number


class FewShotCueDetector(ChatInstrument):
    """Finds the first compliance cue. A reply that is no number of a sentence after the first gives no cue, is counted in `unparsed` or `without_reply`, and is told by `unread`."""

    instructions = ("compliance_cue",)

    def first_cue(self, sentences: Sequence[str]) -> int | None:
        """Zero-based index of the first cue, None when there is none or the reply can't be read."""
        number = self._number(sentences)
        return number - 1 if number else None

    def unread(self, sentences: Sequence[str]) -> bool:
        """Whether the reply never came or can't be read: then no cue was found, and none was ruled out."""
        return self._number(sentences) is None

    def _number(self, sentences: Sequence[str]) -> int | None:
        """The sentence's number, 0 for no cue, None for a reply that is neither. Fewer than two sentences hold no cue, and nobody is asked."""
        if len(sentences) < 2:
            return 0
        numbered = "\n".join(f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(sentences, start=1))
        question = instruction("compliance_cue").format(sentences=quoted(numbered))
        number = single_number(self.ask(question))
        if number == 0 or number is not None and 2 <= number <= len(sentences):
            return number
        self.count_unparsed(question)
        return None
