"""Functions of `math`, ``int()`` and ``round()``: what would raise in Python goes the ordinary way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...convert.mathematics import _BY_NUMPY, _ROUNDING, _TESTS
from ..values import Array, Pair, filled
from ..vectormath import libm
from .elementwise import one
from .table import ROWS, Unsupported, as_array, cast, row

_REAL = np.dtype(float)
_INTEGER = np.dtype(np.int64)


def _items(k: Any, args: tuple[Any, ...]) -> list[Any]:
    return [cast(k.e, as_array(k, x), _REAL).refs.reshape(-1)[0] for x in args]


def _see_errors(k: Any, found: Any, items: list[Any]) -> None:
    """`math` raises where finite numbers give an infinity, and where numbers give a nan."""
    e = k.e
    finite, number = e.literal(True, "i1"), e.literal(True, "i1")
    for item in items:
        finite = e.op("and", finite, one(e, np.isfinite, _REAL, item))
        number = e.op("and", number, e.compare("ord", item, item))
    k.fail(e.op("and", finite, one(e, np.isinf, _REAL, found)))
    k.fail(e.op("and", number, e.compare("uno", found, found)))


def by_numpy(k: Any, *args: Any) -> Any:
    """A function that NumPy has, too."""
    ufunc = _BY_NUMPY[k.node.function.__name__]
    items = _items(k, args)
    found = one(k.e, ufunc, _REAL, *items)
    _see_errors(k, found, items)
    return Array(filled([found], ()), _REAL)


def test(k: Any, x: Any) -> Any:
    """``math.isnan`` and kin."""
    return Array(filled([one(k.e, _TESTS[k.node.function.__name__], _REAL, *_items(k, (x,)))], ()), np.dtype(bool))


def to_digits(k: Any, x: Any, digits: int) -> Any:
    """``round()`` of a Python float: the nearest number with so many decimals, of two as near the even one.

    Scaled, a number is not exact; what is lost decides where it seems to lie in the middle. Numbers so large that they
    are whole, scaled, go the ordinary way.
    """
    e = k.e
    if "fma" not in e.features:
        raise Unsupported("rounding to digits on such a processor")
    item = cast(e, as_array(k, x), _REAL).refs.reshape(-1)[0]
    scale = e.literal(10.0**digits, "double")
    scaled = e.op("fmul", item, scale)
    lost = e.intrinsic("fma", item, scale, e.op("fneg", scaled))
    whole = e.intrinsic("rint", scaled)
    apart = e.op("fsub", scaled, whole)
    # in the middle, `rint` has gone to the even side: wrong, if what was lost lies on the other
    middle = e.compare("oeq", e.intrinsic("fabs", apart), e.literal(0.5, "double"))
    other = e.op("and", middle, e.compare("ogt", e.op("fmul", apart, lost), e.literal(0.0, "double")))
    step = e.intrinsic("copysign", e.literal(1.0, "double"), apart)
    whole = e.select(other, e.op("fadd", whole, step), whole)
    large = e.compare("oge", e.intrinsic("fabs", scaled), e.literal(2.0**52, "double"))
    finite = one(e, np.isfinite, _REAL, item)
    k.fail(e.op("and", large, finite))
    return Array(filled([e.select(finite, e.op("fdiv", whole, scale), item)], ()), _REAL)


def rounding(k: Any, x: Any, *digits: Any) -> Any:
    """A float as an integer, one way or another."""
    if digits:
        return to_digits(k, x, *digits)
    e, x = k.e, as_array(k, x)
    if x.dtype.kind != "f":
        return Array(cast(e, x, _INTEGER).refs.reshape(()), _INTEGER)
    item = cast(e, x, _REAL).refs.reshape(-1)[0]
    function = k.node.function
    ufunc = np.trunc if function is int else np.rint if function is round else _ROUNDING[function.__name__]
    inside = e.compare("olt", e.intrinsic("fabs", item), e.literal(2.0**62, "double"))
    k.fail(e.op("xor", inside, e.literal(True, "i1")))
    whole = Array(filled([one(e, ufunc, _REAL, item)], ()), _REAL)
    return cast(e, whole, _INTEGER)


@row(math.log, math.hypot)
def logarithm(k: Any, *args: Any) -> Any:
    """``math.log`` of one number, ``math.hypot`` of two."""
    ufunc: Any = np.log if k.node.function is math.log else np.hypot
    if len(args) != ufunc.nin:
        raise Unsupported("a logarithm to a base, or a distance in space")
    items = _items(k, args)
    found = one(k.e, ufunc, _REAL, *items)
    _see_errors(k, found, items)
    return Array(filled([found], ()), _REAL)


@row(math.erf, math.erfc, math.gamma, math.lgamma)
def by_libm(k: Any, x: Any) -> Any:
    """Functions that only the C library has."""
    name = {"gamma": "tgamma"}.get(k.node.function.__name__, k.node.function.__name__)
    items = _items(k, (x,))
    found = libm(k.e, name, *items)
    _see_errors(k, found, items)
    return Array(filled([found], ()), _REAL)


@row(complex)
def as_complex(k: Any, *args: Any) -> Any:
    """``complex()`` of real numbers."""
    if not all(as_array(k, x).dtype.kind in "biuf" for x in args):
        raise Unsupported("complex() of a complex number")
    re, im = (*_items(k, args), k.e.number(0.0, _REAL))[:2]
    return Array(filled([Pair(re, im)], ()), k.node.outputs[0].dtype)


@row(float)
def as_float(k: Any, x: Any) -> Any:
    """``float()``."""
    return Array(cast(k.e, as_array(k, x), _REAL).refs.reshape(()), _REAL)


ROWS.update({getattr(math, name): by_numpy for name in _BY_NUMPY if hasattr(math, name)})
ROWS.update({getattr(math, name): test for name in _TESTS if hasattr(math, name)})
ROWS.update({getattr(math, name): rounding for name in _ROUNDING if hasattr(math, name)})
ROWS.update({int: rounding, round: rounding})
