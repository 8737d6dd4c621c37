"""The same positions by lanewise, by a Python loop and by `numpy.vectorize`: how long each takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .elements import Table
from .orbit import all_planets, heliocentric

__all__ = ["Comparison", "Timing", "by_loop", "by_vectorize", "compare"]

SAMPLE: Final = 2000
REPEATS: Final = 3

Positions = NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """How long one way took.

    Attributes
    ----------
    name : str
        The way.
    positions : int
        How many positions it computed.
    seconds : float
        The time that they took, the best of three runs.
    """

    name: str
    positions: int
    seconds: float

    @property
    def microseconds(self) -> float:
        """Microseconds per position."""
        return 1e6 * self.seconds / self.positions


@dataclass(frozen=True)
class Comparison:
    """The timings, lanewise first, and the largest difference of its positions from the loop's, in au."""

    timings: tuple[Timing, ...]
    difference: float


def by_loop(table: Table, dates: NDArray[np.float64]) -> Positions:
    """Call `heliocentric` once for each planet and date; the result is that of `all_planets`."""
    orbits = [table.orbit(name) for name in table.names]
    return np.array([[heliocentric(orbit, date) for date in dates] for orbit in orbits])


def by_vectorize(table: Table, dates: NDArray[np.float64]) -> Positions:
    """Do the same with `numpy.vectorize`, which takes no dicts: a planet goes in as its number."""
    orbits = [table.orbit(name) for name in table.names]

    def numbered(planet: int, date: float) -> Positions:
        return heliocentric(orbits[planet], date)

    result: Positions = np.vectorize(numbered, signature="(),()->(3)")(np.arange(len(orbits))[:, None], dates)
    return result


def compare(table: Table, dates: NDArray[np.float64], sample: int = SAMPLE) -> Comparison:
    """Time the three ways.

    Parameters
    ----------
    table : Table
        The planets.
    dates : ndarray of float64, shape (days,)
        Julian dates, all of which lanewise computes.
    sample : int
        About how many positions the two Python loops compute, on dates spread over all.

    Returns
    -------
    Comparison
        Measured, here and now.

    Examples
    --------
    >>> from lanewise.planets import load
    >>> [way.positions for way in compare(load(), np.arange(2451545.0, 2451645.0), sample=80).timings]
    [800, 80, 80]
    """
    every = -(-len(table.names) * len(dates) // sample)  # rounded up
    some = dates[::every]
    lanes, all_of_them = _best_of(REPEATS, lambda: all_planets(table.orbits, dates))
    loop, one_by_one = _best_of(REPEATS, lambda: by_loop(table, some))
    vectorize, _ = _best_of(REPEATS, lambda: by_vectorize(table, some))
    few = len(table.names) * len(some)
    return Comparison(
        (
            Timing("lanewise.vmap", len(table.names) * len(dates), lanes),
            Timing("Python loop", few, loop),
            Timing("np.vectorize", few, vectorize),
        ),
        float(np.abs(all_of_them[:, ::every] - one_by_one).max()),
    )


def _best_of(repeats: int, run: Callable[[], Positions]) -> tuple[float, Positions]:
    """Return the shortest time of some runs, in seconds, and the result of the last."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        result = run()
        times.append(perf_counter() - start)
    return min(times), result
