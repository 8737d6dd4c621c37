"""Arrays that are assigned to themselves: what NumPy reads there.

Where an array of several axes is written, or one in the other direction than it is read, NumPy copies what it reads
first. Else it copies one element after another, so ``q[1] = q[:, 2]`` reads an element that it has just written. The
data of a batch has more axes than the example, so there NumPy always copies: the elements that it reads in the loop
are found by letting it assign numbers that lie in memory as one example does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, TABLE, Data, LaneArray, live
from ..facts import RUN, NoLaneForm, is_argument, owner_of
from ..views import Row
from .common import rank

UNKNOWN: Any = object()
"""An order of elements that is up to the loop."""


def in_order(x: LaneArray, index: Any, value: Any) -> Any:
    """The value of ``x[index] = value`` as NumPy reads it in the loop."""
    if not may_share(x, value):
        return value
    now = live(value)
    order = reads(live(x), index, now)
    if order is None:
        return value
    if order is UNKNOWN:
        raise NoLaneForm("an array is assigned to itself, one element after another,")
    return LaneArray(now.data.reshape(*now.lanes.shape, -1)[..., order], now.lanes, ARRAY)


def crosses(x: Any, index: Any, value: Any) -> bool:
    """Whether NumPy may read elements in ``x[index] = value`` that it has just written."""
    return type(x) is LaneArray and may_share(x, value) and reads(x, index, value) is not None


TABLE["crosses"] = crosses


def may_share(x: LaneArray, value: Any) -> bool:
    """Whether a value is an array that may share memory with another one."""
    if type(value) is not LaneArray or value.kind != ARRAY or value.data.ndim == value.lanes.ndim:
        return False
    row = _row_of(value)
    data = value.data if row is None else row.data
    return data is not None and np.may_share_memory(x.data, data)


def reads(x: LaneArray, index: Any, value: LaneArray) -> Any:
    """Which elements of a value NumPy puts into an array that it is a view of; None if it is each in its turn."""
    items = index if type(index) is tuple else (index,)
    if len(items) == 1 and getattr(items[0], "dtype", None) == np.bool and rank(items[0]) == rank(x):
        return UNKNOWN if value.size > 1 else None
    row = _row_of(value)
    place, exact = _place(x, items)
    if place is None or place.ndim != x.lanes.ndim + 1 or not _carries(place, value.data, row):
        return None
    if row is not None or not exact or value.lanes is not x.lanes or not _laid_out(x):
        return UNKNOWN
    if not x.data.size:
        return None
    first = (0,) * x.lanes.ndim
    return _order(place[first], value.data[first].reshape(-1))


def _row_of(value: LaneArray) -> Row | None:
    """What is known of a value that was gathered, and is a view in the loop."""
    run = RUN.get()
    return None if run is None or run.views is None else run.views.rows.get(id(owner_of(value.data)))


def _place(x: LaneArray, items: tuple[Any, ...]) -> tuple[Data | None, bool]:
    """A view of what is written, if the index is basic, and whether that is it, or one in another place."""
    plain: list[Any] = []
    for item in items:
        if type(item) is LaneArray and item.kind != ARRAY and item.data.dtype.kind in "iu":
            plain.append(0)
        elif item is None or item is Ellipsis or type(item) in (int, slice) or isinstance(item, np.integer):
            plain.append(item)
        else:
            return None, False
    dots = () if Ellipsis in plain else (...,)
    try:
        return x.data[(*x.lanes.whole, *plain, *dots)], plain == list(items)
    except (IndexError, TypeError):
        return None, False  # the assignment says why


def _carries(place: Data, value: Data, row: Row | None) -> bool:
    """Whether NumPy copies one element after another, by different steps in one direction."""
    if place.shape[-1] < 2 or value.shape[-1] < 2:
        return False
    step = value.strides[-1]
    if row is not None:
        copy = owner_of(value)
        assert row.data is not None
        whole = row.data[tuple([0 if isinstance(item, np.ndarray) else item for item in row.items])]
        if whole.ndim != 1:
            return True  # a view of several axes: which of them is seen is not known
        step = step // copy.strides[-1] * whole.strides[-1]
    return place.strides[-1] != step and place.strides[-1] * step > 0


def _laid_out(x: LaneArray) -> bool:
    """Whether one example lies in memory as in the loop."""
    return is_argument(x.data) or owner_of(x.data).ndim - x.lanes.ndim == 1


def _order(target: Data, value: Data) -> Any:
    """Which elements of a value NumPy puts into an array, both of one axis; None if it is each in its turn."""
    if not np.shares_memory(target, value):
        return None
    size = value.dtype.itemsize
    low = min(np.lib.array_utils.byte_bounds(x)[0] for x in (target, value))
    high = max(np.lib.array_utils.byte_bounds(x)[1] for x in (target, value))
    starts = [x.__array_interface__["data"][0] - low for x in (target, value)]
    if target.dtype != value.dtype or any(n % size for n in (*starts, *target.strides, *value.strides)):
        return UNKNOWN
    memory = np.arange((high - low) // size)
    ours, its = [
        np.ndarray(x.shape, memory.dtype, memory, start // size * 8, (x.strides[0] // size * 8,))
        for x, start in zip((target, value), starts, strict=True)
    ]
    places = its.copy()
    ours[...] = its
    order = (ours - places[0]) // (places[1] - places[0])
    return None if np.array_equal(order, np.arange(order.size)) else order
