"""Linear algebra on small matrices: each workload in several sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import limits
from ..workload import SMALL, Arguments, Sizes, Workload

Rng = np.random.Generator


# ---- linear systems ----


def solve(a: Any, b: Any) -> Any:
    """One linear system."""
    return np.linalg.solve(a, b)


def solve_by_hand(a: Any, b: Any) -> Any:
    """A stack of systems; NumPy 2 wants the right-hand sides as columns."""
    return np.linalg.solve(a, b[..., None])[..., 0]


def solve_numba(a: Any, b: Any, out: Any) -> None:
    """Gaussian elimination with partial pivoting, written out: LAPACK takes far longer on a matrix so small."""
    n = b.size
    a = a.copy()
    out[:] = b
    for k in range(n):
        top = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[top, k]):
                top = i
        for j in range(k, n):
            a[k, j], a[top, j] = a[top, j], a[k, j]
        out[k], out[top] = out[top], out[k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= factor * a[k, j]
            out[i] -= factor * out[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            out[i] -= a[i, j] * out[j]
        out[i] /= a[i, i]


def solve_limit(library: Any, args: Arguments) -> Any:
    """The kernel for 3 x 3."""
    a, b = args
    x = np.empty_like(b)
    pointers = [limits.address(array) for array in (a, b, x)]
    return x, lambda lo, hi: library.solve3(lo, hi, *pointers)


# ---- inverses ----


def inverse(a: Any) -> Any:
    """The inverse of one matrix."""
    return np.linalg.inv(a)


def inverse_numba(a: Any, out: Any) -> None:
    """Gauss-Jordan elimination with partial pivoting, written out."""
    n = a.shape[0]
    a = a.copy()
    for i in range(n):
        for j in range(n):
            out[i, j] = 1.0 if i == j else 0.0
    for k in range(n):
        top = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[top, k]):
                top = i
        for j in range(n):
            a[k, j], a[top, j] = a[top, j], a[k, j]
            out[k, j], out[top, j] = out[top, j], out[k, j]
        scale = 1.0 / a[k, k]
        for j in range(n):
            a[k, j] *= scale
            out[k, j] *= scale
        for i in range(n):
            if i != k:
                factor = a[i, k]
                for j in range(n):
                    a[i, j] -= factor * a[k, j]
                    out[i, j] -= factor * out[k, j]


# ---- Cholesky ----


def cholesky(a: Any) -> Any:
    """The Cholesky factor of one matrix."""
    return np.linalg.cholesky(a)


def cholesky_numba(a: Any, out: Any) -> None:
    """Row by row, written out."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            total = a[i, j]
            for k in range(min(i, j)):
                total -= out[i, k] * out[j, k]
            if j < i:
                out[i, j] = total / out[j, j]
            elif j == i:
                out[i, i] = math.sqrt(total)
            else:
                out[i, j] = 0.0


# ---- the workloads ----


def systems(size: int) -> Any:
    """Well-conditioned systems."""
    return lambda rng, n: (rng.normal(size=(n, size, size)) + 2 * size * np.eye(size), rng.normal(size=(n, size)))


def matrices(size: int) -> Any:
    """Well-conditioned matrices."""
    return lambda rng, n: systems(size)(rng, n)[:1]


def positive_definite(size: int) -> Any:
    """Positive definite matrices."""

    def data(rng: Rng, n: int) -> Arguments:
        a = rng.normal(size=(n, size, size))
        return (a @ a.transpose(0, 2, 1) + np.eye(size),)

    return data


def _solve(size: int, full: int) -> Workload:
    return Workload(
        name=f"solve_{size}",
        title=f"solve {size} x {size}, {{n}} systems",
        sizes=Sizes(8, 8_000, full),
        data=systems(size),
        one=solve,
        in_axes=((0, 0),),
        by_hand=solve_by_hand,
        kind=SMALL,
        signature="(i,i),(i)->(i)",
        numba=solve_numba,
        limit=solve_limit if size == 3 else None,
    )


def _inverse(size: int, full: int) -> Workload:
    return Workload(
        name=f"inv_{size}",
        title=f"inverse {size} x {size}, {{n}} matrices",
        sizes=Sizes(8, 8_000, full),
        data=matrices(size),
        one=inverse,
        in_axes=((0,),),
        by_hand=inverse,
        kind=SMALL,
        signature="(i,i)->(i,i)",
        numba=inverse_numba,
    )


def _cholesky(size: int, full: int) -> Workload:
    return Workload(
        name=f"cholesky_{size}",
        title=f"Cholesky {size} x {size}, {{n}} matrices",
        sizes=Sizes(8, 8_000, full),
        data=positive_definite(size),
        one=cholesky,
        in_axes=((0,),),
        by_hand=cholesky,
        kind=SMALL,
        signature="(i,i)->(i,i)",
        numba=cholesky_numba,
    )


WORKLOADS = (
    _solve(3, 100_000),
    _solve(4, 100_000),
    _solve(8, 50_000),
    _inverse(4, 100_000),
    _inverse(8, 50_000),
    _cholesky(4, 100_000),
    _cholesky(8, 50_000),
)
