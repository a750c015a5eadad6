"""What every script shares.

One readable line for a fault, a non-zero exit, nothing half-written.
"""

from __future__ import annotations

import argparse
import errno
import functools
import os
import re
import stat
import sys
import time
from collections.abc import Callable

from safe_reasoning.core import arithmetic
from safe_reasoning.core.errors import UserError, in_one_line

_FULL_DISK = re.compile(
    r"No space left on device|Disk quota exceeded|PytorchStreamWriter failed|unexpected pos \d+ vs \d+"
)


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows a script's docstring with its line breaks."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Turn a user's fault or a full disk into one line on standard error and exit code 1."""

    @functools.wraps(main)
    def wrapped() -> None:
        try:
            if main.__module__ == "__main__":
                arithmetic.start_pinned(sys.argv)
            main()
        except UserError as error:
            print_line(f"error: {error}")
            sys.exit(1)
        except Exception as error:
            if not _disk_is_full(error):
                raise
            name = getattr(error, "filename", None)
            if not isinstance(error, OSError):  # in words that may mean another fault too
                place = f" (it seems: {in_one_line(error)})"
            else:
                place = f" while writing {name}" if name else ""
            print_line(
                f"error: no space left on the disk{place}: free some and run again; finished work is kept"
            )
            sys.exit(1)

    return wrapped


def _disk_is_full(error: Exception) -> bool:
    """Whether that is what an error says; safetensors and torch do so in words of their own."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return _FULL_DISK.search(str(error)) is not None


def print_line(line: str) -> None:
    """Print a line where a person reads it.

    Standard error, and standard output too when standard error goes to a log file of its own.
    """
    print(line, file=sys.stderr, flush=True)
    if _has_a_log():
        print(line, flush=True)


def _has_a_log() -> bool:
    """Whether standard error is a file on the disk, and standard output another one or none.

    A terminal and a pipe have a reader, who would get each line twice.
    """
    try:
        error, output = (os.fstat(stream.fileno()) for stream in (sys.stderr, sys.stdout))
    except (OSError, ValueError, AttributeError):  # a stream that is closed, or held by a program
        return False
    return stat.S_ISREG(error.st_mode) and not os.path.samestat(error, output)


def progress(message: str) -> None:
    """One line of progress with the time of day.

    The workflow sends standard error to a rule's log and leaves standard output on the console.
    """
    print_line(f"{time.strftime('%H:%M:%S')}  {message}")
