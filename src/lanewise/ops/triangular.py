"""`scipy.linalg.solve_triangular`: a row for it, once the user's code has loaded SciPy (lanewise never does)."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from ..array import ARRAY, TABLE, LaneArray
from ..facts import NoLaneForm
from .common import lane, spread_all

TRANSPOSED: dict[Any, bool] = {0: False, "N": False, 1: True, "T": True, 2: True, "C": True}


def scipy_function() -> Any:
    """The function, entered in the table; None where SciPy is not loaded."""
    module = sys.modules.get("scipy.linalg")
    found = getattr(module, "solve_triangular", None)
    if found is not None:
        TABLE.setdefault(found, solve_triangular)
    return found


def solve_triangular(
    func: Any, a: Any, b: Any, trans: Any = 0, lower: Any = False, unit_diagonal: Any = False,
    overwrite_b: Any = False, check_finite: Any = True,
) -> Any:  # fmt: skip
    """Substitution, one unknown of all lanes at a time."""
    options = (trans, lower, unit_diagonal, overwrite_b, check_finite)
    if any(type(x) is LaneArray for x in options) or overwrite_b or trans not in TRANSPOSED:
        raise NoLaneForm("solve_triangular with such options")
    a, b = lane(a), lane(b)
    shapes = [x.data.shape[x.lanes.ndim :] for x in (a, b)]
    one = LaneArray(b.data[..., None], b.lanes, ARRAY) if len(shapes[1]) == 1 else b
    if len(shapes[0]) != 2 or len(shapes[1]) not in (1, 2) or shapes[0] != shapes[1][:1] * 2 or 0 in shapes[1]:
        raise NoLaneForm("solve_triangular of such shapes")
    (matrix, right), lanes = spread_all([a, one])
    if check_finite and not (np.isfinite(matrix).all() and np.isfinite(right).all()):
        raise ValueError("array must not contain infs or NaNs")
    matrix, lower = turned(matrix, trans, lower)
    dtype = dtype_of(func, matrix.dtype, right.dtype)
    found = substituted(matrix.astype(dtype), right.astype(dtype), lower, unit_diagonal)
    if not np.isfinite(found).all():
        raise NoLaneForm("solve_triangular of nan or inf")  # what LAPACK makes of them
    return LaneArray(found if len(shapes[1]) == 2 else found[..., 0], lanes, ARRAY)


def turned(matrix: Any, trans: Any, lower: Any) -> tuple[Any, bool]:
    """The matrix that is meant, and which of its triangles."""
    if TRANSPOSED[trans]:
        matrix, lower = np.swapaxes(matrix, -1, -2), not lower
    return (matrix.conj() if trans in (2, "C") else matrix), bool(lower)


@cache
def dtype_of(func: Any, *dtypes: Any) -> Any:
    """Of the solution, as SciPy has it."""
    return func(np.eye(2, dtype=dtypes[0]), np.ones(2, dtypes[1])).dtype


def substituted(matrix: Any, right: Any, lower: bool, unit_diagonal: Any) -> Any:
    """The solutions, for a stack of matrices and right-hand sides."""
    size = matrix.shape[-1]
    shape = np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    found = np.empty((*shape, *right.shape[-2:]), right.dtype)
    for n in range(size):
        k = n if lower else size - 1 - n
        done = slice(0, k) if lower else slice(k + 1, size)
        rest = right[..., k : k + 1, :] - matrix[..., k : k + 1, done] @ found[..., done, :]
        if not unit_diagonal:
            pivot = matrix[..., k, k, None, None]
            if not pivot.all():
                raise np.linalg.LinAlgError(f"singular matrix: resolution failed at diagonal {k}")
            rest = rest / pivot
        found[..., k : k + 1, :] = rest
    return found
