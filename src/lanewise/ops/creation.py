"""Creation functions that accept lane values, and make arrays that may take them.

An array made inside a mapped function does not vary until a lane value is written into it. Outside of
every ``vmap`` these are NumPy's own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import update_wrapper
from itertools import islice
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, live, map_lanes, one_lane, row, settle
from ..facts import RUN, NoLaneForm, recorder
from ..lanes import NOWHERE, Lanes
from ..methods import method
from .common import _holds_lanes, as_lanes, lane, npl
from .writing import cast_items, shares

HOME: ContextVar[Lanes] = ContextVar("lanewise_home", default=NOWHERE)
"""The lanes of the arguments of the composite at work: what it makes is made to be written with them."""


def home(data: Any) -> Any:
    """A fresh array as a value of the function at work, so that lane values can be written into it."""
    lanes, run = HOME.get(), RUN.get()
    traced = run is not None and run.tracing  # a traced array varies once it is written
    if lanes.axes and data.dtype.kind in "fcb" and not traced:  # integers are shapes and indices, as a rule
        return LaneArray(np.array(np.broadcast_to(data, lanes.shape + data.shape)), lanes, ARRAY)
    if run is None:
        return data
    return LaneArray(data, run.home(), ARRAY) if run.recorder is None else run.recorder.fresh(data)


def array(object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: bool = False,
          ndmin: int = 0, like: Any = None, ndmax: int = 0) -> Any:  # fmt: skip
    """``np.array`` of lane values, or of lists that hold them."""
    del subok, like
    if not _involves_lanes(object):
        found = np.array(object, dtype, copy=copy, order=order, ndmin=ndmin)
        return home(found) if copy else found
    if type(object) in (list, tuple) and dtype is not None and np.dtype(dtype).kind in "biuf":
        cast = recorder().cast_items if recorder() is not None else cast_items
        object = cast(object, np.dtype(dtype))
    if (tracer := recorder()) is not None:
        return tracer.record(_array, np.array, (np.array, object, dtype), {"copy": bool(copy), "ndmin": ndmin})
    x = _shallow(object)
    if x.kind != ARRAY:
        x = LaneArray(x.data, x.lanes, ARRAY)
        copy = copy or dtype is not None
    if dtype is not None and np.dtype(dtype) != x.data.dtype:
        if np.dtype(dtype) == object:
            raise NoLaneForm("an array of objects is made of lane values")
        x = LaneArray(x.data.astype(dtype), x.lanes, ARRAY)
    elif copy and type(object) is LaneArray:
        x = LaneArray(ordered(x, order), x.lanes, ARRAY)
    elif type(object) is not LaneArray and not x.data.flags.c_contiguous:
        x = LaneArray(x.data.copy(), x.lanes, ARRAY)  # lists make arrays in C order
    ndim = x.data.ndim - x.lanes.ndim
    if ndmin > ndim:
        x = x.reshape((1,) * (ndmin - ndim) + x.shape)
    return x


def _array(func: Any, *args: Any, **kwargs: Any) -> Any:
    return array(*args, **kwargs)


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
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None, like: Any = None
) -> Any:
    """``np.asarray`` of lane values. What it makes may be indexed and written with lane values."""
    del like
    if device is not None or copy is False:
        _complain(a, dtype, device, copy)
    if type(a) is LaneArray and a.kind == ARRAY and (dtype is None or np.dtype(dtype) == a.data.dtype) and not copy:
        return live(a)
    if not _involves_lanes(a):
        found = np.asarray(a, dtype, order) if copy is None else np.asarray(a, dtype, order, copy=copy)
        return _known(found)
    return array(a, dtype, copy=bool(copy))


def _known(data: Any) -> Any:
    """A plain array, new or not, as a value of the function at work: a lane value can index it."""
    run = RUN.get()
    if run is None or type(data) is not np.ndarray or data.dtype.hasobject or HOME.get().axes:
        return data
    return LaneArray(data, run.home(), ARRAY)


def _complain(a: Any, dtype: Any, device: Any, copy: Any) -> None:
    """Raise what NumPy raises, of a device that it does not know or a copy that it may not make."""
    np.empty(0, device=device)
    if copy is False and _involves_lanes(a):
        is_array = type(a) is LaneArray and a.kind == ARRAY
        np.asarray(np.empty(0, a.data.dtype) if is_array else 0, dtype, copy=False)


def asanyarray(a: Any, dtype: Any = None, order: Any = None, **kwargs: Any) -> Any:
    """``np.asanyarray`` of lane values."""
    if isinstance(a, np.ndarray) and not _involves_lanes(a):
        return np.asanyarray(a, dtype, order, **kwargs)
    return asarray(a, dtype, order, **kwargs)


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
    """A creation function of NumPy, whose fresh arrays may be written with lane values."""

    def make(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        if type(found) in (tuple, list):
            return type(found)([_at_home(x, args) for x in found])
        return _at_home(found, args)

    return _as_numpy(function)(make)


def _as_numpy(function: Any) -> Callable[[Any], Any]:
    """Give a function the name, the docstring and the signature of NumPy's."""

    def dress(make: Any) -> Any:
        update_wrapper(make, function)
        make.__module__ = "lanewise.numpy"
        return make

    return dress


