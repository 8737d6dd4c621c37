"""Counting and sets: how often a value occurs, which values do, and whether one is among others."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .. import facts
from ..array import ARRAY, LaneArray, live, map_lanes, row
from ..facts import NoLaneForm
from .common import as_lanes, flat, full, lane, npl, rank
from .composite import composite, implementation, lane_globals, widened
from .indexing import places


@row(np.bincount)
def bincount(func: Any, x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    """``np.bincount``: one count for all lanes, each in a range of its own; the length is a fact."""
    least = operator.index(minlength)
    if least < 0:
        raise ValueError("'minlength' must not be negative")
    values = live(lane(x))
    if values.ndim != 1:
        raise ValueError("object too deep for desired array" if values.ndim else "object of too small depth")
    if values.data.dtype.kind not in "bui" or values.data.dtype == np.uint64:
        values = values.astype(np.intp, casting="safe")
    if values.data.size and values.data.min() < 0:
        raise ValueError("'list' argument must have no negative elements")
    size = least
    if values.shape[0]:
        lengths = np.maximum(values.data.max(axis=-1).astype(np.intp) + 1, least)
        if lengths.size:  # with no lanes to ask, it is at least this long
            size = int(facts.agree(values.lanes, lengths, "the length of np.bincount"))
        values = live(values)
    if weights is None:
        return LaneArray(_tally(values.data, None, size), values.lanes, ARRAY)
    heights = live(lane(weights))
    if heights.shape != values.shape:
        raise ValueError("The weights and list don't have the same length.")
    lanes = values.lanes.union(heights.lanes)
    return LaneArray(_tally(full(values, lanes), full(heights, lanes), size), lanes, ARRAY)


def _tally(values: Any, weights: Any, size: int) -> Any:
    """How often each number below ``size`` occurs along the last axis; larger ones are not counted."""
    lead = values.shape[:-1]
    rows = np.arange(np.prod(lead, dtype=np.intp)).reshape(*lead, 1)
    cells = values.astype(np.intp) + rows * (size + 1)
    cells = np.where(values < size, cells, rows * (size + 1) + size).reshape(-1)
    found = np.bincount(cells, None if weights is None else weights.reshape(-1), rows.size * (size + 1))
    found = found.reshape(*lead, size + 1)[..., :size]
    return found.astype(np.intp if weights is None else float)  # a copy; of no lanes at all NumPy gives integers


# ---- histograms ----


@row(np.histogram)
def histogram(func: Any, a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """``np.histogram``: equally spaced bins are counted; others, as NumPy does it, from the sorted values."""
    edges = bin_edges(np.histogram_bin_edges, a, bins, range, weights)
    x = live(lane(a))
    heights = None if weights is None else live(lane(weights))
    if heights is not None and heights.data.shape[heights.lanes.ndim :] != x.data.shape[x.lanes.ndim :]:
        raise ValueError("weights should have the same shape as a.")
    x = LaneArray(flat(x), x.lanes, ARRAY)
    heights = None if heights is None else LaneArray(flat(heights), heights.lanes, ARRAY)
    simple = heights is None or np.can_cast(heights.data.dtype, complex)
    count = _equal_bins(x, edges, heights) if simple and not _axes(bins) else _sorted_bins(x, edges, heights)
    if density:
        return count / npl.diff(edges).astype(float) / npl.sum(count), edges
    return count, edges


def _equal_bins(x: LaneArray, edges: Any, heights: LaneArray | None) -> LaneArray:
    """Counts in bins, each value placed by bisection; what lies outside is not counted."""
    size = edges.shape[-1] - 1
    x = x.astype(edges.dtype)
    last = edges[..., -1]
    place = npl.searchsorted(edges, x, "right") - 1
    place = npl.where(x == last, size - 1, place)
    place = npl.where((place < 0) | ~(x <= last), size, place)
    if heights is None:
        return LaneArray(_tally(place.data, None, size), place.lanes, ARRAY)
    lanes = place.lanes.union(heights.lanes)
    where, weights = full(place, lanes), full(heights, lanes)
    if weights.dtype.kind == "c":
        count = _tally(where, weights.real, size) + 1j * _tally(where, weights.imag, size)
    else:
        count = _tally(where, weights, size)
    return LaneArray(count.astype(weights.dtype), lanes, ARRAY)


def _sorted_bins(x: LaneArray, edges: Any, heights: LaneArray | None) -> Any:
    """Counts between edges: differences of how many values (or how much weight) lie below each."""
    order = npl.argsort(x)
    ordered = npl.take_along_axis(x, order, axis=-1)
    below = npl.concatenate(
        [npl.searchsorted(ordered, edges[:-1], "left"), npl.searchsorted(ordered, edges[-1:], "right")]
    )
    if heights is None:
        return npl.diff(below)
    sums = npl.cumsum(npl.take_along_axis(heights, order, axis=-1), dtype=_summed(heights.data.dtype))
    sums = npl.concatenate([np.zeros(1, heights.data.dtype), sums])
    return npl.diff(npl.take(sums, below).astype(heights.data.dtype))


def _axes(bins: Any) -> int:
    """How many axes an argument ``bins`` has; none if it is a number of bins, or the name of a rule."""
    return max(map(_axes, bins), default=0) + 1 if type(bins) in (list, tuple) else rank(bins)


def _summed(dtype: Any) -> Any:
    """The dtype of a cumulative sum."""
    return np.cumsum(np.zeros(0, dtype)).dtype


@row(np.histogram_bin_edges)
def bin_edges(func: Any, a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """``np.histogram_bin_edges``: given, or equally spaced between each lane's extremes."""
    x = lane(a)
    if x.data.dtype.kind not in "biuf":
        raise NoLaneForm(f"{func.__name__} of {x.data.dtype} has no batched form")
    if type(bins) is str or range is not None or _axes(bins) or not x.size or x.data.dtype == bool:
        return implementation(func)(x, bins, range, weights)
    count = operator.index(bins)
    x = live(x)
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    if weights is not None and lane(weights).shape != x.shape:
        raise ValueError("weights should have the same shape as a.")
    low, high = npl.min(x), npl.max(x)
    if not (np.isfinite(low.data).all() and np.isfinite(high.data).all()):
        raise ValueError(f"autodetected range of [{low.data.min()}, {high.data.max()}] is not finite")
    same = low == high
    dtype = np.result_type(low.data, float) if x.data.dtype.kind in "iu" else x.data.dtype
    low, high = npl.where(same, low - 0.5, low), npl.where(same, high + 0.5, high)
    edges = npl.linspace(low, high, count + 1, dtype=dtype)
    if (edges.data[..., :-1] >= edges.data[..., 1:]).any():
        raise ValueError(f"Too many bins for data range. Cannot create {count} finite-sized bins.")
    return edges


