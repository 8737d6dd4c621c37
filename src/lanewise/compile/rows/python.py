"""Python scalars: their own arithmetic. What NumPy's can't express (an error, a big integer) goes the ordinary way."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...operators import PYTHON_OPERATORS
from ..emit import Emitter, Ref
from ..values import Array, Pair, filled
from .elementwise import one
from .table import Unsupported, as_array, cast, row

_UFUNCS = {function: ufunc for ufunc, function in PYTHON_OPERATORS.items()}
_REAL = np.dtype(float)
_INTEGER = np.dtype(np.int64)
_OVERFLOWING = {operator.add: "sadd", operator.sub: "ssub", operator.mul: "smul"}


@row(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod)
def arithmetic(k: Any, a: Any, b: Any) -> Any:
    """Sums, products and quotients."""
    e, function = k.e, k.node.function
    x, y = as_array(k, a), as_array(k, b)
    dtype = k.node.outputs[0].dtype
    if function in (operator.truediv, operator.floordiv, operator.mod):
        if "c" in (x.dtype.kind, y.dtype.kind):
            if function is not operator.truediv:
                raise Unsupported("complex division in whole numbers")
            return complex_quotient(k, *[cast(e, operand, dtype).refs[()] for operand in (x, y)])
        k.fail(e.op("xor", cast(e, y, np.dtype(bool)).refs[()], e.literal(True, "i1")))
        if function is operator.truediv:
            for operand in (x, y):
                if operand.dtype.kind == "i" and operand.refs[()].constant is None:
                    _small(k, operand.refs[()])
    left, right = cast(e, x, dtype).refs[()], cast(e, y, dtype).refs[()]
    if dtype == _INTEGER and function is operator.floordiv and right.constant in (None, -1):
        least, by = e.literal(-(2**63), "i64"), e.literal(-1, "i64")
        k.fail(e.op("and", e.compare("eq", left, least), e.compare("eq", right, by)))
    if dtype == _INTEGER and function in _OVERFLOWING and k.node not in k.counters:
        return _made(_checked(k, _OVERFLOWING[function], left, right), dtype)
    return _made(one(e, _UFUNCS[function], dtype, left, right), dtype)


def complex_quotient(k: Any, a: Pair, b: Pair) -> Array:
    """``a / b`` as Python divides complex numbers; where a part is nan or infinite, Python itself."""
    e = k.e
    sizes = [e.intrinsic("fabs", part) for part in (b.re, b.im)]
    wide = e.compare("oge", *sizes)
    big, small = e.select(wide, b.re, b.im), e.select(wide, b.im, b.re)
    k.fail(e.compare("oeq", big, e.number(0.0, _REAL)))
    ratio = e.op("fdiv", small, big)
    below = e.op("fadd", big, e.op("fmul", small, ratio))
    up, down = e.select(wide, a.re, a.im), e.select(wide, a.im, a.re)
    first = e.op("fadd", up, e.op("fmul", down, ratio))
    second = e.op("fmul", e.select(wide, a.re, a.im), ratio)
    other = e.select(wide, e.op("fsub", a.im, second), e.op("fsub", second, a.re))
    found = Pair(e.op("fdiv", first, below), e.op("fdiv", other, below))
    for part in (found.re, found.im):
        k.fail(e.op("xor", one(e, np.isfinite, _REAL, part), e.literal(True, "i1")))
    return _made(found, np.dtype(complex))


def _made(item: Any, dtype: np.dtype[Any]) -> Array:
    return Array(filled([item], ()), dtype)


def _small(k: Any, x: Ref) -> None:
    """Leave integers that a float can't hold to Python."""
    e = k.e
    wide = e.op("add", x, e.literal(2**53, "i64"))
    k.fail(e.compare("ugt", wide, e.literal(2**54, "i64")))


def _checked(k: Any, name: str, a: Ref, b: Ref) -> Ref:
    """Integer arithmetic that leaves to Python what outgrows 64 bits."""
    e: Emitter = k.e
    found, over = e.overflowing(name, a, b)
    k.fail(over)
    return found


