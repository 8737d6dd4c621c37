"""Matrix products, where a shared operand becomes one product on the whole batch."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from ..array import ARRAY, FAST, SCALAR, SLOW, TABLE, LaneArray, row, wrap
from ..facts import NoLaneForm, parted
from ..lanes import NOWHERE, Lanes, spread
from ..operators import PYTHON_OPERATORS
from .common import as_lanes, data_axis, elements, lane, npl, rank, spread_all, weaken
from .elementwise import with_axes
from .writing import stored

product = np.matmul  # where one operand is shared, so that a test can count them


@row(np.matmul)
def matmul(func: Any, a: Any, b: Any, /, out: Any = None, **kwargs: Any) -> Any:
    """``a @ b``."""
    if kwargs.get("axes") is not None or kwargs.get("axis") is not None:
        return with_axes(matmul, func, (a, b), out, kwargs)
    if out is None and type(a) is LaneArray:
        found = _direct(a, b, kwargs)
        if found is not None:
            return found
    if type(a) is not LaneArray or type(b) is not LaneArray or a.kind or b.kind:
        a, b = (lane(x) for x in weaken([as_lanes(a), as_lanes(b)]))
    _check_matmul(a, b)
    if not b.lanes.axes and b.data.ndim <= 2:
        found = _rows_times_shared(a, b.data, kwargs)
    elif not a.lanes.axes and a.data.ndim <= 2:
        found = _shared_times_columns(a.data, b, kwargs)
    else:
        found = _batched(a, b, kwargs)
    return stored(found, out)


def _direct(a: LaneArray, b: Any, kwargs: Any) -> LaneArray | None:
    """The common cases at once: vectors or matrices of each lane's own, and vectors on a shared matrix."""
    lanes = a.lanes
    rank_a = a.data.ndim - lanes.ndim
    if rank_a == 1 and type(b) is LaneArray and b.lanes is lanes and b.data.ndim == a.data.ndim and lanes.ndim:
        if a.data.dtype.kind != "c" and a.data.dtype == b.data.dtype:
            return LaneArray(np.vecdot(a.data, b.data, **kwargs), lanes, SCALAR)
        return None
    if type(b) is LaneArray and b.lanes is lanes and rank_a == 2:
        if b.data.ndim == a.data.ndim:
            return LaneArray(np.matmul(a.data, b.data, **kwargs), lanes, ARRAY)
        if b.data.ndim == lanes.ndim + 1:
            return LaneArray(np.matmul(a.data, b.data[..., None], **kwargs)[..., 0], lanes, ARRAY)
    if type(b) is np.ndarray and b.ndim == 2 and rank_a == lanes.ndim == 1 and b.dtype != object:
        return LaneArray(product(a.data, b, **kwargs), lanes, ARRAY)
    return None


def fast_matmul(ufunc: Any, a: Any, b: Any) -> Any:
    """The same without detours, for the operator; `SLOW` where more care is needed."""
    if type(a) is not LaneArray or a.lanes.stale:
        return SLOW
    try:
        found = _direct(a, b, {})
    except Exception:
        return SLOW
    return SLOW if found is None else found


FAST[np.matmul] = fast_matmul


def _check_matmul(a: LaneArray, b: LaneArray) -> None:
    left, right = a.data.shape[a.lanes.ndim :], b.data.shape[b.lanes.ndim :]
    if not left or not right or left[-1] != right[max(len(right) - 2, 0)]:
        np.matmul(np.empty(left), np.empty(right))  # NumPy's own complaint
        raise ValueError(f"matmul: shapes {left} and {right} don't fit")


def _rows_times_shared(a: LaneArray, shared: Any, kwargs: Any) -> LaneArray:
    """Every row of every lane times one shared matrix (or vector): a single product."""
    rows = a.data
    if rows.ndim > 2 and rows.flags.c_contiguous and rows.size:
        flat = product(rows.reshape(-1, rows.shape[-1]), shared, **kwargs)
        return wrap(flat.reshape(rows.shape[:-1] + shared.shape[1:]), a.lanes)
    return wrap(product(rows, shared, **kwargs), a.lanes)


def _shared_times_columns(shared: Any, b: LaneArray, kwargs: Any) -> LaneArray:
    """One shared matrix (or vector) times the vector or matrix of every lane: a single product."""
    columns = b.data
    if columns.ndim - b.lanes.ndim == 1:
        return _rows_times_shared(b, shared.T, kwargs)
    if shared.ndim == 1:
        return wrap(np.matmul(shared, columns, **kwargs), b.lanes)
    # (m, k) @ (lanes, k, n): rows of the transposed problem, (lanes, n, k) @ (k, m)
    found = _rows_times_shared(
        LaneArray(np.ascontiguousarray(columns.swapaxes(-1, -2)), b.lanes, ARRAY), shared.T, kwargs
    )
    return LaneArray(found.data.swapaxes(-1, -2), found.lanes, ARRAY)


