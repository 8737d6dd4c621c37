"""Distances between planets, and when they are smallest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lanewise import vmap

from .dates import LAST_DAY, julian_date
from .elements import Orbit, Table
from .orbit import heliocentric

__all__ = ["AU_KM", "Approach", "distance", "distances", "next_approach", "separation"]

AU_KM: Final = 149_597_870.7
"""Kilometres in an astronomical unit (IAU 2012 Resolution B2; exact)."""

_MINUTE: Final = 1 / 1440


@dataclass(frozen=True)
class Approach:
    """When two planets are nearest to each other, and how near.

    Attributes
    ----------
    date : float
        Julian date.
    au : float
        The distance between them.
    """

    date: float
    au: float

    @property
    def km(self) -> float:
        """The distance in kilometres."""
        return self.au * AU_KM


def distance(here: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """Return the distance between two points of shape (3,).

    Parameters
    ----------
    here, there : ndarray of float64, shape (3,)
        The points, in one unit.

    Returns
    -------
    float
        In that unit.

    Examples
    --------
    >>> print(distance(np.zeros(3), np.array([1.0, 2.0, 2.0])))
    3.0
    """
    apart = there - here
    length: float = np.sqrt(np.sum(apart * apart))
    return length


def separation(one: Orbit, other: Orbit, date: float) -> float:
    """Return the distance in au between two planets on one (Julian) date.

    Parameters
    ----------
    one, other : dict of dict of float
        The planets, as `heliocentric` takes them.
    date : float
        The Julian date.

    Returns
    -------
    float
        In au.

    Examples
    --------
    >>> from lanewise.planets import load
    >>> print(round(separation(load().orbit("earth"), load().orbit("mars"), 2458331.5), 3))
    0.385
    """
    return distance(heliocentric(one, date), heliocentric(other, date))


distances = vmap(distance, in_axes=(None, 0))
"""`distance` from one point to many: shapes (3,) and (planets, 3) to (planets,)."""

separations = vmap(separation, in_axes=(None, None, 0))
"""`separation` of two planets on many dates: an array of shape (days,)."""


def next_approach(table: Table, names: tuple[str, str], date: float) -> Approach | None:
    """Find the first close approach (a least distance, as at an opposition) of two planets from a date on.

    Parameters
    ----------
    table : Table
        The elements.
    names : tuple of two str
        The planets.
    date : float
        The Julian date to start from.

    Returns
    -------
    Approach or None
        To the minute, far finer than the elements' nominal errors; None if their validity ends before it.

    Examples
    --------
    >>> from datetime import date
    >>> from lanewise.planets import calendar_time, julian_date, load
    >>> coming = next_approach(load(), ("earth", "mars"), julian_date(date(2018, 1, 1)))
    >>> print(calendar_time(coming.date).date(), round(coming.au, 3))
    2018-07-31 0.385
    """
    one, other = (table.orbit(name) for name in names)
    # Two planets are nearest once in a synodic period, their beat; half of one more leaves a margin.
    turns_a_day = abs(one["rates"]["L"] - other["rates"]["L"]) / 360 / 36525
    until = min(date + 1.5 / turns_a_day, julian_date(LAST_DAY))
    dates = np.arange(date - 1, until + 1)
    daily = separations(one, other, dates)
    for day in np.flatnonzero((daily[1:-1] < daily[:-2]) & (daily[1:-1] <= daily[2:])) + 1:
        approach = _refine(one, other, dates[day - 1], dates[day + 1])
        if approach.date >= date:
            return approach
    return None


def _refine(one: Orbit, other: Orbit, first: float, last: float) -> Approach:
    """Search the time from one date to another, both included, to the minute."""
    minutes = first + np.arange(round((last - first) / _MINUTE) + 1) * _MINUTE
    apart = separations(one, other, minutes)
    best = np.argmin(apart)
    return Approach(float(minutes[best]), float(apart[best]))
