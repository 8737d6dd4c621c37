"""Numbers and tables as text."""

from __future__ import annotations


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


def markdown(headings: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table whose first column is text and whose others are numbers."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in [headings, rule, *rows]]
