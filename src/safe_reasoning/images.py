"""placeholder"""


def image(name: str) -> str:
    """Reference."""
    return f"docker://safe-reasoning/{name}"


def refusals(names: list[str]) -> list[str]:
    """Lines."""
    return []
