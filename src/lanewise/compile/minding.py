"""Functions of what masks select that mind the mask: reductions, what needs an order, elements, writes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, LaneArray
from ..ops.common import npl
from .cells import Untraceable
from .formulas import NoFormula, formula
from .inplace import see_fit
from .selected import (
    RULES,
    Selected,
    all_of,
    as_mask,
    at_work,
    count,
    getitem,
    held,
    in_a_row,
    mask_of,
    same_mask,
    spread,
)


def some(x: Selected) -> None:
    """Let lanes that mean no element go the ordinary way, where NumPy raises or warns."""
    r = at_work()
    r.fail_where(r.node_value(np.logical_not, r.truth(npl.any(mask_of(x)))))


def axes(x: Selected, axis: Any) -> Any:
    """The axes of all elements that a reduction goes over."""
    front = tuple(range(mask_of(x).ndim))
    if axis is None:
        return None
    if axis == 0 or axis == -x.ndim:
        return front
    raise Untraceable("a reduction of what a mask selects over another axis")


# ---- reductions ----


def _reduction(function: Any, identity: Callable[[np.dtype[Any]], Any], *, empty: bool) -> Callable[..., Any]:
    def rule(x: Any, axis: Any = None) -> Any:
        if not empty:
            some(x)
        return function(held(x, identity(x.dtype)), axis=axes(x, axis))

    return rule


def _least(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return -np.inf
    return np.iinfo(dtype).min if dtype.kind in "iu" else _unordered(dtype)


def _greatest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return np.inf
    return np.iinfo(dtype).max if dtype.kind in "iu" else _unordered(dtype, True)


def _unordered(dtype: np.dtype[Any], value: bool = False) -> Any:
    if dtype.kind == "b":
        return value
    raise Untraceable("the extremes of complex numbers that a mask selects")


def mean(x: Any, axis: Any = None) -> Any:
    """The mean."""
    some(x)
    y = _real(x)
    total = npl.sum(held(y, 0), axis=axes(y, axis))
    return total / _number(y, axis)


def var(x: Any, axis: Any = None, ddof: int = 0) -> Any:
    """The variance."""
    some(x)
    y = _real(x)
    if y.dtype.kind == "c":
        raise Untraceable("the variance of complex numbers that a mask selects")
    over = axes(y, axis)
    middle = npl.sum(held(y, 0), axis=over, keepdims=True) / _number(y, axis)
    apart = held(Selected(y.values - middle, y.mask), 0)
    left = _number(y, axis)
    if ddof:
        left = npl.maximum(left - y.dtype.type(ddof), y.dtype.type(0))
    return npl.sum(apart * apart, axis=over) / left


def std(x: Any, axis: Any = None, ddof: int = 0) -> Any:
    """The standard deviation."""
    return npl.sqrt(var(x, axis, ddof))


def _real(x: Selected) -> Selected:
    if x.dtype == np.float16:
        raise Untraceable("the mean of halves that a mask selects")
    return x if x.dtype.kind in "fc" else Selected(x.values.astype(float), x.mask)


def _number(x: Selected, axis: Any) -> Any:
    """How many elements a mean is of, in the dtype of the mean."""
    dtype = x.values.real.dtype
    return npl.sum(x.mask).astype(dtype) * (dtype.type(np.prod(x.rest)) if axis is None and x.rest else dtype.type(1))


def ptp(x: Any, axis: Any = None) -> Any:
    """The range."""
    return RULES[np.max](x, axis) - RULES[np.min](x, axis)


def dot(a: Any, b: Any) -> Any:
    """The dot product of two selections by one mask."""
    if type(a) is not Selected or type(b) is not Selected or a.rest or b.rest:
        raise Untraceable("a product of what a mask selects")
    return RULES[np.sum](a * b)


def norm(x: Any) -> Any:
    """The usual norm."""
    y = _real(x)
    if y.rest or y.dtype.kind == "c":
        raise Untraceable("a norm of what a mask selects")
    return npl.sqrt(RULES[np.sum](y * y))


def count_nonzero(x: Any) -> Any:
    """How many elements are not zero."""
    return npl.count_nonzero(held(x, 0))


def _place_of(function: Any, identity: Callable[[np.dtype[Any]], Any]) -> Callable[..., Any]:
    def rule(x: Any) -> Any:
        some(x)
        if x.rest or x.dtype.kind not in "fiu":
            raise Untraceable("the place of an extreme of what a mask selects")
        r = at_work()
        flat = in_a_row(x)[1]
        edge = x.dtype.type(identity(x.dtype))
        elements = held(x, edge)
        # an element that is not meant must not win where the extreme itself is as far out as there is
        r.fail_where(r.truth(npl.any(npl.logical_and(spread(x), x.values == edge))))
        place = function(elements)
        return npl.sum(npl.where(np.arange(flat.shape[0]) < place, flat, np.False_))

    return rule


# ---- in order ----


def cumsum(x: Any) -> Any:
    """Sums so far."""
    values, mask = in_a_row(x)
    if x.rest:
        raise Untraceable("sums so far of rows that a mask selects")
    return Selected(npl.cumsum(held(Selected(values, mask), 0)), mask)


def sort(x: Any) -> Any:
    """The elements that are meant, in order; those that are not come last. NaN is sorted by eager lanes."""
    values, mask = in_a_row(x)
    if x.rest or x.dtype.kind not in "fiu":
        raise Untraceable("a sort of what a mask selects")
    r, whole = at_work(), held(Selected(values, mask), _greatest(x.dtype))
    if x.dtype.kind == "f":
        r.fail_where(r.truth(npl.any(npl.isnan(whole))))
    return Selected(npl.sort(whole), np.arange(mask.shape[0]) < npl.sum(mask))


def unique(x: Any) -> Any:
    """The different elements, in order."""
    y = sort(x)
    return Selected(y.values, npl.logical_and(y.mask, _new(y.values)))


def _new(x: Any) -> Any:
    """Which elements of a sorted array are not the one before."""
    return npl.concatenate([np.ones(1, bool), x[1:] != x[:-1]])


@formula(np.unique)
def unique_of_all(ar: Any, *options: Any, **named: Any) -> Any:
    """The different elements of an array, in order: as many as each lane has."""
    x = npl.ravel(ar)
    if options or named or x.dtype.kind not in "fiu" or not x.size:
        raise NoFormula
    return unique(Selected(x, np.ones(x.shape, bool)))


def median(x: Any) -> Any:
    """The median."""
    some(x)
    y = sort(x)
    number = npl.sum(x.mask)
    return (y.values[(number - 1) // 2] + y.values[number // 2]) / 2.0


# ---- elements ----


def element(x: Any, index: Any) -> Any:
    """``x[index]``: one element by its number, or those that a second mask selects."""
    mask = mask_of(x)
    if type(index) is Selected and index.dtype == bool:
        if not same_mask(mask_of(index), mask):
            raise Untraceable("what two masks select is put together")
        return Selected(npl.copy(x.values), npl.logical_and(mask, index.values))
    if index is Ellipsis or (type(index) is slice and index == slice(None)):
        return x
    if not _is_number(index):
        raise Untraceable("an unusual index of what a mask selects")
    r = at_work()
    values, flat = in_a_row(x)
    if type(index) is int and index in (0, -1):
        some(x)
        place = npl.argmax(flat) if index == 0 else flat.shape[0] - 1 - npl.argmax(flat[::-1])
    else:
        number = count(x)
        at = npl.where(index < 0, index + number, index)
        r.fail_where(r.truth(npl.logical_or(at < 0, at >= number)))
        place = npl.argmax(npl.cumsum(flat) > at)
    return values[place]


def _is_number(x: Any) -> bool:
    if type(x) is LaneArray:
        return x.kind != ARRAY and x.data.dtype.kind in "iu"
    return type(x) is int or isinstance(x, np.integer)


def taken(x: Any, index: Any) -> Any:
    """``x[index]``, where the index, or both, are what a mask selects."""
    if type(x) is Selected:
        return element(x, index)
    mask = as_mask(index)
    if mask is not None and x.shape[: mask.ndim] == mask.shape:
        return getitem(x, mask)
    if type(index) is not Selected or type(x) is not LaneArray or index.rest or not x.shape[0]:
        raise Untraceable("an unusual index among those that a mask selects")
    return Selected(x[held(index, 0)], index.mask)


def stored(x: Any, index: Any, value: Any) -> None:
    """``x[index] = value``, where some of them are what a mask selects."""
    if type(x) is Selected:
        target, mask = x.values, _inner_mask(x, index)
        x.axis = None
    else:
        target, mask = x, as_mask(index)
        if mask is None or type(x) is not LaneArray or x.shape[: mask.ndim] != mask.shape:
            raise Untraceable("a write to an unusual place among those that a mask selects")
    here = Selected(target, mask)
    new = all_of(value, here if type(x) is not Selected else x)
    see_fit(target, new, "same_kind")
    new = new.astype(target.dtype) if getattr(new, "dtype", target.dtype) != target.dtype else new
    target[...] = npl.where(spread(here), new, target)


def _inner_mask(x: Selected, index: Any) -> Any:
    if index is Ellipsis or (type(index) is slice and index == slice(None)):
        return mask_of(x)
    if type(index) is Selected and index.dtype == bool and same_mask(mask_of(index), mask_of(x)):
        return npl.logical_and(x.mask, index.values)
    raise Untraceable("a write to an unusual place among those that a mask selects")


def _copy(x: Any) -> Any:
    return Selected(npl.copy(x.values), mask_of(x), x.axis)


def _astype(x: Any, dtype: Any) -> Any:
    return Selected(x.values.astype(dtype), mask_of(x))


def _flat(x: Any) -> Any:
    if x.rest:
        raise Untraceable("rows that a mask selects are put in a row")
    return _copy(x)


RULES |= {
    operator.getitem: taken, np.take: taken, operator.setitem: stored,
    np.sum: _reduction(npl.sum, lambda dtype: 0, empty=True),
    np.prod: _reduction(npl.prod, lambda dtype: 1, empty=True),
    np.any: _reduction(npl.any, lambda dtype: 0, empty=True),
    np.all: _reduction(npl.all, lambda dtype: 1, empty=True),
    np.max: _reduction(npl.max, _least, empty=False), np.min: _reduction(npl.min, _greatest, empty=False),
    np.argmax: _place_of(npl.argmax, _least), np.argmin: _place_of(npl.argmin, _greatest),
    np.mean: mean, np.var: var, np.std: std, np.ptp: ptp, np.dot: dot, np.inner: dot, np.vdot: dot, np.matmul: dot,
    np.linalg.norm: norm, np.count_nonzero: count_nonzero, np.size: lambda x: x.size, np.shape: lambda x: x.shape,
    np.cumsum: cumsum, np.sort: sort, np.unique: unique, np.median: median,
    np.copy: _copy, np.ravel: _flat, "astype": _astype,
}  # fmt: skip
RULES |= {np.amax: RULES[np.max], np.amin: RULES[np.min]}