@row(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
def comparison(k: Any, a: Any, b: Any) -> Any:
    """Comparisons."""
    x, y = as_array(k, a), as_array(k, b)
    if {x.dtype.kind, y.dtype.kind} == {"i", "f"}:
        for operand in (x, y):
            if operand.dtype.kind == "i" and operand.refs[()].constant is None:
                _small(k, operand.refs[()])
    dtype = np.result_type(x.dtype, y.dtype)
    items = [cast(k.e, operand, dtype).refs[()] for operand in (x, y)]
    return _made(one(k.e, _UFUNCS[k.node.function], dtype, *items), np.dtype(bool))


@row(operator.and_, operator.or_, operator.xor)
def logic(k: Any, a: Any, b: Any) -> Any:
    """Bitwise operators."""
    dtype = k.node.outputs[0].dtype
    items = [cast(k.e, as_array(k, operand), dtype).refs[()] for operand in (a, b)]
    return _made(one(k.e, _UFUNCS[k.node.function], dtype, *items), dtype)


@row(operator.lshift, operator.rshift)
def shift(k: Any, a: Any, b: Any) -> Any:
    """Shifts; negative ones, and what outgrows 64 bits, are Python's."""
    e = k.e
    x, n = [cast(e, as_array(k, operand), _INTEGER).refs[()] for operand in (a, b)]
    wide = e.compare("ugt", n, e.literal(63, "i64"))
    k.fail(wide)
    n = e.select(wide, e.literal(0, "i64"), n)
    right = k.node.function is operator.rshift
    found = e.op("ashr" if right else "shl", x, n)
    if not right:
        k.fail(e.compare("ne", e.op("ashr", found, n), x))
    return _made(found, _INTEGER)


@row(operator.neg, operator.pos, operator.abs, operator.invert)
def sign(k: Any, a: Any) -> Any:
    """``-x``, ``+x``, ``abs(x)`` and ``~x``."""
    dtype = k.node.outputs[0].dtype
    x = as_array(k, a)
    if x.dtype.kind == "c":
        return _made(one(k.e, _UFUNCS[k.node.function], x.dtype, x.refs[()]), dtype)
    item = cast(k.e, x, dtype).refs[()]
    if dtype == _INTEGER:
        k.fail(k.e.compare("eq", item, k.e.literal(-(2**63), "i64")))
    return _made(one(k.e, _UFUNCS[k.node.function], dtype, item), dtype)


@row(operator.pow)
def power(k: Any, a: Any, b: Any) -> Any:
    """Powers of floats; what Python makes complex, or an error, goes the ordinary way."""
    e = k.e
    x, y = as_array(k, a), as_array(k, b)
    if "c" in (x.dtype.kind, y.dtype.kind) or k.node.outputs[0].dtype != _REAL:
        return _integer_power(k, x, y)
    left, right = cast(e, x, _REAL).refs[()], cast(e, y, _REAL).refs[()]
    found = one(e, np.float_power, _REAL, left, right)
    zero = e.literal(0.0, "double")
    negative = e.compare("olt", left, zero)
    if right.constant is None and y.dtype.kind == "f":
        k.fail(e.op("and", negative, e.compare("one", one(e, np.rint, _REAL, right), right)))
    elif right.constant is not None and not float(right.constant).is_integer():
        k.fail(negative)
    if right.constant is None or right.constant < 0:
        k.fail(e.op("and", e.compare("oeq", left, zero), e.compare("olt", right, zero)))
    overflow = e.op("and", one(e, np.isinf, _REAL, found), one(e, np.isfinite, _REAL, left))
    k.fail(overflow)
    return _made(found, _REAL)


def _integer_power(k: Any, x: Array, y: Array) -> Any:
    e = k.e
    exponent = y.refs[()]
    dtype = k.node.outputs[0].dtype
    if type(exponent) is Pair or exponent.constant is None or x.dtype.kind not in "bi" or exponent.constant < 0:
        raise Unsupported("a power of this kind")
    base, found = cast(e, x, dtype).refs[()], e.literal(1, "i64")
    for _ in range(int(exponent.constant)):
        found = base if found.constant == 1 else _checked(k, "smul", found, base)
    return _made(found, dtype)


@row("item")
def item(k: Any, x: Any, *index: Any) -> Any:
    """One element as a Python scalar."""
    if index:
        raise Unsupported("item of an index")
    found = cast(k.e, as_array(k, x), k.node.outputs[0].dtype)
    return Array(found.refs.reshape(()), found.dtype)
