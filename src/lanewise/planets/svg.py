"""A picture of the orbits and of where the planets are, as SVG written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import atan2, cos, hypot, pi, sin
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lanewise import vmap

from .dates import julian_date
from .elements import Orbit, Table
from .orbit import elements_on, kepler, mean_anomaly, on_orbit

__all__ = ["behind", "orbits_svg"]

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""

COLOURS: Final = {
    "mercury": "#c9bfb2",
    "venus": "#f2c879",
    "earth": "#62b0ff",
    "mars": "#ff7a59",
    "jupiter": "#e2aa7c",
    "saturn": "#eadb9f",
    "uranus": "#8fe3e6",
    "neptune": "#7f98ff",
}
SIZES: Final = {
    "mercury": 3.6,
    "venus": 5.2,
    "earth": 5.4,
    "mars": 4.4,
    "jupiter": 8.5,
    "saturn": 7.2,
    "uranus": 6.0,
    "neptune": 6.0,
}
"""Radii of the dots, in pixels: a hint of the planets' sizes, not their scale."""

INNER: Final = ("mercury", "venus", "earth", "mars")
STEPS: Final = 180  # points of an orbit
TRAIL: Final = 60  # degrees of an orbit that shine behind the planet
WIDTH, HEIGHT, RADIUS, CENTRE_Y = 1000, 588, 200, 336
# A dark card of its own, so that the picture is the same on a light and on a dark page.
CARD, INK, FAINT, GRID = "#0d1326", "#e9edf8", "#98a3c0", "#2b3556"
FONT = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def behind(orbit: Orbit, date: float, angle: float) -> NDArray[np.float64]:
    """Return the point of a planet's orbit some way behind the planet.

    Parameters
    ----------
    orbit : dict of dict of float
        The planet, as `lanewise.planets.heliocentric` takes it.
    date : float
        The Julian date of the planet and of its orbit, an ellipse that slowly changes.
    angle : float
        How far behind, in radians of eccentric anomaly; 0 is the planet itself.

    Returns
    -------
    ndarray of float64, shape (3,)
        In au.

    Examples
    --------
    >>> from lanewise.planets import heliocentric, load
    >>> mars = load().orbit("mars")
    >>> np.array_equal(behind(mars, 2451545.0, 0.0), heliocentric(mars, 2451545.0))
    True
    """
    now = elements_on(orbit, date)
    return on_orbit(now, kepler(mean_anomaly(now), now["e"]) - angle)


rings = vmap(vmap(behind, in_axes=(None, None, 0)), in_axes=(0, None, None))
"""`behind` of (planets,) orbits on one date at (angles,): an array of shape (planets, angles, 3)."""


def orbits_svg(table: Table, day: date) -> str:
    """Draw the orbits of a table's planets, and where the planets are on a day.

    Parameters
    ----------
    table : Table
        The planets to draw: the four inner ones and the others each get a panel, to scale.
    day : datetime.date
        The day, at its midnight.

    Returns
    -------
    str
        An SVG document, the same on light and dark pages.

    Examples
    --------
    >>> from lanewise.planets import load
    >>> picture = orbits_svg(load(), date(2024, 1, 1))
    >>> picture.startswith("<svg") and "Neptune" in picture
    True
    """
    angles = np.radians(np.arange(0, 360, 360 / STEPS))
    curves = dict(zip(table.names, rings(table.orbits, julian_date(day), angles), strict=True))
    groups = {
        "Inner planets": [name for name in table.names if name in INNER],
        "Outer planets": [name for name in table.names if name not in INNER],
    }
    panels = [(title, names) for title, names in groups.items() if names]
    body: list[str] = []
    for at, (title, names) in enumerate(panels):
        x = WIDTH * (2 * at + 1) / (2 * len(panels))
        farthest = max(np.hypot(*curves[name].T[:2]).max() for name in names)
        panel = _Panel(x, CENTRE_Y, RADIUS / (1.16 * farthest))
        body += [*panel.furniture(title), *panel.background(curves, names), *panel.planets(curves, names)]
    return "\n".join([*_head(table.names, day), *body, "</svg>", ""])