def _at_home(found: Any, args: tuple[Any, ...]) -> Any:
    """A fresh plain array as a value of the function at work; a view of an argument, and all else, as it is."""
    if type(found) is not np.ndarray or RUN.get() is None:
        return found
    if any(type(x) is np.ndarray and np.may_share_memory(found, x) for x in args):
        return found
    return home(found if found.base is None else found.copy())


empty = _made(np.empty)
zeros = _made(np.zeros)
ones = _made(np.ones)
eye = _made(np.eye)
identity = _made(np.identity)
tri = _made(np.tri)
tril = _made(np.tril)
triu = _made(np.triu)
diag = _made(np.diag)
diagflat = _made(np.diagflat)
vander = _made(np.vander)
indices = _made(np.indices)
meshgrid = _made(np.meshgrid)
fromfunction = _made(np.fromfunction)
linspace = _made(np.linspace)
logspace = _made(np.logspace)
geomspace = _made(np.geomspace)


def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """``np.fromiter`` of what may be lane values."""
    del like
    items = list(iter) if count < 0 else list(islice(iter, count))
    if not any(type(item) is LaneArray for item in items):
        return home(np.fromiter(items, dtype, count))
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)} items.")
    return array(items, dtype)


def from_dlpack(x: Any, /, *, device: Any = None, copy: Any = None) -> Any:
    """``np.from_dlpack``: of a lane value, a view of it."""
    if type(x) is not LaneArray or x.kind != ARRAY:
        given = {name: value for name, value in (("device", device), ("copy", copy)) if value is not None}
        return np.from_dlpack(one_lane(x) if type(x) is LaneArray else x, **given)
    _complain(x, None, device, None)
    return copy_of(live(x), None) if copy else x[...]


@_as_numpy(np.arange)
def arange(*args: Any, **kwargs: Any) -> Any:
    if _involves_lanes([*args, *kwargs.values()]):
        return settle(_arange, np.arange, (np.arange, *args), kwargs)
    return home(npl.arange(*args, **kwargs))


def _arange(func: Any, start: Any = None, stop: Any = None, step: Any = None, dtype: Any = None, *,
            device: Any = None, like: Any = None) -> Any:  # fmt: skip
    _complain(None, None, device, None)
    if stop is None:
        start, stop = None, start
    start = 0 if start is None else start
    step = 1 if step is None else step
    dtype = np.arange(_one(start), _one(stop), _one(step)).dtype if dtype is None else np.dtype(dtype)
    if dtype.kind not in "iuf":
        raise NoLaneForm(f"arange of {dtype} with bounds that are lane values")
    length = np.maximum(np.ceil((stop - start) / step), 0.0)
    if not np.isfinite(length).all():
        raise ValueError("Maximum allowed size exceeded")
    count = int(length)
    start, step = map_lanes(live, (start, step))
    first, second = array(start, dtype), array(start + step, dtype)  # the step is rounded with its dtype
    found = first + np.arange(count).astype(dtype) * (second - first)
    return home(found) if type(found) is np.ndarray else found


