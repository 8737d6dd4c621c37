"""The table of orbital elements that ships with the package (``elements.csv``, where its source is named)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["ELEMENTS", "Orbit", "Table", "load"]

Orbit: TypeAlias = Mapping[str, Mapping[str, float]]
"""One planet: ``{"elements": {"a": ..., "e": ..., ...}, "rates": {"a": ..., ...}}``."""

ELEMENTS: Final = ("a", "e", "I", "L", "varpi", "node")
"""Semi-major axis (au), eccentricity, inclination, and the longitudes: mean, of perihelion, of the node."""


@dataclass(frozen=True)
class Table:
    """Planets' elements, one array for each, with the planets along its axis.

    Attributes
    ----------
    names : tuple of str
        The planets, in lower case.
    orbits : dict of dict of ndarray
        ``{"elements": {"a": (planets,), ...}, "rates": {"a": (planets,), ...}}``, float64; the elements at
        J2000.0 in au and degrees, their rates per Julian century.
    errors : dict of ndarray
        The nominal errors of the positions, shape (planets,): ``"longitude"`` and ``"latitude"`` in
        arcseconds, ``"distance"`` (from the Sun) in kilometres.
    """

    names: tuple[str, ...]
    orbits: dict[str, dict[str, NDArray[np.float64]]]
    errors: dict[str, NDArray[np.float64]]

    def index(self, name: str) -> int:
        """Return the row of a planet.

        Raises
        ------
        ValueError
            If the table has no such planet; the message names those that it has.

        Examples
        --------
        >>> load().index("Mars")
        3
        """
        wanted = name.strip().lower()
        if wanted in self.names:
            return self.names.index(wanted)
        close = get_close_matches(wanted, self.names, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ValueError(f"no planet {name.strip()!r}{hint}; the table has {', '.join(self.names)}")

    def orbit(self, name: str) -> dict[str, dict[str, float]]:
        """Return one planet as plain floats, the argument of `lanewise.planets.heliocentric`.

        Examples
        --------
        >>> load().orbit("mars")["elements"]["a"]
        1.52371034
        """
        row = self.index(name)
        return {
            part: {element: float(values[row]) for element, values in columns.items()}
            for part, columns in self.orbits.items()
        }

    def select(self, names: Sequence[str]) -> Table:
        """Return the table of some planets, in the order asked for, each once.

        Examples
        --------
        >>> load().select(["mars", "earth"]).names
        ('mars', 'earth')
        """
        rows = list(dict.fromkeys(self.index(name) for name in names))
        return Table(
            tuple(self.names[row] for row in rows),
            {
                part: {element: values[rows] for element, values in columns.items()}
                for part, columns in self.orbits.items()
            },
            {quantity: values[rows] for quantity, values in self.errors.items()},
        )


@cache
def load() -> Table:
    """Read the table of the eight planets.

    Returns
    -------
    Table
        "earth" is the Earth-Moon barycentre, at most 5000 km from the Earth's centre.

    Examples
    --------
    >>> load().names
    ('mercury', 'venus', 'earth', 'mars', 'jupiter', 'saturn', 'uranus', 'neptune')
    """
    text = files(__package__).joinpath("elements.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))

    def column(name: str) -> NDArray[np.float64]:
        return np.array([float(row[name]) for row in rows])

    return Table(
        tuple(row["planet"] for row in rows),
        {
            "elements": {element: column(element) for element in ELEMENTS},
            "rates": {element: column(f"{element}_rate") for element in ELEMENTS},
        },
        {
            "longitude": column("longitude_error"),
            "latitude": column("latitude_error"),
            "distance": column("distance_error") * 1000,
        },
    )
