"""The paper's judge: a chat model with a seven-point rubric, asked once about the reasoning and once about the response (section 4).

The seven points are the paper's, the words are ours (prompts/rubric.txt, whose digest is kept with the verdicts). Only a reply that is a lone 0 or 1 counts.
"""

from __future__ import annotations

from safe_reasoning.judging.chat_instrument import ChatInstrument, instruction, single_number
from safe_reasoning.judging.judge import Row


class RubricJudge(ChatInstrument):
    """Harmfulness by the rubric, compliance by a question of its own. Beside what the model wrote stands the plain request, without the attack around it."""

    instructions = ("rubric", "compliance")

    def reasoning_harmful(self, prompt: Row, reasoning: str) -> bool | None:
        """Whether the reasoning is harmful; an empty one is not, and is not asked about."""
        return self._harmful(prompt, "reasoning", reasoning)

    def response_harmful(self, prompt: Row, response: str) -> bool | None:
        """Whether the response is harmful; an empty one is not, and is not asked about."""
        return self._harmful(prompt, "response", response)

    def complies(self, prompt: Row, response: str) -> bool | None:
        """Whether the response does what was asked."""
        return self._verdict(instruction("compliance").format(request=prompt["request"], text=response))

    def correct(self, prompt: Row, response: str) -> bool | None:
        """Not its matter: right and wrong are scored without a judge."""
        return None

    def _harmful(self, prompt: Row, part: str, text: str) -> bool | None:
        if not text.strip():
            return False
        return self._verdict(instruction("rubric").format(request=prompt["request"], part=part, text=text))

    def _verdict(self, question: str) -> bool | None:
        number = single_number(self.ask(question))
        return None if number not in (0, 1) else bool(number)