def _one(x: Any) -> Any:
    """A plain one of the same kind and dtype."""
    if type(x) is not LaneArray:
        return np.asarray(x).dtype.type(1) if hasattr(x, "dtype") else type(x)(1)
    one = x.data.dtype.type(1)
    return one.item() if x.kind == PYTHON else one


def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None,
         like: Any = None) -> Any:  # fmt: skip
    """``np.full`` with a value that may be a lane value."""
    if not _involves_lanes(fill_value):
        return home(np.full(shape, fill_value, dtype, order, device=device))
    x = asarray(fill_value, device=device)
    return npl.broadcast_to(x, shape).astype(x.dtype if dtype is None else dtype)


@row(np.copy)
def copy(func: Any, a: Any, order: Any = "K", subok: bool = False) -> Any:
    """``np.copy``."""
    x = lane(a)
    return LaneArray(ordered(x, order), x.lanes, ARRAY)


def ordered(x: LaneArray, order: Any) -> Any:
    """A copy of the data, lane after lane, one example in an order as NumPy names it."""
    if x.data.flags.c_contiguous and order != "F":
        return x.data.copy()
    lead = x.lanes.ndim
    axes = list(range(lead, x.data.ndim))
    example = x.data[(0,) * lead + (...,)].flags if x.data.size else np.empty(0).flags
    if order == "F" or (order == "A" and example.f_contiguous and not example.c_contiguous):
        axes.reverse()
    elif order not in ("C", "A"):
        axes.sort(key=lambda n: -abs(x.data.strides[n]))
    turn = [*range(lead), *axes]
    return x.data.transpose(turn).copy().transpose(np.argsort(turn))


def copy_of(x: LaneArray, dtype: Any) -> LaneArray:
    """A fresh, writable array."""
    return LaneArray(np.array(x.data, dtype=dtype), x.lanes, ARRAY)


@method("copy")
def _copy_method(x: LaneArray, order: Any = "C") -> Any:
    return LaneArray(ordered(x, order), x.lanes, x.kind)


@row(np.zeros_like, np.ones_like, np.empty_like)
def like(func: Any, a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, *,
         device: Any = None) -> Any:  # fmt: skip
    """``np.zeros_like`` and kin: of the example's shape, and not varying yet."""
    x = lane(a)
    make = {"zeros_like": np.zeros, "ones_like": np.ones, "empty_like": np.empty}[func.__name__]
    _complain(None, None, device, None)
    shape = x.data.shape[x.lanes.ndim :] if shape is None else shape
    return home(make(shape, x.data.dtype if dtype is None else dtype))


@row(np.full_like)
def _full_like_row(func: Any, a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True,
                   shape: Any = None, *, device: Any = None) -> Any:  # fmt: skip
    """``np.full_like`` with a value that may be a lane value."""
    a = as_lanes(a)
    own = a.data.shape[a.lanes.ndim :] if type(a) is LaneArray else a.shape
    kind = a.data.dtype if type(a) is LaneArray else a.dtype
    return full(own if shape is None else shape, fill_value, kind if dtype is None else dtype, device=device)


zeros_like = _made(np.zeros_like)
ones_like = _made(np.ones_like)
empty_like = _made(np.empty_like)


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, *,
              device: Any = None) -> Any:  # fmt: skip
    """``np.full_like``, lane-aware."""
    return _full_like_row(np.full_like, a, fill_value, dtype, order, subok, shape, device=device)


@method("to_device")
def to_device(x: LaneArray, device: Any, /, *, stream: Any = None) -> Any:
    """``ndarray.to_device``: there is one device, so this is the array itself."""
    np.empty(0).to_device(device, stream=stream)  # NumPy's own complaint
    return live(x)
