"""The tables, as Markdown."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from .contestants import LANEWISE
from .harness import Entry, Outcome
from .machine import Machine
from .overhead import Overhead

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
DOCS = HERE.parent / "docs" / "benchmarks.md"
START, END = "<!-- results: python -m benchmarks --write -->", "<!-- end of results -->"


# ---- numbers ----


def duration(seconds: float) -> str:
    """A time in a fitting unit, to three figures."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * factor:
            return f"{figures(seconds / factor)} {unit}"
    return f"{figures(seconds / 1e-9)} ns"


def figures(value: float) -> str:
    """A number to three figures, without an exponent."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


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
        Markdown. The first column is lanewise's time; the others give theirs and its ratio to lanewise's.
    """
    names = list(outcomes[0].entries) if outcomes else []
    notes = Footnotes()
    rows = [_row(outcome, names, notes) for outcome in outcomes]
    rows.append(_means(outcomes, names))
    lines = markdown(["workload", *names], rows)
    return "\n".join([*lines, "", *notes.lines()]).rstrip() + "\n"


def markdown(headings: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table whose first column is text and whose others are numbers."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in [headings, rule, *rows]]


def _row(outcome: Outcome, names: list[str], notes: Footnotes) -> list[str]:
    base = outcome.entries.get(LANEWISE.name)
    label = outcome.workload.label(outcome.size)
    return [label, *[_cell(outcome, name, base, notes) for name in names]]


def _cell(outcome: Outcome, name: str, base: Entry | None, notes: Footnotes) -> str:
    entry = outcome.entries[name]
    if entry.impossible:
        return "not possible" + notes.mark(entry.impossible)
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
    return workload.torch_note if name.startswith("torch") else ""


def _means(outcomes: list[Outcome], names: list[str]) -> list[str]:
    cells = []
    for name in names:
        found = [ratio(outcome.entries[name], outcome.entries.get(LANEWISE.name)) for outcome in outcomes]
        known = [value for value in found if value is not None]
        cells.append(f"{figures(statistics.geometric_mean(known))}×" if known else "")
    return ["*geometric mean of the ratios*", *cells]


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
    calls = [[title, *[figures(times[name]) for name in names]] for title, times in overhead.calls.items()]
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
Each cell is the median time of a call and, in brackets, the ratio to lanewise (above 1, ours is faster).
The Python loop and `np.vectorize` run a random sample of the lanes; their times are scaled to the batch.
The means are over the workloads that a contestant can do.
"""


def results(machine: Machine, outcomes: list[Outcome], overhead: Overhead | None) -> str:
    """Everything that was measured, as a piece of a page."""
    parts = [machine.sentence() + "\n", LEGEND, table(outcomes), noise(outcomes)]
    if overhead is not None:
        parts += ["### What a call costs\n", overhead_tables(overhead)]
    return "\n".join(parts)


def write(text: str, results_file: Path = RESULTS, docs: Path = DOCS) -> None:
    """Write the results to their own file, and between the marks of the page of the documentation.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    page = docs.read_text(encoding="utf-8")
    if START not in page or END not in page:
        raise ValueError(f"{docs} has no place for the results: the lines {START!r} and {END!r}")
    block = f"{START}\n\n{text}\n{END}"
    page = re.sub(f"{re.escape(START)}.*{re.escape(END)}", lambda _: block, page, flags=re.DOTALL)
    docs.write_text(page, encoding="utf-8")
    head = "# Results\n\nWritten by `python -m benchmarks --write`.\n\n"
    results_file.write_text(head + text, encoding="utf-8")
