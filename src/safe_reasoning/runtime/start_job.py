"""Start a script in a process that has its libraries loaded already, where there is one.

Loading vLLM or TRL takes a CPU longer than most jobs of a small model. So a run on CPUs keeps one
process for each environment and group of libraries (`preloaded.py`), and a job is a copy of it
(fork). Everything else is as if the script had been started plainly: arguments, folder,
environment, files, exit code, signals, and a job ends with its client.

The jobs of a run call this program in place of Python: see the shell prefix in
workflow/rules/common.smk. It loads the standard library alone, and starts the script plainly where
no such process serves.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

FOLDER = "SAFE_REASONING_PRELOADED"  # where the processes of a run listen; "0" from the user: plain starts
OWNER = "SAFE_REASONING_PRELOADED_BY"  # the process whose end ends them
ENGINE = "SAFE_REASONING_PRELOADED_ENGINE"  # the library that samples
LONGEST = 100_000  # bytes of a request; the system takes about twice as many

# What scripts load, by what takes most of its time; the libraries stand in preloaded.py. All others
# are started plainly.
SCRIPTS = {
    "sampling": (
        "attack_method build_demonstrations build_intervened_pairs build_overrefusal_pairs "
        "correct_interventions estimate_csr generate_controlled generate_evaluation generate_recovery "
        "generate_reliance grow_siblings rank_triggers sample_own_answers sample_rollouts "
        "search_siblings"
    ),
    "training": "fit_step_scorer measure_kl train_method",
    "tables": (
        "attack_prompts audit_cues audit_judges audit_onsets build_groups build_natural_pairs "
        "build_prefixes build_short_answers build_sibling_pairs compare_judges cut_beginnings "
        "draw_figure exchange_reasonings fit_embedding_judge generate_templates join_metrics "
        "judge_generations judge_labelled_texts localise_cues make_prompts measure_contamination "
        "measure_cue_rates measure_reflection read_generations score_claims summarize_bsa "
        "summarize_characterization summarize_chunks summarize_control summarize_costs summarize_curves "
        "summarize_evaluation summarize_monitorability summarize_over_bases summarize_recovery "
        "summarize_reliance summarize_resets summarize_steps summarize_stored_verdicts "
        "summarize_warm_up summarize_worst_case write_attacked write_manifest write_report "
        "write_safe_demonstrations write_table write_templates write_trace_demonstrations "
        "write_trace_reader"
    ),
}
_OF_A_SHELL = {"_", "SHLVL", "PWD", "OLDPWD"}  # differ from job to job and are read by none


def shell_function() -> str:
    """What makes `python` in a job's shell command this program, in Snakemake's quoting."""
    here = Path(__file__).relative_to(Path(__file__).parents[3])
    return f'[ ! -d "${{{{{FOLDER}:-}}}}" ] || python() {{{{ command python -S {here} "$@"; }}}}; '


def offer(environment: MutableMapping[str, str], engine: str) -> None:
    """Make the folder in which processes listen for the jobs of this environment, if it has none.

    Args:
        environment: of the process that starts the jobs; its end ends the processes.
        engine: the library that samples.
    """
    environment[ENGINE] = engine
    if FOLDER not in environment:
        folder = tempfile.mkdtemp(prefix="safe-reasoning-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        environment.update({FOLDER: folder, OWNER: str(os.getpid())})


def group_of(script: str, engine: str) -> str | None:
    """The group of libraries that a script loads, if processes are kept for it."""
    group = next((group for group, names in SCRIPTS.items() if Path(script).stem in names.split()), None)
    return engine if group == "sampling" else group


def key(group: str, environment: Mapping[str, str]) -> str:
    """Name of the process for a group: libraries read the environment when they are loaded."""
    rest = sorted((name, value) for name, value in environment.items() if name not in _OF_A_SHELL)
    return f"{group}-{hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:16]}"


@contextmanager
def short_path(address: Path) -> Iterator[str]:
    """A path of a socket in any folder: the system takes no more than 107 bytes."""
    folder = os.open(address.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{address.name}"
    finally:
        os.close(folder)


def connect(address: Path) -> socket.socket | None:
    """A connection to the process that listens there, if one does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with short_path(address) as path:
            connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def ask_for(address: Path, group: str) -> None:
    """Start the process at the second job that could use it: for a single one it does not pay."""
    for time in ("first", "second"):
        with suppress(FileExistsError):
            os.close(os.open(f"{address}.{time}", os.O_CREAT | os.O_EXCL))
            if time == "second":
                with open(f"{address}.log", "wb") as log:
                    subprocess.Popen(
                        [sys.executable, str(Path(__file__).with_name("preloaded.py")), str(address), group],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        process_group=0,  # what ends the first jobs does not end it; its owner does
                    )
            return


def follow(connection: socket.socket, request: bytes) -> int | None:
    """Run the request with this process's standard files and return its exit code.

    None if the other side ended before the job began.
    """
    try:
        socket.send_fds(connection, [request], [0, 1, 2])
        if connection.recv(64) != b"started":
            return None
    except OSError:
        return None

    def forward(number: int, _: FrameType | None) -> None:
        with suppress(OSError):
            connection.send(str(number).encode())

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    code = connection.recv(64)
    return int(code) if code else 128 + signal.SIGKILL


def start(arguments: Sequence[str]) -> int:
    """Run a script; its exit code. Where it is started plainly, this process becomes the job."""
    folder, engine = os.environ.get(FOLDER, ""), os.environ.get(ENGINE, "")
    group = group_of(arguments[0], engine) if arguments else None
    request = json.dumps({"arguments": list(arguments), "folder": os.getcwd()}).encode()
    if group and Path(folder).is_dir() and len(request) <= LONGEST:
        address = Path(folder) / key(group, os.environ)
        connection = connect(address)
        if connection is None:
            ask_for(address, group)
        elif (code := follow(connection, request)) is not None:
            return code
    os.execv(sys.executable, [sys.executable, *arguments])


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