@row(np.histogramdd)
def histogramdd(func: Any, sample: Any, bins: Any = 10, range: Any = None, density: Any = None,
                weights: Any = None) -> Any:  # fmt: skip
    """``np.histogramdd``: one count over all the bins, a margin around them for what lies outside."""
    columns = _columns(sample)
    many = len(columns)
    bins = list(bins) if _axes(bins) else [bins] * many
    if len(bins) != many:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = (None,) * many if range is None else range
    if len(ranges) != many:
        raise ValueError("range argument must have one entry per dimension")
    edges = [_edges_of(*each) for each in zip(columns, bins, ranges, strict=True)]
    columns, edges, weights = map_lanes(live, (columns, edges, weights))
    place: Any = 0
    for x, edge in zip(columns, edges, strict=True):
        where = npl.searchsorted(edge, x, "right")
        where = where - (x == edge[-1])
        place = place * (len(edge) + 1) + where
    shape = [len(edge) + 1 for edge in edges]
    count = bincount(np.bincount, place, weights, math.prod(shape)).astype(float, casting="safe")
    count = npl.reshape(count, shape)[(slice(1, -1),) * many]
    if density:
        total = npl.sum(count)
        for n, edge in enumerate(edges):
            count = count / npl.reshape(npl.diff(edge), [-1 if k == n else 1 for k in _range(many)])
        count = count / total
    return count, edges


_range = range


def _columns(sample: Any) -> list[Any]:
    """The coordinates of a sample: the columns of a matrix, or the rows of a list."""
    if not hasattr(sample, "shape") or rank(sample) != 2:
        sample = npl.atleast_2d(lane(sample)).T
    return [sample[:, n] for n in _range(sample.shape[1])]


def _edges_of(x: Any, bins: Any, limits: Any) -> Any:
    """The edges along one coordinate."""
    if not _axes(bins):
        count = operator.index(bins)
        if count < 1:
            raise ValueError("`bins` must be positive, when an integer")
        low, high = _limits(live(lane(x)), limits)
        return npl.linspace(low, high, count + 1)
    edges = as_lanes(bins)
    if rank(edges) != 1:
        raise ValueError("`bins` must be a scalar or 1d array")
    if npl.any(edges[:-1] > edges[1:]):
        raise ValueError("`bins` must be monotonically increasing, when an array")
    return edges


