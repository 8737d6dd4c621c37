"""`bisect` in a sorted table that all lanes share: one search for all of them."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, LaneArray, apply, is_single, live
from ..facts import recorder
from ..lanes import NOWHERE

_EXACT = 2**53  # whole numbers up to here are exact as floats


def searched(function: Any, side: str) -> Callable[..., Any]:
    """The form of a function of `bisect`; what it does not cover, the function asks facts about."""

    def call(items: Any, x: Any, *bounds: Any, **options: Any) -> Any:
        table = None if bounds or options or type(x) is not LaneArray else table_of(items)
        if table is None or not is_single(x) or x.data.dtype.kind not in "biuf":
            return function(items, x, *bounds, **options)
        odd = x != x if x.data.dtype.kind == "f" else abs(x) > _EXACT
        if (tracer := recorder()) is not None:
            tracer.fail_where(tracer.truth(odd))
        elif live(odd).data.any():
            return function(items, x)
        return _python(apply(np.searchsorted, LaneArray(table, NOWHERE, ARRAY), x, side))

    return call


def table_of(items: Any) -> Any:
    """A sequence of numbers in order as an array; None if it is another."""
    if not isinstance(items, (list, tuple, np.ndarray)) or any(isinstance(x, LaneArray) for x in items):
        return None
    table = np.asarray(items)
    if table.ndim != 1 or table.dtype.kind not in "biuf" or not (table[1:] >= table[:-1]).all():
        return None
    if table.dtype.kind == "f":
        return None if np.isnan(table).any() else table
    return table if not table.size or np.abs(table).max() <= _EXACT else None


def _python(x: Any) -> LaneArray:
    """A whole number as Python's."""
    if (tracer := recorder()) is not None:
        return tracer.converted(x, np.dtype(np.int64), PYTHON)  # type: ignore[no-any-return]
    return LaneArray(x.data.astype(np.int64), x.lanes, PYTHON)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    function: searched(function, side)
    for function, side in ((bisect.bisect_left, "left"), (bisect.bisect_right, "right"))
}
"""Of `bisect`, with their forms."""
