"""Composites in terms of simpler functions: what NumPy computes, written for one example, and traced in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import PYTHON, LaneArray
from ..convert import lane_form

Formula = Callable[..., Any]

FORMULAS: dict[Any, Formula] = {}


def formula(*functions: Any) -> Callable[[Formula], Formula]:
    """Enter a formula for these functions."""

    def enter(rule: Formula) -> Formula:
        for function in functions:
            FORMULAS[function] = rule
        return rule

    return enter


class NoFormula(Exception):
    """The arguments are of a kind that the formula does not cover."""


def _count(x: Any, axis: Any) -> int:
    if axis is None:
        return int(x.size)
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([x.shape[n] for n in axes]))


def _only(options: dict[str, Any]) -> bool:
    """``keepdims`` of some options, which must hold nothing else."""
    keepdims = options.pop("keepdims", np._NoValue)
    for value in options.values():
        if value is not np._NoValue and value is not None:
            raise NoFormula
    return keepdims is True


def _real(x: Any, dtype: Any) -> Any:
    if dtype is not None or x.dtype.kind not in "fiubc" or (x.dtype.itemsize < 4 and x.dtype.kind == "f") or not x.size:
        raise NoFormula
    return x if x.dtype.kind in "fc" else x.astype(float)


@formula(np.mean)
def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
    """The mean."""
    x = _real(a, dtype)
    return np.sum(x, axis=axis, keepdims=_only(options)) / x.dtype.type(_count(x, axis))


@formula(np.var)
def var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, **options: Any) -> Any:
    """The variance."""
    x = _real(a, dtype)
    if x.dtype.kind == "c":
        raise NoFormula
    keepdims = _only(options)
    count = _count(x, axis)
    apart = x - np.sum(x, axis=axis, keepdims=True) / x.dtype.type(count)
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / x.dtype.type(max(count - ddof, 0))


@formula(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, **options: Any) -> Any:
    """The standard deviation."""
    return np.sqrt(var(a, axis, dtype, out, ddof, **options))


@formula(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, **options: Any) -> Any:
    """The range of the values."""
    keepdims = _only(options)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@formula(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The usual norm, and those of vectors by number."""
    x = _real(x, None)
    vector = x.ndim == 1 if axis is None else isinstance(axis, int)
    if ord is None or (vector and ord == 2) or ord == "fro":
        square = x.real * x.real + x.imag * x.imag if x.dtype.kind == "c" else x * x
        return np.sqrt(np.sum(square, axis=axis, keepdims=keepdims))
    if vector and ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if vector and ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    raise NoFormula


@formula(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of a vector."""
    if axis is None and not keepdims:
        x, axis = np.ravel(x), 0
    if axis is None:
        raise NoFormula
    return norm(x, ord, axis, keepdims)


@formula(np.nansum)
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
    """The sum of what is not nan."""
    if dtype is not None or a.dtype.kind != "f":
        raise NoFormula
    return np.sum(np.where(np.isnan(a), a.dtype.type(0), a), axis=axis, keepdims=_only(options))


@formula(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Horner's rule."""
    found: Any = np.zeros_like(x)
    for n in range(len(p)):
        found = found * x + p[n]
    return found


@formula(np.polyfit)
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """The polynomial that is nearest, of one degree."""
    sizes = np.shape(x), np.shape(y)
    if full or w is not None or cov or type(deg) is not int or deg < 0:
        raise NoFormula
    if len(sizes[0]) != 1 or sizes[0] != sizes[1][:1]:
        raise NoFormula
    if not sizes[0][0] or len(sizes[1]) > 2 or any(np.result_type(a).kind not in "biuf" for a in (x, y)):
        raise NoFormula
    powers = np.vander(np.add(x, 0.0), deg + 1)
    scale = np.sqrt((powers * powers).sum(axis=0))
    limit = sizes[0][0] * np.finfo(float).eps if rcond is None else rcond
    found = np.linalg.lstsq(powers / scale, np.add(y, 0.0), limit)[0]
    return (found.T / scale).T


@formula(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each part by its own function."""
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    conditions = [np.logical_or(c, False) if isinstance(c, LaneArray) and c.kind == PYTHON else c for c in conditions]
    if not isinstance(x, LaneArray) or not all(np.shape(c) == x.shape for c in conditions):
        raise NoFormula
    if not all(isinstance(c, (LaneArray, np.ndarray)) and c.dtype == bool for c in conditions):
        raise NoFormula
    if len(funclist) == len(conditions) + 1:
        rest = ~conditions[0]
        for condition in conditions[1:]:
            rest = rest & ~condition
        conditions = [*conditions, rest]
    elif len(funclist) != len(conditions):
        raise NoFormula
    found = np.zeros_like(np.atleast_1d(x))
    for condition, function in zip(conditions, funclist, strict=True):
        where = np.atleast_1d(condition)
        given = np.atleast_1d(x)[where]
        found[where] = lane_form(function)(given, *args, **kw) if callable(function) else function
    return found if np.ndim(x) else found[0]


@formula(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """A matrix with a vector on a diagonal."""
    if np.ndim(v) != 1 or type(k) is not int or not np.shape(v)[0]:
        raise NoFormula
    count = np.shape(v)[0]
    size = count + abs(k)
    places = np.clip(np.arange(size) + min(k, 0), 0, count - 1)  # in the vector, for each row
    return np.where(np.eye(size, k=k, dtype=bool), np.take(v, places)[:, None], v.dtype.type(0))


@formula(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """The same of any array."""
    return diag(np.ravel(v), k)


@formula(np.linspace)
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
    **options: Any,
) -> Any:  # fmt: skip
    """Numbers between two, in equal steps."""
    ends = [np.result_type(getattr(x, "dtype", type(x))) for x in (start, stop)]
    if type(num) is not int or num < 2 or retstep or dtype is not None or options or np.ndim(start) or np.ndim(stop):
        raise NoFormula
    if any(end.kind not in "biuf" or (end.kind == "f" and end.itemsize != 8) for end in ends):
        raise NoFormula
    numbers, steps = np.arange(num) * 1.0, num - bool(endpoint)
    delta = np.subtract(stop, start, dtype=float)
    step = delta / steps
    found = np.where(step == 0, numbers / steps * delta, numbers * step) + start  # tiny steps are 0
    return np.where(numbers == num - 1, stop, found) if endpoint else found
