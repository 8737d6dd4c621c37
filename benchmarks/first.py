"""How long a first call takes, imports apart: tracing, compiling, running once.

``python -m benchmarks.first NAME WORKLOAD...`` makes the first calls of one contestant in a fresh process.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import lanewise.compile
import lanewise.convert

from . import goals
from .children import child
from .contestants import CONTESTANTS, double_precision
from .formats import duration, figures, markdown
from .harness import seconds
from .workload import MEMORY, Sizes, Workload
from .workloads import find

NAMES = (
    "row_dot",
    "solve_3",
    "mlp",
    "softmax",
    "black_scholes",
    "kepler",
    "mandelbrot",
    "ray_sphere",
    "lorenz",
    "kalman",
    "bodies",
    "planets",
)
TURNS = 3
PART = 0.5  # of JAX's time

START = Workload(
    name="start",
    title="`x + 1.0`, the first function of a process",
    sizes=Sizes(10, 10, 10),
    data=lambda rng, n: (np.arange(float(n)),),
    one=lambda x: x + 1.0,
    in_axes=((0,),),
    by_hand=lambda x: x + 1.0,
    kind=MEMORY,
)


def import_all() -> None:
    """Import what the first calls would import: of that, no time is to be counted."""
    for package in (lanewise.compile, lanewise.convert):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    importlib.import_module("llvmlite.binding")


def first_calls(contestant: str, names: Sequence[str]) -> dict[str, float]:
    """Make the first calls of one contestant here, in seconds; the data is there before."""
    import_all()
    who = next(c for c in CONTESTANTS if c.name == contestant)
    found = {}
    with double_precision():
        for workload in (START, *map(find, names)):
            call = who.prepare(workload, workload.arguments(workload.sizes.quick))
            found[workload.name] = seconds(lambda call=call: who.wait(call()))  # type: ignore[misc]
    return found


@dataclass(frozen=True)
class First:
    """The first calls of one workload, in seconds."""

    title: str
    fresh: float  # nothing on disk
    again: float  # in a second process, from the cache on disk
    jax: float | None


def measure(names: Sequence[str] = NAMES, turns: int = TURNS) -> list[First]:
    """Time first calls in fresh processes, in turns.

    Parameters
    ----------
    names : sequence of str
        The workloads.
    turns : int
        How many processes of each kind; the median counts.

    Returns
    -------
    list of First
        The first function of a process, and each workload.
    """
    times: dict[str, list[dict[str, float]]] = {"fresh": [], "again": [], "jax": []}
    for _ in range(turns):
        with tempfile.TemporaryDirectory() as cache:
            times["fresh"].append(child("first", "lanewise jit", *names, LANEWISE_CACHE_DIR=cache))
            times["again"].append(child("first", "lanewise jit", *names, LANEWISE_CACHE_DIR=cache))
        if importlib.util.find_spec("jax") is not None:
            times["jax"].append(child("first", "JAX jit(vmap)", *names))

    def median(kind: str, name: str) -> Any:
        return statistics.median(turn[name] for turn in times[kind]) if times[kind] else None

    workloads = (START, *map(find, names))
    return [First(w.name, *[median(kind, w.name) for kind in ("fresh", "again", "jax")]) for w in workloads]


def table(found: list[First]) -> str:
    """A row for each workload."""
    rows = []
    for first in found:
        theirs, part = ("", "") if first.jax is None else (duration(first.jax), figures(first.fresh / first.jax))
        rows.append([f"`{first.title}`", duration(first.fresh), duration(first.again), theirs, part])
    headings = ["first call", "jit, nothing on disk", "jit, second process", "JAX", "jit / JAX"]
    return "\n".join([*markdown(headings, rows), ""])


def reached(found: list[First]) -> list[goals.Goal]:
    """At most half of JAX's time."""
    parts = {first.title: first.fresh / first.jax for first in found if first.jax is not None}
    if not parts:
        return []
    worst = max(parts, key=lambda name: parts[name])
    within = sum(part <= PART for part in parts.values())
    text = f"{within} of {len(parts)}; most {figures(parts[worst])}× ({worst})"
    return [goals.Goal("first call, relative to JAX's", f"≤ {PART:g}×", text, within == len(parts))]


if __name__ == "__main__":
    print(json.dumps(first_calls(sys.argv[1], sys.argv[2:])))
