"""Small dense linear algebra, lanes in lockstep: elimination with NumPy's pivoting, a singular matrix an error."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit import Emitter
from ..values import Array, filled, literal
from .elementwise import choose, divide, multiply, one
from .products import fused
from .table import Unsupported, as_array, cast, result, row

LARGEST = 8  # rows of a matrix that is eliminated in registers


def _matrix(k: Any, a: Any, dtype: np.dtype[Any]) -> Any:
    x = cast(k.e, as_array(k, a), dtype)
    if x.ndim != 2 or dtype.kind != "f" or dtype.itemsize < 4 or x.shape[-1] > LARGEST:
        raise Unsupported("linear algebra of this size")
    return x.refs.copy()


def eliminate(e: Emitter, dtype: np.dtype[Any], m: Any, size: int) -> tuple[Any, Any]:
    """Gaussian elimination with partial pivoting, in place: where a pivot is zero, and the parity of exchanges."""
    zero = literal(e, 0, dtype)
    singular = e.literal(False, "i1")
    odd = e.literal(False, "i1")
    for k in range(size):
        for r in range(k + 1, size):
            swap = e.compare("ogt", e.intrinsic("fabs", m[r, k]), e.intrinsic("fabs", m[k, k]))
            odd = e.op("xor", odd, swap)
            for c in range(k, m.shape[1]):
                m[k, c], m[r, c] = choose(e, swap, m[r, c], m[k, c]), choose(e, swap, m[k, c], m[r, c])
        singular = e.op("or", singular, e.compare("oeq", m[k, k], zero))
        for r in range(k + 1, size):
            factor = e.op("fneg", divide(e, dtype, m[r, k], m[k, k]))
            for c in range(k + 1, m.shape[1]):
                m[r, c] = fused(e, dtype, factor, m[k, c], m[r, c])
    return singular, odd


def back_substitute(e: Emitter, dtype: np.dtype[Any], m: Any, size: int) -> Any:
    """The solutions, from an eliminated matrix with right-hand sides beside it."""
    x = np.empty((size, m.shape[1] - size), object)
    for column in range(x.shape[1]):
        for r in reversed(range(size)):
            total = m[r, size + column]
            for c in range(r + 1, size):
                total = fused(e, dtype, e.op("fneg", m[r, c]), x[c, column], total)
            x[r, column] = divide(e, dtype, total, m[r, r])
    return x


@row(np.linalg.solve)
def solve(k: Any, a: Any, b: Any) -> Any:
    """``np.linalg.solve``."""
    dtype = k.node.outputs[0].dtype
    m = _matrix(k, a, dtype)
    right = cast(k.e, as_array(k, b), dtype).refs
    if right.ndim not in (1, 2):
        raise Unsupported("linear algebra of this shape")
    sides = right.reshape(right.shape[0], -1)
    m = np.concatenate([m, sides], axis=1)
    k.fail(eliminate(k.e, dtype, m, m.shape[0])[0])
    return result(k, back_substitute(k.e, dtype, m, m.shape[0]).reshape(right.shape))


@row(np.linalg.inv)
def inv(k: Any, a: Any) -> Any:
    """``np.linalg.inv``."""
    dtype = k.node.outputs[0].dtype
    m = _matrix(k, a, dtype)
    size = m.shape[0]
    eye = [literal(k.e, float(r == c), dtype) for r in range(size) for c in range(size)]
    m = np.concatenate([m, filled(eye, (size, size))], axis=1)
    k.fail(eliminate(k.e, dtype, m, size)[0])
    return result(k, back_substitute(k.e, dtype, m, size))


@row(np.linalg.det)
def det(k: Any, a: Any) -> Any:
    """``np.linalg.det``."""
    e, dtype = k.e, k.node.outputs[0].dtype
    m = _matrix(k, a, dtype)
    singular, odd = eliminate(e, dtype, m, m.shape[0])
    found = literal(e, 1.0, dtype)
    for n in range(m.shape[0]):
        found = multiply(e, dtype, found, m[n, n])
    found = e.select(odd, e.op("fneg", found), found)
    return result(k, e.select(singular, literal(e, 0.0, dtype), found))


@row(np.linalg.slogdet)
def slogdet(k: Any, a: Any) -> Any:
    """``np.linalg.slogdet``."""
    e, dtype = k.e, k.node.outputs[0].dtype
    m = _matrix(k, a, dtype)
    singular, odd = eliminate(e, dtype, m, m.shape[0])
    sign, total = literal(e, 1.0, dtype), literal(e, 0.0, dtype)
    sign = e.select(odd, e.op("fneg", sign), sign)
    for n in range(m.shape[0]):
        negative = e.compare("olt", m[n, n], literal(e, 0.0, dtype))
        sign = e.select(negative, e.op("fneg", sign), sign)
        total = one(e, np.add, dtype, total, one(e, np.log, dtype, e.intrinsic("fabs", m[n, n])))
    sign = e.select(singular, literal(e, 0.0, dtype), sign)
    total = e.select(singular, literal(e, -np.inf, dtype), total)
    return Array(filled([sign], ()), dtype), Array(filled([total], ()), dtype)


@row(np.linalg.cholesky)
def cholesky(k: Any, a: Any, /, *, upper: bool = False) -> Any:
    """``np.linalg.cholesky``; of the lower triangle, as NumPy reads it."""
    e, dtype = k.e, k.node.outputs[0].dtype
    m = _matrix(k, a, dtype)
    size = m.shape[0]
    if upper:
        m = m.T
    zero = literal(e, 0.0, dtype)
    low = filled([zero] * (size * size), (size, size))
    bad = e.literal(False, "i1")
    for c in range(size):
        total = m[c, c]
        for n in range(c):
            total = fused(e, dtype, e.op("fneg", low[c, n]), low[c, n], total)
        bad = e.op("or", bad, e.compare("ule", total, zero))
        low[c, c] = e.intrinsic("sqrt", total)
        for r in range(c + 1, size):
            total = m[r, c]
            for n in range(c):
                total = fused(e, dtype, e.op("fneg", low[r, n]), low[c, n], total)
            low[r, c] = divide(e, dtype, total, low[c, c])
    k.fail(bad)
    return result(k, low.T if upper else low)


@row(np.linalg.matrix_power)
def matrix_power(k: Any, a: Any, n: int) -> Any:
    """``np.linalg.matrix_power`` of a positive power."""
    from .products import _contract

    dtype = k.node.outputs[0].dtype
    x = cast(k.e, as_array(k, a), dtype).refs
    if x.ndim != 2 or n < 1 or n > 64:
        raise Unsupported("a matrix power of this kind")
    found = None
    while n:
        if n & 1:
            found = x if found is None else _contract(k.e, dtype, np.matmul, found, x)
        n >>= 1
        x = _contract(k.e, dtype, np.matmul, x, x) if n else x
    return result(k, found)
