"""The planets: positions of the eight planets on every day of two centuries, by one plain function.

`heliocentric` places one planet on one date. `all_planets` is that function under two maps, over planets and
over dates. ``python -m lanewise`` prints what they give.

Examples
--------
>>> from datetime import date
>>> positions = all_planets(load().orbits, julian_dates(date(2024, 1, 1), date(2024, 12, 31)))
>>> positions.shape  # planets, days, (x, y, z)
(8, 366, 3)
"""

from .dates import FIRST_DAY, J2000, LAST_DAY, calendar_time, julian_date, julian_dates
from .elements import Orbit, Table, load
from .events import Approach, distance, next_approach, separation
from .orbit import all_planets, heliocentric, kepler, one_planet

__all__ = [
    "FIRST_DAY",
    "J2000",
    "LAST_DAY",
    "Approach",
    "Orbit",
    "Table",
    "all_planets",
    "calendar_time",
    "distance",
    "heliocentric",
    "julian_date",
    "julian_dates",
    "kepler",
    "load",
    "next_approach",
    "one_planet",
    "separation",
]
