"""Runs inside the sandbox: sets the limits, runs the program, prints the outcome with a token.

It imports nothing of this project. The program runs as a module of another name than `__main__`, as
in HumanEval's own harness: what stands under a main guard does not run.

python driver.py program.py packages    (the token on standard input)
"""

import os
import resource
import sys
import types

MEMORY = 1024 * 2**20
CPU_SECONDS = 6
PROCESSES = 32
FILE_BYTES = 16 * 2**20
OPEN_FILES = 64


def main() -> None:
    """Limits first, then the program; its own output goes nowhere."""
    token = os.read(0, 64).decode().strip()
    answer = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    with open(sys.argv[1], encoding="utf-8") as handle:
        source = handle.read()
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    # Past the soft limit a signal that shows why it ended; past the hard one the end.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    sys.path.append(sys.argv[2])
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's; threads count as processes
    sys.argv = ["program.py"]
    # Known by its name, since dataclasses and the like look their module up
    module = sys.modules["program"] = types.ModuleType("program")
    driver = os.getpid()
    try:
        exec(compile(source, "program.py", "exec"), module.__dict__)
        outcome = "passed"
    except MemoryError:
        outcome = "memory"
    except BaseException:
        outcome = "failed"
    if os.getpid() == driver:  # a child that the program forked must not answer
        os.write(answer, f"{token} {outcome}\n".encode())
    os._exit(0)


main()
