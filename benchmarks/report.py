"""The tables, as Markdown."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from .contestants import JIT, absent
from .formats import duration, figures, markdown
from .goals import Goal, best_peer
from .harness import Entry, Outcome
from .machine import Machine
from .overhead import Overhead

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
DOCS = HERE.parent / "docs" / "benchmarks.md"
PICTURE = HERE.parent / "docs" / "benchmarks.svg"
README = HERE.parent / "README.md"
README_START, README_END = "<!-- mandelbrot: python -m benchmarks --write -->", "<!-- end of mandelbrot -->"
START, END = "<!-- results: python -m benchmarks --write -->", "<!-- end of results -->"


def ratio(entry: Entry, base: Entry | None) -> float | None:
    """How many times as long as the base it took."""
    if entry.timing is None or base is None or base.timing is None:
        return None
    return entry.timing.median / base.timing.median


# ---- the table of workloads ----


class Footnotes:
    """Notes under a table, each with a number; the same note gets the same number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, text: str) -> str:
        """The mark that refers to a note."""
        if text not in self.texts:
            self.texts.append(text)
        return f"<sup>{self.texts.index(text) + 1}</sup>"

    def lines(self) -> list[str]:
        """The notes, a line each."""
        return [f"{n}. {text}" for n, text in enumerate(self.texts, 1)]


def table(outcomes: list[Outcome]) -> str:
    """The table: a row for each workload, a column for each contestant.

    Parameters
    ----------
    outcomes : list of Outcome
        The rows, all with the same contestants.

    Returns
    -------
    str
        Markdown. The first columns are `jit`'s time and the best peer's ratio to it; the others give theirs.
    """
    names = list(outcomes[0].entries) if outcomes else []
    notes = Footnotes()
    rows = [_row(outcome, names, notes) for outcome in outcomes]
    rows.append(_means(outcomes, names))
    lines = markdown(["workload", names[0], "best peer", *names[1:]], rows)
    return "\n".join([*lines, "", *notes.lines()]).rstrip() + "\n"


def _row(outcome: Outcome, names: list[str], notes: Footnotes) -> list[str]:
    base = outcome.entries.get(JIT.name)
    label = outcome.workload.label(outcome.size)
    cells = [_cell(outcome, name, base, notes) for name in names]
    return [label, cells[0], _best(outcome), *cells[1:]]


def _best(outcome: Outcome) -> str:
    """The best peer's ratio; in bold, if the goal is missed."""
    found = best_peer(outcome)
    if found is None:
        return ""
    name, value = found
    met = value >= outcome.workload.kind.least
    return f"{figures(value)}× {name}" if met else f"**{figures(value)}×** {name}"


def _cell(outcome: Outcome, name: str, base: Entry | None, notes: Footnotes) -> str:
    entry = outcome.entries[name]
    if entry.impossible:
        return "—" + notes.mark(entry.impossible)
    if entry == Entry():
        return ""
    if entry.timing is None:
        return "**fails**" + notes.mark(f"{name} on {outcome.workload.name}: {entry.failure}")
    text = duration(entry.timing.median)
    if entry is not base:
        found = ratio(entry, base)
        text += "" if found is None else f" ({figures(found)}×)"
    for note in (*entry.notes, _version_note(outcome, name)):
        if note:
            text += notes.mark(note)
    return text


def _version_note(outcome: Outcome, name: str) -> str:
    workload = outcome.workload
    if name.startswith("JAX"):
        return workload.jax_note
    if name.startswith("Numba"):
        return workload.numba_note
    return workload.torch_note if name.startswith("torch") else ""


def _means(outcomes: list[Outcome], names: list[str]) -> list[str]:
    cells = []
    for name in names:
        found = [ratio(outcome.entries[name], outcome.entries.get(JIT.name)) for outcome in outcomes]
        known = [value for value in found if value is not None]
        cells.append(f"{figures(statistics.geometric_mean(known))}×" if known else "")
    best = [found[1] for found in map(best_peer, outcomes) if found is not None]
    mean = f"{figures(statistics.geometric_mean(best))}×" if best else ""
    return ["*geometric mean of the ratios*", cells[0] if cells else "", mean, *cells[1:]]


def summary(goals: list[Goal]) -> str:
    """The goals, and whether they are met."""
    rows = [[goal.what, goal.wanted, goal.found, "yes" if goal.met else "**no**"] for goal in goals]
    return "\n".join([*markdown(["`jit`, goal by goal", "goal", "measured", "met"], rows), ""])


def missed(outcomes: list[Outcome]) -> str:
    """The workloads that miss their goal, with the time of a copy: what memory allows."""
    rows = []
    for outcome in outcomes:
        ours, best = outcome.entries.get(JIT.name), best_peer(outcome)
        least = outcome.workload.kind.least
        if ours is None or ours.timing is None or best is None or best[1] >= least or outcome.copy is None:
            continue
        copy = outcome.copy.median
        share = f"{copy / ours.timing.median:.0%}"
        goal, found = f"{least:g}×", f"{figures(best[1])}× {best[0]}"
        rows.append([outcome.workload.name, goal, found, duration(ours.timing.median), duration(copy), share])
    headings = ["goal missed", "goal", "best peer", "jit", "a copy of as many bytes", "its share of jit's time"]
    return "\n".join([*markdown(headings, rows), ""]) if rows else ""


