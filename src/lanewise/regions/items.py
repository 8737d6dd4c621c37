"""Single elements of an array from before a region: read and written where they are.

To index an array the lanes at work would take a copy of all that they have of it. For one element of each lane it is
enough to know where the lanes at work lie among those of the array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, LaneArray, live
from ..facts import Run, note_write
from ..lanes import LaneAxis, Lanes


def read(run: Run, x: Any, index: Any) -> LaneArray | None:
    """An element of each lane at work; None where the index is not that simple."""
    found = _places(run, x, index)
    if found is None:
        return None
    places, lanes = found
    return LaneArray(x.data[places], lanes, SCALAR)


def write(run: Run, x: Any, index: Any, value: Any) -> bool:
    """Write an element of each lane at work; False where it is not that simple."""
    if type(x) is not LaneArray or not x.data.flags.writeable or run.views is not None or run.lent:
        return False
    found = _places(run, x, index)
    if found is None or found[1].axes != run.refinements:  # the array would have to vary over more lanes
        return False
    places, lanes = found
    data = _held(value, x.data.dtype, lanes)
    if data is None:
        return False
    note_write(x.lanes, x.data)
    x.data[places] = data
    return True


def _places(run: Run, x: Any, index: Any) -> tuple[tuple[Any, ...], Lanes] | None:
    """Where the elements are in the data of an array, and the lanes that have them."""
    if type(x) is not LaneArray or x.kind != ARRAY or x.lanes.ndim != 1 or x.lanes.heir is not None:
        return None
    items = index if type(index) is tuple else (index,)
    if len(items) != x.data.ndim - 1 or x.data.dtype.kind not in "biufc":
        return None
    here = live(_numbers(x.lanes.axes[0]))
    if here.lanes.ndim != 1:
        return None
    places: list[Any] = [here.data]
    for item, size in zip(items, x.data.shape[1:], strict=True):
        if type(item) is LaneArray:
            item = live(item)
            if item.kind == ARRAY or item.data.dtype.kind not in "iu":
                return None
            if item.lanes is not here.lanes and item.lanes.axes:
                return None
            low, high = (int(item.data.min()), int(item.data.max())) if item.data.size else (0, -1)
            places.append(item.data)
        elif type(item) is int:
            low = high = item
            places.append(item)
        else:
            return None
        if low < -size or high >= size:
            return None  # an IndexError, for some
    return tuple(places), here.lanes


def _numbers(axis: LaneAxis) -> LaneArray:
    """The lanes of an axis, numbered; kept, as lanes that part ask for them again and again."""
    if axis.numbers is None:
        axis.numbers = LaneArray(np.arange(axis.size), axis.lanes, SCALAR)
    found: LaneArray = axis.numbers
    return found


def _held(value: Any, dtype: Any, lanes: Lanes) -> Any:
    """The data of a scalar that an array of this dtype can hold as it is; else None."""
    if type(value) is LaneArray:
        value = live(value)
        if value.kind == ARRAY or (value.lanes is not lanes and value.lanes.axes):
            return None
        kind = value.data.dtype
        same = kind == dtype or (np.can_cast(kind, dtype) and dtype.kind != "b")
        return value.data if same or (value.kind == PYTHON and kind.kind == dtype.kind == "f") else None
    if type(value) in (float, int, bool) and dtype.kind in "fc":
        return value
    return value if type(value) is int and dtype == np.int64 and -(2**63) <= value < 2**63 else None
