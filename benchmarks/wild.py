"""``python -m benchmarks.wild``: how fast functions run that no one wrote with lanewise in mind (``tests/wild``)."""

from __future__ import annotations

import argparse
import copy
import itertools
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import lanewise

from . import machine
from .formats import duration, figures, markdown

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "wild.md"
if str(ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(ROOT / "tests"))

from wild import WILD, Wild  # noqa: E402
from wild.compare import disagreement, leaves, stack  # noqa: E402

LANES = 100_000
SAMPLE = 0.3  # seconds that a sample of the lanes should take
CHECKED = 20  # lanes that are compared with the loop
LONGEST = 60.0  # seconds that a call may take, before it is measured on fewer lanes

Arguments = tuple[Any, ...]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Time:
    """How long a call on all lanes takes; ``lanes`` is how many were run, ``slow`` what lanewise warned of."""

    seconds: float
    lanes: int
    slow: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    entry: Wild
    lanes: int
    one_by_one: Time
    by: str  # what ran the lanes one by one
    eager: Time
    jit: Time | None

    @property
    def ratio(self) -> float:
        """How many times faster `vmap` is."""
        return self.one_by_one.seconds / self.eager.seconds


# ---- the lanes one by one ----


def some(entry: Wild, args: Arguments, index: Any) -> Arguments:
    """The arguments of some of the lanes."""
    return tuple(x if axis is None else x[index] for x, axis in zip(args, entry.in_axes, strict=True))


def signature(entry: Wild, args: Arguments) -> str | None:
    """The signature with which `np.vectorize` runs a function; None if all is scalars and it needs none."""
    example = some(entry, args, 0)
    result = entry.fun(*copy.deepcopy(example))
    results = result if isinstance(result, tuple) else (result,)
    ranks = [[np.ndim(x) for x in values] for values in (example, results)]
    if not any(itertools.chain(*ranks)):
        return None
    count = itertools.count()
    ours, theirs = (",".join(f"({','.join(f'd{next(count)}' for _ in range(n))})" for n in side) for side in ranks)
    return f"{ours}->{theirs}"


def vectorized(entry: Wild, args: Arguments) -> tuple[Function, str]:
    """What runs lanes one by one: `np.vectorize`, or the plain loop where it can't."""
    few = some(entry, args, slice(0, 8))
    try:
        function = np.vectorize(entry.fun, signature=signature(entry, args))
        function(*copy.deepcopy(few))
    except Exception:
        return entry.loop, "loop"
    return function, "np.vectorize"


def sampled(function: Function, entry: Wild, args: Arguments, lanes: int) -> Time:
    """Time a random sample of the lanes, scaled to all of them."""
    order = np.random.default_rng(7).permutation(lanes)
    count = min(lanes, 16)
    while True:
        try:
            taken, _ = call(function, some(entry, args, order[:count]))
        except TypeError:  # `np.vectorize` has no room for None among numbers
            function = entry.loop
            continue
        if count == lanes or taken > SAMPLE / 3:
            break
        count = min(lanes, count * 4)
    taken = min(taken, call(function, some(entry, args, order[:count]))[0])
    return Time(taken * lanes / count, count)


# ---- all lanes at once ----


def call(function: Function, args: Arguments) -> tuple[float, Any]:
    """Time a call, and return its result; it gets copies, as it may write to its arguments."""
    args = copy.deepcopy(args)
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def batched(function: Function, entry: Wild, args: Arguments, lanes: int, longest: float) -> Time:
    """Time `vmap`, warmed up by calls on fewer lanes; the best of three if it is quick.

    With ``longest`` seconds in sight it stops at fewer lanes, and the time is scaled.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", lanewise.PerformanceWarning)
        for count in sorted({max(16, lanes // 64), max(16, lanes // 16), max(16, lanes // 4), lanes}):
            taken, result = call(function, some(entry, args, slice(0, count)))
            if count < lanes and 4 * taken > longest:  # the first call compiles
                taken, result = call(function, some(entry, args, slice(0, count)))
            if count < lanes and 4 * taken > longest:
                break
        if taken < 20:  # the first call on all lanes may have compiled code, and it touches fresh memory
            taken = min(taken, *[call(function, some(entry, args, slice(0, count)))[0] for _ in range(2)])
        check(entry, args, result, count)
    slow = [str(w.message) for w in caught if issubclass(w.category, lanewise.PerformanceWarning)]
    return Time(taken * max(lanes, count) / count, count, slow[0].partition("\n")[0] if slow else "")


def check(entry: Wild, args: Arguments, result: Any, count: int) -> None:
    """Compare some lanes of a result with what the loop gives for them.

    Raises
    ------
    AssertionError
        If they differ: a wrong result deserves no time.
    """
    index = np.random.default_rng(8).permutation(count)[:CHECKED]
    expected = stack(entry.loop(*copy.deepcopy(some(entry, args, index))))
    found, spec = leaves(result)
    tree = spec.unflatten([x[index].astype(y.dtype) for x, y in zip(found, leaves(expected)[0], strict=True)])
    text = disagreement(expected, tree, entry.tol)
    if text:
        raise AssertionError(f"{entry.name}: {text}")


def measure(entry: Wild, lanes: int, longest: float) -> Row:
    """Measure one function.

    Parameters
    ----------
    entry : Wild
        The function.
    lanes : int
        The size of the batch.
    longest : float
        How many seconds a call may take.

    Returns
    -------
    Row
        Its line of the table.
    """
    args = entry.arguments(lanes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function, by = vectorized(entry, args)
        one_by_one = sampled(function, entry, args, lanes)
    mapped = lanewise.vmap(entry.fun, in_axes=entry.in_axes)
    eager = batched(mapped, entry, args, lanes, longest)
    compiler = getattr(lanewise, "jit", None)
    jit = None if compiler is None else batched(compiler(mapped), entry, args, lanes, longest)
    return Row(entry, lanes, one_by_one, by, eager, jit)


# ---- the table ----

INTRO = """\
# Functions found in the wild

