"""Operators of lane values, and the elementwise ufuncs: without detours where operands are plain to see.

An operation on a small batch should cost little more than NumPy's own call, so these functions look at types
and lanes only, and leave what needs more care to the table.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .array import ARRAY, FAST, MIXED, PYTHON, SCALAR, SLOW, LaneArray, apply, live
from .facts import RUN, NoLaneForm, note_write, parted, recorder
from .lanes import spread


def elementwise(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    """A ufunc of two operands, at least one a lane value, without detours; `SLOW` where they need more care."""
    if type(a) is LaneArray:
        if (a.kind == PYTHON or a.lanes.stale) and (a := _plain(a, b)) is SLOW:
            return SLOW
        lanes, x = a.lanes, a.data
        rank = x.ndim - lanes.ndim
        if type(b) is LaneArray:
            if (b.kind == PYTHON or b.lanes.stale) and (b := _plain(b, a)) is SLOW:
                return SLOW
            other, y = b.lanes, b.data
            rank_b = y.ndim - other.ndim
            if other is not lanes:
                union = lanes.union(other)
                ndim = rank if rank > rank_b else rank_b
                x, y, lanes = spread(x, lanes, union, ndim), spread(y, other, union, ndim), union
            elif rank_b < rank:
                y = y.reshape(lanes.shape + (1,) * (rank - rank_b) + y.shape[lanes.ndim :])
            elif rank < rank_b:
                x = x.reshape(lanes.shape + (1,) * (rank_b - rank) + x.shape[lanes.ndim :])
        else:
            y = b
            kind = type(b)
            if kind is np.ndarray:
                if b.ndim > rank:
                    x = x.reshape(lanes.shape + (1,) * (b.ndim - rank) + x.shape[lanes.ndim :])
                if b.dtype.hasobject:
                    return SLOW
            elif kind not in _PLAIN_SCALARS:
                return SLOW
    else:
        if (b.kind == PYTHON or b.lanes.stale) and (b := _plain(b, a)) is SLOW:
            return SLOW
        lanes, x, y = b.lanes, a, b.data
        kind = type(a)
        if kind is np.ndarray:
            rank = y.ndim - lanes.ndim
            if a.ndim > rank:
                y = y.reshape(lanes.shape + (1,) * (a.ndim - rank) + y.shape[lanes.ndim :])
            if a.dtype.hasobject:
                return SLOW
        elif kind not in _PLAIN_SCALARS:
            return SLOW
    try:
        data = ufunc(x, y)
    except Exception:
        return SLOW
    if type(data) is not np.ndarray:
        return SLOW
    return LaneArray(data, lanes, ARRAY if data.ndim > lanes.ndim else SCALAR)


def _plain(x: LaneArray, other: Any) -> Any:
    """A stale value brought up to date, if it can't be written: a scalar that is not traced; else `SLOW`.

    One of Python's numbers takes the dtype of the other operand, if that makes no difference to it.
    """
    if x.kind == ARRAY:
        return SLOW
    if x.kind == PYTHON and not (
        type(other) is LaneArray and other.kind != PYTHON and {x.data.dtype, other.data.dtype} <= _AS_THEY_ARE
    ):
        return SLOW
    now = live(x)
    return SLOW if now.lanes.stale else now


_AS_THEY_ARE = frozenset({np.dtype(float), np.dtype(np.int64)})


MUCH = 1 << 16  # elements, whose functions take so long that it is worth counting (`hot`)


def note_work(elements: int) -> None:
    """Count a function of many elements, which the text of the code does not tell."""
    run = RUN.get()
    if run is not None and run.meter is not None:
        run.meter.elements(run, elements)


_PLAIN_SCALARS = frozenset({int, float, bool, np.float64, np.float32, np.int64, np.int32, np.bool, np.complex128})


def unary(ufunc: np.ufunc, x: Any) -> Any:
    """A ufunc of one operand without detours; `SLOW` where it needs more care."""
    lanes = x.lanes
    if x.kind == PYTHON or lanes.stale or not lanes.ndim:
        if not lanes.ndim or (x := _plain(x, None)) is SLOW:
            return SLOW
        lanes = x.lanes
    try:
        data = ufunc(x.data)
    except Exception:
        return SLOW
    if data.ndim == lanes.ndim:
        return LaneArray(data, lanes, SCALAR)
    if data.size > MUCH:
        note_work(data.size)
    return LaneArray(data, lanes, ARRAY)


def _forward(ufunc: np.ufunc) -> Any:
    core = ufunc.signature is not None

    operation = PYTHON_OPERATORS[ufunc]

    def forward(self: LaneArray, other: Any) -> Any:
        lanes = self.lanes
        if core:  # a product has core dimensions, so equal ranks of the data mean nothing
            result = FAST[ufunc](ufunc, self, other)
            return _deferring(ufunc, self, other, False) if result is SLOW else result
        if self.kind == PYTHON and (type(other) in _NUMBERS or (type(other) is LaneArray and other.kind == PYTHON)):
            result = short(operation, self, other)
            return _deferring(ufunc, self, other, False) if result is SLOW else result
        if (
            type(other) is LaneArray
            and other.lanes is lanes
            and other.data.ndim == self.data.ndim > lanes.ndim
            and not lanes.stale
        ):  # two arrays of one rank: the most common of all
            try:
                return LaneArray(ufunc(self.data, other.data), lanes, ARRAY)
            except Exception:
                return apply(ufunc, self, other)
        result = elementwise(ufunc, self, other)
        return _deferring(ufunc, self, other, False) if result is SLOW else result

    return _root(forward) if ufunc is np.power else forward


def _root(power: Any) -> Any:
    """``x ** 0.5``, which for scalars is C's ``pow``; ``x ** 2``, which for arrays of truth values is `np.square`."""

    def forward(self: LaneArray, other: Any) -> Any:
        if self.kind == ARRAY and self.data.dtype == bool and type(other) is int and other == 2 and _SQUARED:
            return apply(np.square, self)
        if self.kind != SCALAR or type(other) not in _FLOATS or other != 0.5 or self.data.dtype.kind != "f":
            return power(self, other)
        if recorder() is not None:
            return apply(np.float_power, self, other).astype(np.result_type(self.data.dtype, other))
        found = power(self, other)
        return LaneArray(_as_c(found.data, live(self).data, other), found.lanes, SCALAR)

    return forward


