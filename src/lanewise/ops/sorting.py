"""Sorting, searching, and what else works along one axis of the example."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, LaneArray, live, row, wrap
from ..facts import NoLaneForm
from ..lanes import spread
from ..methods import method
from .common import as_lanes, bind, data_axis, flat, full, lane, npl, plain_only
from .writing import write


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
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    write(x, x.lanes, lambda memory: memory.sort(axis=at, kind=kind, order=order, **kwargs))


@method("partition")
def _partition_in_place(x: LaneArray, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
    plain_only(np.partition, kth=kth)
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    write(x, x.lanes, lambda memory: memory.partition(kth, axis=at, kind=kind, order=order))


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
    if type(side) is not str or side not in ("left", "right"):
        npl.searchsorted([0], 0, side)  # NumPy's own complaint, or an abbreviation that it takes
        side = "left" if side[0] in "lL" else "right"
    if type(a) is not LaneArray and sorter is None:
        return wrap(np.asarray(func(a, v.data, side)), v.lanes)
    if sorter is not None:
        a = np.take(lane(a), sorter)
    a, v = lane(a), lane(v)
    lanes = a.lanes.union(v.lanes)
    dtype = np.result_type(a.data, v.data)
    table = full(LaneArray(a.data.astype(dtype), a.lanes, ARRAY), lanes)
    ndim = v.data.ndim - v.lanes.ndim
    values = np.broadcast_to(
        spread(v.data.astype(dtype), v.lanes, lanes, ndim), lanes.shape + v.data.shape[v.lanes.ndim :]
    )
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


@row(np.digitize)
def digitize(func: Any, x: Any, bins: Any, right: bool = False) -> Any:
    """``np.digitize``: whether the bins rise or fall is a fact."""
    x, edges = lane(x), lane(bins)
    if edges.ndim != 1:
        raise ValueError("object of too small depth for desired array")
    if x.data.dtype.kind == "c":
        raise TypeError("x may not be complex")
    steps = npl.diff(edges.data, axis=-1)
    rises, falls = (steps >= 0).all(axis=-1), (steps <= 0).all(axis=-1)
    if not (rises | falls).all():
        raise ValueError("bins must be monotonically increasing or decreasing")
    falling = (
        facts.agree(edges.lanes, np.asarray(~rises), "whether bins fall") if edges.lanes.axes and rises.size else ~rises
    )
    x, edges = live(x), live(edges)
    if np.any(falling):
        return edges.shape[0] - npl.searchsorted(edges[::-1], x, "left" if right else "right")
    return npl.searchsorted(edges, x, "left" if right else "right")


@row(np.interp)
def interp(func: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """``np.interp``: one call where the points are shared, and the same arithmetic where they are not."""
    x = lane(x)
    if not any(type(as_lanes(y)) is LaneArray for y in (xp, fp, left, right, period)):
        return wrap(np.asarray(func(x.data, xp, fp, left, right, period)), x.lanes)
    places, heights = lane(xp), lane(fp)
    if period is not None or heights.data.dtype.kind == "c":
        raise NoLaneForm("np.interp of this kind, in points that differ between lanes, has no batched form")
    if places.ndim != 1 or places.shape[0] != heights.shape[0]:
        raise ValueError("fp and xp are not of the same length.")
    if places.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    places, heights, x = (y.astype(float) for y in (places, heights, x))
    last = places.shape[0] - 1
    low = npl.clip(npl.searchsorted(places, x, "right") - 1, 0, max(last - 1, 0))
    high = npl.minimum(low + 1, last)
    x0, x1, y0, y1 = npl.take(places, low), npl.take(places, high), npl.take(heights, low), npl.take(heights, high)
    found = npl.where(x == x0, y0, (y1 - y0) / (x1 - x0) * (x - x0) + y0)
    found = npl.where(x < places[0], heights[0] if left is None else left, found)
    found = npl.where(x > places[-1], heights[-1] if right is None else right, found)
    found = npl.where(x == places[-1], heights[-1], found)
    found = npl.where(npl.isnan(x), x, found)
    return wrap(found.data, found.lanes)


@row(np.diff)
def diff(func: Any, a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    """``np.diff``."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    if ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    if prepend is not np._NoValue or append is not np._NoValue:
        from .composite import implementation

        return implementation(func)(x, n, axis, prepend, append)
    return LaneArray(np.diff(x.data, n, data_axis(axis, ndim)), x.lanes, ARRAY)
