"""Calendar days and Julian dates.

A Julian date counts days from noon, so that a calendar day's midnight ends in ``.5``. Positions are
for midnight (00:00) of barycentric dynamical time, which runs about a minute ahead of the civil clock; in a
minute, no planet moves by as much as the elements' nominal errors.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRST_DAY", "J2000", "LAST_DAY", "calendar_time", "julian_date", "julian_dates"]

J2000: Final = 2451545.0
"""The epoch of the elements: 2000-01-01, noon."""

FIRST_DAY: Final = date(1800, 1, 1)
LAST_DAY: Final = date(2050, 12, 31)
"""The elements are a best fit to these years, and not valid outside them."""

_ORDINAL_ZERO: Final = 1721424.5  # the Julian date of day 0 of Python's calendar


def julian_date(day: date) -> float:
    """Return the Julian date of a calendar day's midnight.

    Parameters
    ----------
    day : datetime.date
        The day.

    Returns
    -------
    float
        In days.

    Examples
    --------
    >>> julian_date(date(2000, 1, 1))
    2451544.5
    """
    return day.toordinal() + _ORDINAL_ZERO


def julian_dates(first: date, last: date, step: int = 1) -> NDArray[np.float64]:
    """Return the Julian dates from one day to another, both included, every `step` days.

    Parameters
    ----------
    first, last : datetime.date
        The range; empty if `last` is before `first`.
    step : int
        The days from one date to the next.

    Returns
    -------
    ndarray of float64, shape (days,)

    Examples
    --------
    >>> julian_dates(date(1850, 1, 1), date(2050, 12, 31)).shape
    (73414,)
    """
    return np.arange(first.toordinal(), last.toordinal() + 1, step, dtype=np.float64) + _ORDINAL_ZERO


def calendar_time(julian: float) -> datetime:
    """Return the calendar date and time of a Julian date, to the second.

    Parameters
    ----------
    julian : float
        A Julian date, in days.

    Returns
    -------
    datetime.datetime
        Without a time zone: barycentric dynamical time.

    Examples
    --------
    >>> print(calendar_time(2451545.0))
    2000-01-01 12:00:00
    """
    moment = datetime(2000, 1, 1, 12) + timedelta(days=julian - J2000)
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
