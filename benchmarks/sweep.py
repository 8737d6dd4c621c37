"""The lesson's four examples, on ten to ten million rows."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .contestants import present
from .formats import duration, figures, markdown
from .goals import best_peer
from .harness import Outcome, compare
from .workload import Workload
from .workloads import LESSON

SIZES = (10, 1_000, 100_000, 1_000_000, 10_000_000)
BUDGET = 0.15
COPIES = 6  # of the data that are in memory at once: ours, JAX's, and everyone's results
SLOW = ("Python loop", "np.vectorize", "torch.compile(vmap)")  # never the best, or too long to compile for each size


def fits(workload: Workload, size: int) -> bool:
    """Whether the data of this size, a few times over, fits in the memory that is free."""
    small = workload.arguments(1000)
    bytes_of_a_row = sum(getattr(x, "nbytes", 0) for x in small) / 1000
    return COPIES * size * bytes_of_a_row < os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def measure(sizes: Sequence[int] = SIZES, budget: float = BUDGET) -> list[list[Outcome]]:
    """Time each of the four at each size.

    Parameters
    ----------
    sizes : sequence of int
        How many rows.
    budget : float
        About how many seconds to spend on each call.

    Returns
    -------
    list of list of Outcome
        A list for each workload, with an outcome for each size that fits in memory.
    """
    contestants = [contestant for contestant in present() if contestant.name not in SLOW]
    return [
        [compare(w, size, contestants, budget=budget, sample=0.002) for size in sizes if fits(w, size)] for w in LESSON
    ]


def table(found: list[list[Outcome]]) -> str:
    """A row for each workload, a column for each size."""
    sizes = sorted({outcome.size for row in found for outcome in row})
    rows = []
    for row in found:
        cells = {outcome.size: _cell(outcome) for outcome in row}
        title = row[0].workload.name if row else ""
        rows.append([f"`{title}`", *[cells.get(size, "no room") for size in sizes]])
    return "\n".join([*markdown(["rows", *[f"{size:,}" for size in sizes]], rows), ""])


def _cell(outcome: Outcome) -> str:
    ours, best = outcome.entries["lanewise jit"], best_peer(outcome)
    if ours.timing is None or best is None:
        return ours.failure
    return f"{duration(ours.timing.median)} ({figures(best[1])}× {best[0]})"