_SQUARED = (np.ones(1, bool) ** 2).dtype == np.int8  # NumPy's shortcut, of some versions


def power_as_c(x: Any, y: Any) -> Any:
    """``pow``, as C has it: `np.power` of arrays may take square roots, also of -0.0 and of -inf."""
    return _as_c(np.power(x, y), x, y)


def _as_c(found: Any, x: Any, y: Any) -> Any:
    half = np.asarray(y == 0.5)
    if half.any():
        found = np.where(half & (x == -np.inf), np.inf, np.where(half, found + 0.0, found))
    return found


_FLOATS = frozenset({float, np.float64, np.float32, np.float16})


def _reverse(ufunc: np.ufunc) -> Any:
    core = ufunc.signature is not None

    operation = PYTHON_OPERATORS[ufunc]

    def reverse(self: LaneArray, other: Any) -> Any:
        if self.kind == PYTHON and type(other) in _NUMBERS:
            result = short(operation, other, self)
        else:
            result = SLOW if core else elementwise(ufunc, other, self)
        return _deferring(ufunc, self, other, True) if result is SLOW else result

    return reverse


_NUMBERS = frozenset({int, float})


def short(operation: Any, a: Any, b: Any) -> Any:
    """An operator of Python's numbers without detours (`ops.numbers`), or `SLOW`."""
    rule = FAST.get(operation)
    return SLOW if rule is None else rule(operation, a, b)


_NUMERIC = (bool, complex, np.generic, np.ndarray, list, tuple)


def _deferring(ufunc: np.ufunc, self: LaneArray, other: Any, reverse: bool) -> Any:
    """An operator on some other type: its own methods come first where NumPy would let them."""
    if type(other) in MIXED:
        return NotImplemented
    pair = (other, self) if reverse else (self, other)
    if _is_complex(pair[0]) and _is_float(pair[1]) and ufunc not in _ORDERINGS:
        # NumPy's float64 is a Python float, so a Python complex on its left knows what to do
        return apply(PYTHON_OPERATORS[ufunc], *[as_python(x) for x in pair])
    if type(other) is LaneArray:
        return apply(PYTHON_OPERATORS[ufunc] if self.kind == other.kind == PYTHON else ufunc, *pair)
    if self.kind == PYTHON and type(other) in (bool, int, float, complex):
        return apply(PYTHON_OPERATORS[ufunc], *pair)
    if self.kind == PYTHON and not isinstance(other, (np.generic, np.ndarray)):
        return NotImplemented
    if ufunc is np.multiply and self.kind == SCALAR and isinstance(other, (list, tuple)):
        if self.data.dtype.kind not in "iu":
            raise TypeError(f"can't multiply sequence by non-int of type {self.data.dtype.type.__name__!r}")
        return other * operator.index(self)
    if not isinstance(other, _NUMERIC) and (
        getattr(type(other), "__array_ufunc__", 0) is None
        or (
            not hasattr(type(other), "__array_ufunc__")
            and getattr(other, "__array_priority__", 0.0) > 0.0
        )
    ):
        return NotImplemented
    return apply(ufunc, *pair)


