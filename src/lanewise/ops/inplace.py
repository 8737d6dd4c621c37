"""Writing: item assignment, and the functions and methods that change an array."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, apply, is_basic, lanes_of, row
from ..facts import NoLaneForm, parted
from ..lanes import spread
from ..methods import method
from . import elementwise  # noqa: F401  # its row of nan_to_num is one that copies
from .common import as_lanes, elements, flat, full, lane, npl, rank
from .composite import composite
from .indexing import check_mask, fitted, writing
from .overlapping import in_order
from .writing import overlap, source, store, write, write_data, wrote


def _target(x: Any) -> LaneArray:
    """An array to be written."""
    if type(x) is not LaneArray:
        raise NoLaneForm("a plain array is written with lane values")
    if x.data.dtype.hasobject:
        raise NoLaneForm("an array of objects is written")
    return x


@row(operator.setitem)
def setitem(func: Any, x: Any, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    x = _target(x)
    if x.kind != ARRAY:
        raise TypeError(f"{x.__class__.__name__!r} object does not support item assignment")
    if type(index) is str or (type(index) is list and index and type(index[0]) is str):
        setitem(func, LaneArray(x.data[index], x.lanes, ARRAY), Ellipsis, value)
        return
    value = in_order(x, index, value)
    if is_basic(index) and _write_plainly(x, index, value):
        return
    value = source(value, x.data.dtype)
    if type(index) is LaneArray and index.data.dtype == bool and _write_masked(x, index, value):
        return
    steps, (data,) = writing(x, index, [value])
    store(x, lambda memory: memory.__setitem__(steps.items, data))


def _write_plainly(x: LaneArray, index: Any, value: Any) -> bool:
    """``x[index] = value`` for a plain index, and a value of the same dtype or a number: the short way; else False."""
    varies = type(value) is LaneArray
    if (value.data.dtype != x.data.dtype if varies else type(value) not in _NUMBERS) or parted():
        return False
    write_data(x, value.lanes if varies else x.lanes)
    lanes, data = x.lanes, x.data
    items = index if type(index) is tuple else (index,)
    place = data[(*lanes.whole, *items) if Ellipsis in items else (*lanes.whole, *items, ...)]
    if varies:
        ndim = place.ndim - lanes.ndim
        if value.data.ndim - value.lanes.ndim > ndim:
            return False
        value = spread(value.data, value.lanes, lanes, ndim)
    place[...] = value
    wrote(data)
    return True


_NUMBERS = frozenset({bool, int, float})


def _write_masked(x: LaneArray, mask: LaneArray, value: LaneArray) -> bool:
    """``x[mask] = value`` where the value does not depend on how many elements are marked; else False."""
    axes = mask.data.ndim - mask.lanes.ndim
    ndim = x.data.ndim - x.lanes.ndim
    if not 0 < axes <= ndim or value.data.ndim - value.lanes.ndim > ndim - axes:
        return False
    shape = x.data.shape[x.lanes.ndim :]
    check_mask(mask, shape, 0)
    np.broadcast_to(np.empty(value.data.shape[value.lanes.ndim :], "V0"), shape[axes:])  # NumPy's own complaint
    wide = mask.data.reshape(mask.data.shape + (1,) * (ndim - axes))
    put_masked(x, value, LaneArray(wide, mask.lanes, ARRAY))
    return True


def put_masked(x: LaneArray, value: LaneArray, mask: LaneArray) -> None:
    """Write a value where a mask holds, both broadcast against the array."""
    write_data(x, value.lanes.union(mask.lanes))
    ndim = x.data.ndim - x.lanes.ndim
    data = fitted(value, x.lanes, ndim)
    where = spread(mask.data, mask.lanes, x.lanes, ndim)
    store(x, lambda memory: np.copyto(memory, data, casting="unsafe", where=where))


_WEAK: dict[type, complex] = {bool: False, int: 0, float: 0.0, complex: 0j}


def _check_cast(value: Any, x: LaneArray, casting: Any) -> None:
    """NumPy's rule of what may be cast, Python scalars weak."""
    given: Any = type(value) if type(value) in _WEAK else None
    if type(value) is LaneArray and value.kind == PYTHON:
        given = value.__class__
    dtype = np.result_type(x.data.dtype, _WEAK[given]) if given is not None else lane(value).data.dtype
    if not np.can_cast(dtype, x.data.dtype, casting):
        raise TypeError(f"Cannot cast array data from {dtype!r} to {x.data.dtype!r} according to the rule {casting!r}")


