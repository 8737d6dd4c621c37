"""Products of vectors and matrices, one example in each lane; fused multiply-adds serve here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit import Emitter
from ..scratch import Element, Work
from ..values import Array, filled, literal
from .arithmetic import conjugate, multiply
from .elementwise import one
from .shared import of_shared
from .table import Unsupported, as_array, cast, result, row

UNROLLED = 512  # multiplications of a product that is written out


def fused(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``."""
    if dtype.kind == "f" and dtype.itemsize >= 4 and "fma" in e.features:
        return e.intrinsic("fma", a, b, c)
    return one(e, np.add, dtype, multiply(e, dtype, a, b), c)


def inner(e: Emitter, dtype: np.dtype[Any], xs: list[Any], ys: list[Any]) -> Any:
    """The sum of products of two rows, which begins with zero, as that of -0.0 is 0.0; long ones in four chains."""
    zero = literal(e, 0, dtype)
    if not xs:
        return zero
    chains = 4 if len(xs) >= 16 else 1
    sums: list[Any] = []
    for n in range(chains):
        total = fused(e, dtype, xs[n], ys[n], zero)
        for x, y in zip(xs[n + chains :: chains], ys[n + chains :: chains], strict=True):
            total = fused(e, dtype, x, y, total)
        sums.append(total)
    while len(sums) > 1:
        sums = [one(e, np.add, dtype, a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


def _operands(k: Any, a: Any, b: Any) -> tuple[Array, Array, np.dtype[Any]]:
    dtype = k.node.outputs[0].dtype
    return cast(k.e, as_array(k, a), dtype), cast(k.e, as_array(k, b), dtype), dtype


@row(np.matmul, np.dot, np.vecdot, np.vdot, np.inner, np.matvec, np.vecmat, np.linalg.matmul, np.linalg.vecdot)
def product(k: Any, a: Any, b: Any, **kwargs: Any) -> Any:
    """Products that sum over one axis of each operand."""
    if any(value is not None for value in kwargs.values()):
        raise Unsupported("a product with arguments")
    function, e = k.node.function, k.e
    x, y, dtype = _operands(k, a, b)
    if 0 in (x.ndim, y.ndim) or (function in (np.dot, np.inner) and 1 in (x.refs.size, y.refs.size)):
        shape = function(np.zeros(x.shape, bool), np.zeros(y.shape, bool)).shape
        pairs = np.broadcast_arrays(x.refs.ravel(), y.refs.ravel())  # by one number; sums begin with zero
        return result(k, filled([multiply(e, dtype, *items) for items in zip(*pairs, strict=True)], shape))
    if function in (np.matmul, np.dot, np.linalg.matmul) and x.ndim == 2 == y.ndim:
        return multiplied(k, x, y)
    tiled = of_shared(k, function, x, y)
    if tiled is not None:
        return tiled
    left, right = x.refs, y.refs
    if function in (np.vecdot, np.vdot, np.linalg.vecdot) and dtype.kind == "c":
        left = filled([conjugate(e, dtype, item) for item in left.ravel()], left.shape)
    if function is np.vdot:
        left, right = left.reshape(-1), right.reshape(-1)
    return result(k, contract(k, dtype, function, left, right))


def contract(k: Any, dtype: np.dtype[Any], function: Any, left: Any, right: Any) -> Any:
    """A product that sums over one axis of each operand."""
    e = k.e
    if function in (np.matmul, np.linalg.matmul):
        shape = np.matmul(np.zeros(left.shape, bool), np.zeros(right.shape, bool)).shape
        rows = left[None] if left.ndim == 1 else left
        columns = right[:, None] if right.ndim == 1 else right
        lead = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
        rows = np.broadcast_to(rows, lead + rows.shape[-2:]).reshape(-1, *rows.shape[-2:])
        columns = np.broadcast_to(columns, lead + columns.shape[-2:]).reshape(-1, *columns.shape[-2:])
        pairs = [(Array(x, dtype), Array(y, dtype)) for x, y in zip(rows, columns, strict=True)]
        return filled([item for x, y in pairs for item in multiplied(k, x, y).refs.ravel()], shape)
    if function is np.matvec:
        return contract(k, dtype, np.vecdot, left, right[..., None, :])
    if function is np.vecmat:
        return contract(k, dtype, np.vecdot, left[..., None, :], right.swapaxes(-1, -2))
    if function in (np.vecdot, np.linalg.vecdot):
        x, y = np.broadcast_arrays(left, right)
        rows = [inner(e, dtype, list(u), list(v)) for u, v in zip(_rows(x), _rows(y), strict=True)]
        return filled(rows, x.shape[:-1])
    other = right if function is np.inner or right.ndim == 1 else np.moveaxis(right, -2, -1)
    found = [inner(e, dtype, list(u), list(v)) for u in _rows(left) for v in _rows(other)]
    return filled(found, left.shape[:-1] + other.shape[:-1])


def _rows(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1])


def multiplied(k: Any, x: Array, y: Array) -> Array:
    """A product of two matrices of one dtype; of large ones by loops."""
    e, dtype = k.e, x.dtype
    (rows, size), columns = x.shape, y.shape[1]
    if rows * size * columns * (4 if dtype.kind == "c" else 1) <= UNROLLED or dtype.kind not in "fc":
        found = [inner(e, dtype, list(row_), list(column)) for row_ in x.refs for column in y.refs.T]
        return Array(filled(found, (rows, columns)), dtype)
    w = Work(k, dtype, True, [x, y])
    with w.outermost():
        left, right, product_ = w.matrix(rows, size, x), w.matrix(size, columns, y), w.matrix(rows, columns)
        for high, tops in _tiles(rows, 2):
            for r in w.loop(*tops, step=high):
                for wide, starts in _tiles(columns, 4):
                    for c in w.loop(*starts, step=wide):
                        places = [w.plus(r, n) for n in range(high)], [w.plus(c, n) for n in range(wide)]
                        _tile(w, left, right, product_, *places, size)
        return w.array(product_, (rows, columns))


def _tiles(count: int, most: int) -> list[tuple[int, tuple[int, int]]]:
    """Ranges that cover so many places, with the steps in which they do."""
    whole = count // most * most
    pieces = [(most, (0, whole)), (count - whole, (whole, count))]
    return [(step, (start, stop)) for step, (start, stop) in pieces if stop > start]


def _tile(w: Work, left: Any, right: Any, found: Any, rows: list[Any], columns: list[Any], size: int) -> None:
    """A few elements of a product, whose sums are in registers."""
    zero = literal(w.e, 0, w.dtype)
    sums = [[Element(zero) for _ in columns] for _ in rows]
    carried = [carry for line in sums for element in line for carry in element.carries]
    for n in w.loop(0, size, *carried):
        ys = [right.get(n, c) for c in columns]
        for r, line in zip(rows, sums, strict=True):
            x = left.get(r, n)
            for y, element in zip(ys, line, strict=True):
                element.now = fused(w.e, w.dtype, x, y, element.now)
    for r, line in zip(rows, sums, strict=True):
        for c, element in zip(columns, line, strict=True):
            found.put(r, c, element.now)


@row(np.outer, np.linalg.outer)
def outer(k: Any, a: Any, b: Any, out: Any = None) -> Any:
    """Every element of one with every element of the other."""
    x, y, dtype = _operands(k, a, b)
    found = [multiply(k.e, dtype, u, v) for u in x.refs.ravel() for v in y.refs.ravel()]
    return result(k, filled(found, k.node.outputs[0].shape))


@row(np.trace, np.linalg.trace)
def trace(k: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum of a diagonal."""
    kind = k.node.outputs[0].dtype
    if k.node.function is np.linalg.trace:
        axis1, axis2 = -2, -1
    rows = cast(k.e, as_array(k, a), kind).refs.diagonal(offset, axis1, axis2)
    found = []
    for items in rows.reshape(-1, rows.shape[-1]):
        total = literal(k.e, 0, kind)
        for item in items:
            total = one(k.e, np.add, kind, total, item)
        found.append(total)
    return result(k, filled(found, k.node.outputs[0].shape))


@row(np.cross, np.linalg.cross)
def cross(k: Any, a: Any, b: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The cross product of vectors of three."""
    x, y, dtype = _operands(k, a, b)
    if x.shape != y.shape or axis not in (-1, x.ndim - 1) or x.shape[-1] != 3 or kwargs:
        raise Unsupported("np.cross of this kind")
    found = []
    for u, v in zip(_rows(x.refs), _rows(y.refs), strict=True):
        for n in range(3):
            i, j = (n + 1) % 3, (n + 2) % 3
            found.append(
                one(k.e, np.subtract, dtype, multiply(k.e, dtype, u[i], v[j]), multiply(k.e, dtype, u[j], v[i]))
            )
    return result(k, filled(found, x.shape))


class Term:
    """A number that NumPy's object loops can add and multiply: for ``einsum`` and kin."""

    __slots__ = ("dtype", "e", "item")

    def __init__(self, e: Emitter, dtype: np.dtype[Any], item: Any) -> None:
        self.e, self.dtype, self.item = e, dtype, item

    def _with(self, ufunc: np.ufunc, other: Any) -> Term:
        item = other.item if type(other) is Term else literal(self.e, other, self.dtype)
        if type(other) is not Term and ufunc is np.multiply and other == 1:  # the object loops start from 0 and 1
            return self
        return Term(self.e, self.dtype, one(self.e, ufunc, self.dtype, self.item, item))

    def __add__(self, other: Any) -> Term:
        return self._with(np.add, other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Term:
        return self._with(np.multiply, other)

    __rmul__ = __mul__


@row(np.einsum, np.tensordot, np.kron, np.convolve)
def summed(k: Any, *args: Any, **kwargs: Any) -> Any:
    """NumPy's own loops over objects that write code when they are added and multiplied."""
    dtype = k.node.outputs[0].dtype
    kwargs = {key: value for key, value in kwargs.items() if key not in ("optimize", "order", "casting")}

    def terms(x: Any) -> Any:
        if type(x) is not Array and not isinstance(x, np.ndarray):
            return x
        x = cast(k.e, as_array(k, x), dtype)
        return filled([Term(k.e, dtype, item) for item in x.refs.ravel()], x.shape)

    if k.node.function is np.convolve:
        raise Unsupported("np.convolve")
    operands = [terms(x) for x in args]
    found = k.node.function(*operands, **kwargs)
    found = found if isinstance(found, np.ndarray) else filled([found], ())
    if k.node.function is np.tensordot and all(np.size(x) > 1 for x in operands[:2]):
        found = found + 0  # as NumPy's sums begin
    items = [x.item if type(x) is Term else literal(k.e, x, dtype) for x in found.ravel()]
    return result(k, filled(items, found.shape))
