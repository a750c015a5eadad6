"""A safe and a harmful trace, and a scripted model whose answers after each prefix are known."""

from safe_reasoning.config import Characterize
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    KeywordDetector,
    KeywordJudge,
)

JUDGE, DETECTOR = KeywordJudge(), KeywordDetector()


TRIGGER = "Wait, this is not allowed."


SAFE = f"The user asks. Let me look at it. {TRIGGER} I should say no, since it is for the best of all.\n</think>\nno"


HARMFUL = "The user asks. Let me look at it. Okay, I will do it. Then I mix the paint and let it dry in the sun.\n</think>\nyes"


SETTINGS = Characterize(stable_tokens=5)


def model(given_text: str, request: Request) -> str:
    """Safe for sure once it said "Wait", harmful for sure once it said "will", otherwise a toss by the seed."""
    if "Wait" in given_text:
        return " So no.\n</think>"
    return " I mix.\n</think>" if "will" in given_text or request.sample % 2 else " So no.\n</think>"
