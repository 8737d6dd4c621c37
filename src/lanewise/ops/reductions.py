"""Reductions: functions that fold axes of the example, with all their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray, row, wrap
from ..lanes import spread
from .common import as_lanes, bind, data_axes, data_axis, flat, full, lane, plain_only
from .composite import implementation
from .elementwise import _store, contiguous


def _no_value(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if value is not np._NoValue}  # type: ignore[attr-defined]


def _with_where(x: LaneArray, call: dict[str, Any]) -> LaneArray:
    """Spread ``where`` against the array, both over their common lanes."""
    mask = as_lanes(call["where"])
    ndim = x.data.ndim - x.lanes.ndim
    if type(mask) is LaneArray:
        lanes = x.lanes.union(mask.lanes)
        x = LaneArray(full(x, lanes), lanes, x.kind)
        call["where"] = spread(mask.data, mask.lanes, lanes, max(ndim, mask.data.ndim - mask.lanes.ndim))
    return x


@row(
    np.sum, np.prod, np.max, np.amax, np.min, np.amin, np.any, np.all, np.mean, np.std, np.var, np.ptp,
    np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanstd, np.nanvar,
    np.median, np.nanmedian, np.count_nonzero,
)  # fmt: skip
def fold(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A reduction over some axes of the example (by default, all of them)."""
    call = _no_value(bind(func, args, kwargs))
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    if any(type(value) is LaneArray or isinstance(value, (list, tuple)) for value in call.values()):
        plain_only(func, initial=call.get("initial"), ddof=call.get("ddof"), correction=call.get("correction"))
        if type(call.get("mean")) is LaneArray:
            mean = call["mean"]
            call["mean"] = spread(mean.data, mean.lanes, x.lanes.union(mean.lanes), x.data.ndim - x.lanes.ndim)
    if call.get("where", True) is not True:
        x = _with_where(x, call)
    ndim = x.data.ndim - x.lanes.ndim
    call.pop("overwrite_input", None)
    data = x.data if func in _ORDERLESS else contiguous(np.add, x)
    if ndim == 0 and func in _NEED_AN_AXIS:
        data = data[..., None]
        axes: tuple[int, ...] = (-1,)
    else:
        if ndim == 0 and axis in (0, -1):
            axis = None
        axes = data_axes(axis, ndim)
    if x.data.dtype == object:
        plain_only(func, a=x)
    found = wrap(func(data, axis=axes, **call), x.lanes)
    return found if out is None else _store(found, out)


_ORDERLESS = {np.max, np.amax, np.min, np.amin, np.any, np.all, np.ptp, np.median, np.count_nonzero}
_NEED_AN_AXIS = {np.median, np.nanmedian}


@row(np.argmax, np.argmin, np.nanargmax, np.nanargmin)
def find(func: Any, *args: Any, **kwargs: Any) -> Any:
    """The place of an extreme element, along an axis or in the flattened example."""
    call = _no_value(bind(func, args, kwargs))
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    ndim = x.data.ndim - x.lanes.ndim
    keepdims = call.pop("keepdims", False)
    if axis is None:
        data = func(flat(x), axis=-1, **call)
        if keepdims:
            data = data.reshape(data.shape + (1,) * ndim)
    else:
        data = func(x.data, axis=data_axis(axis, ndim) if ndim or axis not in (0, -1) else -1, keepdims=keepdims, **call)
    found = wrap(data, x.lanes)
    return found if out is None else _store(found, out)


@row(np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)
def cumulate(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A running fold along an axis, or of the flattened example."""
    call = bind(func, args, kwargs)
    x = lane(call.pop("a"))
    out = call.pop("out", None)
    axis = call.pop("axis", None)
    ndim = x.data.ndim - x.lanes.ndim
    if axis is None or (ndim == 0 and axis in (0, -1)):
        found = LaneArray(func(flat(x), axis=-1, **call), x.lanes, ARRAY)
    else:
        found = LaneArray(func(x.data, axis=data_axis(axis, ndim), **call), x.lanes, ARRAY)
    return found if out is None else _store(found, out)


@row(np.quantile, np.percentile, np.nanquantile, np.nanpercentile)
def quantile(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Quantiles of the example; the axes of several quantiles come first in the result."""
    call = _no_value(bind(func, args, kwargs))
    weights = call.get("weights")
    if type(as_lanes(call["q"])) is LaneArray or weights is not None:
        return implementation(func)(*args, **kwargs)
    x = lane(call.pop("a"))
    q = np.asarray(call.pop("q"))
    out = call.pop("out", None)
    call.pop("overwrite_input", None)
    ndim = x.data.ndim - x.lanes.ndim
    data = x.data if ndim else x.data[..., None]
    axes = data_axes(call.pop("axis", None), ndim) if ndim else (-1,)
    result = np.asarray(func(data, q, axis=axes, **call))
    order = [*range(q.ndim, q.ndim + x.lanes.ndim), *range(q.ndim), *range(q.ndim + x.lanes.ndim, result.ndim)]
    found = wrap(result.transpose(order), x.lanes)
    return found if out is None else _store(found, out)