def _head(names: Sequence[str], day: date) -> Iterator[str]:
    """Yield the opening of the document: its title, its background and its lines of text."""
    listed = ", ".join(name.capitalize() for name in names)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}" role="img" font-family="{FONT}">'
    )
    yield f"<title>The planets on {day:%Y-%m-%d}</title>"
    yield f"<desc>The orbits and positions of {listed}, seen from the north of the ecliptic.</desc>"
    yield (
        '<defs><radialGradient id="glow"><stop offset="0" stop-color="#ffd869" stop-opacity="0.55"/>'
        '<stop offset="1" stop-color="#ffd869" stop-opacity="0"/></radialGradient></defs>'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" rx="18" fill="{CARD}"/>'
    yield _text(36, 50, f"The planets on {day.day} {day:%B %Y}", 26, INK, weight=600)
    view = "Seen from the north of the ecliptic; longitudes from the equinox of J2000"
    yield _text(36, 74, view, 13.5, FAINT)
    yield _text(WIDTH - 36, HEIGHT - 18, "python -m lanewise", 11.5, FAINT, anchor="end")
    yield _text(36, HEIGHT - 18, "Elements: Standish and Williams, JPL Solar System Dynamics", 11.5, FAINT)


@dataclass(frozen=True)
class _Panel:
    """A round chart, the Sun at (x, y) and `scale` pixels to the au."""

    x: float
    y: float
    scale: float

    def place(self, point: NDArray[np.float64]) -> Point:
        """Return where a position in au is in the picture, whose y axis points down."""
        return self.x + self.scale * float(point[0]), self.y - self.scale * float(point[1])

    def furniture(self, title: str) -> Iterator[str]:
        """Yield the circle with its degrees, the title and the bar of scale."""
        yield f'<circle cx="{self.x:.1f}" cy="{self.y}" r="{RADIUS}" fill="none" stroke="{GRID}"/>'
        ticks = [
            (self.x + r * cos(turn), self.y - r * sin(turn))
            for turn in np.radians(np.arange(0, 360, 10))
            for r in (RADIUS, RADIUS + 5)
        ]
        marks = " ".join(
            f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
            for (x1, y1), (x2, y2) in zip(ticks[::2], ticks[1::2], strict=True)
        )
        yield f'<path d="{marks}" stroke="{GRID}"/>'
        r = RADIUS + 10
        yield _text(self.x + r, self.y + 4, "0°", 11, FAINT)
        yield _text(self.x - r, self.y + 4, "180°", 11, FAINT, anchor="end")
        yield _text(self.x, self.y - r, "90°", 11, FAINT, anchor="middle")
        yield _text(self.x, self.y + r + 9, "270°", 11, FAINT, anchor="middle")
        x, y = self.x - RADIUS - 14, self.y + RADIUS + 10
        yield _text(x, self.y - RADIUS + 4, title.upper(), 11.5, FAINT, weight=600, spacing=1.2)
        length = next(au for au in (10, 5, 1, 0.5, 0.1) if au * self.scale < RADIUS * 0.7)
        end = x + length * self.scale
        yield f'<path d="M{x:.1f} {y - 4:.1f}v4H{end:.1f}v-4" fill="none" stroke="{FAINT}"/>'
        yield _text(x, y - 10, f"{length} au", 11, FAINT)

    def background(self, curves: dict[str, NDArray[np.float64]], names: Sequence[str]) -> Iterator[str]:
        """Yield the Sun and, faint, the orbits inside this panel that the other one shows."""
        yield f'<circle cx="{self.x:.1f}" cy="{self.y}" r="28" fill="url(#glow)"/>'
        yield f'<circle cx="{self.x:.1f}" cy="{self.y}" r="5" fill="#ffd869"/>'
        for name, curve in curves.items():
            if name in INNER and name not in names:
                line = f'd="{self._path(curve[::6])}Z" fill="none" stroke="{COLOURS[name]}"'
                yield f'<path {line} stroke-opacity="0.45"/>'

    def planets(self, curves: dict[str, NDArray[np.float64]], names: Sequence[str]) -> Iterator[str]:
        """Yield the orbits, each with a trail that fades behind the planet, and the labelled planets."""
        for name in names:
            colour, curve = COLOURS[name], curves[name]
            line = f'd="{self._path(curve)}Z" fill="none" stroke="{colour}"'
            yield f'<path {line} stroke-opacity="0.38" stroke-width="1.1"/>'
            pieces = np.linspace(0, TRAIL * STEPS // 360, 7).astype(int)
            for piece, (start, stop) in enumerate(pairwise(pieces)):
                line = f'd="{self._path(curve[start : stop + 1])}" fill="none" stroke="{colour}"'
                opacity, width = 0.9 - 0.14 * piece, 2.6 - 0.25 * piece
                yield f'<path {line} stroke-opacity="{opacity:.2f}" stroke-width="{width:.2f}"/>'
        dots = {name: self.place(curves[name][0]) for name in names}
        for name, (x, y) in dots.items():
            if name == "saturn":
                yield (
                    f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="13" ry="4" fill="none" stroke="{COLOURS[name]}"'
                    f' stroke-width="1.6" transform="rotate(-20 {x:.1f} {y:.1f})"/>'
                )
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{SIZES[name]}" fill="{COLOURS[name]}"/>'
        yield from self._labels(dots)

    def _labels(self, dots: dict[str, Point]) -> Iterator[str]:
        """Yield the planets' names, each beside its dot, in the chart, clear of other names and dots."""
        taken = [(x - 9, y - 9, x + 9, y + 9) for x, y in [*dots.values(), (self.x, self.y)]]
        for name, dot in dots.items():
            boxes = self._beside(dot, 8.4 * len(name))
            free = (box for box in boxes if self._holds(box) and not any(_overlap(box, it) for it in taken))
            box = next(free, boxes[0])
            taken.append((box[0] - 8, box[1], box[2] + 8, box[3]))
            x, y = (box[0] + box[2]) / 2, box[3] - 3.5
            yield _text(x, y, name.capitalize(), 13, INK, anchor="middle", weight=600, halo=True)

    def _beside(self, dot: Point, width: float) -> list[Box]:
        """Return places for a name around a dot, those away from the Sun and the trail first."""
        best = atan2(self.y - dot[1], dot[0] - self.x) + pi / 6
        boxes = []
        for turn in sorted((pi / 4 * eighth for eighth in range(8)), key=lambda turn: -cos(turn - best)):
            # Above and below, also at a slant, a whole line's height away.
            x, y = dot[0] + cos(turn) * (14 + width / 2), dot[1] - round(sin(turn)) * 19
            boxes.append((x - width / 2, y - 8, x + width / 2, y + 8))
        return boxes

    def _holds(self, box: Box) -> bool:
        """Tell whether the chart's circle goes round a box."""
        left, top, right, bottom = box
        return all(hypot(x - self.x, y - self.y) < RADIUS - 2 for x in (left, right) for y in (top, bottom))

    def _path(self, curve: NDArray[np.float64]) -> str:
        """Return a line through the points of a curve."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(self.place, curve))


def _overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str,
    *,
    anchor: str = "start",
    weight: int = 400,
    spacing: float = 0,
    halo: bool = False,
) -> str:
    """Return a line of text; a halo keeps it legible across lines."""
    extra = f' letter-spacing="{spacing}"' if spacing else ""
    if halo:
        extra += f' stroke="{CARD}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
        f' font-weight="{weight}"{extra}>{text}</text>'
    )
