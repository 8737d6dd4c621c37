"""Floats taken apart and rounded, and the elementary functions of one element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..emit import Emitter, Ref
from ..values import Pair
from ..vectormath import libm
from .elementwise import Scalar, element
from .table import Unsupported


@element(np.isnan)
def isnan(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is nan."""
    if type(a) is Pair:
        return e.compare("uno", a.re, a.im)
    return e.compare("uno", a, a) if dtype.kind == "f" else e.literal(False, "i1")


@element(np.isinf)
def isinf(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is infinite."""
    return _against_infinity(e, dtype, a, "oeq", "or")


@element(np.isfinite)
def isfinite(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether it is neither."""
    return _against_infinity(e, dtype, a, "olt", "and")


def _against_infinity(e: Emitter, dtype: np.dtype[Any], a: Any, comparison: str, both: str) -> Any:
    """How the magnitude of a number compares with infinity; of a complex one, both parts."""
    if type(a) is Pair:
        real = np.dtype(f"f{dtype.itemsize // 2}")
        return e.op(both, *[_against_infinity(e, real, part, comparison, both) for part in (a.re, a.im)])
    if dtype.kind != "f":
        return e.literal(comparison == "olt", "i1")
    return e.compare(comparison, e.intrinsic("fabs", a), e.literal(math.inf, a.type))


@element(np.signbit)
def signbit(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """Whether the sign bit is set."""
    bits = 8 * dtype.itemsize
    return e.compare("slt", e.convert("bitcast", a, f"i{bits}"), e.literal(0, f"i{bits}"))


@element(np.copysign)
def copysign(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
    """The magnitude of one with the sign of the other."""
    return e.intrinsic("copysign", a, b)


def _rounding(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
        if dtype.kind == "c":
            return Pair(e.intrinsic(name, a.re), e.intrinsic(name, a.im))
        return e.intrinsic(name, a) if dtype.kind == "f" else a

    return rule


_ROUNDINGS: dict[np.ufunc, str] = {np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc", np.rint: "rint"}
for _ufunc, _name in _ROUNDINGS.items():
    element(_ufunc)(_rounding(_name))


@element(np.sqrt)
def sqrt(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """A square root."""
    if type(a) is Pair:
        raise Unsupported("a complex root")
    return e.intrinsic("sqrt", a)


@element(np.modf)
def modf(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """The fraction and the whole part."""
    whole = e.intrinsic("trunc", a)
    rest = e.select(isinf(e, dtype, a), e.literal(0.0, a.type), e.op("fsub", a, whole))
    return e.intrinsic("copysign", rest, a), whole


# ---- elementary functions ----

_LIBM: dict[np.ufunc, str] = {
    np.exp: "exp", np.exp2: "exp2", np.expm1: "expm1", np.log: "log", np.log2: "log2", np.log10: "log10",
    np.log1p: "log1p", np.sin: "sin", np.cos: "cos", np.tan: "tan", np.arcsin: "asin", np.arccos: "acos",
    np.arctan: "atan", np.sinh: "sinh", np.cosh: "cosh", np.tanh: "tanh", np.arcsinh: "asinh", np.arccosh: "acosh",
    np.arctanh: "atanh", np.cbrt: "cbrt", np.arctan2: "atan2", np.hypot: "hypot", np.nextafter: "nextafter",
}  # fmt: skip


def _elementary(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], *items: Any) -> Any:
        if dtype.kind == "c":
            if name == "exp":
                re, im = items[0].re, items[0].im
                scale, cosine, sine = libm(e, "exp", re), libm(e, "cos", im), libm(e, "sin", im)
                real = e.compare("oeq", im, e.literal(0.0, im.type))
                none = e.compare("oeq", re, e.literal(-np.inf, re.type))  # whatever the angle, as in C
                lost = e.compare("uno", cosine, cosine)
                endless = e.op("and", lost, e.compare("oeq", re, e.literal(np.inf, re.type)))
                parts = (
                    e.select(endless, re, e.op("fmul", scale, cosine)), e.select(real, im, e.op("fmul", scale, sine))
                )  # fmt: skip
                angle = e.op("and", none, lost)
                return Pair(*[e.select(angle, e.literal(0.0, part.type), part) for part in parts])
            raise Unsupported(f"{name} of complex numbers")
        if name == "nextafter" and items[0].type == "half":
            raise Unsupported("nextafter of float16")
        return libm(e, name, *items)

    return rule


for _ufunc, _name in _LIBM.items():
    element(_ufunc)(_elementary(_name))


def _scaled(above: float, below: float) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
        if dtype.itemsize < 4:
            raise Unsupported("angles of float16")
        return e.op("fmul", a, e.literal(float(dtype.type(above) / dtype.type(below)), a.type))  # as C computes it

    return rule


element(np.deg2rad, np.radians)(_scaled(math.pi, 180))
element(np.rad2deg, np.degrees)(_scaled(180, math.pi))


def _log_sum(base: str, log1p: Callable[[Emitter, Ref], Ref], same: float) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> Any:
        gap = e.op("fsub", a, b)
        tail = log1p(e, libm(e, base, e.op("fneg", e.intrinsic("fabs", gap))))
        larger = e.select(e.compare("ogt", gap, e.literal(0.0, a.type)), a, b)
        found = e.select(e.compare("uno", gap, gap), gap, e.op("fadd", larger, tail))
        return e.select(e.compare("oeq", a, b), e.op("fadd", a, e.literal(same, a.type)), found)

    return rule


element(np.logaddexp)(_log_sum("exp", lambda e, x: libm(e, "log1p", x), math.log(2)))
element(np.logaddexp2)(
    _log_sum("exp2", lambda e, x: e.op("fmul", libm(e, "log1p", x), e.literal(1 / math.log(2), x.type)), 1.0)
)
