"""Comparisons of one element, extremes, logic and bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit import Emitter
from ..magnitude import Magnitude, compared
from ..values import Pair
from .elementwise import Scalar, element
from .table import Unsupported, cast_one


def _comparison(real: str, signed: str, unsigned: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if type(a) is Pair:
            if real not in ("oeq", "une"):
                raise Unsupported("an order of complex numbers")
            return e.op("and" if real == "oeq" else "or", e.compare(real, a.re, b.re), e.compare(real, a.im, b.im))
        for x, y, condition in ((a, b, real), (b, a, _SWAPPED.get(real, ""))):
            if condition in _SWAPPED and type(x) is Magnitude and x.type == "double" and max(x.width, y.width) > 1:
                return compared(e, condition, x, y)
        return e.compare({"f": real, "i": signed}.get(dtype.kind, unsigned), a, b)

    return rule


_SWAPPED = {"olt": "ogt", "ogt": "olt", "ole": "oge", "oge": "ole"}


element(np.less)(_comparison("olt", "slt", "ult"))
element(np.less_equal)(_comparison("ole", "sle", "ule"))
element(np.greater)(_comparison("ogt", "sgt", "ugt"))
element(np.greater_equal)(_comparison("oge", "sge", "uge"))
element(np.equal)(_comparison("oeq", "eq", "eq"))
element(np.not_equal)(_comparison("une", "ne", "ne"))


def _extreme(better: str, signed: str, unsigned: str, *, skips_nan: bool) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if type(a) is Pair:
            raise Unsupported("an order of complex numbers")
        if dtype.kind != "f":
            return e.select(e.compare(signed if dtype.kind == "i" else unsigned, a, b), a, b)
        nan = e.compare("uno", b, b) if skips_nan else e.compare("uno", a, a)
        return e.select(nan, a, e.select(e.compare(better, a, b), a, b))  # the inner one is an instruction

    return rule


element(np.minimum)(_extreme("olt", "slt", "ult", skips_nan=False))
element(np.maximum)(_extreme("ogt", "sgt", "ugt", skips_nan=False))
element(np.fmin)(_extreme("ole", "slt", "ult", skips_nan=True))
element(np.fmax)(_extreme("oge", "sgt", "ugt", skips_nan=True))


def _logic(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        return e.op(name, cast_one(e, a, dtype, _BOOL), cast_one(e, b, dtype, _BOOL))

    return rule


_BOOL = np.dtype(bool)
element(np.logical_and)(_logic("and"))
element(np.logical_or)(_logic("or"))
element(np.logical_xor)(_logic("xor"))


@element(np.logical_not)
def logical_not(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``not x``."""
    return e.op("xor", cast_one(e, a, dtype, _BOOL), e.literal(True, "i1"))


def _bitwise(name: str) -> Scalar:
    return lambda e, dtype, a, b: e.op(name, a, b)


element(np.bitwise_and)(_bitwise("and"))
element(np.bitwise_or)(_bitwise("or"))
element(np.bitwise_xor)(_bitwise("xor"))


@element(np.invert)
def invert(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``~x``."""
    return e.op("xor", a, e.literal(-1 if dtype.kind != "b" else True, a.type))


@element(np.left_shift)
def left_shift(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """``a << b``; 0 where everything is shifted out."""
    bits = e.literal(8 * dtype.itemsize, a.type)
    fits = e.compare("ult", b, bits)
    zero = e.literal(0, a.type)
    return e.select(fits, e.op("shl", a, e.select(fits, b, zero)), zero)


@element(np.right_shift)
def right_shift(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """``a >> b``; the sign where everything is shifted out."""
    bits = 8 * dtype.itemsize
    fits = e.compare("ult", b, e.literal(bits, a.type))
    if dtype.kind == "i":
        return e.op("ashr", a, e.select(fits, b, e.literal(bits - 1, a.type)))
    zero = e.literal(0, a.type)
    return e.select(fits, e.op("lshr", a, e.select(fits, b, zero)), zero)
