"""What the numbers of a run depend on besides its settings: instruction sets, libraries, threads.

They are pinned by the variables here and by `use_threads` of `core/products.py`, which every job
calls once torch is there: always where a nano base is trained, elsewhere where the configuration
says `arithmetic: portable`. The aim is the same numbers on every x86-64 processor with AVX2;
docs/status.md says what was measured.

Not pinned, since no library offers a switch: the vector kernels that vLLM's attention sizes by the
processor's second cache (by its source, a tile holds a whole nano sequence), and glibc's maths,
which differs between its versions. Neither was measured.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from safe_reasoning.core.yaml_files import parse_yaml

Arithmetic = Literal["native", "portable"]

# Each is read when its library is loaded. They go before what the environment holds.
PORTABLE = {
    # Marks the process, for `pinned`
    "SAFE_REASONING_ARITHMETIC": "portable",
    # PyTorch's own kernels: sums, softmax, norms, optimizers, embeddings. Not matrix products.
    "ATEN_CPU_CAPABILITY": "avx2",
    # oneDNN: matrix products of vLLM
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",
    # MKL: functions of vectors (cosines of positions). The only setting that its maker promises to
    # hold on other makers' processors; matrix products with it take three times as long, so
    # `use_threads` takes them from it.
    "MKL_CBWR": "COMPATIBLE",
    "MKL_DYNAMIC": "FALSE",
    "OMP_DYNAMIC": "FALSE",
    # NumPy and SciPy: matrix products; those of PyTorch too, see `use_threads`
    "OPENBLAS_CORETYPE": "Haswell",
    # Its own threads are as many as there are cores, and split sums by them: see `core/products.py`
    "OPENBLAS_NUM_THREADS": "1",
}


def exports(arithmetic: Arithmetic) -> str:
    """The shell command that each job of a run starts with; empty where nothing is pinned."""
    if arithmetic == "native":
        return ""
    return f"export {shlex.join(f'{name}={value}' for name, value in PORTABLE.items())}; "


def pinned() -> bool:
    """Whether this process computes portably."""
    return os.environ.get("SAFE_REASONING_ARITHMETIC") == "portable"


def start_pinned(arguments: Sequence[str]) -> None:
    """Start this program again with the pins if its configuration asks for them.

    For scripts started by hand. Jobs of the workflow have the pins; libraries that are loaded
    already do not read them again.
    """
    place = arguments.index("--config") + 1 if "--config" in arguments else len(arguments)
    if place >= len(arguments) or not Path(arguments[place]).is_file():
        return
    raw = parse_yaml(Path(arguments[place]).read_bytes(), arguments[place])
    if isinstance(raw, dict) and raw.get("arithmetic") == "portable":
        pin()


def pin() -> None:
    """Start this program again with the pins, unless it has them."""
    if not pinned():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | PORTABLE)
