"""A picture of the ratios: a line for each workload, a dot for each contestant, on a logarithmic scale."""

from __future__ import annotations

import html
import math

from .contestants import JIT
from .formats import figures
from .harness import Outcome
from .report import ratio

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999", "#000000")
WIDTH, LABELS, LINE, TOP = 960, 400, 24, 90
IN_A_LINE = 5  # names of the legend


def picture(outcomes: list[Outcome]) -> str:
    """Draw how long the others take, relative to lanewise.

    Parameters
    ----------
    outcomes : list of Outcome
        The rows of the table.

    Returns
    -------
    str
        An SVG document.
    """
    names = [name for name in outcomes[0].entries if name != JIT.name] if outcomes else []
    rows = [_ratios(outcome, names) for outcome in outcomes]
    scale = _Scale([value for row in rows for value in row.values()])
    height = TOP + LINE * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *_legend(names),
        *scale.grid(TOP - 10, height - 40),
    ]
    for n, (outcome, row) in enumerate(zip(outcomes, rows, strict=True)):
        y = TOP + LINE * n + LINE / 2
        label = html.escape(outcome.workload.label(outcome.size).replace("`", ""))
        parts.append(f'<text x="{LABELS - 12}" y="{y + 4}" text-anchor="end" font-size="10">{label}</text>')
        for name, value in row.items():
            colour = COLOURS[names.index(name) % len(COLOURS)]
            title = f"<title>{html.escape(name)}: {figures(value)} times jit's time</title>"
            parts.append(f'<circle cx="{scale.x(value):.1f}" cy="{y}" r="5" fill="{colour}">{title}</circle>')
    return "\n".join([*parts, "</svg>", ""])


def _ratios(outcome: Outcome, names: list[str]) -> dict[str, float]:
    found = {name: ratio(outcome.entries[name], outcome.entries.get(JIT.name)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _legend(names: list[str]) -> list[str]:
    title = "Time relative to lanewise's jit (right of 1: jit is faster)"
    parts = [f'<text x="20" y="22" font-size="14">{title}</text>']
    for n, name in enumerate(names):
        x, y = 20 + n % IN_A_LINE * (WIDTH - 40) // IN_A_LINE, 44 + n // IN_A_LINE * 18
        parts.append(f'<circle cx="{x + 5}" cy="{y - 4}" r="5" fill="{COLOURS[n % len(COLOURS)]}"/>')
        parts.append(f'<text x="{x + 15}" y="{y}">{html.escape(name)}</text>')
    return parts


class _Scale:
    """A logarithmic axis that covers some values, in whole decades."""

    def __init__(self, values: list[float]) -> None:
        self.low = math.floor(math.log10(min([*values, 0.5])))
        self.high = math.ceil(math.log10(max([*values, 2.0])))

    def x(self, value: float) -> float:
        return LABELS + (math.log10(value) - self.low) / (self.high - self.low) * (WIDTH - LABELS - 30)

    def grid(self, top: float, bottom: float) -> list[str]:
        parts = []
        for decade in range(self.low, self.high + 1):
            x, colour = self.x(10.0**decade), "#333" if decade == 0 else "#ddd"
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="{colour}"/>')
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{10.0**decade:g}×</text>')
        return parts
