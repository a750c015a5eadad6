"""The one exception that a user is meant to read, and other errors in its words."""


class UserError(Exception):
    """A fault the user can repair. Its message is one line that names the cause and the repair."""


def in_one_line(error: BaseException, length: int = 200) -> str:
    """An error of a library as part of such a message: its words, or its type where it has none."""
    return " ".join(str(error).split())[:length] or type(error).__name__
