"""Arithmetic of one element: sums, products, quotients, signs, powers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..emit import Emitter, Ref, type_of
from ..identities import never_negative
from ..magnitude import Magnitude
from ..values import Pair
from ..vectormath import libm
from .elementwise import Scalar, element, one
from .table import Unsupported


def _folded(name: str, a: Ref, b: Ref) -> Any:
    """What needs no instruction, strictly: ``x * 1``, ``x / 1``, ``x - 0``."""
    if b.constant is not None and type(b.constant) is not bool:
        if name in ("fmul", "fdiv", "mul") and b.constant == 1:
            return a
        if name in ("fsub", "sub", "add") and b.constant == 0 and math.copysign(1, b.constant) > 0:
            return a
    if a.constant is not None and name in ("fmul", "mul") and a.constant == 1 and type(a.constant) is not bool:
        return b
    return None


def _arithmetic(integer: str, real: str, boolean: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        if dtype.kind == "b":
            if not boolean:
                raise Unsupported("arithmetic of bool")
            return e.op(boolean, a, b)
        name = real if dtype.kind == "f" else integer
        if type(a) is Pair:
            return Pair(e.op(real, a.re, b.re), e.op(real, a.im, b.im))
        folded = _folded(name, a, b)
        return e.op(name, a, b) if folded is None else folded

    return rule


element(np.add)(_arithmetic("add", "fadd", "or"))
element(np.subtract)(_arithmetic("sub", "fsub", ""))
_product = _arithmetic("mul", "fmul", "and")


@element(np.multiply)
def multiply(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A product."""
    if type(a) is Pair:
        re = e.op("fsub", e.op("fmul", a.re, b.re), e.op("fmul", a.im, b.im))
        return Pair(re, e.op("fadd", e.op("fmul", a.re, b.im), e.op("fmul", a.im, b.re)))
    return _product(e, dtype, a, b)


