"""Reductions: functions that fold axes of the example, with all their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..array import ARRAY, SCALAR, LaneArray, row, wrap
from ..facts import NoLaneForm
from ..lanes import spread
from .common import as_lanes, bind, data_axes, data_axes_of, data_axis, flat, lane, npl, plain_only
from .composite import composite
from .elementwise import contiguous, from_initial, with_where
from .writing import overlap, room, stored


def _no_value(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if value is not np._NoValue}


@row(
    np.sum, np.prod, np.max, np.amax, np.min, np.amin, np.any, np.all, np.mean, np.std, np.var, np.ptp,
    np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanstd, np.nanvar,
    np.count_nonzero,
)  # fmt: skip
def fold(func: Any, a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
    """A reduction over some axes of the example (by default, all of them)."""
    if not args and not kwargs and type(a) is LaneArray and (axis is None or type(axis) is int):
        ndim = a.data.ndim - a.lanes.ndim
        if ndim:  # the common case, without NumPy's own detours
            data = a.data if func in _ORDERLESS else contiguous(np.add, a)
            return wrap(_DIRECT.get(func, func)(data, axis=data_axes_of(axis, ndim)), a.lanes)
    call = _no_value(bind(func, (a, axis, *args), kwargs))
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    if any(type(value) is LaneArray or isinstance(value, (list, tuple)) for value in call.values()):
        plain_only(func, ddof=call.get("ddof"), correction=call.get("correction"))
        if type(call.get("initial")) is LaneArray:
            return _from_initial(func, x, axis, call, out)
        if type(call.get("mean")) is LaneArray:
            mean = call["mean"]
            call["mean"] = spread(mean.data, mean.lanes, x.lanes.union(mean.lanes), x.data.ndim - x.lanes.ndim)
    x = with_where(x, call)
    ndim = x.data.ndim - x.lanes.ndim
    data = x.data if func in _ORDERLESS else contiguous(np.add, x)
    if ndim == 0 and axis in (0, -1) and func in _TAKE_SCALARS:
        axis = None
    if out is not None:
        call.update(room(out, x.lanes))
        if func is np.ptp and overlap(x, lane(out)):
            raise NoLaneForm("np.ptp into its own operand")  # NumPy reads what it has written
    return stored(wrap(func(data, axis=data_axes(axis, ndim), **call), x.lanes), out)


def _from_initial(func: Any, x: LaneArray, axis: Any, call: dict[str, Any], out: Any) -> Any:
    """A fold that starts from a value of each lane."""
    ufunc = {np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum}.get(func)
    if ufunc is None or (call.get("where", True) is not True and ufunc.identity is None):
        raise NoLaneForm(f"{func.__name__} with initial that differs between lanes has no batched form")
    initial = call.pop("initial")
    return stored(from_initial(ufunc, initial, fold(func, x, axis=axis, **call)), out)


_DIRECT: dict[Any, Any] = {
    np.sum: np.add.reduce, np.prod: np.multiply.reduce, np.any: np.logical_or.reduce, np.all: np.logical_and.reduce,
    np.max: np.maximum.reduce, np.amax: np.maximum.reduce, np.min: np.minimum.reduce, np.amin: np.minimum.reduce,
    np.mean: np.ndarray.mean, np.std: np.ndarray.std, np.var: np.ndarray.var,
}  # fmt: skip
_ORDERLESS = {np.max, np.amax, np.min, np.amin, np.any, np.all, np.ptp, np.count_nonzero}
# the axis of a scalar: plain folds take 0 and -1, the others complain
_TAKE_SCALARS = {
    np.sum, np.prod, np.max, np.amax, np.min, np.amin, np.any, np.all, np.nansum, np.nanprod, np.nanmax, np.nanmin,
    np.ptp, np.count_nonzero, np.nanmean, np.nanstd, np.nanvar,
}  # fmt: skip


@row(np.argmax, np.argmin, np.nanargmax, np.nanargmin)
def find(func: Any, *args: Any, **kwargs: Any) -> Any:
    """The place of an extreme element, along an axis or in the flattened example."""
    call = _no_value(bind(func, args, kwargs))
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    ndim = x.data.ndim - x.lanes.ndim
    keepdims = call.pop("keepdims", False)
    if keepdims and axis is None and out is not None:
        raise NoLaneForm(f"{func.__name__} with keepdims and out has no batched form")
    call.update(room(out, x.lanes))
    if axis is None or (ndim == 0 and axis in (0, -1)):
        data = func(flat(x), axis=-1, **call)
        if keepdims:
            data = data.reshape(data.shape + (1,) * ndim)
    else:
        data = func(x.data, axis=data_axis(axis, ndim), keepdims=keepdims, **call)
    found = wrap(data, x.lanes)
    return stored(found, out)


@row(np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)
def cumulate(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A running fold along an axis, or of the flattened example."""
    call = bind(func, args, kwargs)
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    ndim = x.data.ndim - x.lanes.ndim
    call.update(room(out, x.lanes))
    if axis is None or (ndim == 0 and axis in (0, -1)):
        found = LaneArray(func(flat(x), axis=-1, **call), x.lanes, ARRAY)
    else:
        found = LaneArray(func(x.data, axis=data_axis(axis, ndim), **call), x.lanes, ARRAY)
    return stored(found, out)


