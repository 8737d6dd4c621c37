"""``python -m benchmarks``: run the benchmarks, print the tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import copies, first, goals, machine, memory, overhead, plot, report, sweep
from .contestants import present
from .harness import Outcome, compare
from .workloads import WORKLOADS, find

FIRST = """\
Tracing, compiling and running once on a small batch, in fresh processes (medians of three), after the imports.
The second process finds machine code on disk.

"""
MEMORY = """\
What a process needs at the peak of a call, its arguments and result included, relative to these.

"""
COPIES = """\
Workloads that do little but read and write, against copying as many bytes on as many threads; first where the result is
dropped, so that its buffer comes again, then where results are kept, so that each has fresh pages.

"""
SWEEP = """\
`jit`'s time, and in brackets how many times as long the best peer took (`torch.compile` is left out).

"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--only", metavar="NAME", action="append", help="run this workload only (may be repeated)")
    options.add_argument("--size", type=int, metavar="N", help="the size of every batch")
    options.add_argument("--quick", action="store_true", help="small batches and little time: a first look")
    options.add_argument("--seconds", type=float, metavar="S", help="how long to time each call, roughly")
    options.add_argument("--table-only", action="store_true", help="leave out first calls, memory, small calls, sizes")
    options.add_argument("--write", action="store_true", help="write the tables to RESULTS.md and docs/benchmarks.md")
    options.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios as an SVG picture")
    options.add_argument("--list", action="store_true", help="print the names of the workloads, and stop")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line; `sys.argv` by default.

    Returns
    -------
    int
        The exit status: 1 if a contestant failed or gave a wrong result.
    """
    options = parser()
    chosen = options.parse_args(arguments)
    if chosen.list:
        print("\n".join(f"{w.name:<14} {w.label(w.sizes.full)}" for w in WORKLOADS))
        return 0
    if chosen.write and (chosen.only or chosen.size or chosen.quick):
        options.error("--write publishes the whole table: leave out --only, --size and --quick")
    found = machine.describe()
    outcomes = run(chosen, options)
    aims = goals.against_peers(outcomes) + goals.against_c(outcomes)
    sections: list[tuple[str, str]] = []
    if not (chosen.table_only or chosen.only):
        more, sections = others(chosen.quick)
        aims += more
    text = report.results(found, outcomes, aims, sections)
    print(text)
    if chosen.write:
        publish(text, outcomes)
    if chosen.plot:
        chosen.plot.write_text(plot.picture(outcomes), encoding="utf-8")
    failed = [name for outcome in outcomes for name, entry in outcome.entries.items() if entry.failure]
    return 1 if failed else 0


def run(chosen: argparse.Namespace, options: argparse.ArgumentParser) -> list[Outcome]:
    """Run the chosen workloads."""
    try:
        workloads = [find(name) for name in chosen.only] if chosen.only else list(WORKLOADS)
    except KeyError as error:
        options.error(error.args[0])
    budget = chosen.seconds or (0.1 if chosen.quick else 0.5)
    sample = 0.02 if chosen.quick else 0.05
    outcomes = []
    for workload in workloads:
        size = chosen.size or (workload.sizes.quick if chosen.quick else workload.sizes.full)
        print(f"{workload.label(size)} ...", file=sys.stderr, flush=True)
        outcomes.append(compare(workload, size, present(), budget=budget, sample=sample))
    return outcomes


def others(quick: bool) -> tuple[list[goals.Goal], list[tuple[str, str]]]:
    """Measure what is not a workload's time: the goals and the sections of the page."""
    names = first.NAMES[:2] if quick else first.NAMES
    sizes = {"scale_and_add": 500_000} if quick else memory.SIZES
    print("first calls ...", file=sys.stderr, flush=True)
    calls = first.measure(names, turns=1 if quick else first.TURNS)
    print("small calls ...", file=sys.stderr, flush=True)
    costs = overhead.measure(0.05 if quick else 0.5)
    print("peak memory ...", file=sys.stderr, flush=True)
    peaks = memory.measure(sizes)
    print("copies ...", file=sys.stderr, flush=True)
    against = copies.measure(budget=0.1 if quick else 1.0, factor=0.1 if quick else 1.0)
    print("sizes ...", file=sys.stderr, flush=True)
    swept = sweep.measure(sweep.SIZES[:3] if quick else sweep.SIZES)
    aims = [*first.reached(calls), *overhead.reached(costs), *memory.reached(peaks), *copies.reached(against)]
    return aims, [
        ("First calls", FIRST + first.table(calls)),
        ("Small calls", report.overhead_tables(costs)),
        ("Memory", MEMORY + memory.table(peaks)),
        ("Speed of memory", COPIES + copies.table(against)),
        ("The lesson's four problems, from ten to ten million rows", SWEEP + sweep.table(swept)),
    ]


def publish(text: str, outcomes: list[Outcome]) -> None:
    """Write the results, the picture and the README's numbers."""
    report.write(text)
    report.PICTURE.write_text(plot.picture(outcomes), encoding="utf-8")
    shown = next(outcome for outcome in outcomes if outcome.workload.name == "mandelbrot")
    report.between(report.README, report.README_START, report.README_END, report.readme_table(shown))


if __name__ == "__main__":
    sys.exit(main())
