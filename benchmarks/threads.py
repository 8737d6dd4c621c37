"""Work dealt out to as many threads as there are cores, for what has none of its own."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


def cores() -> int:
    """How many threads everyone uses: one for each core that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def deal(run: Callable[[int, int], Any], lanes: int, unit: int = 1) -> None:
    """Call ``run(lo, hi)`` on equal parts of the lanes, each a whole number of units, one for each core."""
    part = max(1, -(-lanes // (cores() * unit))) * unit
    list(_pool(cores()).map(lambda lo: run(lo, min(lanes, lo + part)), range(0, lanes, part)))


def copy(source: Any, target: Any) -> Any:
    """`np.copyto` on all threads."""
    deal(lambda lo, hi: np.copyto(target[lo:hi], source[lo:hi]), len(source))
    return target
