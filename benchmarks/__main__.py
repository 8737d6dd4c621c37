"""``python -m benchmarks``: run the benchmarks, print the tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import machine, overhead, plot, report
from .contestants import present
from .harness import Outcome, compare
from .workloads import WORKLOADS, find


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--only", metavar="NAME", action="append", help="run this workload only (may be repeated)")
    options.add_argument("--size", type=int, metavar="N", help="the size of every batch")
    options.add_argument("--quick", action="store_true", help="small batches and little time: a first look")
    options.add_argument("--seconds", type=float, metavar="S", help="how long to time each call, roughly")
    options.add_argument("--no-overhead", action="store_true", help="leave out what a call costs in microseconds")
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
    costs = None if chosen.no_overhead or chosen.only else overhead.measure(0.05 if chosen.quick else 0.5)
    text = report.results(found, outcomes, costs)
    print(text)
    if chosen.write:
        report.write(text)
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
    budget = chosen.seconds or (0.1 if chosen.quick else 1.5)
    sample = 0.02 if chosen.quick else 0.1
    outcomes = []
    for workload in workloads:
        size = chosen.size or (workload.sizes.quick if chosen.quick else workload.sizes.full)
        print(f"{workload.label(size)} ...", file=sys.stderr, flush=True)
        outcomes.append(compare(workload, size, present(), budget=budget, sample=sample))
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
