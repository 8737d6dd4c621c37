"""Creation functions that accept lane values, and make arrays that may take them.

An array made inside a mapped function does not vary until a lane value is written into it. Outside of
every ``vmap`` these are NumPy's own.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from ..array import ARRAY, TABLE, LaneArray, live, map_lanes, method, row
from ..facts import RUN, NoLaneForm
from ..lanes import NOWHERE, Lanes
from .common import _holds_lanes, as_lanes, lane, npl
from .writing import shares

HOME: ContextVar[Lanes] = ContextVar("lanewise_home", default=NOWHERE)
"""The lanes of the arguments of the composite at work: what it makes is made to be written with them."""


def home(data: Any) -> Any:
    """A fresh array as a value of the function at work, so that lane values can be written into it."""
    lanes = HOME.get()
    if lanes.axes and data.dtype.kind in "fcb":  # integers are shapes and indices, as a rule
        return LaneArray(np.array(np.broadcast_to(data, lanes.shape + data.shape)), lanes, ARRAY)
    run = RUN.get()
    if run is None:
        return data
    return LaneArray(data, run.home(), ARRAY)


def array(object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: bool = False,
          ndmin: int = 0, like: Any = None, ndmax: int = 0) -> Any:  # fmt: skip
    """``np.array`` of lane values, or of lists that hold them."""
    del subok, like
    if not _involves_lanes(object):
        found = np.array(object, dtype, copy=copy, order=order, ndmin=ndmin)
        return home(found) if copy else found
    x = _shallow(object)
    if x.kind != ARRAY:
        x = LaneArray(x.data, x.lanes, ARRAY)
        copy = copy or dtype is not None
    if dtype is not None and np.dtype(dtype) != x.data.dtype:
        if np.dtype(dtype) == object:
            raise NoLaneForm("an array of objects is made of lane values")
        x = LaneArray(x.data.astype(dtype), x.lanes, ARRAY)
    elif copy and type(object) is LaneArray:
        x = LaneArray(x.data.copy(), x.lanes, ARRAY)
    ndim = x.data.ndim - x.lanes.ndim
    if ndmin > ndim:
        x = x.reshape((1,) * (ndmin - ndim) + x.shape)
    return x


def _involves_lanes(x: Any) -> bool:
    if type(x) is np.ndarray:
        return x.dtype == object and any(type(item) is LaneArray for item in x.flat)
    return _holds_lanes(x) if type(x) in (list, tuple) else type(x) is LaneArray


def _shallow(x: Any) -> LaneArray:
    x = map_lanes(live, x)
    if type(x) in (list, tuple):
        parts = [_shallow(item) if type(item) in (list, tuple) else as_lanes(item) for item in x]
        if (
            parts
            and all(type(part) is LaneArray or np.ndim(part) == 0 for part in parts)
            and not any(type(part) is LaneArray and part.data.ndim > part.lanes.ndim for part in parts)
        ):
            return as_lanes(x)  # type: ignore[no-any-return]
        return TABLE[np.stack](np.stack, parts)  # type: ignore[no-any-return]
    return as_lanes(x)  # type: ignore[no-any-return]


def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, like: Any = None, device: Any = None
) -> Any:
    """``np.asarray`` of lane values."""
    del like, device
    if type(a) is LaneArray and a.kind == ARRAY and (dtype is None or np.dtype(dtype) == a.data.dtype) and not copy:
        return live(a)
    if not _involves_lanes(a):
        return np.asarray(a, dtype, order, copy=copy) if copy is not None else np.asarray(a, dtype, order)
    return array(a, dtype, copy=bool(copy))


def asanyarray(a: Any, dtype: Any = None, order: Any = None, **kwargs: Any) -> Any:
    """``np.asanyarray`` of lane values."""
    if _involves_lanes(a):
        return asarray(a, dtype, order, **kwargs)
    return np.asanyarray(a, dtype, order, **kwargs)


def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """``np.ascontiguousarray``: of one example at least one axis."""
    if not _involves_lanes(a):
        return np.ascontiguousarray(a, dtype)
    x = array(a, dtype, copy=False, ndmin=1)
    return x if x is not a or shares(x, np.ascontiguousarray) else array(x)


def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """``np.asfortranarray``: the layout of one example is not lanewise's to say."""
    return ascontiguousarray(a, dtype) if _involves_lanes(a) else np.asfortranarray(a, dtype)