@row(np.quantile, np.percentile, np.nanquantile, np.nanpercentile)
def quantile(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Quantiles of the example; the axes of several quantiles come first in the result."""
    call = _no_value(bind(func, args, kwargs))
    if call.get("weights") is not None:
        return composite(func)(func, **call)
    if type(as_lanes(call["q"])) is LaneArray:
        return _quantile_each(func, **call)
    x = lane(call.pop("a"))
    q = call.pop("q")
    depth = np.ndim(q)  # a Python number takes the dtype of the values
    out = call.pop("out", None)
    call.pop("overwrite_input", None)
    data, kept = _merged(x, call.pop("axis", None), call.pop("keepdims", False))
    if data.size == 0:  # for shapes alone; the forms that skip NaN go from lane to lane
        func = np.percentile if func in (np.percentile, np.nanpercentile) else np.quantile
    result = np.asarray(func(data, q, axis=-1, **call))
    order = [*range(depth, depth + x.lanes.ndim), *range(depth), *range(depth + x.lanes.ndim, result.ndim)]
    result = result.transpose(order)
    return stored(wrap(result.reshape(result.shape[: x.lanes.ndim + depth] + kept), x.lanes), out)


def _quantile_each(
    func: Any, a: Any, q: Any, axis: Any = None, out: Any = None, method: str = "linear", keepdims: bool = False,
    overwrite_input: bool = False,
) -> Any:  # fmt: skip
    """A quantile of each lane's own: between two neighbours in order."""
    x, q = lane(a), lane(q)
    if func not in (np.quantile, np.percentile) or method != "linear" or x.data.dtype.kind != "f" or q.ndim:
        raise NoLaneForm(f"{func.__name__} of this kind with q that differs between lanes has no batched form")
    part = npl.true_divide(q, 100) if func is np.percentile else q
    if not ((part.data >= 0) & (part.data <= 1)).all():
        raise ValueError("Quantiles must be in the range [0, 1]")
    data, kept = _merged(x, axis, keepdims)
    ordered = LaneArray(npl.sort(data, axis=-1), x.lanes, ARRAY)
    place = part * (data.shape[-1] - 1)
    low = npl.floor(place).astype(np.intp)
    below = npl.take(ordered, low, axis=-1)
    above = npl.take(ordered, npl.minimum(low + 1, data.shape[-1] - 1), axis=-1)
    share = place - low
    found = npl.where(share < 0.5, below + (above - below) * share, above - (above - below) * (1 - share))
    found = npl.where(npl.isnan(ordered[..., -1]), np.nan, found)
    found = npl.reshape(found, kept)
    return stored(LaneArray(found.data, found.lanes, ARRAY if kept or keepdims else SCALAR), out)


@row(np.median, np.nanmedian)
def median(func: Any, *args: Any, **kwargs: Any) -> Any:
    """The middle of the example's values."""
    call = _no_value(bind(func, args, kwargs))
    x = lane(call["a"])
    data, kept = _merged(x, call.get("axis"), call.get("keepdims", False))
    found = np.asarray(func(data, axis=-1)).reshape(x.lanes.shape + kept)
    return stored(LaneArray(found, x.lanes, ARRAY if kept or call.get("keepdims") else SCALAR), call.get("out"))


def _merged(x: LaneArray, axis: Any, keepdims: bool) -> tuple[Any, tuple[int, ...]]:
    """The data with some axes of the example last and made one, and the example's shape once that is folded."""
    shape = x.data.shape[x.lanes.ndim :]
    axes = data_axes(axis, len(shape))
    rest = [n for n in range(-len(shape), 0) if n not in axes]
    data = x.data.transpose(*range(x.lanes.ndim), *[n + x.data.ndim for n in (*rest, *axes)])
    data = data.reshape((*data.shape[: x.lanes.ndim + len(rest)], math.prod(shape[n] for n in axes)))
    if keepdims:
        return data, tuple([1 if n - len(shape) in axes else size for n, size in enumerate(shape)])
    return data, tuple([shape[n] for n in rest])
