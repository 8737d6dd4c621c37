"""What ``python -m lanewise`` prints, as `rich` tables; imported only when `rich` is there."""

from __future__ import annotations

import inspect
from datetime import date

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table as Grid
from rich.text import Text

from . import orbit
from .dates import LAST_DAY, calendar_time, julian_date
from .elements import Table, load
from .events import AU_KM, distances, next_approach
from .orbit import all_planets
from .svg import COLOURS
from .timing import Comparison

__all__ = ["axes", "heading", "mars", "section", "speed", "today"]

PLANETS_AXIS, DAYS_AXIS = "bold cyan", "bold magenta"
LIGHT_KM_S = 299_792.458


def heading(table: Table, first: date, last: date, days: int, seconds: float) -> RenderableType:
    """Return the opening lines: how much was computed, and in what time."""
    count, planets = len(table.names) * days, _count(len(table.names), "planet")
    return Group(
        Text.assemble(("The planets", "bold"), f", {first} to {last}"),
        Text.assemble(
            (f"{count:,}", "bold green"),
            f" position{'' if count == 1 else 's'} ({planets}, {_count(days, 'date')}) in ",
            (f"{seconds:.2f} s", "bold green"),
            ", from one plain function of one planet and one date.",
        ),
    )


def section(title: str, *parts: RenderableType) -> RenderableType:
    """Return a titled part of the report."""
    rule = Rule(Text(title, style="bold"), align="left", style="dim", characters="─")
    return Group("", rule, *(Padding(part, (0, 0, 0, 2)) for part in parts))


def axes(table: Table, dates: NDArray[np.float64], positions: NDArray[np.float64]) -> RenderableType:
    """Return the two maps, as they stand in the source, and the axes and shapes that they were given."""
    planets, days = Text("planets", style=PLANETS_AXIS), Text("dates", style=DAYS_AXIS)
    grid = _grid("argument", "one call sees", "the maps are given", "along axis")
    for part, elements in table.orbits.items():
        given = _shape(next(iter(elements.values())).shape, PLANETS_AXIS)
        label = f"orbit['{part}']"
        grid.add_row(label, f"{len(elements)} floats", given, Text.assemble("0 ", planets))
    grid.add_row("date", "a float", _shape(dates.shape, DAYS_AXIS), Text.assemble("0 ", days))
    grid.add_row(
        "result",
        _shape(positions.shape[2:]),
        _shape(positions.shape, PLANETS_AXIS, DAYS_AXIS),
        Text.assemble("0 ", planets, ", 1 ", days),
        style="bold",
    )
    code = "\n".join(line for line in inspect.getsource(orbit).splitlines() if " = vmap(" in line)
    listing = Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True)
    return Group("", listing, "", grid)


def today(table: Table, day: date) -> RenderableType:
    """Return the table of positions on a day, with the distances from the Sun and from Earth."""
    everywhere = all_planets(load().orbits, np.array([julian_date(day)]))[:, 0]
    earth = everywhere[load().index("earth")]
    places = everywhere[[load().index(name) for name in table.names]]
    from_sun, from_earth = distances(np.zeros(3), places), distances(earth, places)
    grid = _grid("planet", *"xyz", "to Sun", "to Earth", "million km", "by light", right=True)
    for name, place, sun, near in zip(table.names, places, from_sun, from_earth, strict=True):
        label = Text.assemble(("● ", COLOURS[name]), name.capitalize())
        numbers = [f"{value:z.3f}" for value in (*place, sun)]
        away = [f"{near:.3f}", f"{near * AU_KM / 1e6:,.1f}", _light_time(near)] if name != "earth" else []
        grid.add_row(label, *numbers, *away)
    note = Text("In au, from the Sun, in the ecliptic of J2000; at 00:00 TDB.", style="dim")
    return Group("", grid, "", note)


def mars(day: date) -> RenderableType:
    """Return the next close approaches of Mars from a day on."""
    pair = ("earth", "mars")
    grid = Grid(box=None, show_header=False, pad_edge=False)
    for justify in ("left", "left", "right", "right", "left"):
        grid.add_column(justify=justify, no_wrap=True)
    at = julian_date(day)
    for label in ("next", "then", "then"):
        approach = next_approach(load(), pair, at)
        if approach is None:
            grid.add_row(label, Text("none", style="bold"), "", "", Text(f"until {LAST_DAY}", style="dim"))
            break
        when = calendar_time(approach.date).date()
        distance = f"{approach.au:.4f} au", f"{approach.km / 1e6:.2f} million km"
        wait = f"in {_count((when - day).days, 'day')}" if when > day else "the same day"
        grid.add_row(label, Text(str(when), style="bold"), *distance, Text(wait, style="dim"))
        at = approach.date + 1
    error = sum(load().errors["distance"][[load().index(name) for name in pair]]) / 1e6
    accuracy = Text(f"The elements' nominal error is {error:.2f} million km.", style="dim")
    return Group("", grid, "", accuracy)


def speed(comparison: Comparison) -> RenderableType:
    """Return the timings as a table."""
    grid = _grid("", "positions", "seconds", "µs a position", "times as long", right=True)
    base = comparison.timings[0].microseconds
    for timing in comparison.timings:
        style = "bold green" if timing is comparison.timings[0] else ""
        each, ratio = timing.microseconds, timing.microseconds / base
        row = [timing.name, f"{timing.positions:,}", f"{timing.seconds:.3f}", f"{each:.3f}", f"{ratio:.1f}"]
        grid.add_row(*row, style=style)
    difference = f"Largest difference between lanewise and the loop: {comparison.difference:.1g} au."
    return Group("", grid, "", Text(difference, style="dim"))


def _grid(*columns: str, right: bool = False) -> Grid:
    """Return an empty table; `right` aligns all columns but the first to the right."""
    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    grid.header_style = "dim"
    for at, column in enumerate(columns):
        grid.add_column(column, justify="right" if right and at else "left", no_wrap=True)
    return grid


def _count(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _light_time(au: float) -> str:
    """Return how long light takes over a distance: 8m 19s, 4h 10m."""
    minutes, seconds = divmod(round(au * AU_KM / LIGHT_KM_S), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s"


def _shape(shape: tuple[int, ...], *styles: str) -> Text:
    """Return a shape as NumPy writes it, its leading axes in the colours of what they run over."""
    text = Text("(")
    for at, size in enumerate(shape):
        text.append(", " if at else "")
        text.append(str(size), style=styles[at] if at < len(styles) else "")
    return text.append(",)" if len(shape) == 1 else ")")
