"""Floats that are Python's in some lanes and NumPy's in others: one operation for both, where both do the same.

``total = 0.0`` before a loop and ``total += x`` in some of its turns is such a number. Python's floats and NumPy's
float64 have the same sums, differences, products, quotients and comparisons; they differ in what they are called, in
the promotion of what they meet, and in what they say of overflow and division by zero.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, live
from ..facts import RUN, recorder
from .both import FAILED, on_trial, pick
from .meet import Mixed

_KINDS = {(PYTHON, np.dtype(kind)): PYTHON for kind in (float, bool)} | {
    (SCALAR, np.dtype(kind)): SCALAR for kind in (float, bool)
}
_PLAIN = {float: PYTHON, np.float64: SCALAR, bool: PYTHON, np.bool: SCALAR}

_ARITHMETIC = frozenset({operator.add, operator.sub, operator.mul, operator.truediv})
_OPERATORS = _ARITHMETIC | {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne}
_EXACT = 2**53  # integers up to here are exact as floats


def _kind(x: Any) -> Any:
    """`PYTHON` or `SCALAR`, for a float64 or a truth; None for anything else."""
    return _KINDS.get((x.kind, x.data.dtype)) if type(x) is LaneArray else _PLAIN.get(type(x))


def joint(value: Mixed) -> LaneArray | None:
    """The number of each lane as NumPy's scalar; None if it is not a float in all lanes, or a truth in all."""
    if value.joint is not None:
        return live(value.joint)
    if len(value.options) != 2 or recorder() is not None:
        return None
    a, b = value.options
    if {_kind(a), _kind(b)} != {PYTHON, SCALAR} or _data(a).dtype != _data(b).dtype:
        return None
    if _data(a) is _data(b):
        found = LaneArray(a.data, a.lanes, SCALAR)
    else:
        whole = not any(type(x) is LaneArray and x.lanes.stale for x in (value.codes, a, b))
        found = pick(_is(value, 0), a, b)
        found.kind = SCALAR
        if not whole:  # of the lanes at work only
            return found
    value.joint = found
    return live(found)


def _data(x: Any) -> Any:
    return x.data if type(x) is LaneArray else np.asarray(x)


def _is(value: Mixed, code: int) -> LaneArray:
    """In which lanes a mixed value is a certain one of its alternatives."""
    codes = live(value.codes)
    return LaneArray(codes.data == code, codes.lanes, SCALAR)


def of_numpy(value: Mixed) -> LaneArray:
    """In which lanes a mixed number is NumPy's."""
    return _is(value, [_kind(option) for option in value.options].index(SCALAR))


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


def _numbers(items: Any, *, integers: bool = False) -> list[Any] | None:
    """Mixed and other operands as NumPy's numbers, if it makes no difference to the values of a result."""
    values: list[Any] = []
    for item in items:
        kind = type(item)
        value = item
        if kind is Mixed:
            value = joint(item)
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


TABLE["mixed floats"] = binary
TABLE["mixed float"] = unary
TABLE["mixed ufunc"] = ufunc