def _changes_itself(mask: LaneArray, x: LaneArray) -> bool:
    """Whether a mask is read where the array has been written already."""
    ours, its = mask.data.__array_interface__, x.data.__array_interface__
    same = ours["data"] == its["data"] and mask.data.strides == x.data.strides
    return mask.data.dtype == bool and overlap(mask, x) and not same


@row(np.copyto)
def copyto(func: Any, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``np.copyto``: a write with a mask of one's own for every lane."""
    x = _target(dst)
    mask = lane(where)
    if mask.data.dtype != bool:
        raise TypeError(f"Cannot cast array data from {mask.data.dtype!r} to dtype('bool')")
    _check_cast(src, x, casting)
    found = in_order(x, Ellipsis, src)
    if where is not True and (found is not src or _changes_itself(mask, x)):
        raise NoLaneForm("an array is copied to itself under a mask, one element after another,")
    src = found
    put_masked(x, source(src, x.data.dtype), mask)


@row(np.putmask, np.place)
def putmask(func: Any, a: Any, mask: Any, values: Any) -> None:
    """``np.putmask`` repeats the values along the array, ``np.place`` along its marked elements."""
    x = _target(a)
    where = lane(mask)
    write_data(x, where.lanes)
    if type(values) is LaneArray or isinstance(values, np.ndarray):
        _check_cast(values, x, "safe")
    found = elements(source(values, x.data.dtype))
    if func is np.place and (_changes_itself(where, x) or (found.size > 1 and overlap(found, x))):
        raise NoLaneForm("an array is written with its own elements, one by one")
    if where.size != x.size:
        raise ValueError("putmask: mask and data must be the same size")
    marked = flat(where).astype(bool)
    if found.shape[0] == 0:
        if marked.any() and func is np.place:
            raise ValueError("Cannot insert from an empty array!")
        return
    place = np.cumsum(marked, axis=-1) - 1 if func is np.place else np.broadcast_to(np.arange(x.size), marked.shape)
    index = LaneArray(np.maximum(place, 0) % found.shape[0], where.lanes, ARRAY)
    marks = LaneArray(marked.reshape(where.lanes.shape + x.shape), where.lanes, ARRAY)
    put_masked(x, npl.reshape(npl.take(found, index), x.shape), marks)


@row(np.put)
def put(func: Any, a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """``np.put``: writes at places of the flattened array, the values repeated as needed."""
    x = _target(a)
    index, values = elements(lane(ind)), elements(source(v, x.data.dtype))
    write_data(x, index.lanes)
    if isinstance(ind, np.ndarray) and not np.can_cast(index.data.dtype, np.intp):
        given = index.data.dtype
        raise TypeError(f"Cannot cast array data from {given!r} to dtype('int64') according to the rule 'safe'")
    if values.shape[0] == 0 or index.shape[0] == 0:
        return
    if index.data.dtype.kind not in "iub":
        raise NoLaneForm("np.put at a place that is no integer")
    index = index.astype(np.intp)
    if mode == "clip":
        index = npl.clip(index, 0, x.size - 1)
    elif mode == "wrap":
        index = npl.remainder(index, x.size)
    elif mode != "raise":
        npl.put(np.zeros(1), 0, 0, mode)  # NumPy's own complaint
    put_flat(x, index, values)


def put_flat(x: LaneArray, index: LaneArray, values: LaneArray) -> None:
    """Write values, repeated as needed, at places of the flattened array, one after another."""
    size, count = x.size, index.shape[0]
    if index.data.size and (index.data.min() < -size or index.data.max() >= size):
        if count > 1:  # NumPy writes those before it
            raise NoLaneForm("an index is out of range, in a write one by one")
        raise IndexError(f"index {int(index.data.flat[0])} is out of bounds for axis 0 with size {size}")
    if values.shape[0] > 1 and overlap(values, x):
        raise NoLaneForm("an array is written with its own elements, one by one")
    if values.shape[0] != count:
        values = npl.take(values, np.arange(count) % values.shape[0])
    if x.ndim:
        places = npl.unravel_index(npl.remainder(index, size), x.shape) if size else (index,)
        setitem(operator.setitem, x, tuple(places), values)
    elif count:
        setitem(operator.setitem, x, (), values[-1])


@row(np.put_along_axis)
def put_along_axis(func: Any, arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """``np.put_along_axis``: one place for each index."""
    if axis is None:
        raise NoLaneForm("np.put_along_axis with axis=None, which depends on the layout of the array,")
    composite(func)(func, _target(arr), indices, values, axis)


class Flat:
    """``x.flat``: the elements of an array in C order, to read and to write."""

    __slots__ = ("base",)

    def __init__(self, base: LaneArray) -> None:
        self.base = base

    def __getitem__(self, index: Any) -> Any:
        found = elements(self.base)[index]
        return npl.copy(found) if type(found) is LaneArray and found.kind == ARRAY else found

    def __setitem__(self, index: Any, value: Any) -> None:
        if type(index) is tuple and len(index) == 1:
            index = index[0]
        apply(_set_flat, self.base, index, value)

    def __iter__(self) -> Any:
        return iter(elements(self.base))

    def __len__(self) -> int:
        return self.base.size

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply(func, *map(_read, args), **{name: _read(value) for name, value in kwargs.items()})

    def __array_ufunc__(self, ufunc: np.ufunc, name: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, name)(*map(_read, inputs), **kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise NoLaneForm("a real array is asked of x.flat")

    def copy(self) -> Any:
        """The elements as an array of one axis."""
        return npl.copy(elements(self.base))


def _set_flat(x: Any, index: Any, value: Any) -> None:
    """``x.flat[index] = value``, as NumPy has it."""
    x.flat[index] = value


@row(_set_flat)
def set_flat(func: Any, x: Any, index: Any, value: Any) -> None:
    """``x.flat[index] = value``."""
    x = _target(x)
    values = source(value, x.data.dtype)
    places = lane(np.arange(x.size))
    try:
        found = lane(places[index] if type(index) is not LaneArray or index.lanes.axes else places[index.data])
    except IndexError:
        if np.ndim(as_lanes(index)) > 0:
            raise NoLaneForm("an index is out of range, in a write one by one") from None
        raise
    if found.data.ndim == found.lanes.ndim and values.data.ndim > values.lanes.ndim:
        raise ValueError("Error setting single item of array.")
    if values.size > 1 and overlap(values, x):
        raise NoLaneForm("an array is written with its own elements, one by one")
    if values.size:
        put_flat(x, elements(found), elements(values))


def _read(x: Any) -> Any:
    return elements(x.base) if type(x) is Flat else x


TABLE["flat"] = Flat


# ---- methods ----


@method("put")
def _put_method(x: LaneArray, indices: Any, values: Any, mode: str = "raise") -> None:
    put(np.put, x, indices, values, mode)


@method("fill")
def _fill(x: LaneArray, value: Any) -> None:
    if rank(as_lanes(value)):
        raise ValueError("setting an array element with a sequence.")
    setitem(operator.setitem, x, Ellipsis, value)


@method("byteswap")
def _byteswap(x: LaneArray, inplace: bool = False) -> Any:
    if not inplace:
        return LaneArray(x.data.byteswap(), x.lanes, x.kind)
    write(_target(x), x.lanes, lambda memory: memory.byteswap(True))
    return x


_filled = TABLE[np.nan_to_num]


@row(np.nan_to_num)
def nan_to_num(func: Any, x: Any, copy: bool = True, **values: Any) -> Any:
    """``np.nan_to_num``, in place without ``copy``."""
    lanes = lanes_of((x, values))
    found = _filled(func, LaneArray(full(lane(x), lanes), lanes, lane(x).kind), **values)
    if copy or type(x) is not LaneArray or x.kind != ARRAY:
        return found
    if x.data.dtype.kind in "fc":
        x[...] = found
    return x
