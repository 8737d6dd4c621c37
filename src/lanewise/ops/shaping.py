"""Shaping and joining: what moves, splits, repeats and joins the axes of the example."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, is_single, live, map_lanes, row
from ..facts import NoLaneForm
from ..lanes import NOWHERE, spread
from ..methods import method, method_is
from .common import as_lanes, data_axes, data_axis, decided, full, lane, npl, plain_only, weaken
from .creation import copy_of
from .writing import BACK, shares, stored


def shaped(x: LaneArray, data: Any) -> LaneArray:
    """A result on the same lanes: an array, unless it is the scalar that it was made of."""
    return LaneArray(data, x.lanes, SCALAR if x.kind == SCALAR and data.ndim == x.lanes.ndim else ARRAY)


@row(np.reshape)
def reshape(
    func: Any, a: Any, /, shape: Any = None, order: Any = "C", *, newshape: Any = None, copy: Any = None
) -> Any:
    """``np.reshape``."""
    x = lane(a)
    shape = newshape if shape is None else shape
    old = x.data.shape[x.lanes.ndim :]
    new = (shape,) if type(shape) is int else tuple([int(n) for n in (shape if np.ndim(shape) else (shape,))])
    if -1 in new:
        new = np.empty(old, "V0").reshape(new).shape if math.prod(old) else np.empty(old).reshape(new).shape
    elif math.prod(new) != math.prod(old):
        raise ValueError(f"cannot reshape array of size {math.prod(old)} into shape {new}")
    ndim = x.lanes.ndim
    if order in ("F", "A") and (order == "F" or _is_fortran(x)):
        data = x.data.transpose(*range(ndim), *reversed(range(ndim, x.data.ndim)))
        data = data.reshape(x.lanes.shape + new[::-1])
        if copy:
            data = data.copy()
        elif not np.may_share_memory(x.data, data):
            shares(x, lambda example: example.reshape(new, order="F"))
        return shaped(x, data.transpose(*range(ndim), *reversed(range(ndim, data.ndim))))
    data = x.data.reshape(x.lanes.shape + new)
    if copy:
        return shaped(x, data.copy())
    if not x.data.flags.c_contiguous and not np.may_share_memory(x.data, data):
        shares(x, lambda example: example.reshape(new))
    return shaped(x, data)


def one_example(x: LaneArray) -> Any:
    """The first example, a view."""
    return x.data[(0,) * x.lanes.ndim + (...,)]


def _is_fortran(x: LaneArray) -> bool:
    if not x.data.size:
        return False
    flags = one_example(x).flags
    return bool(flags.f_contiguous and not flags.c_contiguous)


def _memory_order(x: LaneArray) -> list[int]:
    """The axes of the example in the order in which its elements lie in memory."""
    steps = np.abs(x.data.strides[x.lanes.ndim :])
    return [int(n) for n in np.argsort(-steps, kind="stable")]


@method("reshape")
def _reshape_method(x: LaneArray, *shape: Any, order: Any = "C", copy: Any = None) -> Any:
    return reshape(np.reshape, x, shape[0] if len(shape) == 1 else shape, order, copy=copy)


@row(np.ravel)
def ravel(func: Any, a: Any, order: Any = "C") -> Any:
    """``np.ravel``."""
    x = lane(a)
    if order == "K":
        x, order = transpose(np.transpose, x, _memory_order(x)), "C"
    elif order == "A":
        order = "F" if _is_fortran(x) else "C"
    flat = reshape(np.reshape, x, -1, order)
    flags = one_example(x).flags if x.data.size else x.data.flags
    if flags.f_contiguous if order == "F" else flags.c_contiguous:
        return flat
    shares(x, lambda example: example.ravel(order))  # a view in the loop, if only the batch is spread out
    return flat if flat.data.base is None else shaped(x, flat.data.copy())


@method("flatten")
def _flatten(x: LaneArray, order: Any = "C") -> Any:
    found = ravel(np.ravel, x, order)
    return shaped(found, found.data.copy())


@row(np.transpose, np.permute_dims)
def transpose(func: Any, a: Any, axes: Any = None) -> Any:
    """``np.transpose``."""
    x = lane(a)
    lead = x.lanes.ndim
    ndim = x.data.ndim - lead
    if axes is None:
        order: tuple[int, ...] = tuple(reversed(range(ndim)))
    else:
        if len(axes) != ndim:
            raise ValueError("axes don't match array")
        order = tuple([data_axis(n, ndim) + ndim for n in axes])
    return shaped(x, x.data.transpose(*range(lead), *[n + lead for n in order]))


@method("transpose")
def _transpose_method(x: LaneArray, *axes: Any) -> Any:
    if len(axes) == 1 and (axes[0] is None or np.ndim(axes[0])):
        return transpose(np.transpose, x, axes[0])
    return transpose(np.transpose, x, axes or None)


@row(np.matrix_transpose)
def matrix_transpose(func: Any, x: Any, /) -> Any:
    """``np.matrix_transpose``."""
    x = lane(x)
    if x.data.ndim - x.lanes.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.data.ndim - x.lanes.ndim}")
    return shaped(x, x.data.swapaxes(-1, -2))


@row(np.swapaxes)
def swapaxes(func: Any, a: Any, axis1: int, axis2: int) -> Any:
    """``np.swapaxes``."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    return shaped(x, x.data.swapaxes(data_axis(axis1, ndim), data_axis(axis2, ndim)))


