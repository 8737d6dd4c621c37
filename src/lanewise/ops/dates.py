"""Business days, and dates as text: elementwise on dates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import LaneArray, row, wrap
from .common import as_lanes, bind, plain_only, spread_all
from .elementwise import stored

_OPERANDS = {"dates", "begindates", "enddates", "offsets", "arr"}


@row(np.is_busday, np.busday_count, np.busday_offset, np.datetime_as_string)
def calendar(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of dates, element by element; weekends and holidays are the same in every lane."""
    call = bind(func, args, kwargs)
    out = call.pop("out", None)
    rest = {name: value for name, value in call.items() if name not in _OPERANDS}
    plain_only(func, **rest)
    operands = [_dates(value) for name, value in call.items() if name in _OPERANDS]
    datas, lanes = spread_all(operands)
    return stored(wrap(np.asarray(func(*datas, **rest)), lanes), out)


def _dates(x: Any) -> Any:
    """Dates as an array: from text, too, and from Python's own dates."""
    x = as_lanes(x)
    if type(x) is LaneArray or not hasattr(x, "dtype") or x.dtype.kind not in "OSU":
        return x
    return x.astype("M8[D]")