def _batched(a: LaneArray, b: LaneArray, kwargs: Any) -> LaneArray:
    """A product for each lane; vectors become matrices of one row or column."""
    lanes = a.lanes.union(b.lanes)
    row_vector, column_vector = a.data.ndim - a.lanes.ndim == 1, b.data.ndim - b.lanes.ndim == 1
    left = a.data[..., None, :] if row_vector else a.data
    right = b.data[..., :, None] if column_vector else b.data
    ndim = max(left.ndim - a.lanes.ndim, right.ndim - b.lanes.ndim)
    if row_vector and column_vector and left.dtype.kind != "c":
        return wrap(np.vecdot(spread(a.data, a.lanes, lanes, 1), spread(b.data, b.lanes, lanes, 1), **kwargs), lanes)
    if row_vector and not column_vector and ndim == 2 and lanes.axes[-1] not in b.lanes.axes:
        return _lanes_as_rows(a, b, lanes, kwargs)
    if column_vector and not row_vector and ndim == 2 and lanes.axes[-1] not in a.lanes.axes:
        turned = LaneArray(a.data.swapaxes(-1, -2), a.lanes, ARRAY)
        return _lanes_as_rows(b, turned, lanes, kwargs)
    found = np.matmul(spread(left, a.lanes, lanes, ndim), spread(right, b.lanes, lanes, ndim), **kwargs)
    if column_vector:
        found = found[..., 0]
    if row_vector:
        found = found[..., 0] if column_vector else found[..., 0, :]
    return wrap(found, lanes)


def _lanes_as_rows(vector: LaneArray, matrix: LaneArray, lanes: Lanes, kwargs: Any) -> LaneArray:
    """Vectors along the innermost lane axis, times matrices that are shared along it: its lanes are rows."""
    outer = Lanes.of(lanes.axes[:-1])
    found = np.matmul(
        spread(vector.data, vector.lanes, lanes, 1), spread(matrix.data, matrix.lanes, outer, 2), **kwargs
    )
    return LaneArray(found, lanes, ARRAY)


@row(np.dot)
def dot(func: Any, a: Any, b: Any, out: Any = None) -> Any:
    """``np.dot``: the last axis of ``a`` against the last but one of ``b``."""
    if out is None and type(a) is LaneArray:
        found = _direct(a, b, {})
        if found is not None:
            return found
    a, b = as_lanes(a), as_lanes(b)
    ndim = rank(b)
    if type(out) is LaneArray and parted():
        raise NoLaneForm("np.dot writes an array, which has to lie in one piece, where lanes went different ways")
    if type(out) is LaneArray and out.data.size and not out.data[(0,) * out.lanes.ndim].flags.c_contiguous:
        raise ValueError("output array is not acceptable")
    if ndim == 0 or rank(a) == 0:
        return stored(a * b, out, "no")
    if ndim <= 2:
        return stored(matmul(np.matmul, a, b), out, "no")
    return stored(tensordot(np.tensordot, a, b, (-1, ndim - 2)), out, "no")


@row(np.inner)
def inner(func: Any, a: Any, b: Any, /) -> Any:
    """``np.inner``: the last axis against the last axis."""
    a, b = as_lanes(a), as_lanes(b)
    if lane(a).data.ndim == lane(a).lanes.ndim or lane(b).data.ndim == lane(b).lanes.ndim:
        return a * b
    if lane(a).data.ndim - lane(a).lanes.ndim == lane(b).data.ndim - lane(b).lanes.ndim == 1:
        return matmul(np.matmul, a, b)  # a scalar, where tensordot gives an array
    return tensordot(np.tensordot, a, b, (-1, -1))


@row(np.vdot)
def vdot(func: Any, a: Any, b: Any, /) -> Any:
    """``np.vdot``: the flattened examples, the first conjugated."""
    return matmul(np.matmul, np.ravel(lane(a).conj()), np.ravel(lane(b)))