def _limits(x: LaneArray, limits: Any) -> Any:
    """The outer edges along one coordinate, as NumPy sets them."""
    return lane_globals(npl.histogram._implementation.__module__)["_get_outer_edges"](x, limits)


@row(np.histogram2d)
def histogram2d(func: Any, x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None,
                weights: Any = None) -> Any:  # fmt: skip
    """``np.histogram2d``."""
    if len(lane(x)) != len(lane(y)):
        raise ValueError("x and y must have the same length.")
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [as_lanes(bins)] * 2
    count, (first, second) = histogramdd(np.histogramdd, [x, y], bins, range, density, weights)
    return count, first, second


# ---- sets ----


@row(np.intersect1d)
def intersect1d(func: Any, ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """``np.intersect1d``, in lanes that share equally many values; for indices a shared array is spread over all."""
    return (widened if return_indices else composite(func))(func, ar1, ar2, assume_unique, return_indices)


@row(np.setdiff1d)
def setdiff1d(func: Any, ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """``np.setdiff1d``: the first array is read with a mask of each lane."""
    return composite(func)(func, lane(ar1), ar2, assume_unique)


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
    if axis is not None:
        axis = normalize_axis_index(axis, x.ndim)
    extras = return_index or return_inverse or return_counts
    missing = {"c": np.isnan, "m": np.isnat, "M": np.isnat}.get(x.data.dtype.kind)
    if not extras and (not sorted or (missing is not None and missing(x.data).any())):
        return _as_numpy_orders(func, x, {"axis": axis, "equal_nan": equal_nan, "sorted": sorted})
    slices = x if axis is None or x.ndim == 1 else npl.moveaxis(x, axis, 0)
    if axis is None or x.ndim == 1:
        values = LaneArray(flat(x), x.lanes, ARRAY)
        order = npl.argsort(values, kind="stable")
        new = _differ(values, order, equal_nan)
    else:
        values = npl.reshape(slices, (slices.shape[0], math.prod(slices.shape[1:])))
        keys = np.moveaxis(values.data, -1, 0)[::-1] if values.shape[1] else np.zeros((1, *values.data.shape[:-1]))
        order = LaneArray(np.lexsort(keys, axis=-1), x.lanes, ARRAY)
        new = npl.any(_differ(values, order, False), axis=1)
    if order.shape[0]:
        new = npl.concatenate([[True], new])
    (start,) = places(new)
    order, first = live(order), npl.take(live(order), start)
    if axis is None or x.ndim == 1:
        found = npl.take(live(values), first)
    else:
        found = npl.moveaxis(npl.take(live(slices), first, axis=0), 0, axis)
    extra: list[Any] = []
    if return_index:
        extra.append(first)
    if return_inverse:
        inverse = npl.copy(order)
        npl.put_along_axis(inverse, order, npl.cumsum(live(new)) - 1, axis=0)
        model = np.unique(np.zeros(x.shape, bool), return_inverse=True, axis=axis)[1]  # versions of NumPy differ
        extra.append(npl.reshape(inverse, model.shape))
    if return_counts:
        extra.append(npl.diff(npl.append(start, order.shape[0])))
    return (found, *extra) if extra else found


def _differ(values: LaneArray, order: LaneArray, equal_nan: bool) -> Any:
    """Where neighbours in an order differ; NaN, which sort last, count as one value."""
    ordered = npl.take_along_axis(values, npl.reshape(order, (-1,) + (1,) * (values.ndim - 1)), axis=0)
    x, y = ordered[1:], ordered[:-1]
    differ = npl.not_equal(x, y)
    if equal_nan and x.data.dtype.kind in "fcmM":
        missing = npl.isnat if x.data.dtype.kind in "mM" else npl.isnan
        differ = differ & ~(missing(x) & missing(y))
    return differ


def _as_numpy_orders(func: Any, x: LaneArray, options: dict[str, Any]) -> LaneArray:
    """The different values in the order of NumPy's hash table, which each lane has to be asked for."""
    given = {name: value for name, value in options.items() if name != "sorted" or not value}  # new in NumPy 2.3
    rows = [func(row, **given) for row in x.data.reshape(-1, *x.data.shape[x.lanes.ndim :])]
    counts = np.array([row.shape[options["axis"] or 0] for row in rows], np.intp).reshape(x.lanes.shape)
    lanes = x.lanes
    if lanes.axes:
        facts.agree(lanes, counts, "the number of different values")
    if lanes.stale:
        return _as_numpy_orders(func, live(x), options)
    return LaneArray(np.stack(rows).reshape(*x.lanes.shape, *rows[0].shape), x.lanes, ARRAY)
