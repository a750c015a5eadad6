"""Threads of a process and, where its arithmetic is pinned, who computes products and roots.

See `core/arithmetic.py` for what is pinned and why.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from safe_reasoning.core.arithmetic import pinned


def use_threads(threads: int) -> None:
    """Set the threads of this process and, where it is pinned, who computes its products.

    Sums are split over threads: another number of threads gives other last bits. Where it is
    pinned, only the products have several: PyTorch's threads, which wait for work by spinning,
    would take the cores from them.
    """
    torch.set_num_threads(1 if pinned() else threads)
    if pinned() and not _overrides:
        if torch.backends.cpu.get_cpu_capability() != "AVX2":
            warnings.warn("no AVX2 here: the numbers will not be those of other processors", stacklevel=2)
        _products_by_openblas(threads)
        _hide_wider_instructions()


_overrides: list[Any] = []  # PyTorch drops what nobody holds
_WORTH_SHARING = 2_000_000  # multiplications; handing one over takes as long as half of these


def _products_by_openblas(threads: int) -> None:
    """Hand float32 matrix products on the CPU from MKL to NumPy's OpenBLAS.

    MKL chooses its code by the processor's vendor; OpenBLAS runs the kernels it is set to, with
    blocks of constant size. Gradients and attention are computed from such products too.
    """

    def product(operator: Any, a: Any, b: Any) -> Any:
        if a.dtype == torch.float32 and b.dtype == torch.float32:
            return torch.from_numpy(products(a.detach().numpy(), b.detach().numpy()))
        return operator(a, b, out=a.new_empty(*a.shape[:-1], b.shape[-1]))  # the kernel as it was

    def mm(a: Any, b: Any) -> Any:
        return product(torch.mm, a, b)

    def bmm(a: Any, b: Any) -> Any:
        return product(torch.bmm, a, b)

    def plus(of: Any) -> Any:
        def added(c: Any, a: Any, b: Any, *, beta: float = 1, alpha: float = 1) -> Any:
            scaled = of(a, b) if alpha == 1 else of(a, b) * alpha
            return torch.add(scaled, c, alpha=beta) if beta else scaled

        return added

    def root(a: Any) -> Any:
        # The optimizer's. PyTorch asks MKL, whose roots are an ulp off in one of six cases on some
        # processors; NumPy's are rounded as IEEE 754 asks.
        out = torch.empty_like(a)
        if a.dtype == torch.float32:
            np.sqrt(a.detach().numpy(), out=out.numpy())
            return out
        return torch.sqrt(a, out=out)

    products = _Products(threads)
    library = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that kernels are replaced: it is meant
        for name, kernel in (("mm", mm), ("bmm", bmm), ("addmm", plus(mm)), ("baddbmm", plus(bmm))):
            library.impl(name, kernel, "CPU")
        library.impl("sqrt", root, "CPU")
    _overrides.append(library)
    torch.backends.cuda.enable_flash_sdp(False)  # of the CPU too: its kernel asks MKL by itself


class _Products:
    """Matrix products by a fixed number of threads, each of which does a share of the rows."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, a: Any, b: Any) -> Any:
        rows = len(a)
        if self._threads == 1 or a.size * b.shape[-1] < _WORTH_SHARING or rows < self._threads:
            return np.matmul(a, b)
        out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32)
        bounds = [rows * i // self._threads for i in range(self._threads + 1)]
        jobs = [
            self._pool.submit(np.matmul, a[i:j], b[i:j] if b.ndim == 3 else b, out[i:j])
            for i, j in pairwise(bounds)
        ]
        for job in jobs:
            job.result()
        return out


def _hide_wider_instructions() -> None:
    """Let vLLM load its AVX2 kernels: it has no switch and goes by what PyTorch says."""
    found = torch.cpu.get_capabilities()
    narrow = {key: value for key, value in found.items() if not key.startswith(("avx512", "amx"))}
    setattr(torch.cpu, "get_capabilities", lambda: narrow)  # noqa: B010
