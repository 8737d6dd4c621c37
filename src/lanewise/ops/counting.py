"""Counting and sets: how often a value occurs, which values do, and whether one is among others."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, LaneArray, live, row
from ..facts import NoLaneForm
from .common import as_lanes, flat, full, lane, npl, plain_only
from .indexing import places


@row(np.bincount)
def bincount(func: Any, x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """``np.bincount``: one count for all lanes, each in a range of its own; the length is a fact."""
    values = lane(x)
    plain_only(func, minlength=minlength)
    if values.ndim != 1 or values.data.dtype.kind not in "bui" or values.data.dtype == np.uint64:
        values = values.astype(np.intp, casting="safe") if values.ndim == 1 else values
        if values.ndim != 1:
            raise ValueError("object too deep for desired array" if values.ndim else "object of too small depth")
    if values.data.size and values.data.min() < 0:
        raise ValueError("'list' argument must have no negative elements")
    lengths = values.data.max(axis=-1).astype(np.intp) + 1 if values.shape[0] else np.zeros(values.lanes.shape, int)
    lengths = np.maximum(lengths, minlength)
    if values.lanes.axes and lengths.size:
        facts.agree(values.lanes, lengths, "the length of np.bincount")
        if live(values) is not values or values.data.shape[:-1] != lengths.shape:
            return bincount(func, live(values), None if weights is None else live(lane(weights)), minlength)
    size = int(lengths.flat[0]) if lengths.size else minlength
    lanes = values.lanes if weights is None else values.lanes.union(lane(weights).lanes)
    if weights is not None and lane(weights).shape != values.shape:
        raise ValueError("The weights and list don't have the same length.")
    return LaneArray(_tally(full(values, lanes), None if weights is None else full(weights, lanes), size), lanes, ARRAY)


def _tally(values: Any, weights: Any, size: int) -> Any:
    """How often each number below ``size`` occurs along the last axis; larger ones are not counted."""
    lead = values.shape[:-1]
    rows = np.arange(np.prod(lead, dtype=np.intp)).reshape(*lead, 1)
    cells = values.astype(np.intp) + rows * (size + 1)
    cells = np.where(values < size, cells, rows * (size + 1) + size).reshape(-1)
    found = np.bincount(cells, None if weights is None else weights.reshape(-1), rows.size * (size + 1))
    found = found.reshape(*lead, size + 1)[..., :size]
    return found.astype(np.intp if weights is None else float)  # a copy; of no lanes at all NumPy gives integers


@row(np.histogram)
def histogram(func: Any, a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """``np.histogram``: the edges are the same in every lane, or equally spaced between each lane's extremes."""
    plain_only(func, bins=bins, range=range)
    x = lane(a)
    values = LaneArray(flat(x), x.lanes, ARRAY)
    if values.data.dtype.kind not in "biuf" or isinstance(bins, str):
        raise NoLaneForm("np.histogram of this kind has no batched form")
    edges = _edges(values, bins, range)
    last = edges[..., -1]
    place = npl.searchsorted(edges, values, "right") - 1
    place = npl.where(values == last, edges.shape[-1] - 2, place)
    beyond = (place < 0) | ~(values <= last)
    place = npl.where(beyond, edges.shape[-1] - 1, place)
    lanes = place.lanes if weights is None else place.lanes.union(lane(weights).lanes)
    heights = None if weights is None else full(LaneArray(flat(lane(weights)), lane(weights).lanes, ARRAY), lanes)
    count = LaneArray(_tally(full(place, lanes), heights, edges.shape[-1] - 1), lanes, ARRAY)
    if heights is not None:
        count = count.astype(heights.dtype)
    return (count / npl.diff(edges) / npl.sum(count) if density else count), edges


def _edges(values: LaneArray, bins: Any, range: Any) -> Any:
    """The edges of the bins, plain or of each lane's own."""
    if np.ndim(bins) or range is not None or values.shape[0] == 0:
        return np.histogram_bin_edges(np.zeros(0, values.data.dtype), bins, range)
    low, high = npl.min(values), npl.max(values)
    if not (np.isfinite(low.data).all() and np.isfinite(high.data).all()):
        raise ValueError(f"autodetected range of [{low.data.min()}, {high.data.max()}] is not finite")
    same = low == high
    low, high = npl.where(same, low - 0.5, low), npl.where(same, high + 0.5, high)
    dtype = np.result_type(low.data, high.data, values.data)
    return npl.linspace(low, high, bins + 1, dtype=dtype if dtype.kind == "f" else np.result_type(dtype, float))


@row(np.isin)
def isin(
    func: Any, element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Any:
    """``np.isin``: one call where the set is shared, bisection in each lane's sorted set where it is not."""
    x, table = lane(element), as_lanes(test_elements)
    if type(table) is not LaneArray:
        return LaneArray(np.asarray(np.isin(x.data, table, invert=invert, kind=kind)), x.lanes, ARRAY)
    ordered = npl.sort(npl.ravel(table))
    count = ordered.shape[0]
    place = npl.minimum(npl.searchsorted(ordered, x), count - 1)
    found = npl.equal(npl.take(ordered, place), x) if count else npl.not_equal(x, x)
    return LaneArray(np.asarray(npl.logical_not(found).data if invert else found.data), found.lanes, ARRAY)


@row(np.unique)
def unique(
    func: Any, ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: Any = None, *, equal_nan: bool = True, sorted: bool = True,
) -> Any:  # fmt: skip
    """``np.unique``, in lanes that have equally many different values."""
    x = lane(ar)
    if axis is not None and not (axis in (0, -1) and x.ndim == 1):
        raise NoLaneForm("np.unique along an axis has no batched form")
    values = LaneArray(flat(x), x.lanes, ARRAY)
    order = npl.argsort(values, kind="stable")
    ordered = npl.take_along_axis(values, order, axis=0)
    if values.shape[0] == 0:
        first = LaneArray(np.zeros(ordered.data.shape, bool), x.lanes, ARRAY)
    else:
        first = npl.concatenate([[True], _differ(ordered[1:], ordered[:-1], equal_nan)])
    (start,) = places(first)
    found = npl.take(live(ordered), start)
    extra: list[Any] = []
    if return_index:
        extra.append(npl.take(live(order), start))
    if return_inverse:
        inverse = npl.copy(live(order))
        npl.put_along_axis(inverse, live(order), npl.cumsum(live(first)) - 1, axis=0)
        extra.append(npl.reshape(inverse, x.shape))
    if return_counts:
        extra.append(npl.diff(npl.append(start, values.shape[0])))
    return (found, *extra) if extra else found


def _differ(x: Any, y: Any, equal_nan: bool) -> Any:
    """Where neighbours differ; NaN, which sort last, count as one value."""
    differ = x != y
    if equal_nan and x.data.dtype.kind in "fc":
        differ = differ & ~(npl.isnan(x) & npl.isnan(y))
    return differ
