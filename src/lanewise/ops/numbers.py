"""Python's numbers in lanes on the short way: floats and ints of which nothing but a number can come.

What needs more care answers `SLOW`, and goes to `python`: a divisor that is zero, integers that might outgrow 64 bits,
powers that overflow or are complex.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import FAST, PYTHON, SLOW, LaneArray, live
from ..lanes import spread

_BIG = 2**62  # integers below stay within 64 bits
_LEAST = -(2**63)
_EXACT = 2**53  # and these are exact as floats
_KINDS = {np.dtype(float): "f", np.dtype(np.int64): "i"}

Rule = Callable[[Any, Any, bool], Any]
RULES: dict[Any, Rule] = {}
"""For each operator, its result on two arrays (or plain numbers), given whether any is of floats."""


def short(function: Any, a: Any, b: Any) -> Any:
    """An operator of two Python numbers, at least one of them of each lane; or `SLOW`."""
    rule = RULES.get(function)
    if rule is None:
        return SLOW
    lanes, kinds, values = None, "", []
    for x in (a, b):
        if type(x) is LaneArray:
            x = live(x) if x.lanes.stale else x
            kind = _KINDS.get(x.data.dtype)
            if kind is None or x.lanes.stale or not x.data.size:
                return SLOW
            lanes = x.lanes if lanes is None else lanes.union(x.lanes)
        else:
            kind = "f" if type(x) is float else "i"
            if kind == "i" and (type(x) is bool or not -_EXACT < x < _EXACT):
                return SLOW
        kinds += kind
        values.append(x)
    assert lanes is not None
    if kinds in ("fi", "if") and function in _ORDER and type(values[kinds.index("i")]) is LaneArray:
        return SLOW  # Python compares exactly
    x, y = [spread(v.data, v.lanes, lanes, 0) if type(v) is LaneArray else v for v in values]
    found = rule(x, y, "f" in kinds)
    return SLOW if found is SLOW else LaneArray(found, lanes, PYTHON)


_ORDER = {
    operator.lt: np.less, operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal,
    operator.eq: np.equal, operator.ne: np.not_equal,
}  # fmt: skip


def _bound(x: Any) -> int:
    """The greatest absolute value of some integers."""
    return abs(x) if type(x) is int else max(abs(int(x.max())), abs(int(x.min())))


def _ring(ufunc: np.ufunc, bound: Callable[[int, int], int]) -> Rule:
    def rule(x: Any, y: Any, floats: bool) -> Any:
        if floats:
            with np.errstate(all="ignore"):
                return ufunc(x, y)
        return ufunc(x, y) if bound(_bound(x), _bound(y)) < _BIG else SLOW

    return rule


def _division(ufunc: np.ufunc) -> Rule:
    def rule(x: Any, y: Any, floats: bool) -> Any:
        if not (y if type(y) in (int, float) else y.all()) or (type(y) is int and y == -1):
            return SLOW
        if not floats and ufunc is np.floor_divide and np.size(x) and np.min(x) == _LEAST:
            return SLOW  # divided by -1 it outgrows 64 bits
        if floats or ufunc is not np.true_divide:
            with np.errstate(all="ignore"):
                return ufunc(x, y)
        return ufunc(x, y) if max(_bound(x), _bound(y)) < _EXACT else SLOW

    return rule


def _comparison(ufunc: np.ufunc) -> Rule:
    return lambda x, y, floats: ufunc(x, y)


def _bits(ufunc: np.ufunc) -> Rule:
    return lambda x, y, floats: SLOW if floats else ufunc(x, y)


def _power(x: Any, y: Any, floats: bool) -> Any:
    if type(y) not in (int, float) or y != int(y) or not 0 < y < 64:
        return SLOW
    if floats:
        with np.errstate(all="ignore"):
            found = np.power(x, float(y))
        return found if np.isfinite(found).all() else SLOW
    return np.power(x, y) if _bound(x) ** y < _BIG else SLOW


RULES.update({
    operator.add: _ring(np.add, operator.add),
    operator.sub: _ring(np.subtract, operator.add),
    operator.mul: _ring(np.multiply, operator.mul),
    operator.truediv: _division(np.true_divide),
    operator.floordiv: _division(np.floor_divide),
    operator.mod: _division(np.remainder),
    operator.pow: _power,
    operator.and_: _bits(np.bitwise_and),
    operator.or_: _bits(np.bitwise_or),
    operator.xor: _bits(np.bitwise_xor),
    **{function: _comparison(ufunc) for function, ufunc in _ORDER.items()},
})  # fmt: skip

FAST.update(dict.fromkeys(RULES, short))
