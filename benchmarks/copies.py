"""Kernels that are bound by memory, against `np.copyto` of as many bytes on as many threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contestants import JIT
from .formats import duration, figures, markdown
from .goals import Goal
from .harness import alternate
from .threads import copy
from .workloads import find

NAMES = ("scale_and_add", "polynomial", "cumsum", "stencil", "layer_norm", "softmax")
"""Workloads whose results are about as big as their arguments."""

LEAST = 0.8
KEPT = 8  # results


def keeping(call: Callable[[], Any]) -> Callable[[], None]:
    """The call, with its last results kept: each needs a buffer of its own."""
    kept: list[Any] = []

    def run() -> None:
        kept.append(call())
        if len(kept) > KEPT:
            kept.clear()

    return run


@dataclass(frozen=True)
class Copy:
    """One workload, in seconds: its call and the copy, into memory in use before and into fresh memory."""

    name: str
    size: int
    again: tuple[float, float]
    fresh: tuple[float, float]


def against_copies(name: str, size: int, budget: float) -> Copy:
    """Time one workload."""
    workload = find(name)
    args = workload.arguments(size)
    call = JIT.prepare(workload, args)
    moved = sum(x.nbytes for x in args if isinstance(x, np.ndarray)) + call().nbytes
    source = np.ones(moved // 16)
    target = np.zeros_like(source)
    # One pair after the other: a call that keeps its result would take the buffer that the other has let go.
    again = _pair(call, lambda: copy(source, target), budget)
    fresh = _pair(keeping(call), keeping(lambda: copy(source, np.empty_like(source))), budget)
    return Copy(name, size, again, fresh)


def _pair(ours: Callable[[], Any], theirs: Callable[[], Any], budget: float) -> tuple[float, float]:
    """The median times of two calls, in turns."""
    ours(), theirs()
    found = alternate({"ours": ours, "theirs": theirs}, budget)
    return found["ours"].median, found["theirs"].median


def measure(names: Sequence[str] = NAMES, budget: float = 1.0, factor: float = 1.0) -> list[Copy]:
    """Time each workload, at its full size or a part of it."""
    return [against_copies(name, int(find(name).sizes.full * factor), budget) for name in names]


def table(found: list[Copy]) -> str:
    """A row for each workload."""
    rows = []
    for row in found:
        cells = [
            [duration(ours), duration(theirs), f"{figures(100 * theirs / ours)}%"]
            for ours, theirs in (row.again, row.fresh)
        ]
        rows.append([f"`{row.name}`, {row.size:,}", *cells[0], *cells[1]])
    headings = [
        "bytes in and out",
        "jit",
        "`np.copyto`",
        "of its speed",
        "jit, results kept",
        "`np.copy`",
        "of its speed",
    ]
    return "\n".join([*markdown(headings, rows), ""])


def reached(found: list[Copy]) -> list[Goal]:
    """At least four fifths of a copy's speed."""
    goals = []
    for what, kind in (("np.copyto", "again"), ("np.copy, results kept", "fresh")):
        parts = {row.name: getattr(row, kind)[1] / getattr(row, kind)[0] for row in found}
        if parts:
            worst = min(parts, key=lambda name: parts[name])
            within = sum(part >= LEAST for part in parts.values())
            text = f"{within} of {len(parts)}; lowest {parts[worst]:.0%} ({worst})"
            goals.append(Goal(f"speed relative to {what}", f"≥ {LEAST:.0%}", text, within == len(parts)))
    return goals
