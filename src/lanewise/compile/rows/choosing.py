"""Functions that act on each element, and are no ufuncs: choices, parts, casts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..emit import Ref
from ..values import Array, filled, literal
from .elementwise import apply_loop, choose
from .held import Held
from .table import Unsupported, as_array, cast, row

_BOOL = np.dtype(bool)

@row(np.where)
def where(k: Any, condition: Any, x: Any, y: Any) -> Any:
    """A choice for each element."""
    e, dtype = k.e, k.node.outputs[0].dtype
    if type(x) is Array and type(x.source) is Held and type(y) is Array and x.source is y.source:
        return x  # the lanes of the mask have written it
    mask = cast(e, as_array(k, condition), _BOOL)
    datas = np.broadcast_arrays(mask.refs, cast(e, as_array(k, x), dtype).refs, cast(e, as_array(k, y), dtype).refs)
    found = [choose(e, *items) for items in zip(*[data.ravel() for data in datas], strict=True)]
    return Array(filled(found, datas[0].shape), dtype)


@row(np.clip)
def clip(k: Any, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Between two bounds."""
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    dtype = k.node.outputs[0].dtype
    given = as_array(k, a)
    if given.dtype.kind in "iu":  # as NumPy does with Python integers that the dtype can't hold
        low = None if type(low) is int and low <= np.iinfo(given.dtype).min else low
        high = None if type(high) is int and high >= np.iinfo(given.dtype).max else high
    found = cast(k.e, given, dtype)
    for bound, beyond in ((low, np.less), (high, np.greater)):
        if bound is not None:
            found = _clipped(k.e, found, cast(k.e, as_array(k, bound), dtype), beyond)
    return found


def _clipped(e: Any, x: Array, bound: Array, beyond: np.ufunc) -> Array:
    """The bound, where a number is beyond it, or the bound is a nan."""
    taken = apply_loop(e, beyond, [x, bound], (x.dtype, x.dtype, _BOOL))
    if x.dtype.kind in "fc":
        taken = apply_loop(e, np.logical_or, [taken, apply_loop(e, np.isnan, [bound], (x.dtype, _BOOL))], (_BOOL,) * 3)
    datas = np.broadcast_arrays(taken.refs, bound.refs, x.refs)
    found = [choose(e, *items) for items in zip(*[data.ravel() for data in datas], strict=True)]
    return Array(filled(found, datas[0].shape), x.dtype)


@row(np.real, np.imag)
def part(k: Any, x: Any) -> Any:
    """The real or imaginary part."""
    x = as_array(k, x)
    real = k.node.function is np.real
    dtype = k.node.outputs[0].dtype
    if x.dtype.kind != "c":
        return x if real else Array(np.full(x.shape, literal(k.e, 0, dtype), object), dtype)
    return Array(filled([item.re if real else item.im for item in x.refs.ravel()], x.shape), dtype)


@row("astype", np.astype)
def astype(k: Any, x: Any, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    """A cast."""
    return cast(k.e, as_array(k, x), k.node.outputs[0].dtype)


@row("kind")
def same(k: Any, x: Any) -> Any:
    """The same value, seen as another kind."""
    return x


@row(np.nan_to_num)
def nan_to_num(k: Any, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Finite numbers in place of others."""
    x = as_array(k, x)
    if x.dtype.kind != "f" or not all(isinstance(v, (int, float, type(None))) for v in (nan, posinf, neginf)):
        raise Unsupported("nan_to_num of this kind")
    e, info = k.e, np.finfo(x.dtype)
    high = e.number(info.max if posinf is None else posinf, x.dtype)
    low = e.number(info.min if neginf is None else neginf, x.dtype)

    def finite(a: Ref) -> Ref:
        a = e.select(e.compare("oeq", a, e.literal(math.inf, a.type)), high, a)
        a = e.select(e.compare("oeq", a, e.literal(-math.inf, a.type)), low, a)
        number: Ref = e.select(e.compare("uno", a, a), e.number(nan, x.dtype), a)
        return number

    return Array(filled([finite(a) for a in x.refs.ravel()], x.shape), x.dtype)
