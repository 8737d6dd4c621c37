"""Functions that call functions, bits, and the other functions with few kin."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, TABLE, LaneArray, row
from ..facts import NoLaneForm
from .common import as_lanes, data_axis, flat, lane, plain_only
from .composite import composite, lane_globals
from .creation import asarray

for _function in (np.apply_along_axis, np.apply_over_axes, np.piecewise):
    TABLE[_function] = composite(_function)  # NumPy's loop is over the example, or over the pieces


@row(np.packbits)
def packbits(func: Any, a: Any, /, axis: Any = None, bitorder: Any = "big") -> LaneArray:
    """``np.packbits``, along an axis or of the flattened example."""
    return _bits(func, a, axis, bitorder=bitorder)


@row(np.unpackbits)
def unpackbits(func: Any, a: Any, /, axis: Any = None, count: Any = None, bitorder: Any = "big") -> LaneArray:
    """``np.unpackbits``, along an axis or of the flattened example."""
    return _bits(func, a, axis, count=count, bitorder=bitorder)


def _bits(func: Any, a: Any, axis: Any, **rest: Any) -> LaneArray:
    x = lane(a)
    plain_only(func, **rest)
    if axis is None:
        return LaneArray(func(flat(x), axis=-1, **rest), x.lanes, ARRAY)
    return LaneArray(func(x.data, axis=data_axis(axis, x.data.ndim - x.lanes.ndim), **rest), x.lanes, ARRAY)


@row(np.einsum_path)
def einsum_path(func: Any, *operands: Any, **kwargs: Any) -> Any:
    """``np.einsum_path``: a matter of shapes."""
    return func(*map(_blank, operands), **kwargs)


def _blank(x: Any) -> Any:
    """An array of the same shape and no memory."""
    x = as_lanes(x) if isinstance(x, np.ndarray) or type(x) is LaneArray else x
    return np.broadcast_to(np.zeros((), x.data.dtype), x.data.shape[x.lanes.ndim :]) if type(x) is LaneArray else x


@row(np.asarray_chkfinite)
def asarray_chkfinite(func: Any, a: Any, dtype: Any = None, order: Any = None) -> Any:
    """``np.asarray_chkfinite``: what is not finite raises, in its lanes."""
    x = lane(asarray(a, dtype, order))
    if x.data.dtype.kind in "fc" and not np.isfinite(x.data).all():
        raise ValueError("array must not contain infs or NaNs")
    return x


class _Brackets:
    """``np.r_`` or ``np.c_``: NumPy's own code, on lane values."""

    def __init__(self, brackets: Any) -> None:
        self._brackets = brackets
        code: Any = type(brackets).__mro__[1].__dict__["__getitem__"]
        self._join = FunctionType(code.__code__, lane_globals(code.__module__), code.__name__, code.__defaults__)

    def __getitem__(self, key: Any) -> Any:
        for item in key if type(key) is tuple else (key,):
            if type(item) is LaneArray and item.kind == PYTHON:
                raise NoLaneForm("a Python number of each lane is joined by brackets")
        return self._join(self._brackets, key)

    def __len__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._brackets, name)


r_ = _Brackets(np.r_)
c_ = _Brackets(np.c_)
