"""Where one planet is on one day, as plain Python, and its two maps over all planets and all days.

The method is that of E. M. Standish and J. G. Williams, "Approximate Positions of the Planets"
(Jet Propulsion Laboratory, https://ssd.jpl.nasa.gov/planets/approx_pos.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lanewise import vmap

from .dates import J2000
from .elements import Orbit

__all__ = ["all_planets", "elements_on", "heliocentric", "kepler", "mean_anomaly", "on_orbit", "one_planet"]

TOLERANCE: Final = 1e-8
"""Newton's steps square the error: after one shorter than this, what is left is below rounding."""


def kepler(M: float, e: float) -> float:
    """Solve Kepler's equation, ``M = E - e sin E``, by Newton's method.

    Parameters
    ----------
    M : float
        The mean anomaly, in radians.
    e : float
        The eccentricity, 0 <= e < 1.

    Returns
    -------
    float
        The eccentric anomaly E, in radians.

    Examples
    --------
    >>> E = kepler(1.0, 0.2)
    >>> round(float(E - 0.2 * np.sin(E)), 12)
    1.0
    """
    E: float = M + e * np.sin(M)
    step = 1.0
    while abs(step) > TOLERANCE:
        step = (M - E + e * np.sin(E)) / (1 - e * np.cos(E))
        E = E + step
    return E


def heliocentric(orbit: Orbit, date: float) -> NDArray[np.float64]:
    """Return the position of one planet on one date.

    Parameters
    ----------
    orbit : dict of dict of float
        The planet's elements at J2000.0 and their rates per century, ``{"elements": {"a": ..., "e": ...,
        "I": ..., "L": ..., "varpi": ..., "node": ...}, "rates": {...}}``, in au and degrees.
    date : float
        The Julian date.

    Returns
    -------
    ndarray of float64, shape (3,)
        x, y and z in au, from the Sun, in the ecliptic of J2000 (x to the vernal equinox, z to the north).

    Examples
    --------
    >>> from lanewise.planets import load
    >>> position = heliocentric(load().orbit("earth"), 2460312.5)  # 2024-01-03, its perihelion
    >>> print(np.round(np.linalg.norm(position), 4))
    0.9833
    """
    now = elements_on(orbit, date)
    return on_orbit(now, kepler(mean_anomaly(now), now["e"]))


def elements_on(orbit: Orbit, date: float) -> dict[str, float]:
    """Return one planet's elements on one date (Julian): they drift, slowly, by their rates per century."""
    elements, rates = orbit["elements"], orbit["rates"]
    centuries = (date - J2000) / 36525
    return {name: elements[name] + centuries * rates[name] for name in elements}


def mean_anomaly(elements: Mapping[str, float]) -> float:
    """Return the angle from the perihelion at a steady pace, in radians, from -pi to pi."""
    degrees = elements["L"] - elements["varpi"]
    radians: float = np.radians((degrees + 180) % 360 - 180)
    return radians


def on_orbit(elements: Mapping[str, float], E: float) -> NDArray[np.float64]:
    """Return the point at the eccentric anomaly `E` (radians), in the frame of `heliocentric`, shape (3,)."""
    a, e = elements["a"], elements["e"]
    x, y = a * (np.cos(E) - e), a * np.sqrt(1 - e * e) * np.sin(E)  # in its plane, x to the perihelion
    x, y = _turn(x, y, elements["varpi"] - elements["node"])  # x to the ascending node
    y, z = _turn(y, 0.0, elements["I"])  # out of the ecliptic
    x, y = _turn(x, y, elements["node"])  # x to the vernal equinox
    return np.stack([x, y, z])


def _turn(u: float, v: float, degrees: float) -> tuple[float, float]:
    """Turn the point (u, v) about the origin."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return c * u - s * v, s * u + c * v


one_planet = vmap(heliocentric, in_axes=(None, 0))
all_planets = vmap(one_planet, in_axes=({"elements": 0, "rates": 0}, None))
"""`heliocentric` of (planets,) orbits on (days,) dates: an array of shape (planets, days, 3)."""