{count} small functions, written for one example in plain Python, `math` and NumPy, from known formulas and
algorithms, and not for lanewise: root finders, adaptive integrators, dynamic programs, filters, geometry,
calendars, money, puzzles (`tests/wild`). The tests hold each to the loop, bit by bit where it has nothing but
arithmetic. Here is how long `vmap` takes for {lanes:,} lanes, and how long `np.vectorize` takes for one lane after
another (a random sample of them for about {sample:g} seconds, scaled to all). A long call goes over to compiled code
by itself; first calls, which may compile, don't count. In the geometric mean `vmap` is {mean} times faster, between
{least} and {most} times; it is slower for {slower}.

{machine}
Written by `python -m benchmarks.wild --write`.
"""


def cells(row: Row) -> list[str]:
    """The cells of a line."""
    found = [f"`{row.entry.name}`", row.entry.topic]
    found.append(duration(row.one_by_one.seconds) + (" (loop)" if row.by == "loop" else ""))
    found += [shown(row, row.eager), figures(row.ratio)]
    if row.jit is not None:
        found += [shown(row, row.jit), figures(row.one_by_one.seconds / row.jit.seconds)]
    return found


def shown(row: Row, found: Time) -> str:
    """A time, with its marks."""
    return "~" * (found.lanes < row.lanes) + duration(found.seconds) + " \\*" * bool(found.slow)


def table(rows: list[Row]) -> str:
    """The table, with the means below and what the marks mean."""
    headings = ["function", "topic", "one by one", "`vmap`", "times faster"]
    if rows[0].jit is not None:
        headings += ["`jit(vmap)`", "times faster"]
    last = ["*geometric mean*", "", "", "", figures(mean(rows))]
    if rows[0].jit is not None:
        last += ["", figures(statistics.geometric_mean([r.one_by_one.seconds / r.jit.seconds for r in rows if r.jit]))]
    lines = markdown(headings, [*[cells(row) for row in rows], last])
    notes = []
    if any(row.by == "loop" for row in rows):
        notes.append("(loop): `np.vectorize` can't run it (some give None, some write to arguments), so the loop did.")
    times = [found for row in rows for found in (row.eager, row.jit) if found is not None]
    if any(found.slow for found in times):
        notes.append("\\*: with a `PerformanceWarning`: in many groups, or lane by lane.")
    if any(found.lanes < rows[0].lanes for found in times):
        notes.append("~: measured on fewer lanes and scaled, as it takes so long.")
    return "\n".join([*lines, *[f"\n{note}" for note in notes]]) + "\n"


def mean(rows: list[Row]) -> float:
    """The geometric mean of how many times faster `vmap` is."""
    return statistics.geometric_mean([row.ratio for row in rows])


def page(rows: list[Row], found: machine.Machine) -> str:
    """The page of the documentation."""
    ratios = [row.ratio for row in rows]
    intro = INTRO.format(
        count=len(rows),
        lanes=rows[0].lanes,
        sample=SAMPLE,
        mean=figures(mean(rows)),
        least=figures(min(ratios)),
        most=figures(max(ratios)),
        slower=f"{sum(ratio < 1 for ratio in ratios)} of them" if min(ratios) < 1 else "none of them",
        machine=found.sentence(),
    )
    return f"{intro}\n{table(rows)}"


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.wild", description=__doc__)
    options.add_argument("--only", metavar="NAME", action="append", help="this function or topic (may be repeated)")
    options.add_argument("--lanes", type=int, metavar="N", default=LANES, help="the size of the batch (%(default)s)")
    options.add_argument("--longest", type=float, metavar="S", default=LONGEST,
                         help="measure calls of more than S seconds on fewer lanes (%(default)s)")  # fmt: skip
    options.add_argument("--write", action="store_true", help="write docs/wild.md")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line; `sys.argv` by default.

    Returns
    -------
    int
        The exit status.
    """
    options = parser()
    chosen = options.parse_args(arguments)
    if chosen.write and (chosen.only or chosen.lanes != LANES):
        options.error("--write publishes the whole table: leave out --only and --lanes")
    entries = [e for e in WILD if not chosen.only or e.name in chosen.only or e.topic in chosen.only]
    if unknown := set(chosen.only or ()) - {e.name for e in entries} - {e.topic for e in entries}:
        options.error(f"no such function or topic: {', '.join(sorted(unknown))}")
    found = machine.describe()
    rows = []
    for entry in entries:
        row = measure(entry, chosen.lanes, chosen.longest)
        print(" | ".join(cells(row)), row.eager.slow, file=sys.stderr, flush=True)
        rows.append(row)
    text = page(rows, found)
    print(text)
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
