"""Python scalars in lanes: Python's own arithmetic, exactly.

``1 / 0`` raises, ``(-8.0) ** (1 / 3)`` is complex, ``True + True`` is 2, and an integer that would outgrow
64 bits leaves the batch.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import facts
from ..array import PYTHON, LaneArray, live, row
from ..facts import NoLaneForm
from ..lanes import NOWHERE
from ..operators import power_as_c
from .common import spread_all

_BIG = 2.0**62  # an integer result that may be this large is left to Python
_EXACT = 2**53  # integers up to here are exact as floats


def _lane(x: Any) -> LaneArray:
    if type(x) is LaneArray:
        return x
    if type(x) is int and not -(2**63) <= x < 2**63:
        raise NoLaneForm("a Python integer of more than 64 bits meets a lane value")
    return LaneArray(np.asarray(x), NOWHERE, PYTHON)


def _operands(values: tuple[Any, ...], *, integers: bool = True) -> tuple[list[Any], Any]:
    items = [_lane(x) for x in values]
    if integers:  # in Python's arithmetic a bool is an int
        items = [LaneArray(x.data.astype(np.int64), x.lanes, PYTHON) if x.data.dtype == bool else x for x in items]
    return spread_all(items)


def _python(data: Any, lanes: Any) -> LaneArray:
    return LaneArray(np.asarray(data), lanes, PYTHON)


def _kind(*datas: Any) -> str:
    return max((data.dtype.kind for data in datas), key="bifc".index)  # type: ignore[no-any-return]


def _small(bound: Any) -> None:
    if np.size(bound) and not np.max(bound) < _BIG:
        raise NoLaneForm("a Python integer outgrows 64 bits")


@row(operator.add, operator.sub, operator.mul)
def ring(func: Any, a: Any, b: Any) -> LaneArray:
    """Sums, differences and products; integers are watched for overflow."""
    (x, y), lanes = _operands((a, b))
    if _kind(x, y) == "i":
        size_x, size_y = np.abs(x.astype(float)), np.abs(y.astype(float))
        _small(size_x * size_y if func is operator.mul else size_x + size_y)
    with np.errstate(all="ignore"):
        return _python(func(x, y), lanes)


@row(operator.truediv, operator.floordiv, operator.mod)
def division(func: Any, a: Any, b: Any) -> LaneArray:
    """Quotients and remainders; a zero divisor raises, as a fact."""
    (x, y), lanes = _operands((a, b))
    zero = np.broadcast_to(y == 0, lanes.shape)
    if zero.any():
        if zero.all():
            return func(*[x.flat[0].item() if isinstance(x, np.ndarray) else x for x in (x, y)])  # type: ignore[no-any-return]
        facts.agree(lanes, zero, "whether a divisor is zero")
        return division(func, *[live(v) if type(v) is LaneArray else v for v in (a, b)])  # type: ignore[no-any-return]
    if _kind(x, y) == "i" and func is operator.truediv and max(np.abs(v).max(initial=0) for v in (x, y)) > _EXACT:
        raise NoLaneForm("Python integers above 2**53 are divided")
    if _kind(x, y) == "i" and func is operator.floordiv and ((x == np.iinfo(np.int64).min) & (y == -1)).any():
        raise NoLaneForm("a Python integer outgrows 64 bits")
    if _kind(x, y) == "c" and func is not operator.truediv:
        return func(0j, 1)  # type: ignore[no-any-return]
    with np.errstate(all="ignore"):
        return _python(func(x, y), lanes)


@row(operator.pow)
def power(func: Any, a: Any, b: Any) -> LaneArray:
    """Powers, whose type depends on values: a fact."""
    (x, y), lanes = _operands((a, b))
    x, y = np.broadcast_to(x, lanes.shape), np.broadcast_to(y, lanes.shape)
    kind = _kind(x, y)
    case = np.zeros(lanes.shape, np.int8)
    if kind == "i":
        case[y < 0] = 1
    elif kind == "f":
        case[(x < 0) & np.isfinite(y) & np.isfinite(x) & (y != np.floor(y))] = 2
    case[(x == 0) & (y.real < 0)] = 3
    with np.errstate(all="ignore"):
        if kind in "if":
            size = np.abs(x.astype(float)) ** y.astype(float)
            case[np.isinf(size) & np.isfinite(x.astype(float)) & np.isfinite(y.astype(float)) & (case != 3)] += 4
        code = int(facts.agree(lanes, case, "the type of a power")) if case.size else 0
        if lanes.stale:  # the lanes have split: again, with those that are left
            return power(func, *[live(v) if type(v) is LaneArray else v for v in (a, b)])  # type: ignore[no-any-return]
        if code >= 3 and not (code >= 4 and kind == "i"):
            return func(x.flat[0].item(), y.flat[0].item())  # type: ignore[no-any-return]
        if code == 1 or kind == "f":
            if code == 2:
                return _python(x.astype(complex) ** y, lanes)
            return _python(power_as_c(x.astype(float), y.astype(float)), lanes)
        if kind == "i":
            _small(size)
        return _python(x**y, lanes)


@row(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
def comparison(func: Any, a: Any, b: Any) -> LaneArray:
    """Comparisons; an integer against a float is exact in Python."""
    (x, y), lanes = _operands((a, b), integers=False)
    for i, f in ((x, y), (y, x)):
        if i.dtype.kind == "i" and f.dtype.kind == "f" and i.size and np.abs(i.astype(float)).max() > _EXACT:
            raise NoLaneForm("a Python integer above 2**53 is compared with a float")
    if "c" in (x.dtype.kind, y.dtype.kind) and func not in (operator.eq, operator.ne):
        func(0j, 0)
    return _python(func(x, y), lanes)


@row(operator.and_, operator.or_, operator.xor)
def logic(func: Any, a: Any, b: Any) -> LaneArray:
    """Bitwise operators; of two bools a bool."""
    (x, y), lanes = _operands((a, b), integers=False)
    if _kind(x, y) not in "bi":
        func(0.0, 0)
    return _python(func(x, y), lanes)


@row(operator.lshift, operator.rshift)
def shift(func: Any, a: Any, b: Any) -> LaneArray:
    """Shifts; a negative count raises."""
    (x, y), lanes = _operands((a, b))
    if _kind(x, y) != "i":
        func(0.0, 0)
    if (y < 0).any():
        raise ValueError("negative shift count")
    if func is operator.lshift:
        _small(np.abs(x.astype(float)) * 2.0 ** np.minimum(y, 200))
        return _python(x << y, lanes)
    return _python(x >> np.minimum(y, 63), lanes)


@row(operator.neg, operator.pos, operator.abs, operator.invert)
def sign(func: Any, a: Any) -> LaneArray:
    """``-x``, ``+x``, ``abs(x)`` and ``~x``."""
    (x,), lanes = _operands((a,))
    if x.dtype.kind == "i":
        _small(np.abs(x.astype(float)))
    return _python(func(x), lanes)
