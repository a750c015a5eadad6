"""What every script shares.

One readable line for a fault, a non-zero exit, nothing half-written.
"""

from __future__ import annotations

import errno
import functools
import sys
import time
from collections.abc import Callable

from safe_reasoning.core.errors import UserError


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Turn a user's fault or a full disk into one line on standard error and exit code 1."""

    @functools.wraps(main)
    def wrapped() -> None:
        try:
            main()
        except UserError as error:
            print_line(f"error: {error}")
            sys.exit(1)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            place = f" while writing {error.filename}" if error.filename else ""
            print_line(
                f"error: no space left on the disk{place}: free some and run again; finished work is kept"
            )
            sys.exit(1)

    return wrapped


def print_line(line: str) -> None:
    """Print a line where a person reads it.

    Standard error, and standard output too when standard error goes to a log file.
    """
    print(line, file=sys.stderr, flush=True)
    if not sys.stderr.isatty():
        print(line, flush=True)


def progress(message: str) -> None:
    """One line of progress with the time of day.

    The workflow sends standard error to a rule's log and leaves standard output on the console.
    """
    print_line(f"{time.strftime('%H:%M:%S')}  {message}")