@row(np.linalg.outer)
def outer_of_vectors(func: Any, x1: Any, x2: Any, /) -> Any:
    """``np.linalg.outer``: of vectors alone."""
    a, b = lane(x1), lane(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they are x1.ndim={a.ndim} and x2.ndim={b.ndim}.")
    return outer(np.outer, a, b)


@row(np.outer)
def outer(func: Any, a: Any, b: Any, out: Any = None) -> Any:
    """``np.outer``: the flattened examples, every element against every other."""
    return stored(elements(lane(a))[:, None] * elements(lane(b))[None, :], out)


@row(np.tensordot, np.linalg.tensordot)
def tensordot(func: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``: as one matrix product of reshaped examples."""
    a, b = lane(as_lanes(a)), lane(as_lanes(b))
    left, right = a.data.shape[a.lanes.ndim :], b.data.shape[b.lanes.ndim :]
    if isinstance(axes, (tuple, list)):
        first, second = ([n] if np.ndim(n) == 0 else list(n) for n in axes)
    else:
        first, second = list(range(-axes, 0)), list(range(axes))
    first = [data_axis(n, len(left)) + len(left) for n in first]
    second = [data_axis(n, len(right)) + len(right) for n in second]
    if [left[n] for n in first] != [right[n] for n in second]:
        raise ValueError("shape-mismatch for sum")
    free_a = [n for n in range(len(left)) if n not in first]
    free_b = [n for n in range(len(right)) if n not in second]
    folded = math.prod(left[n] for n in first)
    matrix_a = np.reshape(np.transpose(a, free_a + first), (math.prod(left[n] for n in free_a), folded))
    matrix_b = np.reshape(np.transpose(b, second + free_b), (folded, math.prod(right[n] for n in free_b)))
    shape = tuple([left[n] for n in free_a] + [right[n] for n in free_b])
    return np.reshape(matmul(np.matmul, matrix_a, matrix_b), shape)


@row(np.kron)
def kron(func: Any, a: Any, b: Any) -> Any:
    """``np.kron``: every element of the first times the whole second, in place of the element."""
    x, y = lane(a), lane(b)
    ndim = max(x.ndim, y.ndim)
    left, right = ((1,) * (ndim - z.ndim) + z.shape for z in (x, y))
    apart_x = tuple([n for size in left for n in (size, 1)])
    apart_y = tuple([n for size in right for n in (1, size)])
    found = np.reshape(x, apart_x) * np.reshape(y, apart_y)
    return np.reshape(found, tuple([m * n for m, n in zip(left, right, strict=True)]))


@row(np.cross)
def cross(func: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """``np.cross``: vectors along the last axis, or where the arguments say."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = npl.moveaxis(lane(a), axisa, -1), npl.moveaxis(lane(b), axisb, -1)
    (left, right), lanes = spread_all([x, y])
    found = LaneArray(np.cross(left, right), lanes, ARRAY)
    if x.shape[-1] == y.shape[-1] == 2:
        return found
    return npl.moveaxis(found, -1, axisc)


@row(np.linalg.cross)
def cross_of_vectors(func: Any, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """``np.linalg.cross``: of vectors of three."""
    a, b = lane(x1), lane(x2)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{a.shape[axis]} and {b.shape[axis]} dimensional instead."
        )
    return cross(np.cross, a, b, axis=axis)


@row(np.einsum)
def einsum(func: Any, *operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    """``np.einsum``: the lane axes become labels of their own."""
    if not isinstance(operands[0], str):
        operands = _from_lists(operands)
    text = operands[0].replace(" ", "")
    arrays = [lane(x) for x in operands[1:]]
    terms, result = _einsum_terms(text, arrays)
    lanes = NOWHERE
    for x in arrays:
        lanes = lanes.union(x.lanes)
    free = [letter for letter in string.ascii_letters if letter not in text]
    if len(free) < lanes.ndim:
        raise NoLaneForm("np.einsum with so many labels has no batched form")
    label = dict(zip(lanes.axes, free, strict=False))
    terms = ["".join(label[axis] for axis in x.lanes.axes) + term for x, term in zip(arrays, terms, strict=True)]
    rule = ",".join(terms) + "->" + "".join(label[axis] for axis in lanes.axes) + result
    found = wrap(np.einsum(rule, *[x.data for x in arrays], optimize=optimize, **kwargs), lanes)
    return stored(found, out)


def _from_lists(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands with lists of axes behind them, as a rule in letters and the operands."""
    pairs = len(operands) // 2
    letters = string.ascii_uppercase + string.ascii_lowercase

    def term(axes: Any) -> str:
        return "".join("..." if axis is Ellipsis else letters[axis] for axis in axes)

    rule = ",".join(term(operands[2 * n + 1]) for n in range(pairs))
    if len(operands) % 2:
        rule += "->" + term(operands[-1])
    return (rule, *operands[: 2 * pairs : 2])


def _einsum_terms(text: str, arrays: list[LaneArray]) -> tuple[list[str], str]:
    """The operands' labels and the result's, the latter as NumPy would infer it."""
    inputs, arrow, result = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(arrays):
        raise ValueError("fewer operands provided to einstein sum function than specified in the subscripts string")
    if not arrow:
        labels = sorted({c for c in inputs if c.isalpha()})
        result = ("..." if "..." in inputs else "") + "".join(c for c in labels if inputs.count(c) == 1)
    return terms, result


TABLE[PYTHON_OPERATORS[np.matmul]] = matmul
