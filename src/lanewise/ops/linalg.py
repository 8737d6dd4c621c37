"""``numpy.linalg``: NumPy's own routines, whose leading axes are the lanes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, live, row, wrap
from ..lanes import spread
from .common import bind, data_axes, data_axis, lane, npl, plain_only
from .composite import composite
from .writing import stored

linalg = np.linalg


def _matrix(x: Any) -> LaneArray:
    x = lane(x)
    ndim = x.data.ndim - x.lanes.ndim
    if ndim < 2:
        raise linalg.LinAlgError(f"{ndim}-dimensional array given. Array must be at least two-dimensional")
    return x  # type: ignore[no-any-return]


def _wrap_like(result: Any, x: LaneArray) -> Any:
    """Results of a stacked routine; named tuples stay named tuples."""
    if isinstance(result, tuple):
        parts = [wrap(np.asarray(part), x.lanes) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return wrap(np.asarray(result), x.lanes)


@row(
    linalg.inv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.eigh, linalg.eigvalsh, linalg.svd, linalg.svdvals,
    linalg.qr, linalg.matrix_power, linalg.cond,
)  # fmt: skip
def stacked(func: Any, *args: Any, **kwargs: Any) -> Any:
    """A routine that works on the last two axes and takes the others as a stack."""
    x = _matrix(args[0] if args else kwargs.pop("a", kwargs.pop("x", None)))
    plain_only(func, **{f"argument {n}": value for n, value in enumerate(args[1:], 1)}, **kwargs)
    return _wrap_like(func(x.data, *args[1:], **kwargs), x)


@row(linalg.matrix_rank, linalg.pinv)
def with_tolerance(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Routines with a tolerance; it may differ between lanes."""
    call = bind(func, args, kwargs)
    call = {name: value for name, value in call.items() if value is not np._NoValue}
    first = next(iter(call))
    x = lane(call.pop(first))
    if x.data.ndim - x.lanes.ndim < 2:
        if func is linalg.pinv:
            _matrix(x)
        nonzero = (x.data != 0).any(axis=tuple(range(x.lanes.ndim, x.data.ndim)))
        return LaneArray(np.asarray(nonzero).astype(int), x.lanes, PYTHON)  # int(...) there
    if any(type(value) is LaneArray for value in call.values()):
        return composite(func)(func, x, **call)
    return _wrap_like(func(x.data, **call), x)


ALWAYS_COMPLEX = linalg.eigvals(np.eye(1)).dtype.kind == "c"  # from NumPy 2.5 on


@row(linalg.eig, linalg.eigvals)
def eig(func: Any, a: Any) -> Any:
    """Eigenvalues: real in the lanes where all are, which is a fact."""
    x = _matrix(a)
    result = func(x.data)
    values = result if func is linalg.eigvals else result[0]
    if values.dtype.kind == "c" and x.data.dtype.kind != "c" and not ALWAYS_COMPLEX:
        mixed = (values.imag != 0).any(axis=tuple(range(x.lanes.ndim, values.ndim)))
        if x.lanes.axes:
            facts.agree(x.lanes, np.asarray(mixed), "a dtype that depends on values (complex eigenvalues)")
        if live(x) is not x or x.data.shape[: x.lanes.ndim] != np.shape(mixed):
            return eig(func, live(x))
        if mixed.size and not mixed.flat[0]:
            result = result.real if func is linalg.eigvals else type(result)(result[0].real, result[1].real)
    return _wrap_like(result, x)


@row(linalg.solve)
def solve(func: Any, a: Any, b: Any) -> Any:
    """``np.linalg.solve``; a vector is a matrix of one column."""
    a, b = _matrix(a), lane(b)
    vector = b.data.ndim - b.lanes.ndim == 1
    right = LaneArray(b.data[..., None], b.lanes, ARRAY) if vector else b
    lanes = a.lanes.union(b.lanes)
    ndim = max(a.data.ndim - a.lanes.ndim, right.data.ndim - right.lanes.ndim)
    found = func(spread(a.data, a.lanes, lanes, ndim), spread(right.data, right.lanes, lanes, ndim))
    return LaneArray(found[..., 0] if vector else found, lanes, ARRAY)


