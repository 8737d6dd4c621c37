"""`math` and `cmath` on lane values: computed in float64 as they do, Python scalars, their exceptions as facts.

Functions that NumPy has are computed by it, and wherever the result looks like one that `math` would not give (a
nan or an infinity from numbers that are neither) `math` itself is asked. The others run `math` on each lane.
"""

from __future__ import annotations

import cmath
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, is_single, live
from ..facts import NoLaneForm
from ..lanes import NOWHERE
from ..operators import power_as_c
from ..ops.common import spread_all
from ..regions import VARYING, Mixed, apart
from ..settlement import code_of

_BY_NUMPY: dict[str, Any] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "exp": np.exp, "expm1": np.expm1, "log1p": np.log1p, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt,
    "fabs": np.fabs, "degrees": np.degrees, "radians": np.radians, "cbrt": np.cbrt, "exp2": np.exp2,
    "atan2": np.arctan2, "copysign": np.copysign, "fmod": np.fmod, "pow": np.float_power, "nextafter": np.nextafter,
}  # fmt: skip

_TESTS: dict[str, Any] = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}

_ROUNDING: dict[str, Any] = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc}

_COMPLEX: dict[str, Any] = {
    "exp": np.exp, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh,
}  # fmt: skip


def float_of(x: Any) -> Any:
    """``float(x)`` of a value of each lane."""
    x = live(x)
    if x.data.dtype.kind not in "biuf" or not is_single(x):
        return float(x)
    return LaneArray(x.data.reshape(x.lanes.shape).astype(np.float64, copy=False), x.lanes, PYTHON)


def operands(args: tuple[Any, ...], dtype: Any = np.float64) -> tuple[list[Any], Any]:
    """Scalars as float64 (or another dtype) over common lanes, all broadcast."""
    values = []
    for x in args:
        if type(x) is not LaneArray:
            values.append(LaneArray(np.asarray(x, dtype), NOWHERE, PYTHON))
            continue
        x = live(x)
        kinds = "biuf" if dtype is np.float64 else "biufc"
        if x.data.dtype.kind not in kinds or not is_single(x):
            raise NoLaneForm("math on something other than a number")
        values.append(LaneArray(x.data.reshape(x.lanes.shape).astype(dtype, copy=False), x.lanes, PYTHON))
    datas, lanes = spread_all(values)
    return [np.broadcast_to(data, lanes.shape) for data in datas], lanes


def mapped(function: Any, *args: Any) -> Any:
    """A function of Python scalars, one lane after another; where lanes raise, that is a fact."""
    if any(type(x) is Mixed for x in args):
        return apart(functools.partial(mapped, function), args, {})
    items = [live(x) if type(x) is LaneArray else x for x in args]
    if any(type(x) is LaneArray and x.kind == ARRAY and not is_single(x) for x in items):
        return function(*args)  # its own complaint
    values = [LaneArray(x.data.reshape(x.lanes.shape), x.lanes, PYTHON) if type(x) is LaneArray else x for x in items]
    datas, lanes = spread_all([x if type(x) is LaneArray else _plain(x) for x in values])
    columns = [np.broadcast_to(data, lanes.shape).reshape(-1).tolist() for data in datas]
    return _collected(function, columns, lanes, args)


def _plain(x: Any) -> LaneArray:
    return LaneArray(np.asarray(x), NOWHERE, PYTHON)


def _collected(function: Any, columns: list[Any], lanes: Any, args: tuple[Any, ...]) -> Any:
    results: list[Any] = []
    try:
        results = list(map(function, *columns))
    except Exception:  # of which lanes, and which others, the slow way tells
        results = []
    if results:
        return _column(results, lanes)
    errors: list[Exception] = []
    codes = np.zeros(lanes.shape, np.intp)
    flat = codes.reshape(-1)
    for n, row in enumerate(zip(*columns, strict=True)):
        try:
            results.append(function(*row))
        except Exception as error:
            flat[n] = code_of(error, errors)
            results.append(None)
    if errors:
        return mapped(function, *_without_errors(codes, errors, lanes, args))
    if not results:
        raise NoLaneForm("a function of numbers, and no lanes")
    return _column(results, lanes)


def _without_errors(codes: Any, errors: list[Exception], lanes: Any, args: tuple[Any, ...]) -> list[Any]:
    """The arguments of the lanes that raise nothing, once the lanes at work agree; else what they raise."""
    code = facts.agree(lanes, codes, "whether an exception is raised")
    if code:
        raise errors[int(code) - 1]
    return [live(x) if type(x) is LaneArray else x for x in args]


def _column(results: list[Any], lanes: Any) -> Any:
    """Results of single lanes as one value."""
    if type(results[0]) is tuple:
        return tuple([_column(list(column), lanes) for column in zip(*results, strict=True)])
    kinds = set(map(type, results))
    if len(kinds) != 1 or next(iter(kinds)) not in (bool, int, float, complex):
        raise NoLaneForm("a function of numbers gives something else")
    data = np.asarray(results)
    if data.dtype.kind not in "bifc":
        raise NoLaneForm("a Python integer outgrows 64 bits")
    return LaneArray(data.reshape(lanes.shape), lanes, PYTHON)


