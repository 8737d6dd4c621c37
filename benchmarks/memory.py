"""The memory that a call needs at its peak, against its arguments and results.

``python -m benchmarks.memory NAME WORKLOAD SIZE`` measures one call in a fresh process (on Linux only: the kernel keeps
the peak, and can forget it).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .children import child
from .contestants import CONTESTANTS, JIT, double_precision, present
from .formats import figures, markdown
from .goals import Goal
from .workloads import find

SIZES = {
    "scale_and_add": 1_000_000,
    "black_scholes": 3_000_000,
    "softmax": 250_000,
    "pairwise": 3_500,
    "kepler": 5_000_000,
    "mandelbrot": 1_500,
    "ray_sphere": 2_000_000,
    "solve_3": 800_000,
}
"""For each fused workload a size whose arguments and results take about 100 MB."""

NAMES = (JIT.name, "NumPy by hand")
MOST = 1.1  # times the arguments and results
MIB = 2**20
STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(field: str) -> int:
    """Bytes of this process in memory: ``VmRSS`` now, ``VmHWM`` at the peak."""
    lines = dict(line.partition(":")[::2] for line in STATUS.read_text().splitlines())
    return 1024 * int(lines[field].split()[0])


def peak(contestant: str, name: str, size: int) -> dict[str, int]:
    """The bytes of the arguments and of the result, and what a call adds at its peak.

    It has been called once, for that takes the compiler's memory, and its result is kept, so that this call can't
    have that buffer again.
    """
    who = next(c for c in CONTESTANTS if c.name == contestant)
    workload = find(name)
    with double_precision():
        args = workload.arguments(size)
        inputs = sum(x.nbytes for x in args if isinstance(x, np.ndarray))
        call = who.prepare(workload, args)
        del args
        kept = who.wait(call())
        FORGET.write_text("5")
        before = resident("VmRSS")
        again = who.wait(call())
        added = resident("VmHWM") - before
    assert kept is not again
    return {"inputs": inputs, "outputs": again.nbytes, "added": added}


@dataclass(frozen=True)
class Peak:
    """One workload: MiB of arguments and results, and each contestant's peak relative to both."""

    name: str
    size: int
    inputs: float
    outputs: float
    peaks: dict[str, float]


def possible() -> bool:
    """Whether this system can tell."""
    return FORGET.exists() and STATUS.exists()


def measure(sizes: Mapping[str, int] = SIZES, names: Sequence[str] = NAMES) -> list[Peak]:
    """Measure each workload, in a process for each contestant."""
    there = {contestant.name for contestant in present()}
    names = [name for name in names if name in there]
    rows = []
    for name, size in sizes.items() if possible() else ():
        found: dict[str, Any] = {who: child("memory", who, name, str(size)) for who in names}
        inputs, outputs = found[JIT.name]["inputs"], found[JIT.name]["outputs"]
        peaks = {who: (inputs + one["added"]) / (inputs + outputs) for who, one in found.items()}
        rows.append(Peak(name, size, inputs / MIB, outputs / MIB, peaks))
    return rows


def table(found: list[Peak]) -> str:
    """A row for each workload."""
    names = list(found[0].peaks) if found else []
    rows = [
        [
            f"`{row.name}`, {row.size:,}",
            figures(row.inputs),
            figures(row.outputs),
            *[f"{row.peaks[who]:.2f}×" for who in names],
        ]
        for row in found
    ]
    return "\n".join([*markdown(["peak memory", "arguments (MiB)", "results (MiB)", *names], rows), ""])


def reached(found: list[Peak]) -> list[Goal]:
    """At most a tenth more than arguments and results."""
    ours = {row.name: row.peaks[JIT.name] for row in found}
    if not ours:
        return []
    worst = max(ours, key=lambda name: ours[name])
    within = sum(value <= MOST for value in ours.values())
    text = f"{within} of {len(ours)}; most {ours[worst]:.2f}× ({worst})"
    return [Goal("peak memory, relative to arguments and results", f"≤ {MOST:g}×", text, within == len(ours))]


if __name__ == "__main__":
    print(json.dumps(peak(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
