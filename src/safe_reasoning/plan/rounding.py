"""Numbers of a plan, written with the digits that its rates allow."""

from __future__ import annotations

import math

DIGITS = 2  # rates are estimates, or of another run


def about(value: float) -> str:
    """A number with two digits that say something: 122.1 is 120, 3,369 is 3,400."""
    if not value:
        return "0"
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    places = DIGITS - 1 - math.floor(math.log10(abs(rounded)))  # 9.96 became 10
    return f"{rounded:,.{max(0, places)}f}"


def duration(hours: float) -> str:
    """Hours, or minutes where they are less than one."""
    return f"{about(hours)} hours" if hours >= 1 else f"{about(60 * hours)} minutes"