@row(linalg.lstsq)
def lstsq(func: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    """``np.linalg.lstsq``; whether there are residuals is a fact of the rank."""
    a, b = _matrix(a), lane(b)
    plain_only(func, rcond=rcond)
    right = LaneArray(b.data[..., None], b.lanes, ARRAY) if b.ndim == 1 else b
    (m, n), (rows, count) = a.shape, right.shape
    if m != rows:
        raise linalg.LinAlgError("Incompatible dimensions")
    if not (m and n and count) or {a.data.dtype.char, b.data.dtype.char} != {"d"}:
        raise facts.NoLaneForm("np.linalg.lstsq of empty arrays, or of other numbers than float64, has no batched form")
    lanes = a.lanes.union(b.lanes)
    limit = np.finfo(float).eps * max(m, n) if rcond is None else rcond
    pair = spread(a.data, a.lanes, lanes, 2), spread(right.data, right.lanes, lanes, 2)
    solution, residuals, rank, values = (
        LaneArray(np.asarray(part), lanes, ARRAY) for part in _stacked_lstsq(m, n)(*pair, limit, signature="ddd->ddid")
    )
    if m <= n or (lanes.axes and rank.data.size and facts.agree(lanes, rank.data != n, "the rank of a matrix")):
        residuals = LaneArray(np.empty((*live(residuals).lanes.shape, 0)), live(residuals).lanes, ARRAY)
    if b.ndim == 1:
        solution = LaneArray(solution.data[..., 0], lanes, ARRAY)
    return solution, residuals, LaneArray(rank.data, lanes, SCALAR), values


def _stacked_lstsq(m: int, n: int) -> Any:
    """NumPy's stacked routine, which is private: one function for all shapes from 2.1 on, two before."""
    module = getattr(linalg, "_umath_linalg", None)
    found = getattr(module, "lstsq", None) or getattr(module, "lstsq_m" if m <= n else "lstsq_n", None)
    if found is None:
        raise facts.NoLaneForm("np.linalg.lstsq has no batched form in this version of NumPy")
    return found


@row(linalg.norm)
def norm(func: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """``np.linalg.norm`` of a vector, a matrix, or along axes."""
    x = lane(x)
    ndim = x.data.ndim - x.lanes.ndim
    plain_only(func, ord=ord)
    if axis is not None:
        axes = data_axes(axis, ndim)
        return wrap(func(x.data, ord, axes if len(axes) == 2 else axes[0], keepdims), x.lanes)
    if ord is None or (ndim == 2 and ord in ("fro", "f")) or (ndim == 1 and ord == 2):
        flat = x.data.reshape((*x.lanes.shape, -1)) if x.data.size else x.data.reshape((*x.lanes.shape, x.size))
        found = func(flat, axis=-1)
        return wrap(found.reshape(found.shape + (1,) * ndim) if keepdims else found, x.lanes)
    if ndim not in (1, 2):
        raise ValueError("Improper number of dimensions to norm.")
    return wrap(func(x.data, ord, -1 if ndim == 1 else (-2, -1), keepdims), x.lanes)


@row(linalg.vector_norm)
def vector_norm(func: Any, x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """``np.linalg.vector_norm``."""
    x = lane(x)
    ndim = x.data.ndim - x.lanes.ndim
    return wrap(func(x.data, axis=data_axes(axis, ndim), keepdims=keepdims, ord=ord), x.lanes)


@row(linalg.matrix_norm)
def matrix_norm(func: Any, x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """``np.linalg.matrix_norm``."""
    x = _matrix(x)
    return wrap(func(x.data, keepdims=keepdims, ord=ord), x.lanes)


@row(linalg.matmul)
def matmul(func: Any, x1: Any, x2: Any, /) -> Any:
    """``np.linalg.matmul``."""
    return np.matmul(x1, x2)


@row(linalg.vecdot)
def vecdot(func: Any, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.linalg.vecdot``."""
    return np.vecdot(npl.moveaxis(lane(x1), axis, -1), npl.moveaxis(lane(x2), axis, -1))


# ---- numpy.fft ----

fft = np.fft


@row(fft.fft, fft.ifft, fft.rfft, fft.irfft, fft.hfft, fft.ihfft)
def one_axis(func: Any, a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """A transform along one axis of the example."""
    x = lane(a)
    plain_only(func, n=n)
    found = LaneArray(func(x.data, n, data_axis(axis, x.data.ndim - x.lanes.ndim), norm), x.lanes, ARRAY)
    return stored(found, out)


@row(fft.fftn, fft.ifftn, fft.rfftn, fft.irfftn)
def several_axes(func: Any, a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """A transform along several axes of the example (by default, all)."""
    x = lane(a)
    ndim = x.data.ndim - x.lanes.ndim
    if axes is None and s is not None:
        axes = range(-len(s), 0)
    found = LaneArray(func(x.data, s, _axes(axes, ndim), norm), x.lanes, ARRAY)
    return stored(found, out)


@row(fft.fft2, fft.ifft2, fft.rfft2, fft.irfft2)
def two_axes(func: Any, a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
    """A transform along two axes of the example."""
    x = lane(a)
    found = LaneArray(func(x.data, s, _axes(axes, x.data.ndim - x.lanes.ndim), norm), x.lanes, ARRAY)
    return stored(found, out)


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes that may repeat, as the transforms allow."""
    return tuple([data_axis(n, ndim) for n in (range(ndim) if axes is None else axes)])


@row(fft.fftshift, fft.ifftshift)
def shift(func: Any, x: Any, axes: Any = None) -> Any:
    """``np.fft.fftshift``: of all axes of the example by default."""
    x = lane(x)
    return LaneArray(func(x.data, data_axes(axes, x.data.ndim - x.lanes.ndim)), x.lanes, ARRAY)
