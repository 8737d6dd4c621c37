"""Business days, and dates as text: elementwise on dates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import LaneArray, row, wrap
from .common import as_lanes, plain_only, spread_all
from .writing import stored

_NAMES: dict[Any, tuple[str, ...]] = {
    np.is_busday: ("dates", "weekmask", "holidays", "busdaycal", "out"),
    np.busday_count: ("begindates", "enddates", "weekmask", "holidays", "busdaycal", "out"),
    np.busday_offset: ("dates", "offsets", "roll", "weekmask", "holidays", "busdaycal", "out"),
    np.datetime_as_string: ("arr", "unit", "timezone", "casting"),
}
_OPERANDS = {"dates", "begindates", "enddates", "offsets", "arr"}


@row(*_NAMES)
def calendar(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of dates, element by element; weekends and holidays are the same in every lane."""
    call = dict(zip(_NAMES[func], args, strict=False)) | kwargs
    if len(call) != len(args) + len(kwargs) or not set(call) <= {*_NAMES[func]}:
        func()  # NumPy's own complaint
    out = call.pop("out", None)
    rest = {name: value for name, value in call.items() if name not in _OPERANDS}
    plain_only(func, **rest)
    operands = [_dates(call[name]) for name in _NAMES[func] if name in _OPERANDS and name in call]
    datas, lanes = spread_all(operands)
    return stored(wrap(np.asarray(func(*datas, **rest)), lanes), out)


def _dates(x: Any) -> Any:
    """Dates as an array: from text, too, and from Python's own dates."""
    x = as_lanes(x)
    if type(x) is LaneArray or not hasattr(x, "dtype") or x.dtype.kind not in "OSU":
        return x
    return x.astype("M8[D]")
