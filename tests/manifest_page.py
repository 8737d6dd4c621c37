"""The page ``docs/numpy.md``, made of the manifest: ``python tests/manifest_page.py`` writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from manifest import BATCHED, LANE_BY_LANE, MEANING, NOT_FOR_ARRAYS, SPLITS, Entry, Section
from manifest_all import SECTIONS

PAGE = Path(__file__).parents[1] / "docs" / "numpy.md"
COLUMNS = (BATCHED, SPLITS, LANE_BY_LANE, NOT_FOR_ARRAYS)

INTRODUCTION = """\
# NumPy under `vmap`

Every public name of NumPy 2.0 to 2.5, and how it runs on lane values. This page is made of the tables that the test
suite checks: each name is called, as the tables say, under `vmap(strict=True)` and in a plain loop, over nested maps,
axes, layouts, and batches of no lanes. A name that the tables lack fails the suite, and so does one that does
not run as they say.

{meanings}

Where nothing is batched, results are still the loop's: `vmap` runs one lane at a time and warns, and
`vmap(..., strict=True)` raises instead.
"""


def share(sections: Iterable[Section] = SECTIONS) -> tuple[int, int]:
    """How many names run batched or split, and how many apply to numeric arrays at all."""
    counts = Counter(entry.verdict for section in sections if section.numeric for entry in section.entries())
    fast = counts[BATCHED] + counts[SPLITS]
    return fast, fast + counts[LANE_BY_LANE]


def page() -> str:
    """The text of the page."""
    meanings = "\n".join(f"- *{name}*: {meaning}." for name, meaning in MEANING.items())
    parts = [INTRODUCTION.format(meanings=meanings), _counts()]
    parts += [_section(section) for section in SECTIONS]
    return "\n".join(parts)


def _counts() -> str:
    fast, all_of_them = share()
    lines = ["| | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for section in SECTIONS:
        counts = Counter(entry.verdict for entry in section.entries())
        lines.append(f"| `{section.title}` | " + " | ".join(str(counts[name]) for name in COLUMNS) + " |")
    lines.append(
        f"\nOf the {all_of_them} names that apply to numeric arrays, {fast} ({fast / all_of_them:.1%}) are batched or "
        "split.\n"
    )
    return "\n".join(lines)


def _section(section: Section) -> str:
    entries = section.entries()
    lines = [f"## `{section.title}`\n"]
    for verdict in COLUMNS:
        for reason in dict.fromkeys(entry.reason for entry in entries if entry.verdict == verdict):
            names = [entry for entry in entries if (entry.verdict, entry.reason) == (verdict, reason)]
            head = f"*{verdict.capitalize()}*" + (f" ({reason})" if reason else "")
            lines.append(f"{head}: {_names(names)}.\n")
    return "\n".join(lines)


def _names(entries: list[Entry]) -> str:
    """Names, the methods of one ufunc together."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        name, dot, method = entry.name.partition(".")
        found.setdefault(name, []).extend([method] if dot else [])
    return ", ".join(f"`{name}`" + (f" ({', '.join(methods)})" if methods else "") for name, methods in found.items())


if __name__ == "__main__":
    PAGE.write_text(page())