def noise(outcomes: list[Outcome]) -> str:
    """A sentence on how much the measurements vary."""
    entries = [entry for outcome in outcomes for entry in outcome.entries.values()]
    spreads = sorted(entry.timing.spread() for entry in entries if entry.timing is not None)
    if not spreads:
        return ""
    return (
        f"The quartiles of the times lie within {spreads[len(spreads) // 2]:.0%} of the median in half "
        f"of the cells, and within {spreads[-1]:.0%} in all.\n"
    )


# ---- overhead ----


def overhead_tables(overhead: Overhead) -> str:
    """The two tables of microseconds."""
    names = list(next(iter(overhead.calls.values())))
    calls = [
        [title, *[figures(times[name]) if name in times else "" for name in names]]
        for title, times in overhead.calls.items()
    ]
    operations = [
        [f"`{cost.name}`", figures(cost.lanewise), figures(cost.bare), figures(cost.added)]
        for cost in overhead.operations
    ]
    return "\n".join(
        [
            "Whole calls (us):",
            "",
            *markdown(["call", *names], calls),
            "",
            "One operation inside a mapped function, 10 rows of 3 (us):",
            "",
            *markdown(["operation", "lanewise", "NumPy on the batch", "added"], operations),
            "",
        ]
    )


# ---- pages ----

LEGEND = """\
Each cell is the median time of a call and, in brackets, how many times as long as `jit` it took (above 1, `jit` is
faster). "Best peer" is the fastest of all that are not lanewise (C apart); it is bold where the goal is missed.
The Python loop and `np.vectorize` run a random sample of the lanes; their times are scaled to the batch.
The means are over the workloads that a contestant can do.
"""


def results(
    machine: Machine, outcomes: list[Outcome], goals: Sequence[Goal] = (), sections: Sequence[tuple[str, str]] = ()
) -> str:
    """Everything that was measured, as a piece of a page.

    Parameters
    ----------
    machine : Machine
        Where it was measured.
    outcomes : list of Outcome
        The workloads.
    goals : sequence of Goal
        The summary.
    sections : sequence of tuple
        What else was measured: headings and tables.

    Returns
    -------
    str
        Markdown.
    """
    parts = [machine.sentence() + "\n"]
    if lacking := absent():
        parts.append(f"Not there: {', '.join(lacking)}.\n")
    if goals:
        parts += ["### The goals\n", summary(list(goals))]
    parts += ["### The workloads\n", LEGEND, table(outcomes), noise(outcomes)]
    if text := missed(outcomes):
        parts += [MISSED, text]
    for heading, text in sections:
        parts += [f"### {heading}\n", text]
    return "\n".join(parts)


MISSED = """\
Where a goal is missed: how long `np.copyto` takes, on as many threads, to read and write as many bytes as the arguments
and the result have. Nothing can be much faster; where its share is large, memory is the limit.
"""

README_ROWS = {
    "lanewise jit": "`jit(vmap(escape))`, after the first call",
    "lanewise": "`vmap(escape)`",
    "NumPy by hand": "NumPy by hand, dropping what has escaped",
    "Numba parallel": "Numba on all cores, rewritten in real numbers",
    "JAX jit(vmap)": "JAX, rewritten with `lax.while_loop`",
    "Python loop": "Python loop",
    "np.vectorize": "`np.vectorize`",
}


def readme_table(outcome: Outcome) -> str:
    """The numbers of the README's first screen."""
    rows = []
    for name, title in README_ROWS.items():
        entry = outcome.entries.get(name)
        found = None if entry is None else ratio(entry, outcome.entries.get(JIT.name))
        if entry is not None and entry.timing is not None and found is not None:
            rows.append([title, duration(entry.timing.median), figures(found)])
    return "\n".join([*markdown([f"{outcome.lanes:,} points", "time", "relative"], rows), ""])


def between(page: Path, start: str, end: str, text: str) -> None:
    """Replace what a page has between two marks.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    old = page.read_text(encoding="utf-8")
    if start not in old or end not in old:
        raise ValueError(f"{page} has no place for the results: the lines {start!r} and {end!r}")
    new = re.sub(f"{re.escape(start)}.*{re.escape(end)}", lambda _: f"{start}\n\n{text}\n{end}", old, flags=re.DOTALL)
    page.write_text(new, encoding="utf-8")


def write(text: str, results_file: Path = RESULTS, docs: Path = DOCS) -> None:
    """Write the results to their own file, and between the marks of the page of the documentation."""
    between(docs, START, END, text)
    head = "# Results\n\nWritten by `python -m benchmarks --write`.\n\n"
    results_file.write_text(head + text, encoding="utf-8")
