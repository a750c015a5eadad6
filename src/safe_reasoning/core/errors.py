"""The one exception that a user is meant to read."""


class UserError(Exception):
    """A fault the user can repair. Its message is one line that names the cause and the repair."""
