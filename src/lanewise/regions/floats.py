"""Floats that are Python's in some lanes and NumPy's in others: one operation for both, where both do the same.

``total = 0.0`` before a loop and ``total += x`` in some of its turns is such a number. Python's floats and NumPy's
float64 have the same sums, differences, products, quotients and comparisons; they differ in what they are called, in
the promotion of what they meet, and in what they say of overflow and division by zero. Where a float meets a number
that is an integer in some lanes (``total = 0``), those are floats to it as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, live
from ..facts import RUN, recorder
from ..lanes import NOWHERE
from .both import FAILED, on_trial, pick, scalar_kind
from .meet import Mixed

_FLOAT, _INT, _BOOL = np.dtype(float), np.dtype(np.int64), np.dtype(bool)
_ALLOWED = frozenset({(PYTHON, _FLOAT), (SCALAR, _FLOAT), (PYTHON, _INT)})
_TRUTHS = frozenset({(PYTHON, _BOOL), (SCALAR, _BOOL)})

_ARITHMETIC = frozenset({operator.add, operator.sub, operator.mul, operator.truediv})
_OPERATORS = _ARITHMETIC | {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne}
_EXACT = 2**53  # integers up to here are exact as floats


def joint(value: Mixed, *, integers: bool = False) -> LaneArray | None:
    """The number of each lane as NumPy's scalar; None if it is not a float in all lanes, or a truth in all.

    With ``integers`` it may be one of Python's integers, too, which is exact as a float.
    """
    if not integers and value.integers:
        return None
    if value.joint is not None:
        return live(value.joint)
    kinds = {scalar_kind(option) for option in value.options}
    if recorder() is not None or not (kinds <= _ALLOWED or kinds <= _TRUTHS):
        return None
    value.integers = (PYTHON, _INT) in kinds
    if value.integers and not (integers and all(map(_is_exact, value.options))):
        return None
    whole = not any(type(x) is LaneArray and x.lanes.stale for x in (value.codes, *value.options))
    dtype = _FLOAT if kinds <= _ALLOWED else _BOOL
    found, *others = [_as_scalar(option, dtype) for option in value.options]
    for code, other in enumerate(others, 1):
        if other.data is not found.data:
            found = pick(_is(value, code), other, found)
    if whole:  # else it is of the lanes at work only
        value.joint = found
    return live(found)


def _as_scalar(x: Any, dtype: Any) -> LaneArray:
    if type(x) is not LaneArray:
        return LaneArray(np.asarray(x, dtype), NOWHERE, SCALAR)
    return LaneArray(x.data.astype(dtype, copy=False), x.lanes, SCALAR)


def _is_exact(x: Any) -> bool:
    """Whether a number is exact as a float."""
    if type(x) is LaneArray:
        return x.data.dtype != _INT or not x.data.size or max(abs(int(x.data.max())), abs(int(x.data.min()))) < _EXACT
    return type(x) is not int or -_EXACT < x < _EXACT


def _is(value: Mixed, code: int) -> LaneArray:
    """In which lanes a mixed value is a certain one of its alternatives."""
    codes = live(value.codes)
    return LaneArray(codes.data == code, codes.lanes, SCALAR)


def of_numpy(value: Mixed) -> LaneArray:
    """In which lanes a mixed number is NumPy's."""
    kinds = [scalar_kind(option)[0] for option in value.options]
    return _is(value, kinds.index(SCALAR) if SCALAR in kinds else -1)


def mix(numpys: LaneArray, found: LaneArray) -> Any:
    """Numbers that are NumPy's where a mask says so, else Python's."""
    count = np.count_nonzero(numpys.data)
    if numpys.data.size and count in (0, numpys.data.size):
        return found if count else LaneArray(found.data, found.lanes, PYTHON)
    codes = LaneArray(numpys.data.astype(np.int16), numpys.lanes, SCALAR)
    made = Mixed(codes, [LaneArray(found.data, found.lanes, PYTHON), LaneArray(found.data, found.lanes, SCALAR)])
    made.joint = found
    return made


def binary(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operator of two numbers, at least one of them mixed; None where each kind has to go its own way."""
    if function not in _OPERATORS:
        return None
    values = _numbers((a, b), integers=function in _ARITHMETIC)
    if values is None:
        return None
    run = RUN.get()
    found = FAILED if run is None else on_trial(run, lambda: function(*values), divide="raise", invalid="raise")
    if found is FAILED:
        return None
    if type(found) is not LaneArray or found.kind == ARRAY:
        return found
    masks: list[Any] = []
    for x in (a, b):
        if type(x) is Mixed:
            masks.append(of_numpy(x))
        elif type(x) is np.float64 or (type(x) is LaneArray and x.kind != PYTHON):
            return found
    return mix(masks[0] if len(masks) == 1 else masks[0] | masks[1], found)


def unary(function: Callable[[Any], Any], a: Mixed) -> Any:
    """``-x`` and ``abs(x)``."""
    value = joint(a) if function in (operator.neg, operator.abs, operator.pos) else None
    if value is None or value.data.dtype != float:
        return None
    return mix(of_numpy(a), function(value))


def ufunc(function: np.ufunc, inputs: Any) -> Any:
    """A ufunc, which takes both kinds alike and gives NumPy's; None where the inputs are not all such."""
    values = _numbers(inputs)
    return None if values is None else function(*values)


def held(value: Mixed, dtype: np.dtype[Any]) -> Any:
    """A mixed number as the elements of an array of floats hold it; else itself."""
    found = joint(value, integers=True) if dtype == _FLOAT else None
    return value if found is None or found.data.dtype != _FLOAT else found


def _numbers(items: Any, *, integers: bool = False) -> list[Any] | None:
    """Mixed and other operands as NumPy's numbers, if it makes no difference to the values of a result."""
    floats = any(map(_is_float, items))  # then the integers among the others become floats
    values: list[Any] = []
    for item in items:
        kind = type(item)
        value = item
        if kind is Mixed:
            value = joint(item, integers=floats)
            if value is None or value.data.dtype != float:
                return None
        elif kind is LaneArray:
            if item.data.dtype != float and not (integers and item.data.dtype == np.int64):
                return None
            value = LaneArray(item.data, item.lanes, SCALAR) if item.kind == PYTHON else item
        elif kind is int:
            if not -_EXACT < item < _EXACT:
                return None
        elif kind is not float and kind is not np.float64:
            return None
        values.append(value)
    return values


def _is_float(x: Any) -> bool:
    """Whether an operand is a float in all lanes."""
    if type(x) is Mixed:
        return joint(x) is not None
    return type(x) in (float, np.float64) or (type(x) is LaneArray and x.data.dtype == float)


TABLE["mixed floats"] = binary
TABLE["mixed float"] = unary
TABLE["mixed ufunc"] = ufunc
TABLE["mixed held"] = held