def by_numpy(function: Any, ufunc: Any, dtype: Any = np.float64) -> Callable[..., Any]:
    """The form of a function of `math` that NumPy has, too."""

    def call(*args: Any) -> Any:
        datas, lanes = operands(args, dtype)
        with np.errstate(all="ignore"):
            found = np.asarray(ufunc(*datas))
        odd = np.flatnonzero(~np.isfinite(found))
        codes, errors = _asked(function, found, odd, datas)
        if errors:
            return call(*_without_errors(codes, errors, lanes, args))
        return LaneArray(found, lanes, PYTHON)

    return call


def _asked(function: Any, found: Any, odd: Any, datas: list[Any]) -> tuple[Any, list[Exception]]:
    """Ask `math` about the lanes whose result is no number; what it gives replaces that, what it raises is returned."""
    errors: list[Exception] = []
    codes = np.zeros(found.shape, np.intp)
    flat, results = codes.reshape(-1), found.reshape(-1)
    columns = [data.reshape(-1) for data in datas] if odd.size else []
    for n in odd:
        try:
            results[n] = function(*[column[n].item() for column in columns])
        except Exception as error:
            flat[n] = code_of(error, errors)
    return codes, errors


def _rounding(function: Any, ufunc: Any) -> Callable[..., Any]:
    """``floor``, ``ceil`` and ``trunc`` give ints."""

    def call(x: Any) -> Any:
        x = live(x)
        no_scalar = not is_single(x) or (x.kind == ARRAY and function is math.trunc)
        if function is math.trunc and x.kind == SCALAR and x.data.dtype != np.float64:
            raise TypeError(f"type {x.__class__.__module__}.{x.__class__.__name__} doesn't define __trunc__ method")
        if x.data.dtype.kind not in "biuf" or no_scalar:
            return function(x)
        data = x.data.reshape(x.lanes.shape)
        if data.dtype.kind == "f":
            if not (np.abs(data) < 2.0**62).all():
                return mapped(function, x)
            data = ufunc(data)
        return LaneArray(data.astype(np.int64), x.lanes, PYTHON)

    return call


def _test(ufunc: Any) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        (data,), lanes = operands((x,))
        return LaneArray(ufunc(data), lanes, PYTHON)

    return call


def _logarithm(x: Any, *base: Any) -> Any:
    if not base:
        return by_numpy(math.log, np.log)(x)
    return mapped(math.log, x, *base)


def _hypot(*args: Any) -> Any:
    return by_numpy(math.hypot, np.hypot)(*args) if len(args) == 2 else mapped(math.hypot, *args)


def _gcd(*args: Any) -> Any:
    for x in args:
        if type(x) is not int and not (type(x) is LaneArray and x.data.dtype.kind in "iu" and x.kind != ARRAY):
            return mapped(math.gcd, *args)
    found: Any = 0
    for other in args:
        (a, b), lanes = operands((found, other), np.int64)
        if (b == np.iinfo(np.int64).min).any():
            return mapped(math.gcd, *args)
        found = LaneArray(np.gcd(a, b), lanes, PYTHON)
    return found


def _ldexp(x: Any, n: Any) -> Any:
    if type(n) is LaneArray and n.kind != PYTHON:
        raise TypeError("Expected an int as second argument to ldexp.")  # NumPy's integers are none
    return mapped(math.ldexp, x, n)


def _over_items(function: Any) -> Callable[..., Any]:
    """``fsum``, ``prod``, ``dist``: of the items of sequences."""

    def call(*args: Any, **kwargs: Any) -> Any:
        rows = [list(arg) for arg in args]
        if not any(type(x) in VARYING for row in rows for x in row):
            return function(*rows, **kwargs)
        sizes = [len(row) for row in rows]

        def of_scalars(*scalars: Any) -> Any:
            at = 0
            split = []
            for size in sizes:
                split.append(scalars[at : at + size])
                at += size
            return function(*split, **kwargs)

        return mapped(of_scalars, *[x for row in rows for x in row])

    return call


def forms() -> dict[Any, Any]:
    """The form of every function of `math` and `cmath`."""
    found: dict[Any, Any] = {}
    for name, function in vars(math).items():
        if not callable(function):
            continue
        if name in _BY_NUMPY:
            found[function] = by_numpy(function, _BY_NUMPY[name])
        elif name in _TESTS:
            found[function] = _test(_TESTS[name])
        elif name in _ROUNDING:
            found[function] = _rounding(function, _ROUNDING[name])
        elif not name.startswith("_"):
            found[function] = lambda *args, function=function, **kwargs: mapped(
                functools.partial(function, **kwargs) if kwargs else function, *args
            )
    for name, function in vars(cmath).items():
        if callable(function) and not name.startswith("_"):
            numpy = _COMPLEX.get(name)
            found[function] = (
                by_numpy(function, numpy, np.complex128)
                if numpy is not None
                else lambda *args, function=function: mapped(function, *args)
            )
    found[math.log], found[math.hypot], found[math.gcd] = _logarithm, _hypot, _gcd
    found[math.ldexp] = _ldexp
    found[math.pow] = by_numpy(math.pow, power_as_c)  # faster than `np.float_power`
    return found


ITEMS = {function: _over_items(function) for function in (math.fsum, math.prod, math.dist)}
