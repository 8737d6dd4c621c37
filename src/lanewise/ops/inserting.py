"""``np.delete``, ``np.insert`` and ``np.trim_zeros``: what is left or added may lie elsewhere in every lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..array import ARRAY, LaneArray, live, row
from ..facts import NoLaneForm
from .common import as_lanes, decided, flat, full, lane, npl
from .indexing import fitted, places
from .writing import source


def _operand(arr: Any, axis: Any) -> tuple[LaneArray, int]:
    """The array and the axis; no axis stands for the elements in C order."""
    x = lane(arr)
    if axis is None:
        x, axis = npl.ravel(x), 0
    return x, normalize_axis_index(axis, x.data.ndim - x.lanes.ndim)


def _positions(obj: Any, size: int) -> Any:
    """What an argument ``obj`` says, with a slice spelled out."""
    if type(obj) is slice:
        bounds = [decided(bound, "a bound of a slice") for bound in (obj.start, obj.stop, obj.step)]
        return np.arange(*slice(*bounds).indices(size))
    return np.asarray(obj, np.intp) if type(obj) is list and not obj else as_lanes(obj)


@row(np.delete)
def delete(func: Any, arr: Any, obj: Any, axis: Any = None) -> Any:
    """``np.delete``: what is left is read with a mask, in lanes that keep equally many."""
    x, axis = _operand(arr, axis)
    size = x.shape[axis]
    index = _positions(obj, size)
    if type(index) is not LaneArray:
        np.delete(np.empty(size, "V0"), index, 0)  # NumPy's own complaint
        return LaneArray(np.delete(live(x).data, index, axis - x.ndim), live(x).lanes, ARRAY)
    if index.data.dtype.kind not in "biu":
        np.delete(np.empty(size, "V0"), np.zeros(index.data.shape[index.lanes.ndim :], index.data.dtype), 0)
        raise NoLaneForm("np.delete at places of this kind has no batched form")
    keep = ~index.data if index.data.dtype == bool else _unmarked(index, size)
    if keep.shape[index.lanes.ndim :] != (size,):
        raise ValueError(
            f"boolean array argument obj to delete must be one dimensional and match the axis length of {size}"
        )
    mask = LaneArray(keep, index.lanes, ARRAY)
    if index.size == 1 and index.data.dtype != bool:  # how much is left is no fact
        left = LaneArray(keep.nonzero()[-1].reshape(*index.lanes.shape, size - 1), index.lanes, ARRAY)
    else:
        (left,) = places(mask)
    return npl.take(live(x), left, axis=axis)


def _unmarked(index: LaneArray, size: int) -> Any:
    """A mask of the places that an index leaves."""
    at = flat(index).astype(np.intp)
    if at.size and (at.min() < -size or at.max() >= size):
        raise IndexError(f"index out of bounds for an axis of size {size}")
    keep = np.ones((*index.lanes.shape, size), bool)
    np.put_along_axis(keep, at, False, axis=-1)
    return keep


@row(np.insert)
def insert(func: Any, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """``np.insert``: the old and the new each go to their places in a fresh array."""
    x, axis = _operand(arr, axis)
    size = x.shape[axis]
    index = lane(_positions(obj, size))
    if index.ndim > 1:
        raise ValueError("index array argument obj to insert must be one dimensional or scalar")
    if index.data.dtype == bool:
        if index.ndim != 1:
            raise ValueError("boolean array argument obj to insert must be one dimensional")
        (index,) = places(index) if index.lanes.axes else [lane(np.flatnonzero(index.data))]
    elif index.data.dtype.kind not in "iu":
        raise IndexError("only integers, slices and integer or boolean arrays are valid places to insert at")
    new = live(source(values, x.data.dtype))
    x = live(x)
    block = index.ndim == 0
    if index.size == 1:
        new = _block(new, x.ndim)
        if block:
            new = npl.moveaxis(new, 0, axis)
        at = _run(index, size, new.shape[axis])
    else:
        at = _apart(index, size)
    return _together(x, new, LaneArray(at, index.lanes, ARRAY), axis)


def _block(values: LaneArray, ndim: int) -> LaneArray:
    """Values with at least so many axes."""
    missing = ndim - (values.data.ndim - values.lanes.ndim)
    return npl.reshape(values, (1,) * missing + values.data.shape[values.lanes.ndim :]) if missing > 0 else values


def _run(index: LaneArray, size: int, count: int) -> Any:
    """The places of a block that goes in at one place."""
    at = index.data.reshape(*index.lanes.shape, 1).astype(np.intp)
    if at.size and (at.min() < -size or at.max() > size):
        raise IndexError(f"index {at.min() if at.min() < -size else at.max()} is out of bounds for size {size}")
    return np.where(at < 0, at + size, at) + np.arange(count)


def _apart(index: LaneArray, size: int) -> Any:
    """The places of values that each go in at a place of their own, counted in the result."""
    at = index.data.astype(np.intp)
    at = np.where(at < 0, at + size, at)
    order = np.argsort(at, axis=-1, kind="stable")
    count = at.shape[-1]
    np.put_along_axis(at, order, np.take_along_axis(at, order, -1) + np.arange(count), -1)
    if at.size and (at.min() < -size - count or at.max() >= size + count):
        raise IndexError(f"index out of bounds for an axis of size {size}")
    return np.where(at < 0, at + size + count, at)


def _together(x: LaneArray, new: LaneArray, at: LaneArray, axis: int) -> LaneArray:
    """An array and new values in one, the new at these places along an axis."""
    lanes = x.lanes.union(new.lanes).union(at.lanes)
    size, count = x.shape[axis], at.shape[0]
    last = axis - x.ndim
    keep = np.ones((*at.lanes.shape, size + count), bool)
    np.put_along_axis(keep, at.data, False, axis=-1)
    if (np.count_nonzero(keep, axis=-1) != size).any():
        raise ValueError("could not broadcast input array: two values go to one place")
    old = LaneArray(keep.nonzero()[-1].reshape(*at.lanes.shape, size), at.lanes, ARRAY)
    shape = tuple([n for k, n in enumerate(x.shape) if k != axis])
    out = np.empty((*lanes.shape, *shape, size + count), x.data.dtype)
    room = tuple([count if k == axis else n for k, n in enumerate(x.shape)])
    new_data = np.broadcast_to(fitted(new, lanes, x.ndim), lanes.shape + room)
    for where, part in ((old, full(x, lanes)), (at, new_data)):
        index = full(where, lanes).reshape(*lanes.shape, *(1,) * len(shape), where.shape[0])
        wide = np.broadcast_to(index, (*lanes.shape, *shape, where.shape[0]))
        np.put_along_axis(out, wide, np.moveaxis(part, last, -1).astype(out.dtype, copy=False), axis=-1)
    return LaneArray(np.moveaxis(out, -1, last), lanes, ARRAY)


@row(np.ediff1d)
def ediff1d(func: Any, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """``np.ediff1d``: the differences of neighbours, and what goes before and behind them."""
    x = npl.ravel(lane(ary))
    ends = [None if end is None else lane(end) for end in (to_begin, to_end)]
    for end, name in zip(ends, ("to_begin", "to_end"), strict=True):
        if end is not None and not np.can_cast(end.data.dtype, x.data.dtype, casting="same_kind"):
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
    begin, behind = [[] if end is None else [npl.ravel(end).astype(x.dtype)] for end in ends]
    return npl.concatenate([*begin, x[1:] - x[:-1], *behind])


@row(np.trim_zeros)
def trim_zeros(func: Any, filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """``np.trim_zeros``: a view, in lanes that agree on where it starts and stops."""
    x = lane(filt)
    func(np.zeros(0), trim)  # NumPy's own complaint
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim, argname="axis")
    mask = np.not_equal(x.data, 0)
    bounds = [_extent(mask, x.lanes.ndim, at, trim.lower()) for at in axes]
    kept = decided(LaneArray(np.stack(bounds, axis=-2), x.lanes, ARRAY), "where zeros are trimmed") if bounds else ()
    items = [slice(None)] * x.ndim
    for at, (start, stop) in zip(axes, np.asarray(kept).tolist(), strict=True):
        items[at] = slice(start, stop)
    return live(x)[tuple(items)]


def _extent(mask: Any, lead: int, axis: int, trim: str) -> Any:
    """What is left along an axis: from the first element that is not zero up to the last; nothing if there is none."""
    used = mask.any(axis=tuple([n for n in range(lead, mask.ndim) if n != lead + axis]))
    size = used.shape[-1]
    if not size:
        return np.zeros((*used.shape[:-1], 2), np.intp)
    start = used.argmax(axis=-1) if "f" in trim else np.zeros(used.shape[:-1], np.intp)
    stop = size - used[..., ::-1].argmax(axis=-1) if "b" in trim else np.full(used.shape[:-1], size)
    return np.where(used.any(axis=-1, keepdims=True), np.stack([start, stop], axis=-1), 0)