@element(np.true_divide)
def divide(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A quotient; of complex numbers by Smith's method, as in NumPy."""
    if type(a) is not Pair:
        folded = _folded("fdiv", a, b)
        return e.op("fdiv", a, b) if folded is None else folded
    real = np.dtype(f"f{dtype.itemsize // 2}")
    wide = e.compare("oge", one(e, np.absolute, real, b.re), one(e, np.absolute, real, b.im))
    big, small = e.select(wide, b.re, b.im), e.select(wide, b.im, b.re)
    ratio = e.op("fdiv", small, big)
    scale = e.op("fdiv", e.literal(1.0, type_of(real)), e.op("fadd", big, e.op("fmul", small, ratio)))
    x, y = e.select(wide, a.re, a.im), e.select(wide, a.im, a.re)
    re = e.op("fmul", e.op("fadd", x, e.op("fmul", y, ratio)), scale)
    down = e.op("fsub", a.im, e.op("fmul", a.re, ratio))
    up = e.op("fsub", e.op("fmul", a.im, ratio), a.re)
    im = e.op("fmul", e.select(wide, down, up), scale)
    zero = e.literal(0.0, type_of(real))
    none = e.op("and", e.compare("oeq", b.re, zero), e.compare("oeq", b.im, zero))
    plain = Pair(e.op("fdiv", a.re, e.intrinsic("fabs", b.re)), e.op("fdiv", a.im, e.intrinsic("fabs", b.re)))
    return Pair(e.select(none, plain.re, re), e.select(none, plain.im, im))


@element(np.negative)
def negative(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``-x``."""
    if type(a) is Pair:
        return Pair(e.op("fneg", a.re), e.op("fneg", a.im))
    return e.op("fneg", a) if dtype.kind == "f" else e.op("sub", e.literal(0, a.type), a)


@element(np.positive)
def positive(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``+x``."""
    return a


@element(np.absolute, np.fabs)
def absolute(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """A magnitude."""
    if type(a) is Pair:
        return Magnitude(e, a.re, a.im)
    if dtype.kind == "f":
        return e.intrinsic("fabs", a)
    if dtype.kind in "bu":
        return a
    return e.select(e.compare("slt", a, e.literal(0, a.type)), negative(e, dtype, a), a)


@element(np.bitwise_count)
def bitwise_count(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """How many bits of a magnitude are 1."""
    if dtype.kind not in "iu":
        raise Unsupported("the bits of what is no integer")
    found = e.intrinsic("ctpop", absolute(e, dtype, a))
    return found if dtype.itemsize == 1 else e.convert("trunc", found, "i8")


@element(np.conjugate)
def conjugate(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """The complex conjugate."""
    return Pair(a.re, e.op("fneg", a.im)) if type(a) is Pair else a


@element(np.square)
def square(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``x * x``."""
    return multiply(e, dtype, a, a)


@element(np.reciprocal)
def reciprocal(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """``1 / x``."""
    if dtype.kind != "f":
        raise Unsupported("the reciprocal of an integer")
    return e.op("fdiv", e.literal(1.0, a.type), a)


@element(np.sign)
def sign(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """-1, 0 or 1; nan of nan."""
    if dtype.kind not in "fiu":
        raise Unsupported("the sign of a complex number")
    real = dtype.kind == "f"
    zero = e.literal(0, a.type)
    signed = dtype.kind != "u"
    positive_ = e.compare("ogt" if real else "sgt" if signed else "ugt", a, zero)
    negative_ = e.compare("olt" if real else "slt", a, zero) if signed else e.literal(False, "i1")
    found = e.select(positive_, e.literal(1, a.type), e.select(negative_, e.literal(-1, a.type), zero))
    return e.select(e.compare("uno", a, a), a, found) if real else found


@element(np.heaviside)
def heaviside(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """The step function."""
    zero = e.literal(0.0, a.type)
    found = e.select(e.compare("olt", a, zero), zero, e.literal(1.0, a.type))
    return e.select(e.compare("uno", a, a), a, e.select(e.compare("oeq", a, zero), b, found))


# ---- powers ----


@element(np.power)
def power(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A power; small constant exponents become products, and NumPy itself calls sqrt for 0.5."""
    if dtype.kind == "c":
        if b.re.constant == 2 and b.im.constant == 0:
            return multiply(e, dtype, a, a)
        raise Unsupported("a complex power")
    if dtype.kind == "f":
        if b.constant is not None:
            short = _constant_power(e, dtype, a, b.constant)
            if short is not None:
                return short
        return libm(e, "pow", a, b)
    if dtype.kind not in "iu" or b.constant is None or b.constant < 0:
        raise Unsupported("an integer power")
    found, base, rest = e.literal(1, a.type), a, int(b.constant)
    while rest:
        if rest & 1:
            found = base if found.constant == 1 else e.op("mul", found, base)
        rest >>= 1
        base = e.op("mul", base, base) if rest else base
    return found


@element(np.float_power)
def float_power(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """A power as C has it: unlike sqrt, it takes -inf to inf and -0.0 to 0.0."""
    found = power(e, dtype, a, b)
    if dtype.kind != "f" or b.constant != 0.5:
        return found
    low = e.compare("oeq", a, e.literal(-math.inf, a.type))
    return e.select(low, e.literal(math.inf, a.type), e.op("fadd", found, e.literal(0.0, a.type)))


def _constant_power(e: Emitter, dtype: np.dtype[Any], a: Ref, exponent: float) -> Any:
    if exponent == 0:
        return e.literal(1.0, a.type)
    if exponent == 0.5:
        return e.intrinsic("sqrt", a)
    if exponent == -1:
        return reciprocal(e, dtype, a)
    if abs(exponent) == 1.5 and a.type != "half":
        factors = [a, e.intrinsic("sqrt", a)]
        if exponent < 0:
            factors = [reciprocal(e, dtype, factor) for factor in factors]
        limit = e.literal(math.inf if exponent > 0 else 0.0, a.type)
        found = e.op("fmul", *factors)
        if never_negative(e, a):
            return found
        return e.select(e.compare("oeq", a, e.literal(-math.inf, a.type)), limit, found)
    if exponent in (1, 2, 3, 4):
        found = a if exponent % 2 else square(e, dtype, a)
        return e.op("fmul", square(e, dtype, a), found) if exponent > 2 else found
    return None