@row(np.moveaxis)
def moveaxis(func: Any, a: Any, source: Any, destination: Any) -> Any:
    """``np.moveaxis``."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    return shaped(x, np.moveaxis(x.data, data_axes(source, ndim), data_axes(destination, ndim)))


@row(np.squeeze)
def squeeze(func: Any, a: Any, axis: Any = None) -> Any:
    """``np.squeeze``."""
    x = lane(a)
    shape = x.data.shape[x.lanes.ndim :]
    if axis is None:
        axes = tuple(n - len(shape) for n, size in enumerate(shape) if size == 1)
    else:
        axes = data_axes(axis, len(shape))
    return shaped(x, np.squeeze(x.data, axis=axes))


@row(np.expand_dims)
def expand_dims(func: Any, a: Any, axis: Any) -> Any:
    """``np.expand_dims``."""
    x = lane(a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    axes = data_axes(axis, x.data.ndim - x.lanes.ndim + count)
    return shaped(x, np.expand_dims(x.data, axes))


@row(np.broadcast_to)
def broadcast_to(func: Any, array: Any, shape: Any, subok: bool = False) -> Any:
    """``np.broadcast_to``: a read-only view."""
    x = lane(array)
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)
    np.broadcast_to(np.empty(x.data.shape[x.lanes.ndim :], "V0"), shape)  # NumPy's own complaint
    return shaped(x, np.broadcast_to(spread(x.data, x.lanes, x.lanes, len(shape)), x.lanes.shape + shape))


@row(np.broadcast_arrays)
def broadcast_arrays(func: Any, *args: Any, subok: bool = False) -> Any:
    """``np.broadcast_arrays``."""
    arrays = [lane(x) for x in args]
    shape = np.broadcast_shapes(*[x.data.shape[x.lanes.ndim :] for x in arrays])
    return tuple([broadcast_to(np.broadcast_to, x, shape) for x in arrays])


# ---- joining ----


def _common(arrays: Any) -> tuple[list[LaneArray], Any]:
    items = []
    lanes = NOWHERE
    for x in weaken([as_lanes(x) for x in arrays]):
        item = x if type(x) is LaneArray else LaneArray(np.asarray(x), NOWHERE, ARRAY)
        items.append(item)
        lanes = lanes.union(item.lanes)
    return items, lanes


@row(np.concatenate, np.concat)
def concatenate(func: Any, arrays: Any, /, axis: Any = 0, out: Any = None, **kwargs: Any) -> Any:
    """``np.concatenate``."""
    items, lanes = _common(arrays if type(arrays) is not LaneArray else list(arrays))
    if any(x.data.ndim == x.lanes.ndim for x in items) and axis is not None:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    if axis is None:
        items = [reshape(np.reshape, x, -1) for x in items]
        axis = 0
    at = data_axis(axis, items[0].data.ndim - items[0].lanes.ndim) if items else 0
    found = LaneArray(np.concatenate([full(x, lanes) for x in items], axis=at, **kwargs), lanes, ARRAY)
    return stored(found, out)


@row(np.stack)
def stack(func: Any, arrays: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> Any:
    """``np.stack``."""
    items, lanes = _common(arrays if type(arrays) is not LaneArray else list(arrays))
    if not items:
        raise ValueError("need at least one array to stack")
    shapes = {x.data.shape[x.lanes.ndim :] for x in items}
    if len(shapes) > 1:
        raise ValueError("all input arrays must have the same shape")
    at = data_axis(axis, items[0].data.ndim - items[0].lanes.ndim + 1)
    found = LaneArray(np.stack([full(x, lanes) for x in items], axis=at, **kwargs), lanes, ARRAY)
    return stored(found, out)


@row(np.block)
def block(func: Any, arrays: Any) -> Any:
    """``np.block``: nested lists, joined from the inside out, each depth along its own axis."""
    np.block(_blank(arrays))  # NumPy's own complaints
    depth = _depth(arrays)
    ndim = max([depth, *_ranks(arrays)])

    def joined(x: Any, depth: int) -> Any:
        if depth == 0:
            x = lane(x)
            return reshape(np.reshape, x, (1,) * (ndim - x.ndim) + x.shape)
        return concatenate(np.concatenate, [joined(item, depth - 1) for item in x], axis=-depth)

    found = joined(arrays, depth)
    return found if depth else copy_of(found, None)


def _blank(x: Any) -> Any:
    """The same nested lists, of arrays of no memory."""
    if type(x) in (list, tuple):
        return type(x)(_blank(item) for item in x)
    return np.broadcast_to(np.False_, lane(x).shape) if type(x) is LaneArray else x


def _depth(x: Any) -> int:
    return 1 + _depth(x[0]) if type(x) is list else 0


def _ranks(x: Any) -> list[int]:
    return [rank for item in x for rank in _ranks(item)] if type(x) is list else [lane(x).ndim]


@row(np.split, np.array_split)
def split(func: Any, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """``np.split``: views of the parts."""
    indices_or_sections = decided(indices_or_sections, f"where np.{func.__name__} cuts")
    x = live(lane(ary))
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    return [shaped(x, part) for part in func(x.data, indices_or_sections, axis=at)]


@row(*[getattr(np, name) for name in ("unstack",) if hasattr(np, name)])  # from NumPy 2.1 on
def unstack(func: Any, x: Any, /, *, axis: int = 0) -> Any:
    """``np.unstack``."""
    return tuple(np.moveaxis(x, axis, 0))


# ---- along an axis ----


@row(np.flip)
def flip(func: Any, m: Any, axis: Any = None) -> Any:
    """``np.flip``."""
    x = lane(m)
    return shaped(x, np.flip(x.data, data_axes(axis, x.data.ndim - x.lanes.ndim)))


@row(np.roll)
def roll(func: Any, a: Any, shift: Any, axis: Any = None) -> Any:
    """``np.roll``."""
    x = lane(a)
    if type(as_lanes(shift)) is LaneArray:
        return _roll_each(x, shift, axis)
    if axis is None:
        flat = x.data.reshape((*x.lanes.shape, -1)) if x.data.size else x.data
        return shaped(x, np.roll(flat, shift, -1).reshape(x.data.shape) if x.data.size else x.data.copy())
    return shaped(x, np.roll(x.data, shift, data_axes(axis, x.data.ndim - x.lanes.ndim)))


def _roll_each(x: LaneArray, shift: Any, axis: Any) -> Any:
    """A shift of its own for every lane: one gather."""
    if isinstance(axis, (tuple, list)) or np.ndim(shift):
        raise NoLaneForm("np.roll with several shifts that differ between lanes has no batched form")
    if axis is None:
        return npl.reshape(_roll_each(reshape(np.reshape, x, -1), shift, 0), x.shape)
    ndim = x.data.ndim - x.lanes.ndim
    at = data_axis(axis, ndim) + ndim
    size = x.shape[at]
    index = (np.arange(size) - shift) % size if size else np.arange(0)
    return npl.take(x, index, axis=at)


@row(np.repeat)
def repeat(func: Any, a: Any, repeats: Any, axis: Any = None) -> Any:
    """``np.repeat``; counts that differ between lanes split them."""
    x, counts = lane(a), as_lanes(repeats)
    if axis is None:
        x, axis = reshape(np.reshape, x, -1), 0
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    if type(counts) is not LaneArray:
        return shaped(x, np.repeat(x.data, counts, axis=at))
    where = at + x.data.ndim - x.lanes.ndim
    each = npl.broadcast_to(counts, (x.shape[where],))
    totals = each.data.sum(axis=-1)
    if each.data.size and each.data.min() < 0:
        raise ValueError("repeats may not contain negative values.")
    facts.agree(each.lanes, np.asarray(totals), "the number of repeats")
    each, x = live(each), live(x)
    flat = npl.broadcast_to(npl.arange(x.shape[where]), each.data.shape).reshape(-1)
    index = np.repeat(flat, each.data.reshape(-1)).reshape(*each.lanes.shape, -1 if each.data.size else 0)
    return npl.take(x, LaneArray(index, each.lanes, ARRAY), axis=where)


@row(np.pad)
def pad(func: Any, array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """``np.pad``: no padding on the lane axes."""
    x = lane(array)
    ndim = x.data.ndim - x.lanes.ndim
    if type(pad_width) is dict:
        widths = np.zeros((ndim, 2), int)
        for axis, width in pad_width.items():
            widths[axis] = width
    else:
        plain_only(func, pad_width=pad_width)
        widths = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
    if mode == "constant" and type(kwargs.get("constant_values")) is LaneArray:
        return _pad_with(x, widths, kwargs["constant_values"])
    if callable(mode) or any(type(value) is LaneArray for value in kwargs.values()):
        raise NoLaneForm("np.pad with a function, or with values that differ between lanes, has no batched form")
    none = [(0, 0)] * x.lanes.ndim
    for name, value in kwargs.items():
        if name in ("constant_values", "end_values", "stat_length") and value is not None:
            pairs = np.broadcast_to(np.asarray(value), (ndim, 2)).tolist()
            lead = [(1, 1)] if name == "stat_length" else none[:1]
            kwargs[name] = [*lead * x.lanes.ndim, *map(tuple, pairs)]
    return shaped(x, np.pad(x.data, [*none, *map(tuple, widths.tolist())], mode, **kwargs))


def _pad_with(x: LaneArray, widths: Any, value: LaneArray) -> LaneArray:
    """Padding with one value of each lane's own."""
    if value.ndim:
        raise NoLaneForm("np.pad with several values that differ between lanes has no batched form")
    shape = tuple([size + int(before + after) for size, (before, after) in zip(x.shape, widths, strict=True)])
    lanes = x.lanes.union(value.lanes)
    data = np.empty(lanes.shape + shape, x.data.dtype)
    data[...] = spread(value.data, value.lanes, lanes, len(shape))
    inside = [slice(int(before), int(before) + size) for size, (before, _) in zip(x.shape, widths, strict=True)]
    data[(slice(None),) * lanes.ndim + tuple(inside)] = full(x, lanes)
    return LaneArray(data, lanes, ARRAY)