def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> Any:
    """``np.require`` of lane values."""
    return asarray(a, dtype) if _involves_lanes(a) else np.require(a, dtype, requirements)


def _made(function: Any) -> Any:
    def make(*args: Any, **kwargs: Any) -> Any:
        return home(function(*args, **kwargs))

    make.__name__ = function.__name__
    make.__doc__ = function.__doc__
    return make


empty = _made(np.empty)
zeros = _made(np.zeros)
ones = _made(np.ones)
fromiter = _made(np.fromiter)
eye = _made(np.eye)
identity = _made(np.identity)
tri = _made(np.tri)
indices = _made(np.indices)
fromfunction = _made(np.fromfunction)


def _spaced(function: Any) -> Any:
    """``np.linspace`` and kin, whose ends may be lane values."""

    def make(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        return home(found) if type(found) is np.ndarray else found

    make.__name__ = function.__name__
    make.__doc__ = function.__doc__
    return make


linspace = _spaced(np.linspace)
logspace = _spaced(np.logspace)
geomspace = _spaced(np.geomspace)


def arange(*bounds: Any, step: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """``np.arange``; bounds that differ between lanes split them by the length."""
    if not any(type(x) is LaneArray for x in (*bounds, step)):
        return home(npl.arange(*bounds, **({} if step is None else {"step": step}), dtype=dtype, **kwargs))
    start, stop, by = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    by = by if step is None else step
    length = np.maximum(np.ceil((stop - start) / by), 0).astype(np.int64)
    count = int(length)
    found = map_lanes(live, start) + np.arange(count) * map_lanes(live, by)
    return found if dtype is None else found.astype(dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """``np.full`` with a value that may be a lane value."""
    if not _involves_lanes(fill_value):
        return home(np.full(shape, fill_value, dtype, **kwargs))
    x = asarray(fill_value)
    return copy_of(npl.broadcast_to(x, shape), dtype)


@row(np.copy)
def copy(func: Any, a: Any, order: Any = "K", subok: bool = False) -> Any:
    """``np.copy``."""
    return copy_of(lane(a), None)


def copy_of(x: LaneArray, dtype: Any) -> LaneArray:
    """A fresh, writable array."""
    return LaneArray(np.array(x.data, dtype=dtype), x.lanes, ARRAY)


@method("copy")
def _copy_method(x: LaneArray, order: Any = "C") -> Any:
    return LaneArray(x.data.copy(), x.lanes, x.kind)


@row(np.zeros_like, np.ones_like, np.empty_like)
def like(func: Any, a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, *,
         device: Any = None) -> Any:  # fmt: skip
    """``np.zeros_like`` and kin: of the example's shape, and not varying yet."""
    x = lane(a)
    make = {"zeros_like": np.zeros, "ones_like": np.ones, "empty_like": np.empty}[func.__name__]
    return home(make(x.data.shape[x.lanes.ndim :] if shape is None else shape, dtype or x.data.dtype))


@row(np.full_like)
def _full_like_row(func: Any, a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True,
              shape: Any = None, *, device: Any = None) -> Any:  # fmt: skip
    """``np.full_like`` with a value that may be a lane value."""
    a = as_lanes(a)
    own = a.data.shape[a.lanes.ndim :] if type(a) is LaneArray else a.shape
    kind = a.data.dtype if type(a) is LaneArray else a.dtype
    return full(own if shape is None else shape, fill_value, dtype or kind)


def _like(function: Any) -> Any:
    """A ``*_like`` function that is lane-aware for plain models too: what it makes may be written."""

    def make(a: Any, *args: Any, **kwargs: Any) -> Any:
        found = function(a, *args, **kwargs)
        return home(found) if type(found) is np.ndarray and found.dtype != object else found

    make.__name__ = function.__name__
    make.__doc__ = function.__doc__
    return make


zeros_like = _like(np.zeros_like)
ones_like = _like(np.ones_like)
empty_like = _like(np.empty_like)


def full_like(a: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.full_like``, lane-aware."""
    return TABLE[np.full_like](np.full_like, a, fill_value, *args, **kwargs)
