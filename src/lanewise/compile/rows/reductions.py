"""Reductions over an example's axes, in NumPy's order of summation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..emit import Emitter
from ..values import Array, filled, literal
from .elementwise import apply_ufunc, choose, one
from .table import Unsupported, as_array, cast, cast_one, result, row

_NONE = np._NoValue


def pairwise(items: list[Any], add: Callable[[Any, Any], Any]) -> Any:
    """The sum of a contiguous run, as NumPy adds it up."""
    count = len(items)
    if count < 8:
        total = items[0]
        for item in items[1:]:
            total = add(total, item)
        return total
    if count > 128:
        half = count // 2
        half -= half % 8
        return add(pairwise(items[:half], add), pairwise(items[half:], add))
    sums = items[:8]
    whole = count - count % 8
    for start in range(8, whole, 8):
        sums = [add(x, y) for x, y in zip(sums, items[start : start + 8], strict=True)]
    while len(sums) > 1:
        sums = [add(x, y) for x, y in zip(sums[::2], sums[1::2], strict=True)]
    total = sums[0]
    for item in items[whole:]:
        total = add(total, item)
    return total


def chain(items: list[Any], fold: Callable[[Any, Any], Any]) -> Any:
    """One after another."""
    total = items[0]
    for item in items[1:]:
        total = fold(total, item)
    return total


def tree(items: list[Any], fold: Callable[[Any, Any], Any]) -> Any:
    """In pairs: shorter chains, where the order does not matter."""
    while len(items) > 1:
        paired = [fold(x, y) for x, y in zip(items[::2], items[1::2], strict=False)]
        items = paired + items[len(items) - len(items) % 2 :]
    return items[0]


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as numbers from 0."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)


def fold(k: Any, x: Array, axis: Any, keepdims: Any, function: Callable[[list[Any], bool], Any]) -> Any:
    """Fold some axes of an example: ``function(items, contiguous)``."""
    value = k.node.outputs[0]
    axes = axes_of(axis, x.ndim) if x.ndim else ()
    rest = [n for n in range(x.ndim) if n not in axes]
    kept = tuple([x.shape[n] for n in rest])
    rows = x.refs.transpose([*rest, *axes]).reshape((int(np.prod(kept)), -1))
    contiguous = x.ndim - 1 in axes or x.ndim == 0
    found = [function(list(items), contiguous) for items in rows]
    return filled(found, value.shape)


def _arguments(kwargs: dict[str, Any], *known: str) -> None:
    for name, value in kwargs.items():
        if name not in known and value is not _NONE and value is not None and value is not False:
            raise Unsupported(f"a reduction with {name}=")


_SUMS: dict[Any, Any] = {np.sum: np.add, np.prod: np.multiply}
_EXTREMES: dict[Any, Any] = {
    np.max: np.maximum, np.amax: np.maximum, np.min: np.minimum, np.amin: np.minimum,
}  # fmt: skip


@row(np.sum, np.prod)
def total(k: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NONE,
          **kwargs: Any) -> Any:  # fmt: skip
    """A sum or product."""
    _arguments(kwargs)
    return _total(k, _SUMS[k.node.function], a, axis, keepdims is True)


def _total(k: Any, ufunc: np.ufunc, a: Any, axis: Any, keepdims: bool) -> Array:
    dtype = k.node.outputs[0].dtype
    if dtype == np.float16:
        raise Unsupported("sums of float16, which have more digits on the way")
    x = cast(k.e, as_array(k, a), dtype)

    def add(a: Any, b: Any) -> Any:
        return one(k.e, ufunc, dtype, a, b)

    def run(items: list[Any], contiguous: bool) -> Any:
        if not items:
            return literal(k.e, 0 if ufunc is np.add else 1, dtype)
        if dtype.kind not in "fc":
            return tree(items, add)
        found = pairwise(items, add) if contiguous and ufunc is np.add else chain(items, add)
        return add(found, literal(k.e, 0, dtype)) if ufunc is np.add else found  # NumPy's sums of -0.0 are 0.0

    return result(k, fold(k, x, axis, keepdims, run))


@row(np.max, np.amax, np.min, np.amin)
def extreme(k: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NONE, **kwargs: Any) -> Any:
    """The largest or smallest element."""
    _arguments(kwargs)
    return _extreme(k, _EXTREMES[k.node.function], a, axis, keepdims is True)


def _extreme(k: Any, ufunc: np.ufunc, a: Any, axis: Any, keepdims: bool) -> Array:
    x = as_array(k, a)
    return result(
        k, fold(k, x, axis, keepdims, lambda items, _: tree(items, lambda a, b: one(k.e, ufunc, x.dtype, a, b)))
    )


@row(np.any, np.all)
def truth(k: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NONE, **kwargs: Any) -> Any:
    """Whether any or all are true."""
    _arguments(kwargs)
    x = cast(k.e, as_array(k, a), np.dtype(bool))
    name, empty = ("or", False) if k.node.function is np.any else ("and", True)

    def run(items: list[Any], _: bool) -> Any:
        return tree(items, lambda a, b: k.e.op(name, a, b)) if items else k.e.literal(empty, "i1")

    return result(k, fold(k, x, axis, keepdims is True, run))


@row((np.add, "reduce"), (np.multiply, "reduce"))
def reduce_sum(k: Any, a: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
               **kwargs: Any) -> Any:  # fmt: skip
    """``np.add.reduce``."""
    _arguments(kwargs)
    return _total(k, k.node.function[0], a, axis, keepdims)


@row((np.maximum, "reduce"), (np.minimum, "reduce"))
def reduce_extreme(k: Any, a: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
                   **kwargs: Any) -> Any:  # fmt: skip
    """``np.maximum.reduce``."""
    _arguments(kwargs)
    return _extreme(k, k.node.function[0], a, axis, keepdims)


@row(np.count_nonzero)
def count_nonzero(k: Any, a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """How many elements are not zero."""
    x = cast(k.e, cast(k.e, as_array(k, a), np.dtype(bool)), np.dtype(np.int64))

    def run(items: list[Any], _: bool) -> Any:
        return tree(items, lambda a, b: k.e.op("add", a, b)) if items else k.e.literal(0, "i64")

    return result(k, fold(k, x, axis, keepdims, run))


@row(np.argmax, np.argmin)
def find(k: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NONE) -> Any:
    """The place of the first extreme element; nan counts as one."""
    e, x = k.e, as_array(k, a)
    if x.dtype.kind == "c":
        raise Unsupported("an order of complex numbers")
    if x.dtype.kind == "b":
        x = cast(e, x, np.dtype(np.uint8))
    better = np.greater if k.node.function is np.argmax else np.less

    def run(items: list[Any], _: bool) -> Any:
        best, place = items[0], e.literal(0, "i64")
        for n, item in enumerate(items[1:], 1):
            mask = one(e, better, x.dtype, item, best)
            if x.dtype.kind == "f":
                fresh = e.op("and", e.compare("uno", item, item), e.compare("ord", best, best))
                mask = e.op("or", mask, fresh)
            best, place = e.select(mask, item, best), e.select(mask, e.literal(n, "i64"), place)
        return place

    return result(k, fold(k, x, axis, keepdims is True, run))


@row(np.cumsum, np.cumprod)
def cumulate(k: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """A running sum or product."""
    kind = k.node.outputs[0].dtype
    ufunc = np.add if k.node.function is np.cumsum else np.multiply
    x = as_array(k, a)
    exact = ufunc is np.add or kind.kind != "c"  # one times an infinite complex number is none
    if exact and x.made is None and x.source is not None and (x.ndim == 1 or axis in (-1, x.ndim - 1)):
        nothing = 1 if ufunc is np.multiply else complex(-0.0, -0.0) if kind.kind == "c" else -0.0

        def add(total: Any, item: Any) -> Any:
            return one(k.e, ufunc, kind, total, cast_one(k.e, item, x.dtype, kind))

        source = x.source.running(kind, literal(k.e, np.asarray(nothing).astype(kind)[()], kind), add)
        if source is not None:
            return Array(None, kind, source=source)
    x = cast(k.e, x, kind)
    refs = x.refs.reshape(-1) if axis is None or x.ndim == 0 else np.moveaxis(x.refs, axis, -1)
    found = refs.copy()
    rows = found.reshape(-1, found.shape[-1]) if found.size else found.reshape(0, 0)
    for items in rows:
        for n in range(1, items.size):
            items[n] = one(k.e, ufunc, kind, items[n - 1], items[n])
    found = rows.reshape(refs.shape)
    return result(k, found if axis is None or x.ndim == 0 else np.moveaxis(found, -1, axis))


@row(np.diff)
def diff(k: Any, a: Any, n: int = 1, axis: int = -1, prepend: Any = _NONE, append: Any = _NONE) -> Any:
    """Differences of neighbours."""
    x = as_array(k, a)
    if prepend is not _NONE or append is not _NONE or x.dtype.kind == "b":
        raise Unsupported("np.diff of this kind")
    for _ in range(n):
        refs = np.moveaxis(x.refs, axis, -1)
        ahead, behind = (x.like(np.moveaxis(refs[..., part], -1, axis)) for part in (slice(1, None), slice(None, -1)))
        x = apply_ufunc(k.e, np.subtract, [ahead, behind])
    return x


@row(np.sort, np.median)
def sort(k: Any, a: Any, axis: Any = -1, kind: Any = None, **kwargs: Any) -> Any:
    """Sorting along an axis by a network of exchanges; nan last."""
    e, x = k.e, as_array(k, a)
    if kwargs or x.dtype.kind == "c" or k.node.function is np.median or x.dtype.kind == "b":
        raise Unsupported("sorting of this kind")
    refs = x.refs.reshape(-1) if axis is None else np.moveaxis(x.refs, axis, -1)
    if refs.shape[-1] > 16:
        raise Unsupported("sorting of many elements")
    rows = refs.copy().reshape(-1, refs.shape[-1])
    for items in rows:
        for a_, b_ in network(items.size):
            items[a_], items[b_] = ordered(e, x.dtype, items[a_], items[b_])
    found = rows.reshape(refs.shape)
    return result(k, found if axis is None else np.moveaxis(found, -1, axis))


def ordered(e: Emitter, dtype: np.dtype[Any], a: Any, b: Any) -> tuple[Any, Any]:
    """Two elements in order."""
    swap = one(e, np.less, dtype, b, a)
    if dtype.kind == "f":
        swap = e.op("or", swap, e.op("and", e.compare("uno", a, a), e.compare("ord", b, b)))
    return choose(e, swap, b, a), choose(e, swap, a, b)


def network(size: int) -> list[tuple[int, int]]:
    """Batcher's odd-even merge sort, for any size."""
    pairs: list[tuple[int, int]] = []
    p = 1
    while p < size:
        q = p
        while q >= 1:
            for j in range(q % p, size - q, 2 * q):
                for i in range(min(q, size - j - q)):
                    if (i + j) // (2 * p) == (i + j + q) // (2 * p):
                        pairs.append((i + j, i + j + q))
            q //= 2
        p *= 2
    return pairs