@row(np.tril, np.triu)
def triangle(func: Any, m: Any, k: int = 0) -> Any:
    """``np.tril`` and ``np.triu``: of the last two axes; a vector is broadcast to a matrix first."""
    x = lane(m)
    plain_only(func, k=k)
    if x.data.ndim - x.lanes.ndim == 1:
        x = broadcast_to(np.broadcast_to, x, x.shape * 2)
    return shaped(x, func(x.data, k))


@row(np.diagonal, np.linalg.diagonal)
def diagonal(func: Any, a: Any, offset: int = 0, axis1: int | None = None, axis2: int | None = None) -> Any:
    """``np.diagonal``: a read-only view."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    first, second = (-2, -1) if func is np.linalg.diagonal else (0, 1)
    if ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    axes = (data_axis(first if axis1 is None else axis1, ndim), data_axis(second if axis2 is None else axis2, ndim))
    return shaped(x, np.diagonal(x.data, offset, *axes))


@row(np.trace, np.linalg.trace)
def trace(
    func: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """``np.trace``."""
    if func is np.linalg.trace:
        return np.sum(diagonal(np.linalg.diagonal, a, offset), axis=-1, dtype=dtype)
    return np.sum(diagonal(np.diagonal, a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


@row(np.linspace)
def linspace(
    func: Any, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
    axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """``np.linspace``, without a fact of whether the step is zero."""
    num = decided(num, "the number of samples")
    start, stop = map_lanes(live, (start, stop))
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    intervals = count - 1 if endpoint else count
    wide = np.result_type(TABLE[np.result_type](np.result_type, start, stop), 0.0)
    first, last = (lane(x) for x in (start, stop))
    gap = npl.subtract(last, first, dtype=wide)
    shares = npl.reshape(np.arange(count, dtype=wide), (count,) + (1,) * gap.ndim)
    step = gap / intervals if intervals > 0 else gap * np.nan
    found = npl.where(step == 0, shares / max(intervals, 1) * gap, shares * step) if intervals > 0 else shares * gap
    found = found + first
    if endpoint and count > 1:
        found = npl.where(shares == count - 1, last, found)
    found = LaneArray(found.data, found.lanes, ARRAY)
    if dtype is not None and np.issubdtype(dtype, np.integer):
        found = npl.floor(found)
    found = npl.moveaxis(found, 0, axis) if axis else found
    found = astype(found, wide if dtype is None else dtype, copy=False)
    return (found, step) if retstep else found


@row(np.correlate)
def correlate(func: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    """``np.correlate``: each window of the longer times the shorter."""
    x, y = lane(a), lane(v)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError("object of too small depth for desired array")
    if not x.shape[0] or not y.shape[0]:
        raise ValueError(f"{'first' if not x.shape[0] else 'second'} array argument cannot be empty")
    y = _conjugated(y)
    swapped = y.shape[0] > x.shape[0]
    long, short = (y, x) if swapped else (x, y)
    size = short.shape[0]
    edges = {"valid": (0, 0), "same": (size // 2, (size - 1) // 2), "full": (size - 1, size - 1)}
    if mode not in edges:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    dtype = np.result_type(long.data, short.data)
    padded = np.pad(long.data.astype(dtype), [(0, 0)] * long.lanes.ndim + [edges[mode]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=-1)
    found = npl.matmul(LaneArray(windows, long.lanes, ARRAY), LaneArray(short.data.astype(dtype), short.lanes, ARRAY))
    return npl.flip(found, 0) if swapped else found


@row(np.convolve)
def convolve(func: Any, a: Any, v: Any, mode: str = "full") -> Any:
    """``np.convolve``: a correlation with the shorter reversed."""
    x, y = npl.atleast_1d(lane(a)), npl.atleast_1d(lane(v))
    if x.shape[0] == 0 or y.shape[0] == 0:
        raise ValueError(f"{'a' if x.shape[0] == 0 else 'v'} cannot be empty")
    if y.shape[0] > x.shape[0]:
        x, y = y, x
    return correlate(np.correlate, x, _conjugated(npl.flip(y, 0)), mode)


def _conjugated(x: LaneArray) -> Any:
    """The complex conjugate; of anything else, booleans among them, itself."""
    return npl.conjugate(x) if x.data.dtype.kind == "c" else x


@row(np.astype)
def astype_function(func: Any, x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """``np.astype``."""
    return astype(x, dtype, copy=copy)


@method("astype")
def astype(
    x: LaneArray, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """A copy of another dtype."""
    if np.dtype(dtype) == object:
        raise NoLaneForm("an array of objects is made of lane values")
    return LaneArray(x.data.astype(dtype, casting=casting, copy=copy), x.lanes, x.kind)


@method("view")
def _view(x: LaneArray, dtype: Any = None, type: Any = None) -> Any:
    if type is not None or (isinstance(dtype, __builtins__["type"]) and issubclass(dtype, np.ndarray)):  # type: ignore[index]
        raise NoLaneForm("a view as another array type is asked")
    if dtype is None:
        return LaneArray(x.data.view(), x.lanes, x.kind)
    if x.data.ndim == x.lanes.ndim and np.dtype(dtype).itemsize != x.data.dtype.itemsize:
        raise ValueError("Changing the dtype of a 0d array is only supported if the itemsize is unchanged")
    size = x.data.dtype.itemsize
    if np.dtype(dtype).itemsize == size or x.data.strides[-1] == size:
        return LaneArray(x.data.view(dtype), x.lanes, x.kind)
    if x.data.size:
        raise NoLaneForm("a view of another item size is asked")
    return LaneArray(np.ascontiguousarray(x.data).view(dtype), x.lanes, x.kind)


@method("item")
def _item(x: LaneArray, *index: Any) -> Any:
    """One element as a Python scalar: the lanes need not agree on it."""
    if index:
        x = x[index[0]] if isinstance(index[0], tuple) else (np.ravel(x)[index[0]] if len(index) == 1 else x[index])
    if not is_single(x):
        raise ValueError("can only convert an array of size 1 to a Python scalar")
    return python_scalar(LaneArray(x.data.reshape(x.lanes.shape), x.lanes, SCALAR))


def python_scalar(x: LaneArray) -> Any:
    """A NumPy scalar as a Python scalar."""
    wide = {"b": np.bool, "i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}
    kind = x.data.dtype.kind
    if kind not in wide or x.data.dtype == np.uint64 or x.data.dtype.itemsize > 16:
        raise NoLaneForm(f"a Python object for each {x.data.dtype} is asked")
    return LaneArray(x.data.astype(wide[kind]), x.lanes, PYTHON)


@method("tolist")
def _tolist(x: LaneArray) -> Any:
    if x.data.ndim == x.lanes.ndim:
        return python_scalar(x)
    return [_tolist(x[n]) for n in range(len(x))]


for _name in (
    "sum", "prod", "mean", "std", "var", "min", "max", "any", "all", "argmin", "argmax", "cumsum", "cumprod", "dot",
    "ravel", "swapaxes", "squeeze", "diagonal", "trace", "repeat", "take", "nonzero", "searchsorted", "argsort",
    "argpartition", "choose",
):  # fmt: skip
    method_is(_name, getattr(np, _name))


@method("compress")
def _compress(x: LaneArray, condition: Any, axis: Any = None, out: Any = None) -> Any:
    return np.compress(condition, x, axis, out)


@row(np.compress)
def compress(func: Any, condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """``np.compress``: the slices where a condition holds, in lanes that keep equally many."""
    x, condition = lane(a), lane(condition)
    if axis is None:
        x, axis = reshape(np.reshape, x, -1), 0
    where = np.nonzero(condition)[0] if condition.lanes.axes else condition.data.nonzero()[0]
    return stored(np.take(live(x), where, axis=axis), out, BACK)


@row(np.extract)
def extract(func: Any, condition: Any, arr: Any) -> Any:
    """``np.extract``: the elements where a condition holds."""
    return compress(np.compress, reshape(np.reshape, condition, -1), arr)
