"""Sorting, searching, and what else works along one axis of the example."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray, method, row, wrap
from ..lanes import spread
from .common import as_lanes, bind, data_axis, flat, full, lane, plain_only
from .writing import write_data


@row(np.sort, np.argsort, np.partition, np.argpartition)
def sort(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Sorting along an axis; None sorts the flattened example."""
    call = bind(func, args, kwargs)
    x = lane(call.pop("a"))
    plain_only(func, kth=call.get("kth"))
    axis = call.pop("axis", -1)
    if axis is None:
        return LaneArray(func(flat(x), axis=-1, **call), x.lanes, ARRAY)
    return LaneArray(func(x.data, axis=data_axis(axis, x.data.ndim - x.lanes.ndim), **call), x.lanes, ARRAY)


@method("sort")
def _sort_in_place(x: LaneArray, axis: int = -1, kind: Any = None, order: Any = None, **kwargs: Any) -> None:
    write_data(x, x.lanes)
    x.data.sort(axis=data_axis(axis, x.data.ndim - x.lanes.ndim), kind=kind, order=order, **kwargs)


@method("partition")
def _partition_in_place(x: LaneArray, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
    plain_only(np.partition, kth=kth)
    write_data(x, x.lanes)
    x.data.partition(kth, axis=data_axis(axis, x.data.ndim - x.lanes.ndim), kind=kind, order=order)


@method("fill")
def _fill(x: LaneArray, value: Any) -> None:
    x[...] = value


@row(np.lexsort)
def lexsort(func: Any, keys: Any, axis: int = -1) -> Any:
    """``np.lexsort``: the last key is the first to sort by."""
    items = [lane(key) for key in (keys if isinstance(keys, (tuple, list)) else list(keys))]
    lanes = items[0].lanes
    for key in items[1:]:
        lanes = lanes.union(key.lanes)
    ndim = items[0].data.ndim - items[0].lanes.ndim
    return LaneArray(np.lexsort([full(key, lanes) for key in items], axis=data_axis(axis, ndim)), lanes, ARRAY)


@row(np.searchsorted)
def searchsorted(func: Any, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """``np.searchsorted``: one call where the sorted array is shared, bisection in lockstep where it is not."""
    a, v = as_lanes(a), as_lanes(v)
    if type(a) is not LaneArray and sorter is None:
        return wrap(np.asarray(func(a, v.data, side)), v.lanes)
    if sorter is not None:
        a = np.take(lane(a), sorter)
    a, v = lane(a), lane(v)
    lanes = a.lanes.union(v.lanes)
    dtype = np.result_type(a.data, v.data)
    table = full(LaneArray(a.data.astype(dtype), a.lanes, ARRAY), lanes)
    ndim = v.data.ndim - v.lanes.ndim
    values = np.broadcast_to(spread(v.data.astype(dtype), v.lanes, lanes, ndim), lanes.shape + v.data.shape[v.lanes.ndim :])
    found = _bisect(table, values.reshape(*lanes.shape, -1) if values.size else values.reshape(*lanes.shape, 0), side)
    return wrap(found.reshape(values.shape), lanes)


def _bisect(table: Any, values: Any, side: str) -> Any:
    """Where each value belongs in its lane's sorted row; NaN sorts last, as in NumPy."""
    low = np.zeros(values.shape, np.intp)
    high = np.full(values.shape, table.shape[-1], np.intp)
    for _ in range(int(table.shape[-1]).bit_length()):
        middle = (low + high) // 2
        probe = np.take_along_axis(table, np.minimum(middle, table.shape[-1] - 1), axis=-1)
        right = _before(probe, values) if side == "left" else ~_before(values, probe)
        right &= low < high
        low = np.where(right, middle + 1, low)
        high = np.where(right, high, np.where(low < high, middle, high))
    return low


def _before(x: Any, y: Any) -> Any:
    if x.dtype.kind in "fc":
        return (x < y) | (np.isnan(y) & ~np.isnan(x))
    return x < y


@row(np.interp)
def interp(func: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """``np.interp`` in shared points."""
    plain_only(func, xp=xp, fp=fp, left=left, right=right, period=period)
    x = lane(x)
    return wrap(np.asarray(func(x.data, xp, fp, left, right, period)), x.lanes)


@row(np.diff)
def diff(func: Any, a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:  # type: ignore[attr-defined]
    """``np.diff``."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    if ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    if prepend is not np._NoValue or append is not np._NoValue:  # type: ignore[attr-defined]
        from .composite import implementation

        return implementation(func)(x, n, axis, prepend, append)
    return LaneArray(np.diff(x.data, n, data_axis(axis, ndim)), x.lanes, ARRAY)