_ORDERINGS = frozenset({np.less, np.less_equal, np.greater, np.greater_equal})


def _is_complex(x: Any) -> bool:
    return type(x) is complex or (type(x) is LaneArray and x.kind == PYTHON and x.data.dtype.kind == "c")


def _is_float(x: Any) -> bool:
    return type(x) is np.float64 or (type(x) is LaneArray and x.kind == SCALAR and x.data.dtype == np.float64)


def as_python(x: Any) -> Any:
    """A float64 scalar as the Python float that it is, too."""
    if type(x) is LaneArray:
        return LaneArray(x.data, x.lanes, PYTHON)
    return x.item() if isinstance(x, np.generic) else x


def _fitting(target: LaneArray, other: Any) -> Any:
    """The data of an operand that broadcasts into a target as they are; None where that needs more care."""
    lanes, data = target.lanes, target.data
    if lanes.stale or not lanes.ndim or not data.flags.writeable:
        return None
    if type(other) is LaneArray:
        missing = data.ndim - other.data.ndim
        if other.lanes is not lanes or other.kind == PYTHON or missing < 0:
            return None
        return other.data.reshape(lanes.shape + (1,) * missing + other.data.shape[lanes.ndim :])
    if type(other) is np.ndarray:
        return other if other.ndim <= data.ndim - lanes.ndim and not other.dtype.hasobject else None
    return other if type(other) in _PLAIN_SCALARS else None


def _in_place(ufunc: np.ufunc) -> Any:
    forward = _forward(ufunc)
    core = ufunc.signature is not None

    def in_place(self: LaneArray, other: Any) -> Any:
        if self.kind != ARRAY:
            return forward(self, other)  # scalars are immutable: the name is bound anew
        data = None if core or parted() else _fitting(self, other)
        if data is None:
            apply(ufunc, self, other, out=(self,))
            return self
        run = note_write(self.lanes, self.data)
        try:
            ufunc(self.data, data, out=self.data)
            if run is not None and run.views is not None:
                run.views.follow(run, self.data)
        except (TypeError, ValueError):  # NumPy refused, and wrote nothing
            apply(ufunc, self, other, out=(self,))
        except Exception:
            raise NoLaneForm("an operation in place failed half way") from None
        return self

    return in_place


def _unary(ufunc: np.ufunc) -> Any:
    def operate(self: LaneArray) -> Any:
        if self.kind == PYTHON:
            return apply(PYTHON_OPERATORS[ufunc], self)
        result = unary(ufunc, self)
        return apply(ufunc, self) if result is SLOW else result

    return operate


def _compare(ufunc: np.ufunc) -> Any:
    forward = _forward(ufunc)

    def compare(self: LaneArray, other: Any) -> Any:
        if self.lanes.stale and dead_key(self, other):
            return ufunc is np.not_equal
        found = forward(self, other)
        if self.kind == SCALAR and self.data.dtype.char in "SU" and type(found) is LaneArray and found.kind == SCALAR:
            return LaneArray(found.data, found.lanes, PYTHON)  # a text scalar compares as Python's own texts do
        return found

    return compare


def dead_key(*values: Any) -> bool:
    """Whether one of these was a dict's key in a group that has ended: it equals nothing now."""
    return any(
        type(x) is LaneArray and any(axis.closed and axis.hashed for axis in x.lanes.axes) for x in values
    )


PYTHON_OPERATORS: dict[np.ufunc, Any] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.power: operator.pow,
    np.matmul: operator.matmul,
    np.left_shift: operator.lshift,
    np.right_shift: operator.rshift,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.negative: operator.neg,
    np.positive: operator.pos,
    np.absolute: operator.abs,
    np.invert: operator.invert,
}


def _install() -> None:
    binary = {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
        "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
        "lshift": np.left_shift, "rshift": np.right_shift, "and": np.bitwise_and, "or": np.bitwise_or,
        "xor": np.bitwise_xor,
    }  # fmt: skip
    comparisons = {
        "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
        "ne": np.not_equal,
    }  # fmt: skip
    unary_operators = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
    for name, ufunc in binary.items():
        setattr(LaneArray, f"__{name}__", _forward(ufunc))
        setattr(LaneArray, f"__r{name}__", _reverse(ufunc))
        setattr(LaneArray, f"__i{name}__", _in_place(ufunc))
    for name, ufunc in comparisons.items():
        setattr(LaneArray, f"__{name}__", _compare(ufunc))
    for name, function in unary_operators.items():
        setattr(LaneArray, f"__{name}__", _unary(function))
    for function in vars(np).values():
        if isinstance(function, np.ufunc) and function.signature is None and function.nout == 1 and function.nin <= 2:
            FAST[function] = unary if function.nin == 1 else elementwise


_install()
